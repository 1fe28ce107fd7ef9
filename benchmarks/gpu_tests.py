"""``python -m benchmarks.gpu_tests --out DIR``: run the tests marked ``gpu`` and leave what they said as JSON."""

from __future__ import annotations

import argparse
import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from benchmarks import ROOT
from benchmarks.machine import commit, machine

_NO_MODULE = re.compile(r"No module named '([\w.]+)'")


@dataclass(eq=False)  # pytest wants to hash its plugins
class Recorder:
    """A pytest plugin that keeps each test's outcome.

    Attributes:
        tests: Outcome (passed, failed, skipped) and seconds of each test, with the message unless it passed, and
            what the test has recorded as its properties.
        missing: Test files that could not be read for want of a module, and which one.
        broken: Test files that could not be read for another reason, and which one.
    """

    tests: dict[str, dict[str, str | float]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Sort out why a test file could not be read."""
        if not report.failed:
            return
        absent = _NO_MODULE.search(report.longreprtext)
        if absent:
            self.missing[report.nodeid] = absent.group(1)
        else:
            self.broken[report.nodeid] = report.longreprtext[-2000:]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep a test's outcome, also when it failed or was skipped before its call."""
        if report.when == "call" or not report.passed:
            entry: dict[str, str | float] = {"outcome": report.outcome, "seconds": round(report.duration, 3)}
            if not report.passed:
                entry["message"] = report.longreprtext[-2000:]
            self.tests[report.nodeid] = entry | {name: str(value) for name, value in report.user_properties}

    def count(self, outcome: str) -> int:
        """Give the number of tests with this outcome."""
        return sum(entry["outcome"] == outcome for entry in self.tests.values())


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu_tests", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for gpu-tests.json")
    out: Path = parser.parse_args().out
    recorder, source = Recorder(), commit()
    arguments = ["-m", "gpu", "-rs", "-p", "no:cacheprovider", "--continue-on-collection-errors"]
    pytest.main([*arguments, f"--rootdir={ROOT}", str(ROOT / "tests")], plugins=[recorder])

    passed, failed, skipped = (recorder.count(outcome) for outcome in ("passed", "failed", "skipped"))
    result = {
        "machine_info": machine(),
        "commit_info": source,
        "passed": passed, "failed": failed, "skipped": skipped,
        "files_missing_a_module": recorder.missing,
        "files_broken": recorder.broken,
        "tests": recorder.tests,
    }  # fmt: skip
    out.mkdir(parents=True, exist_ok=True)
    (out / "gpu-tests.json").write_text(json.dumps(result, indent=2))
    print(f"GPU tests: {passed} passed, {failed} failed, {skipped} skipped")
    for file, module in recorder.missing.items():
        print(f"  {file} was left out: it needs {module}, which is not installed")
    for file, said in recorder.broken.items():
        print(f"  {file} could not be read:\n{said}")
    return 1 if failed or recorder.broken or not recorder.tests else 0


if __name__ == "__main__":
    sys.exit(main())
