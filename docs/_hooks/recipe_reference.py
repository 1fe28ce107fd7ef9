"""The reference of recipes, from the structs that check them: keys, values, defaults, and the comments beside them."""

from __future__ import annotations

import inspect
import re
from typing import Any

from syndr import recipe

#: Section of the TOML file -> what declares it.
SECTIONS: dict[str, type] = {
    "": recipe.Recipe,
    "training_set": recipe.TrainingSet,
    "pool": recipe.Pool,
    "features": recipe.Features,
    "select": recipe.Select,
    "labels": recipe.Labels,
    "distort": recipe.Distort,
    "downsample": recipe.Downsample,
    "train": recipe.Train,
    "evaluation": recipe.Evaluation,
    "targets": recipe.Target,
}
_KEY = re.compile(r"^    (?P<key>\w+): (?P<kind>.+?)(?: = (?P<default>.+?))?(?:  # (?P<meaning>.+))?$", re.M)
_KINDS = {"Positive": "int >= 1", "PositiveFloat": "float > 0", "KadidType": "1..25", "KadidLevel": "1..5"}


def recipe_tables() -> str:
    """Give each section in Markdown."""
    return "\n\n".join(_section(name, struct) for name, struct in SECTIONS.items())


def keys(struct: type) -> list[dict[str, str]]:
    """Read the keys of a struct, with those it inherits, from its source: a comment has no other home."""
    found: dict[str, dict[str, str]] = {}
    for base in reversed(struct.__mro__):
        if base.__module__ == recipe.__name__:
            body = inspect.getsource(base).split("    def ")[0]
            found |= {match["key"]: {k: v or "" for k, v in match.groupdict().items()} for match in _KEY.finditer(body)}
    return list(found.values())


def _section(name: str, struct: type) -> str:
    title = "At the top" if not name else f"`[[{name}]]`, one for each" if name == "targets" else f"`[{name}]`"
    rows = [_row(name, key) for key in keys(struct) if name or key["key"] not in SECTIONS]
    head = ["| Key | Values | Default | Meaning |", "| --- | --- | --- | --- |"]
    return "\n".join([f"## {title}", "", (inspect.getdoc(struct) or "").split("\n")[0], "", *head, *rows])


def _row(section: str, key: dict[str, str]) -> str:
    kind = key["kind"].removesuffix(" | None")
    for name, plain in _KINDS.items():
        kind = re.sub(rf"\b{name}\b", plain, kind)
    kind = re.sub(r"Annotated\[(\w+), msgspec\.Meta\((.+?)\)\]", r"\1 (\2)", kind)
    kind = re.sub(r"Literal\[(.+?)\]", lambda choice: choice[1].replace(", ", " | "), kind)
    default = {"": "needed", "None": "left out"}.get(key["default"], f"`{key['default']}`")
    presets = [
        f"{preset}: `{_toml(changes[section][key['key']])}`"
        for preset, changes in recipe.PRESETS.items()
        if key["key"] in changes.get(section, {})
    ]
    cells = (
        f"`{key['key']}`",
        f"`{kind}`",
        "; ".join([default, *presets]),
        key["meaning"].replace("None:", "left out:"),
    )
    return f"| {' | '.join(cells)} |"


def _toml(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
