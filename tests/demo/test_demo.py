import json

import numpy as np
import pytest
import torch
from pictures import scene, write_scenes
from PIL import Image

from syndr.demo import Photo, demo_page, photos_in_folder, run_demo, shipped_photos
from syndr.errors import ImageError, InputError
from syndr.features import build_backbone
from syndr.report import render

TYPES = (10,)


def photo(seed, height=210, width=280):
    return Photo.cut(f"p{seed}", torch.from_numpy(scene(seed, height, width)).permute(2, 0, 1))


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory):
    """A run stopped after three windows, one of which is then damaged on the disk, and gone on with."""
    cache = tmp_path_factory.mktemp("cache")
    photos, backbone = [photo(seed) for seed in range(4)], build_backbone("efficientnet_lite0")

    def stop(stage, done, total):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_demo(photos, backbone, cache, types=TYPES, progress=stop)
    first = {path: path.stat().st_mtime_ns for path in cache.glob("*.npz")}
    damaged = sorted(first)[0]
    damaged.write_bytes(b"not an archive")
    return first, damaged, run_demo(photos, backbone, cache, types=TYPES)


@pytest.fixture(scope="module")
def result(interrupted):
    return interrupted[2]


def test_the_set_is_complete_and_labelled_by_rank(result):
    data = result.data
    assert len(data.references) == 4 * 4
    assert len(data.samples) == 16 * len(TYPES) * 5
    assert data.features.shape == (80, 5, 1280)
    quality = data.samples["quality"]
    assert quality.min() == 0.0
    assert 9.0 < quality.max() <= 10.0  # equal scores share a rank
    # Within each window, stronger JPEG is worse; the proxy is not upside down.
    jpeg = quality[data.samples["type"] == 10].reshape(16, 5)
    assert (np.diff(jpeg, axis=1) < 0).mean() > 0.9


def test_folds_never_mix_photographs(result):
    assert [fold.held_out for fold in result.folds] == ["p0", "p1", "p2", "p3"]
    for fold in result.folds:
        photos = {*fold.references, *fold.pool, fold.held_out}
        assert len(fold.references) + len(fold.pool) + 1 == len(photos) == 4
        assert all(name.rsplit("-", 1)[0] in fold.pool for name in fold.candidates)
        if fold.labels is not None:
            cited = fold.labels.neighbours[fold.labels.neighbours >= 0]
            assert all(fold.labels.reference_ids[n].rsplit("-", 1)[0] in fold.references for n in cited)


def test_k_falls_to_the_number_of_reference_photographs(result):
    assert result.neighbours == 2


def test_rows_of_the_variants_add_up(result):
    for fold in result.folds:
        pseudo = len(fold.selection.indices) * len(TYPES) * 3
        dropped = len(fold.thinning.dropped)
        originals = len(fold.references) * 4 * len(TYPES) * 5
        assert fold.rows == {
            "originals only": originals,
            "+ DDCUp": originals + pseudo,
            "+ DRCDown": originals - dropped,
            "+ DDCUp + DRCDown": originals + pseudo - dropped,
        }
        if not pseudo:  # the same rows, seed and order: the same head
            assert fold.srcc["+ DDCUp"] == fold.srcc["originals only"]


def test_result_is_json_and_page_renders(result):
    assert json.loads(json.dumps(result.as_dict()))["photographs"] == 4
    page = render(demo_page(result))
    assert "never seen" in page
    assert all(fold.held_out in page for fold in result.folds)


def test_finished_windows_are_kept_and_damaged_ones_made_again(interrupted):
    first, damaged, result = interrupted
    assert len(first) == 3
    for path, made_at in first.items():
        assert (path.stat().st_mtime_ns == made_at) == (path != damaged)
        with np.load(path) as kept:
            assert any(np.array_equal(kept["features"], rows) for rows in result.data.features.reshape(16, 5, 5, 1280))


def test_too_few_photographs():
    with pytest.raises(InputError, match="at least 4 photographs with different names, not 3"):
        run_demo([photo(0), photo(1), photo(2)], build_backbone("efficientnet_lite0", "random"), "unused")


def test_windows_are_kadid_sized_and_differ():
    windows = photo(3, 300, 500).windows
    assert [tuple(picture.shape) for picture in windows] == [(3, 384, 512)] * 4
    assert len({picture.numpy().tobytes() for picture in windows}) == 4


def test_a_large_folder_is_drawn_from(tmp_path):
    write_scenes(tmp_path, 7, height=200, width=260)
    first, second = (photos_in_folder(tmp_path, most=5, seed=seed)[0] for seed in (0, 1))
    assert len(first) == len(second) == 5
    assert [each.name for each in first] == sorted(each.name for each in first)
    assert [each.name for each in first] == [each.name for each in photos_in_folder(tmp_path, most=5)[0]]
    assert {each.name for each in first} != {each.name for each in second}


def test_unusable_photographs_are_set_aside_with_the_reason(tmp_path):
    write_scenes(tmp_path, 2, height=200, width=260)
    Image.new("RGB", (300, 200), "grey").save(tmp_path / "flat.png")
    Image.fromarray(scene(1, 100, 200)).save(tmp_path / "small.png")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    photos, rejected = photos_in_folder(tmp_path)
    assert [each.name for each in photos] == ["s00.png", "s01.png"]
    assert {entry.id for entry in rejected} == {"flat.png", "small.png", "broken.jpg"}
    reasons = {entry.id: entry.reason for entry in rejected}
    assert "all one colour" in reasons["flat.png"]
    assert "200 x 100 pixels are too few" in reasons["small.png"]
    with pytest.raises(ImageError):
        photo(0, 100, 200)


def test_a_whole_photograph_that_cannot_be_used_says_why():
    small, flat = (
        torch.from_numpy(scene(1, 90, 400)).permute(2, 0, 1),
        torch.full((3, 200, 300), 128, dtype=torch.uint8),
    )
    with pytest.raises(ImageError, match="^small: 400 x 90 pixels are too few; at least 256 x 192 are needed$"):
        Photo.whole("small", small)
    with pytest.raises(ImageError, match="^flat: all one colour; the distortions need contrast$"):
        Photo.whole("flat", flat)


def test_the_seven_shipped_photographs():
    photos = shipped_photos()
    assert [each.name for each in photos] == [
        "astronaut", "chelsea", "china", "coffee", "flower", "motorcycle", "rocket",
    ]  # fmt: skip
    assert all(window.dtype == torch.uint8 and window.shape == (3, 384, 512) for p in photos for window in p.windows)
