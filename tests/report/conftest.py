from __future__ import annotations

import shutil

import pytest
from report.fake_run import write_run


@pytest.fixture(scope="session")
def complete(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("runs") / "complete")


@pytest.fixture
def run(complete, tmp_path):
    """A copy to take things away from."""
    return shutil.copytree(complete, tmp_path / "run")
