import json
import sys
from dataclasses import dataclass

import pytest


@dataclass
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def syndr(monkeypatch, capsys):
    """Run a command line in this process, through the very function the script calls."""
    from syndr.cli import main

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["syndr", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return Ended(ended.value.code, out, err)

    return run
