import math

import numpy as np
import pytest
import torch
from pictures import write_scenes
from training_stand_ins import same_weights, tiny_backbone, weights_of

from syndr.distort import distort
from syndr.errors import ImageError, InputError, StoreError
from syndr.features import build_backbone
from syndr.images import decode, resize_shorter_side, samples_from_folder
from syndr.type_selection import (
    CLASSES,
    TypeClassifier,
    load_classifier,
    recall,
    save_classifier,
    train_classifier,
)
from syndr.type_selection.classifier import STAGES as STAGES_OF
from syndr.type_selection.pictures import TypePictures


@pytest.fixture(scope="module")
def references(tmp_path_factory):
    root = tmp_path_factory.mktemp("references")
    write_scenes(root, 3, height=96, width=128)
    return samples_from_folder(root)


STAGES = ("2", "4")  # of the tiny backbone: behind each of its two convolutions


def classifier(seed=0):
    return TypeClassifier(tiny_backbone(), hidden=32, seed=seed, stages=STAGES)


def test_a_round_shows_each_reference_in_every_class(references):
    pictures = TypePictures(references, seed=4, round=2)
    assert len(pictures) == 3 * CLASSES
    assert pictures.labels.tolist() == list(range(CLASSES)) * 3
    levels = pictures.samples["level"]
    assert np.isnan(levels[::CLASSES]).all()
    assert set(levels[~np.isnan(levels)]) == {1, 2, 3, 4, 5}
    assert torch.equal(pictures(0), decode(references["path"][0]))
    for row in (3, CLASSES + 11):
        name, kind, level = (pictures.samples[column][row] for column in ("path", "type", "level"))
        seeds = TypePictures(references, seed=4, round=2)._seeds
        expected = distort(decode(name)[None], int(kind), int(level), [int(seeds[row])])[0]
        assert torch.equal(pictures(row), expected)


def test_a_round_depends_on_seed_round_and_id_alone(references):
    one = TypePictures(references, 4, 2)
    turned = TypePictures(references.take([2, 0, 1]), 4, 2)
    place = {name: row for row, name in enumerate(turned.samples.ids)}
    assert set(place) == set(one.samples.ids)
    for row in (5, 11, 40, 70):
        assert torch.equal(one(row), turned(place[one.samples.ids[row]]))
    for other in (TypePictures(references, 5, 2), TypePictures(references, 4, 3)):
        assert other.samples.ids != one.samples.ids


def test_rounds_draw_from_many_references(references):
    drawn = [frozenset(TypePictures(references, 0, number, most=1).samples["reference"]) for number in range(12)]
    assert {len(names) for names in drawn} == {1}
    assert set().union(*drawn) == set(references.ids)


def test_levels_are_drawn_evenly(references):
    levels = np.concatenate([TypePictures(references, 1, number).samples["level"] for number in range(40)])
    counts = np.bincount(levels[~np.isnan(levels)].astype(int))[1:]
    assert counts.sum() == 3000
    assert abs(counts - 600).max() < 5 * math.sqrt(600 * 0.8)


def test_large_references_are_scaled_down(tmp_path):
    write_scenes(tmp_path, 1, height=480, width=500)
    pictures = TypePictures(samples_from_folder(tmp_path), 0, 0)
    assert torch.equal(pictures(0), resize_shorter_side(decode(tmp_path / "s00.png"), 384))
    assert pictures(1).shape == (3, 384, 400)


def test_the_head_learns(references):
    model = classifier()
    body = weights_of(model.backbone)
    result = train_classifier(model, references, rounds=3)
    assert result.pictures == 3 * 3 * CLASSES
    assert result.head_loss < 0.95 * math.log(CLASSES)
    assert same_weights(body, weights_of(model.backbone))  # frozen, running statistics too
    assert not model.training
    measured = recall(model, references)
    assert measured.pictures == 3 * CLASSES
    assert measured.top4 > 1.5 * 4 / CLASSES
    assert measured.top1 <= measured.top4
    assert measured.top4 == pytest.approx(np.mean(measured.top4_by_class))


def test_the_same_seed_gives_the_same_classifier(references):
    models = [classifier(), classifier(), classifier(1)]
    for model, seed in zip(models, (0, 0, 1), strict=True):
        train_classifier(model, references, rounds=1, seed=seed, threads=1 + seed)
    assert same_weights(weights_of(models[0]), weights_of(models[1]))
    assert not same_weights(weights_of(models[0]), weights_of(models[2]))


