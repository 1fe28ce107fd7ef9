"""The page about faults shows the table that the campaign printed, row by row."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_has_the_campaigns_table():
    printed = (ROOT / "tests/campaigns/results/faults.txt").read_text().splitlines()
    table = [line for line in printed if line.startswith("|")]
    assert len(table) > 8
    assert "\n".join(table) in (ROOT / "docs/faults.md").read_text()
