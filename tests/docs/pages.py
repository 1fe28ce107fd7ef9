"""The code blocks of the pages people read, and what the pages ask tests not to run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

_BLOCK = re.compile(
    r"(?:<!-- not run: (?P<not_run>[^(>]*?) ?\((?P<why>[^)]+)\) -->\n+)?"
    r"^```(?:\{\.)?(?P<language>\w+)[^\n]*\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page.

    Attributes:
        language: What stands behind the fence.
        text: What stands between the fences.
        line: Of the opening fence, from 1.
        not_run: Words of commands that are parsed only; ("all",) for the whole block.
    """

    language: str
    text: str
    line: int
    not_run: tuple[str, ...]

    def commands(self) -> list[list[str]]:
        """Give the command lines of a shell block, word by word, without comments."""
        joined = self.text.replace("\\\n", " ").replace(" && ", "\n")
        lines = [shlex.split(line, comments=True) for line in joined.splitlines()]
        return [words for words in lines if words]

    def runs(self, words: Sequence[str] = ()) -> bool:
        """Whether a command line, or without words the whole block, is to be run."""
        return not {"all", *words[1:3]} & set(self.not_run)


def blocks_of(page: Path) -> list[Block]:
    """Give a page's blocks in order.

    A comment ``<!-- not run: demo, train (why) -->`` before a block names the sub-commands that are parsed only, or
    "all".
    """
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            found["language"],
            found["text"],
            text.count("\n", 0, found.start("text")),
            tuple(name.strip() for name in (found["not_run"] or "").split(",") if name.strip()),
        )
        for found in _BLOCK.finditer(text)
    ]
