"""A trained model is a metric like pyiqa's."""

from __future__ import annotations

import pytest
import torch
from training_stand_ins import tiny_backbone, tiny_model

import syndr
from syndr.errors import ImageError, InputError, StoreError
from syndr.evaluation import Metric, score
from syndr.images import resize_input, write_image
from syndr.training import read_model, save_model


@pytest.fixture
def metric(tmp_path):
    save_model(tmp_path / "model.safetensors", tiny_model())
    return syndr.load_model(tmp_path / "model.safetensors", backbone=tiny_backbone(seed=3))


def test_scores_tensors_and_files_alike(metric, tmp_path):
    pictures = torch.randint(0, 256, (3, 3, 240, 260), dtype=torch.uint8)
    scores = metric(pictures.float() / 255)
    assert (scores.shape, scores.dtype, scores.requires_grad) == ((3,), torch.float32, False)
    model = read_model(tmp_path / "model.safetensors", backbone=tiny_backbone())
    torch.testing.assert_close(scores, score(model, pictures.float() / 255, crops="corners").float())
    write_image(tmp_path / "one.png", pictures[1])
    for path in (tmp_path / "one.png", str(tmp_path / "one.png")):
        torch.testing.assert_close(metric(path), scores[1:2])


def test_pictures_are_seen_as_in_training(tmp_path):
    model = tiny_model()
    model.crop, model.input_size = 64, "shorter-96"
    save_model(tmp_path / "model.safetensors", model)
    metric = syndr.load_model(tmp_path / "model.safetensors", backbone=tiny_backbone(seed=3))
    picture = torch.randint(0, 256, (3, 192, 260), dtype=torch.uint8)
    write_image(tmp_path / "one.png", picture)
    seen = resize_input(picture, "shorter-96")[None].float() / 255
    expected = score(model, seen, crops="corners", crop=64).float()
    torch.testing.assert_close(metric(tmp_path / "one.png"), expected)
    torch.testing.assert_close(metric(picture[None].float() / 255), expected, atol=0.02, rtol=0)  # not rounded to bytes
    assert (expected - score(model, picture[None].float() / 255, crops="corners")).abs() > 0.02


def test_batches_do_not_matter(metric):
    pictures = torch.rand(5, 3, 230, 250)
    alone = torch.cat([metric(picture[None]) for picture in pictures])
    torch.testing.assert_close(metric(pictures), alone, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(Metric(metric.model, batch_size=3)(pictures), alone, rtol=1e-5, atol=1e-5)


def test_grey_is_repeated(metric):
    grey = torch.rand(2, 1, 230, 250)
    torch.testing.assert_close(metric(grey), metric(grey.expand(-1, 3, -1, -1)))


def test_has_what_a_metric_of_pyiqa_has(metric):
    assert (metric.lower_better, metric.score_range, metric.metric_mode) == (False, "0, 10", "NR")
    assert metric.metric_name == "syndr-tiny"
    assert not metric.training and not metric.model.training


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (torch.rand(1, 3, 230, 230) * 255, InputError, "divide bytes by 255"),
        (torch.full((1, 3, 230, 230), torch.nan), InputError, "must lie in"),
        (torch.rand(3, 230, 230), InputError, "floating of shape"),
        (torch.zeros(1, 3, 230, 230, dtype=torch.uint8), InputError, "floating of shape"),
        ("absent.png", ImageError, "no such file"),
    ],
)
def test_what_is_no_picture_is_refused(metric, given, error, message):
    with pytest.raises(error, match=message):
        metric(given)


def test_bad_arguments(tmp_path):
    with pytest.raises(StoreError, match="no such file"):
        syndr.load_model(tmp_path / "absent")
    with pytest.raises(InputError, match="crops must be one of"):
        Metric(tiny_model(), crops="ten")
