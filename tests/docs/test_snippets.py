"""What README and docs show works: Python and shell blocks are run in a folder like a reader's, or at least parsed."""

import ast
import re
import shutil
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from syndr.cli import main

sys.path.append(str(Path(__file__).parent))
from commands import check
from pages import PAGES, ROOT, blocks_of
from pictures import write_scenes

SHELL = {"sh", "console", "bash"}


def named(page):
    return page.relative_to(ROOT).as_posix()


@pytest.fixture(scope="session")
def belongings(tmp_path_factory):
    """What a reader has: embeddings with scores, and pictures in a folder."""
    folder = tmp_path_factory.mktemp("reader")
    rng = np.random.default_rng(5)
    centres = np.abs(rng.normal(size=(12, 32)))
    X = np.repeat(centres, 50, axis=0) + rng.normal(0, 0.05, (600, 32))
    np.save(folder / "embeddings.npy", X.astype(np.float32))
    np.save(folder / "quality.npy", np.clip(np.repeat(np.linspace(1, 9, 12), 50) + rng.normal(0, 0.2, 600), 0, 10))
    np.save(folder / "references.npy", np.abs(rng.normal(size=(20, 32))).astype(np.float32))
    np.save(folder / "candidates.npy", np.abs(rng.normal(size=(60, 32))).astype(np.float32))
    write_scenes(folder / "pool", 6)
    return folder


@pytest.fixture
def reader(belongings, tmp_path, monkeypatch):
    shutil.copytree(belongings, tmp_path, dirs_exist_ok=True)  # pages may write over what is there
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_block_says_its_language_and_every_exception_its_reason(page):
    text = page.read_text(encoding="utf-8")
    assert len(re.findall("^```", text, re.MULTILINE)) == 2 * len(blocks_of(page)), "a fence without a language"
    assert text.count("<!-- not run:") == sum(bool(block.not_run) for block in blocks_of(page))


@pytest.mark.parametrize("page", [page for page in PAGES if blocks_of(page)], ids=named)
def test_a_page_does_what_it_shows(page, reader, monkeypatch, capsys):
    """Blocks share one folder and one Python namespace, from the top of the page to its end."""
    names = {"__name__": "__main__"}
    for block in blocks_of(page):
        where = f"{named(page)}:{block.line}"
        if block.text.startswith("--8<--"):
            continue  # a whole file, which MkDocs puts there and a test of its own runs
        if block.language == "python":
            code = compile(ast.parse(block.text, where), where, "exec")
            if block.runs():
                exec(code, names)
        elif block.language in SHELL:
            for words in block.commands():
                follow(words, block, where, monkeypatch, capsys)
        elif block.language == "toml":
            (reader / "recipe.toml").write_text(block.text)
            check_recipe(reader / "recipe.toml")


def follow(words, block, where, monkeypatch, capsys):
    """Do what a line of a shell block says; of other programs' lines only what concerns this project is checked."""
    if words[:2] == ["pip", "install"]:
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
        asked = re.findall(r"[\w-]+", words[2].partition("[")[2])
        assert not set(asked) - set(extras), f"{where}: no such extra {asked}"
    elif words[:4] == ["accelerate", "launch", "-m", "syndr"]:
        assert "all" in block.not_run
        check(words[3:])
    elif words[0] == "syndr":
        check(words)
        if block.runs(words):
            monkeypatch.setattr(sys, "argv", words)
            with pytest.raises(SystemExit) as ended:
                main()
            assert ended.value.code == 0, f"{where}: {' '.join(words)}: {capsys.readouterr().err}"
    else:
        assert words[0] in {"pytest", "python", "mkdocs"}, f"{where}: {words[0]} is checked by nobody"
        assert "all" in block.not_run or words[0] == "pytest", f"{where}: {' '.join(words)} is not run; say why"


def check_recipe(path):
    from syndr.recipe import read_recipe

    read_recipe(path)


@pytest.mark.parametrize(
    "line",
    [
        "syndr no-such-command",
        "syndr downsample",
        "syndr downsample a.npy --no-such-option 3",
        "syndr downsample a.npy b.npy",
        "syndr datasets no-such-command",
    ],
)
def test_a_wrong_line_is_noticed(line):
    with pytest.raises(AssertionError):
        check(line.split())