def test_an_interrupted_training_goes_on_from_its_rounds(references, tmp_path, monkeypatch):
    whole = classifier()
    train_classifier(whole, references, rounds=2)

    def stop(stage, done, total):
        if stage == "pictures, round 2 of 2" and done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_classifier(classifier(), references, rounds=2, checkpoint=tmp_path, progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["round-000.safetensors"]
    stages = set()
    resumed = classifier()
    train_classifier(resumed, references, rounds=2, checkpoint=tmp_path, progress=lambda stage, *_: stages.add(stage))
    assert stages == {"pictures, round 2 of 2"}
    assert same_weights(weights_of(whole), weights_of(resumed))


def test_rounds_of_another_seed_are_made_again(references, tmp_path):
    train_classifier(classifier(), references, rounds=1, checkpoint=tmp_path)
    fresh, again = classifier(), classifier()
    train_classifier(fresh, references, rounds=1, seed=7)
    train_classifier(again, references, rounds=1, seed=7, checkpoint=tmp_path)
    assert same_weights(weights_of(fresh), weights_of(again))


def test_fine_tuning_moves_the_backbone(references):
    model = classifier()
    body = weights_of(model.backbone)
    result = train_classifier(model, references, rounds=1, tune_epochs=2)
    assert len(result.tune_losses) == 2
    assert all(math.isfinite(loss) for loss in result.tune_losses)
    assert not same_weights(body, weights_of(model.backbone))
    assert not model.training
    with pytest.raises(InputError, match=r"epoch 0 of fine-tuning|use a smaller lr"):
        train_classifier(classifier(), references, rounds=1, tune_epochs=3, lr=1e30)


def test_bad_references_are_set_aside_once_each(references, tmp_path):
    write_scenes(tmp_path, 1, height=96, width=128)
    (tmp_path / "broken.png").write_bytes(b"no picture")
    found = train_classifier(classifier(), samples_from_folder(tmp_path), rounds=2)
    assert [entry.id for entry in found.rejected] == ["broken.png"]
    assert found.pictures == 2 * CLASSES
    measured = recall(classifier(), samples_from_folder(tmp_path), rounds=2)
    assert [entry.id for entry in measured.rejected] == ["broken.png"]
    assert measured.pictures == 2 * CLASSES
    (tmp_path / "s00.png").unlink()
    with pytest.raises(ImageError, match=r"none of the 1 references can be used: .*broken\.png"):
        train_classifier(classifier(), samples_from_folder(tmp_path), rounds=1)
    with pytest.raises(ImageError, match="none of the references to measure on"):
        recall(classifier(), samples_from_folder(tmp_path))


def test_saved_and_loaded(tmp_path):
    model = classifier()
    assert model.dims == 2 * (8 + 12)  # mean and deviation of each channel
    model.standardize(torch.rand(20, model.dims))
    save_classifier(tmp_path / "types.safetensors", model, {"rounds": 3})
    loaded = load_classifier(tmp_path / "types.safetensors", backbone=tiny_backbone(seed=9), stages=STAGES)
    assert same_weights(weights_of(model), weights_of(loaded))
    images = torch.rand(2, 3, 64, 64)
    assert torch.equal(model.eval()(images), loaded(images))
    with pytest.raises(StoreError, match="cannot be loaded into backbone 'tiny'"):
        load_classifier(tmp_path / "types.safetensors")
    with pytest.raises(StoreError, match="no such file"):
        load_classifier(tmp_path / "gone.safetensors")


@pytest.mark.parametrize("name", ["resnet50", "swin_t", "efficientnet_lite0"])
def test_features_are_the_stages_statistics(name):
    backbone = build_backbone(name, weights="random")
    model = TypeClassifier(backbone).eval()
    names, axes = STAGES_OF[name]
    seen = []
    for stage in names:
        backbone.body.get_submodule(stage).register_forward_hook(lambda module, given, output: seen.append(output))
    images = torch.rand(2, 3, 96, 128, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        features = model.features(images)
    means = np.concatenate([output.double().numpy().mean(axes) for output in seen], axis=1)
    deviations = np.concatenate([output.double().numpy().std(axes) for output in seen], axis=1)
    expected = np.concatenate([means, np.sqrt(deviations**2 + 1e-6)], axis=1)
    assert features.shape == (2, model.dims)
    assert features.numpy() == pytest.approx(expected, rel=1e-3, abs=1e-4)


@pytest.mark.parametrize(
    "change", [{"rounds": 0}, {"batch_size": 0}, {"references_per_round": 0}, {"tune_epochs": -1}, {"lr": 0}]
)
def test_unusable_arguments(references, change):
    with pytest.raises(InputError, match="must be at least 1"):
        train_classifier(classifier(), references, **change)


def test_unusable_classifiers(references):
    with pytest.raises(InputError, match="at least one hidden unit"):
        TypeClassifier(tiny_backbone(), hidden=0)
    with pytest.raises(InputError, match="backbone 'tiny' is not one of resnet50, .*; name its stages"):
        TypeClassifier(tiny_backbone())
    with pytest.raises(InputError, match="backbone 'tiny' has no such stage"):
        TypeClassifier(tiny_backbone(), stages=("layer9",))
    with pytest.raises(InputError, match="no references"):
        train_classifier(classifier(), references.take([]))
