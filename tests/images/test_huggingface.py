"""The folder that ``materialize`` writes, loaded by the library it is for; skipped where that is not installed."""

import pytest
import torch

from syndr.images import write_image
from syndr.samples import Samples
from syndr.virtual import VirtualDataset, virtual_rows

# Not by the package's name alone: the folder of the tests beside this one has the same.
datasets = pytest.importorskip("datasets.load", reason="Hugging Face's datasets is not installed")


def test_imagefolder_loads_pictures_and_columns(tmp_path):
    write_image(tmp_path / "I01.png", torch.randint(0, 256, (3, 64, 80), dtype=torch.uint8))
    references = Samples.from_columns(id=["I01.png"], path=[str(tmp_path / "I01.png")])
    table, rejected = VirtualDataset(virtual_rows(references, [1, 17], [2, 5])).materialize(tmp_path / "out")
    assert not rejected
    loaded = datasets.load_dataset(
        "imagefolder", data_dir=str(tmp_path / "out"), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert sorted(zip(loaded["id"], loaded["type"], loaded["level"], strict=True)) == sorted(
        zip(table.ids, table["type"], table["level"], strict=True)
    )
    assert loaded[0]["image"].size == (80, 64)
