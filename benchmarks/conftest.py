"""What every suite gets: its size from the command line, and the machine and its own remarks in the JSON."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import machine
from benchmarks.contest import Size

_REMARKS = pytest.StashKey[list[str]]()
_ABSENT = pytest.StashKey[list[dict[str, str]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rows", type=int, default=None, help="number of rows instead of the suite's own")
    parser.addoption("--quick", action="store_true", help="small data and few rounds, to see that it works")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_REMARKS] = []
    config.stash[_ABSENT] = []


@pytest.fixture(scope="session")
def size(pytestconfig: pytest.Config) -> Size:
    return Size(pytestconfig.getoption("--rows"), pytestconfig.getoption("--quick"))


@pytest.fixture(scope="session")
def remarks(pytestconfig: pytest.Config) -> list[str]:
    """Sentences about the data or the run, printed above the suite's table."""
    return pytestconfig.stash[_REMARKS]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    report = yield
    if report.skipped and isinstance(report.longrepr, tuple):
        reason = report.longrepr[2].removeprefix("Skipped: ")
        name = item.name.removeprefix("test_").removesuffix("]").replace("[", ": ", 1)
        item.config.stash[_ABSENT].append({"name": name, "reason": reason})
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Any:
    """Leave out what was interrupted, which has no rounds and would keep the finished ones from being saved."""
    run = session.config._benchmarksession  # type: ignore[attr-defined]
    run.benchmarks = [each for each in run.benchmarks if each.stats.data]
    return (yield)


def pytest_sessionstart() -> None:
    try:
        machine.commit()  # before anything is measured
    except RuntimeError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_benchmark_generate_machine_info() -> dict[str, Any]:
    return machine.machine()


def pytest_benchmark_generate_commit_info() -> dict[str, Any]:
    return machine.commit()


def pytest_benchmark_update_json(config: pytest.Config, output_json: dict[str, Any]) -> None:
    output_json["quick"] = config.getoption("--quick")
    output_json["remarks"] = config.stash[_REMARKS]
    output_json["absent"] = config.stash[_ABSENT]
    for entry in output_json["benchmarks"]:
        del entry["params"], entry["options"]  # Python objects by address, and options that fixed rounds overrule
