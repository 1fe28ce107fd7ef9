"""The page about recipes has every section and key that there is."""

import sys
from pathlib import Path

import pytest
from msgspec.structs import fields

from syndr.recipe import PRESETS, Recipe

sys.path.append(str(Path(__file__).resolve().parents[2] / "docs" / "_hooks"))
from recipe_reference import SECTIONS, keys, recipe_tables


def test_every_section_has_a_table():
    named = {field.name for field in fields(Recipe) if hasattr(field.type, "__struct_fields__")} | {"targets"}
    assert set(SECTIONS) == {"", *named}


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_is_told_and_only_those_without_a_default_are_needed(section):
    told, there = keys(SECTIONS[section]), fields(SECTIONS[section])
    assert [key["key"] for key in told] == [field.name for field in there]
    assert {key["key"] for key in told if not key["default"]} == {field.name for field in there if field.required}


def test_what_a_preset_changes_is_told():
    page = recipe_tables()
    assert "| `head_lr_ratio` | `float > 0` | `10.0`; paper: `1.0` |" in page
    for preset, changes in PRESETS.items():
        assert page.count(f"{preset}: `") == sum(map(len, changes.values()))
