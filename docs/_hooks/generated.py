"""What MkDocs makes anew at every build, so that no page can drift from the code or the measurements."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

_ROOT = Path(__file__).resolve().parents[2]
sys.path += [str(_ROOT), str(Path(__file__).parent)]  # neither the benchmarks nor this folder are installed

from recipe_reference import recipe_tables  # noqa: E402

from benchmarks.costs import costs_table, plan_table  # noqa: E402
from benchmarks.plots import plots_of  # noqa: E402

_RESULTS = sorted((_ROOT / "benchmarks" / "results").glob("*.json"))


def on_files(files: Files, config: Any) -> Files:
    """Add the plots of the benchmarks' results as SVG files."""
    for name, svg in plots_of(_RESULTS).items():
        files.append(File.generated(config, f"plots/{name}.svg", content=svg))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put what is made in the place of ``<!-- made: name -->``."""
    return re.sub(r"<!-- made: (\w+) -->", lambda found: _MADE[found[1]](), markdown)


def on_page_content(html: str, **_: Any) -> str:
    """Show what docstrings name by Sphinx's roles (``:func:`name```) as the plain name."""
    return re.sub(r":(?:func|class|meth|data|attr|mod):<code>~?(?:[\w.]+\.)?(\w+)</code>", r"<code>\1</code>", html)


def _commands() -> str:
    """Describe every command, as typer itself does it, one level below the page's heading."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "typer", "syndr.cli.main", "utils", "docs", "--name", "syndr"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent,  # not where the checkout's syndr/ would hide the installed one and its native module
    )
    return re.sub(r"^(#+ )", r"#\1", done.stdout, flags=re.MULTILINE)


def _plots() -> str:
    """Show each suite's plots under its name, suites of few plots first."""
    suites: dict[str, list[str]] = {path.stem: [] for path in _RESULTS}
    for name in plots_of(_RESULTS):
        suites[re.sub(r"-\d+$", "", name)].append(
            f"![Times of the contestants of {name}, as multiples of ours](plots/{name}.svg)"
        )
    shown = sorted((item for item in suites.items() if item[1]), key=lambda item: len(item[1]))
    return "\n\n".join("\n\n".join([f"## {suite}", *pictures]) for suite, pictures in shown)


_MADE = {
    "commands": _commands,
    "costs": lambda: costs_table(_RESULTS),
    "plan": plan_table,
    "plots": _plots,
    "recipe": recipe_tables,
}
