"""Reading the model of a run's page in tests."""

from __future__ import annotations

import json

from report.fake_run import write_json
from report.parsed import assert_self_contained

from syndr.report import Text, render, run_page

TITLES = ["In short", "What was done", "Selection", "Clusters", "Map", "Labels", "Theorem 1", "Training", "Results"]


def section(folder, title, **options):
    page = run_page(folder, **options)
    assert [part.title for part in page.sections] == TITLES
    assert_self_contained(render(page))
    return page.sections[TITLES.index(title)].blocks


def only(blocks, kind, start=""):
    (block,) = [
        block for block in blocks if isinstance(block, kind) and getattr(block, "caption", "").startswith(start)
    ]
    return block


def texts(blocks):
    return " ".join(block.paragraph for block in blocks if isinstance(block, Text))


def edit_json(path, change):
    content = json.loads(path.read_text())
    change(content)
    write_json(path, content)
