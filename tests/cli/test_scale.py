"""The command that says what a large set would cost."""

from __future__ import annotations

import json


def test_the_command(syndr):
    said = syndr("plan", "--rows", 100_000_000, "--dims", 2048, "--gpus", 8)
    assert "100,000,000 rows of 2,048 dims" in said.out and "measured" in said.out
    made = json.loads(syndr("plan", "--rows", 1000, "--made", 10, "--json").out)
    assert [stage["name"] for stage in made["stages"]] == ["features", "search", "thin", "synthesize"]
