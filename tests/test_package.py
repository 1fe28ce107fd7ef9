"""What ``import syndr`` costs and gives, with and without the optional packages."""

from __future__ import annotations

import inspect
import subprocess
import sys
import textwrap

import pytest

import syndr

# Not by None in sys.modules, where SciPy would take it for an imported torch.
BLOCK = """
import sys
class Absent:
    def find_spec(self, name, *rest):
        if name.partition(".")[0] in {}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
"""


def python(code, blocked=()):
    """Run code in a fresh interpreter in which some packages cannot be imported."""
    done = subprocess.run(
        [sys.executable, "-c", BLOCK.format(list(blocked)) + textwrap.dedent(code)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_import_is_lazy():
    loaded = python(
        "import syndr; print([m for m in ('torch', 'numpy', 'pyarrow', 'scipy', 'faiss') if m in sys.modules])"
    )
    assert loaded == "[]"


@pytest.mark.parametrize("name", syndr.__all__)
def test_public_names_resolve(name):
    public = getattr(syndr, name)
    assert inspect.getdoc(public)
    assert name in dir(syndr)


def test_unknown_name():
    with pytest.raises(AttributeError, match="module 'syndr' has no attribute 'nonsense'"):
        syndr.nonsense  # noqa: B018


def test_the_curator_s_names_need_no_torch():
    assert (
        python(
            """
            import numpy as np, syndr
            X = np.random.default_rng(0).random((50, 8))
            kept = syndr.DRCDown(min_keep=2).fit_resample(X)[0]
            syndr.DDCUp().select(X[:20], X[20:])
            syndr.Samples.from_columns(id=["a"])
            syndr.pseudo_labels, syndr.generalization_bound, syndr.FeatureStore
            print(0 < len(kept) < 50)
            """,
            blocked=["torch", "torchvision", "kornia", "PIL", "faiss"],
        )
        == "True"
    )


@pytest.mark.parametrize(
    ("statement", "blocked", "extra"),
    [
        ("syndr.fit", "torch", "torch"),
        ("syndr.load_model", "torch", "torch"),
        ("syndr.VirtualDataset(table).image(0)", "torch", "torch"),
        ("syndr.VirtualDataset(table).image(0)", "PIL", "torch"),
        ("syndr.DRCDown(search='faiss').fit(np.ones((3, 3)))", "faiss", "faiss"),
    ],
)
def test_a_missing_extra_gives_the_install_line(statement, blocked, extra):
    code = f"""
        import numpy as np, syndr
        table = syndr.Samples.from_columns(id=["a"], path=["a.png"])
        try:
            {statement}
        except syndr.SyndrError as error:
            assert isinstance(error, ImportError)
            print(error)
    """
    message = python(code, blocked=[blocked])
    assert blocked in message
    assert message.endswith(f"pip install 'syndr[{extra}]'")
