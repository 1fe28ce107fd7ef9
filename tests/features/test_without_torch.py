"""A curator without torch uses stores; what needs torch says how to get it."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import types

import numpy as np
import pytest

import syndr.features
import syndr.images
from syndr.features import FeatureStore
from syndr.samples import Samples


def run(code):
    return subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False)


def test_stores_work_without_torch(tmp_path):
    FeatureStore.create(tmp_path / "s", Samples.from_columns(id=["a"]), np.ones((1, 2), np.float32))
    (tmp_path / "a.png").touch()
    result = run(f"""
        import sys
        for name in ("torch", "torchvision", "kornia", "PIL"):
            sys.modules[name] = None
        from syndr.errors import MissingExtraError
        from syndr.features import FeatureStore, read_features
        from syndr.images import list_images, samples_from_folder, write_rejected
        assert FeatureStore.open({str(tmp_path / "s")!r}).rows(["a"]).sum() == 2
        assert samples_from_folder({str(tmp_path)!r}).ids == ["a.png"]
        for statement in (
            "from syndr.features import extract", "from syndr.features import BACKBONES",
            "from syndr.images import decode", "from syndr.images import center_crop",
        ):
            try:
                exec(statement)
            except MissingExtraError as error:
                assert "pip install 'syndr[torch]'" in str(error), error
            else:
                raise AssertionError(statement)
    """)
    assert result.returncode == 0, result.stderr


def test_importing_the_store_does_not_import_torch():
    result = run("""
        import sys
        import syndr.features, syndr.images
        from syndr.features import FeatureStore
        assert not {"torch", "torchvision", "PIL"} & set(sys.modules)
    """)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("package", [syndr.features, syndr.images])
def test_the_lazy_names_are_what_they_say(package):
    for name in package.__all__:
        assert not isinstance(getattr(package, name), types.ModuleType)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = package.nothing
