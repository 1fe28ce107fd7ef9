"""Prediction: crops averaged, batches that do not matter, bad pictures set aside."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from training_stand_ins import CROP, Pictures, tiny_model

from syndr.errors import InputError
from syndr.evaluation import cut_crops, predict, score
from syndr.samples import Samples

RULES = ["random", "corners", "full"]


def naive(model, pictures, rule, seed=0):
    """One crop at a time."""
    model.eval()
    with torch.no_grad():
        return np.array(
            [
                np.mean(
                    [float(model(crop[None].float() / 255)[0]) for crop in cut_crops(image, rule, name, seed, CROP)]
                )
                for image, name in zip(pictures.pixels, pictures.ids, strict=True)
            ]
        )


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("batch_size", [1, 3, 32])
def test_is_the_mean_over_crops_for_any_batch_size(rule, batch_size):
    pictures, model = Pictures(13), tiny_model()
    result = predict(model, pictures.samples, pictures, crops=rule, crop=CROP, seed=4, batch_size=batch_size)
    assert result.scores.dtype == np.float64
    np.testing.assert_allclose(result.scores, naive(model, pictures, rule, seed=4), rtol=1e-5, atol=1e-5)
    assert result.rejected == ()
    assert result.scored.all()


def test_order_of_the_table_does_not_matter():
    pictures, model = Pictures(13), tiny_model()
    order = np.random.default_rng(0).permutation(13)
    expected = predict(model, pictures.samples, pictures, crop=CROP).scores
    shuffled = predict(model, pictures.samples.take(order), lambda row: pictures(order[row]), crop=CROP).scores
    np.testing.assert_allclose(shuffled, expected[order], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("rule", RULES)
def test_pictures_of_different_shapes(rule):
    draw = np.random.default_rng(0)
    images = [torch.from_numpy(draw.integers(0, 256, (3, 34 + 3 * n, 62 - 5 * n), dtype=np.uint8)) for n in range(7)]
    samples = Samples.from_columns(id=[str(n) for n in range(7)])
    model = tiny_model().eval()
    result = predict(model, samples, images.__getitem__, crops=rule, crop=CROP)
    alone = [
        score(model, image[None].float() / 255, crops=rule, crop=CROP, ids=[str(n)]) for n, image in enumerate(images)
    ]
    np.testing.assert_allclose(result.scores, torch.cat(alone).numpy(), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("rule", RULES)
def test_bad_pictures_are_nan_with_a_reason(rule, tmp_path):
    pictures, model = Pictures(13, broken=[0, 5, 12]), tiny_model()
    result = predict(model, pictures.samples, pictures, crops=rule, crop=CROP)
    assert np.flatnonzero(~result.scored).tolist() == [0, 5, 12]
    assert [(entry.id, entry.path) for entry in result.rejected] == [
        (f"picture-{row:03d}", f"picture-{row:03d}.png") for row in (0, 5, 12)
    ]
    assert all("truncated" in entry.reason for entry in result.rejected)
    expected = predict(model, pictures.samples, Pictures(13), crops=rule, crop=CROP).scores
    np.testing.assert_allclose(result.scores[result.scored], expected[result.scored], rtol=1e-5, atol=1e-5)
    for name in ("table.parquet", "table.csv"):
        result.beside(pictures.samples).write(tmp_path / name)
        again = Samples.read(tmp_path / name)
        np.testing.assert_array_equal(again["prediction"], result.scores)
        assert again.table["prediction"].null_count == 3


def test_all_pictures_bad():
    result = predict(tiny_model(), Pictures(4).samples, Pictures(4, broken=range(4)), crop=CROP)
    assert not result.scored.any()
    assert len(result.rejected) == 4


def test_empty_table():
    result = predict(tiny_model(), Samples.from_columns(id=[]), Pictures(1), crop=CROP)
    assert len(result.scores) == 0
    assert len(result.beside(Samples.from_columns(id=[]))) == 0


class Brightness(nn.Module):
    """The mean of the picture, and NaN for a black one."""

    def forward(self, images):
        mean = images.mean(dim=(1, 2, 3))
        return torch.where(mean > 0, mean, torch.nan), images


def test_scores_that_are_not_finite_are_set_aside():
    images = torch.stack([torch.full((3, 40, 40), value, dtype=torch.uint8) for value in (0, 51, 255)])
    result = predict(Brightness(), Samples.from_columns(id=["a", "b", "c"]), images.__getitem__, crop=CROP)
    assert result.scores[1:] == pytest.approx([0.2, 1.0])
    assert [(entry.id, entry.path, entry.reason) for entry in result.rejected] == [
        ("a", "", "the model's score is nan")
    ]


def test_model_is_left_in_its_mode_and_without_gradients():
    pictures, model = Pictures(3), tiny_model()
    model.train()
    model.backbone.body[1].eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    predict(model, pictures.samples, pictures, crop=CROP)
    assert model.training and not model.backbone.body[1].training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not score(model, torch.rand(2, 3, 40, 40), crop=CROP).requires_grad


def test_progress_ends_at_its_total():
    seen = []
    pictures = Pictures(13)
    predict(
        tiny_model(), pictures.samples, pictures, crop=CROP, batch_size=10, progress=lambda *state: seen.append(state)
    )
    assert seen[0] == ("score", 0, 7)
    assert seen[-1] == ("score", 7, 7)


def test_score_uses_ids_for_random_crops():
    images = torch.rand(3, 3, 60, 60)
    model = tiny_model()
    one = score(model, images, crop=CROP, ids=["a", "b", "c"])
    assert one.dtype == torch.float64
    torch.testing.assert_close(score(model, images.flip(0), crop=CROP, ids=["c", "b", "a"]), one.flip(0))
    assert not torch.allclose(score(model, images, crop=CROP), one)


def test_score_of_nothing_is_nothing():
    assert score(tiny_model(), torch.rand(0, 3, 40, 40)).shape == (0,)


class TwoColumns(nn.Module):
    def forward(self, images):
        return images.mean(dim=(1, 2, 3))[:, None], images


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: predict(tiny_model(), p.samples, p, crops="ten"), "crops must be one of"),
        (lambda p: predict(tiny_model(), p.samples, p, batch_size=0), "batch_size"),
        (lambda p: predict(tiny_model(), p.samples, p, crop=0), "crop"),
        (lambda p: predict(TwoColumns(), p.samples, p, crop=CROP), r"scores of shape \(15,\)"),
        (lambda p: score(tiny_model(), p.pixels), "floating"),
        (lambda p: score(tiny_model(), torch.rand(3, 40, 40)), "floating"),
        (lambda p: score(tiny_model(), torch.rand(1, 1, 40, 40)), "floating"),
        (lambda p: score(tiny_model(), torch.rand(1, 3, 40, 40), crops="ten"), "crops must be one of"),
        (lambda p: score(tiny_model(), torch.rand(1, 3, 40, 40), batch_size=0), "batch_size"),
        (lambda p: score(tiny_model(), torch.rand(1, 3, 40, 40), ids=["a", "b"]), "2 ids do not fit 1 images"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(InputError, match=message):
        call(Pictures(3))


def test_weights_keep_the_layout_they_had():
    """A model that is scored in the middle of its training must go on as it was."""
    model, pictures = tiny_model(), Pictures(4)
    kernel = model.backbone.body[0].weight
    for layout, other in (
        (torch.contiguous_format, torch.channels_last),
        (torch.channels_last, torch.contiguous_format),
    ):
        model.to(memory_format=layout)
        predict(model, pictures.samples, pictures, crop=CROP)
        assert kernel.is_contiguous(memory_format=layout)
        assert not kernel.is_contiguous(memory_format=other)
