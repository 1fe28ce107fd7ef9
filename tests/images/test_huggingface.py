"""Pictures to and from Hugging Face's ``datasets``; skipped where that is not installed."""

import numpy as np
import pytest
import torch

from syndr.errors import ImageError, InputError
from syndr.features import Backbone, extract
from syndr.images import Rejected, center_crop, decode, open_pictures, read_rejected, write_image
from syndr.samples import Samples
from syndr.virtual import VirtualDataset, virtual_rows

# Not by the package's name alone: the folder of the tests beside this one has the same.
datasets = pytest.importorskip("datasets.load", reason="Hugging Face's datasets is not installed")

PICTURES = torch.randint(0, 256, (4, 3, 12, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(3))


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


@pytest.fixture
def dataset(tmp_path):
    import datasets
    from PIL import Image

    images = [Image.fromarray(PICTURES[row].permute(1, 2, 0).numpy()) for row in range(4)]
    columns = {"picture": [*images, None], "label": [0, 1, 0, 1, 1], "score": [1.5, 2.5, 3.5, 4.5, 5.5]}
    features = datasets.Features(
        picture=datasets.Image(), label=datasets.ClassLabel(names=["cat", "dog"]), score=datasets.Value("float32")
    )
    return datasets.Dataset.from_dict(columns, features=features)


def check(source, rows):
    for place, row in enumerate(rows):
        if row == 4:
            with pytest.raises(ImageError, match="no picture in this row"):
                source.file(place)
        else:
            assert torch.equal(decode(source.file(place)), PICTURES[row])


def test_a_dataset(dataset):
    source = open_pictures(dataset)
    assert source.samples.ids == ["0", "1", "2", "3", "4"]
    assert source.samples["label"].tolist() == [0, 1, 0, 1, 1]
    assert source.samples["score"].dtype == np.float64
    check(source, range(5))


def test_a_dataset_in_another_order_with_ids(dataset):
    order = [3, 0, 4, 1]
    chosen = dataset.add_column("id", [10, 11, 12, 13, 14]).select(order)
    source = open_pictures(chosen)
    assert source.samples.ids == ["13", "10", "14", "11"]
    check(source, order)


def test_a_saved_dataset(dataset, tmp_path):
    dataset.save_to_disk(tmp_path / "saved")
    source = open_pictures(tmp_path / "saved")
    assert source.samples["score"].tolist() == [1.5, 2.5, 3.5, 4.5, 5.5]
    check(source, range(5))
    (tmp_path / "saved" / "state.json").write_text("{")
    with pytest.raises(InputError, match="cannot be read as a saved data set"):
        open_pictures(tmp_path / "saved")


def test_several_splits(dataset, tmp_path):
    import datasets

    both = datasets.DatasetDict(train=dataset, test=dataset)
    both.save_to_disk(tmp_path / "saved")
    with pytest.raises(InputError, match="has splits test, train; give the folder of one of them"):
        open_pictures(tmp_path / "saved")
    with pytest.raises(InputError, match="a DatasetDict has no numbered rows; choose one split"):
        open_pictures(both)
    check(open_pictures(tmp_path / "saved" / "train"), range(5))


def test_an_imagefolder_loaded_by_the_library(tmp_path):
    import datasets

    for row in range(3):
        write_image(tmp_path / f"folder/{'ab'[row % 2]}/{row}.png", PICTURES[row])
    loaded = datasets.load_dataset(
        "imagefolder", data_dir=str(tmp_path / "folder"), split="train", cache_dir=str(tmp_path / "cache")
    )
    source = open_pictures(loaded)
    shown = sorted(decode(source.file(row)).sum().item() for row in range(3))
    assert shown == sorted(PICTURES[row].sum().item() for row in range(3))
    assert sorted(source.samples["label"].tolist()) == [0, 0, 1]


def test_which_column_holds_the_pictures(dataset):
    twice = dataset.add_column("number", range(5))
    with pytest.raises(InputError, match="has no column 'label' of pictures; it has picture"):
        open_pictures(twice, image="label")
    with pytest.raises(InputError, match=r"has 0 columns of pictures"):
        open_pictures(twice.remove_columns("picture"))
    check(open_pictures(twice, image="picture"), range(5))


def test_features_of_a_dataset(dataset, tmp_path):
    source = open_pictures(dataset)
    body = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    backbone = Backbone("mean", body, dims=3, mean=(0, 0, 0), std=(1, 1, 1))
    store = extract(source.samples, backbone, tmp_path / "out", crop=8, files=source.file)
    assert store.ids == ["0", "1", "2", "3"]
    assert np.allclose(store.features[0], center_crop(PICTURES[0], 8).float().mean((1, 2)) / 255, atol=1e-6)
    assert store.index["width"].to_pylist() == [16] * 4
    assert read_rejected(store.path / "rejected.csv") == [
        Rejected("4", "", "the data set has no picture in this row; remove the row")
    ]
