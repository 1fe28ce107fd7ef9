"""``python -m benchmarks``: run the suites, write their JSON and the table."""

from __future__ import annotations

import argparse
import fnmatch
import subprocess
import sys
from pathlib import Path

from benchmarks import ROOT
from benchmarks.table import publish, render

_HERE = Path(__file__).resolve().parent
_PUBLISHED = _HERE / "results"
_PREFIX = "bench_"
_NOTHING_TO_RUN = 5  # pytest's exit status when it found no test


def main() -> int:
    names = sorted(path.stem.removeprefix(_PREFIX) for path in _HERE.glob(f"{_PREFIX}*.py"))
    options = _parser(names).parse_args()
    chosen = [name for name in names if any(fnmatch.fnmatch(name, pattern) for pattern in options.suite or ["*"])]
    if not chosen:
        print(f"no suite matches {', '.join(options.suite)}; there are {', '.join(names)}", file=sys.stderr)
        return 2
    # Only whole runs of the suites as they are get published.
    partial = options.quick or options.rows is not None
    out = options.out or (ROOT / "runs" / "benchmarks" if partial else _PUBLISHED)
    out.mkdir(parents=True, exist_ok=True)
    written, failed = [], []
    for name in [] if options.table else chosen:
        path = out / f"{name}{f'-{options.tag}' if options.tag else ''}.json"
        path.unlink(missing_ok=True)
        status = _run(name, path, options)
        if status == _NOTHING_TO_RUN:
            print(f"suite {name}: nothing to measure here; pytest says above what is missing")
        elif status:
            failed.append(name)
        if path.exists():
            written.append(path)
    print(render(out.glob("*.json") if options.table else written))
    if out.resolve() == _PUBLISHED:
        publish(_HERE / "README.md", _PUBLISHED.glob("*.json"))
    for name in failed:
        print(f"suite {name} failed; what it said is above", file=sys.stderr)
    return 1 if failed else 0


def _parser(names: list[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Run the benchmark suites beside the peers that are installed.",
        epilog="example: python -m benchmarks --suite drcdown --rows 40000 --out results-40000",
    )
    parser.add_argument("--suite", action="append", help=f"run this one (repeatable, * matches): {', '.join(names)}")
    parser.add_argument("--rows", type=int, help="number of rows instead of each suite's own")
    parser.add_argument("--quick", action="store_true", help="small data and two rounds, to see that all works")
    parser.add_argument(
        "--out",
        type=Path,
        help="folder for the JSON (default: benchmarks/results, and the table in benchmarks/README.md; "
        "runs/benchmarks with --quick or --rows)",
    )
    parser.add_argument("--tag", default="", help="added to the names of the JSON files, to tell machines apart")
    parser.add_argument("--table", action="store_true", help="run nothing: write the table of the JSON that is there")
    return parser


def _run(name: str, path: Path, options: argparse.Namespace) -> int:
    """Run a suite in a process of its own, so that none inherits another's memory or threads."""
    command = [
        sys.executable, "-m", "pytest", str(_HERE / f"{_PREFIX}{name}.py"), "-p", "no:cacheprovider", "-rs",
        "--benchmark-columns=median,iqr,min,max,rounds", f"--benchmark-json={path.resolve()}",
    ]  # fmt: skip
    command += ["--quick"] if options.quick else []
    command += ["--rows", str(options.rows)] if options.rows is not None else []
    print(f"suite {name}", flush=True)
    return subprocess.run(command, cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main())
