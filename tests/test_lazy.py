import subprocess
import sys
import textwrap

import pytest

from syndr.errors import MissingExtraError, require
from syndr.lazy import lazy_exports


def test_names_come_from_their_homes():
    get = lazy_exports("syndr", {"SyndrError": "errors"})
    from syndr.errors import SyndrError

    assert get("SyndrError") is SyndrError
    with pytest.raises(AttributeError, match="module 'syndr' has no attribute 'nothing'"):
        get("nothing")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("libtorch_cpu.so: failed to map segment from shared object", MemoryError),
        ("libtorch_cpu.so: cannot open shared object file", MissingExtraError),
    ],
)
def test_what_there_is_no_memory_for_is_not_called_missing(monkeypatch, said, told):
    def import_module(name):
        raise ImportError(said)

    monkeypatch.setattr("syndr.errors.importlib.import_module", import_module)
    with pytest.raises(told, match=said):
        require("torch", "torch")


@pytest.mark.parametrize(
    ("use", "extra"),
    [
        ("from syndr.distort import distort", "torch"),
        ("from syndr.images import decode", "torch"),
        ("from syndr.features import build_backbone", "torch"),
        ("from syndr.training import fit", "torch"),
        ("from syndr.evaluation import predict", "torch"),
        ("from syndr.demo import run_demo", "demo"),
        ("import syndr; syndr.fit", "torch"),
    ],
)
def test_without_torch_the_install_line_is_shown(use, extra):
    code = textwrap.dedent(f"""
        import sys

        class NoTorch:  # a None in sys.modules would mislead scipy, which looks there
            def find_spec(self, name, path=None, target=None):
                if name.split(".")[0] == "torch":
                    raise ModuleNotFoundError("No module named 'torch'", name="torch")

        sys.meta_path.insert(0, NoTorch())
        from syndr.errors import MissingExtraError
        try:
            {use}
        except MissingExtraError as error:
            print(error)
    """)
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert f"pip install 'syndr[{extra}]'" in ended.stdout
