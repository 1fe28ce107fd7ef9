"""The plots of the performance page hold every comparison that was published, losses in their own colour."""

import json
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

pytest.importorskip("matplotlib", reason="the plots need the extra docs")

sys.path.append(str(Path(__file__).resolve().parents[2]))  # the benchmarks are not installed
from benchmarks.plots import FASTER, plots_of, ratios

ROOT = Path(__file__).resolve().parents[2]


def entry(contestant, ours, median, items=None, group="work"):
    return {
        "group": group,
        "stats": {"median": median},
        "extra_info": {"contestant": contestant, "ours": ours, "items": items},
    }


def write(path, entries):
    path.write_text(json.dumps({"benchmarks": entries}))
    return path


def test_ratios_are_per_item_and_fastest_first():
    entries = [entry("us", True, 2.0, 4), entry("slow", False, 3.0, 2), entry("fast", False, 0.5, 4)]
    assert ratios(entries) == [("fast", 0.25, False), ("us", 1.0, True), ("slow", 3.0, False)]


@pytest.mark.parametrize(("peer", "lost"), [(0.5, True), (2.0, False)])
def test_a_loss_is_shown(tmp_path, peer, lost):
    path = write(tmp_path / "suite.json", [entry("us", True, 1.0), entry("peer", False, peer)])
    svg = plots_of([path])["suite"]
    assert "peer" in svg
    assert (FASTER in svg) is lost


def test_works_without_a_peer_are_left_out_and_many_bars_are_split(tmp_path):
    alone = [entry("us", True, 1.0, group="alone")]
    many = [entry(name, name == "us", 1.0, group=f"work {n}") for n in range(20) for name in ("us", "peer")]
    svgs = plots_of([write(tmp_path / "suite.json", alone + many)])
    assert list(svgs) == ["suite-1", "suite-2", "suite-3"]
    assert not any(">alone<" in svg for svg in svgs.values())
    assert all(sum(f"work {n}<" in svg for svg in svgs.values()) == 1 for n in range(20))


def test_the_published_results_can_be_drawn_and_twice_alike():
    paths = [path for path in (ROOT / "benchmarks" / "results").glob("*.json") if path.stem != "distort"]
    svgs = plots_of(paths)
    assert svgs and svgs == plots_of(paths)
    for svg in svgs.values():
        ElementTree.fromstring(svg)
