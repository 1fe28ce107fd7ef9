"""Damaged files of every kind: a result or an error of syndr's own, never a crash, a hang or an allocation that
only the file asks for. ``tests/campaigns/fuzz.sh`` does the same for as long as it is told to."""

from __future__ import annotations

import shutil
import warnings

import pytest
from hostile_mutations import damaged, damages
from hostile_readers import READERS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syndr.errors import SyndrError

# Reading these takes longer.
FEW = {"store", "unfinished store", "training checkpoint", "model", "run folder", "database .xlsx"}


@pytest.fixture
def whole(request, tmp_path):
    """A reader by name, with a folder that holds a valid file for it."""
    reader = READERS[request.param]
    (tmp_path / "whole").mkdir()
    path = reader.make(tmp_path / "whole")
    return reader, tmp_path / "whole", path.relative_to(tmp_path / "whole")


@pytest.mark.parametrize("whole", READERS, indirect=True)
def test_the_undamaged_file_is_read(whole):
    reader, folder, path = whole
    reader.read(folder / path)


@pytest.mark.parametrize("name", READERS)
def test_a_damaged_file_is_read_or_refused(name, tmp_path, bounded):
    reader, whole, broken = READERS[name], tmp_path / "whole", tmp_path / "broken"
    whole.mkdir()
    path = reader.make(whole).relative_to(whole)
    contents = {file: (whole / file).read_bytes() for file in reader.attacked}

    @settings(max_examples=12 if name in FEW else 30, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(reader.attacked), damages)
    def attack(file, damage):
        shutil.rmtree(broken, ignore_errors=True)
        shutil.copytree(whole, broken)
        (broken / file).write_bytes(damaged(contents[file], damage))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                reader.read(broken / path)
            except SyndrError as error:
                assert len(str(error)) > 10

    attack()
