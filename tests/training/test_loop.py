"""The training loop: it learns, repeats itself, resumes, thins what it should and sets bad pictures aside."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
import torch
from pictures import write_scenes
from torch import nn
from training_stand_ins import CROP, Pictures, RecordingThinner, same_weights, tiny_model, weights_of

from syndr.downsample import DRCDown
from syndr.errors import ImageError, InputError, StoreError
from syndr.evaluation import predict
from syndr.images import center_crop, samples_from_folder
from syndr.samples import Samples
from syndr.training import MisalignedThinner, Step, fit
from syndr.training.state import _KIND, describe_thinner
from syndr.training.tensor_file import read_tensors, write_tensors
from syndr.virtual import VirtualDataset

SHORT = {"epochs": 3, "batch_size": 8, "lr": 1e-3, "crop": CROP, "threads": 2}


def trained(pictures=None, model=None, samples=None, **arguments):
    pictures = pictures or Pictures()
    model = model or tiny_model(dropout=0.2)
    result = fit(model, pictures.samples if samples is None else samples, pictures, **(SHORT | arguments))
    return weights_of(model), result


def test_loss_falls():
    _, result = trained(Pictures(64), tiny_model(), epochs=12, lr=3e-3)
    losses = [entry.loss for entry in result.log]
    assert losses[-1] < 0.35 * losses[0]
    assert [entry.epoch for entry in result.log] == list(range(12))
    assert all(entry.rows == 64 and entry.dropped == 0 for entry in result.log)
    assert all(0 <= entry.thinning_seconds <= entry.seconds for entry in result.log)


def test_first_loss_is_the_mean_absolute_error_of_the_untrained_model():
    pictures, model = Pictures(10), tiny_model()
    # One batch and no crops to choose from: the loss can be computed by hand.
    with torch.no_grad():
        model.train()
        scores = model(pictures.pixels[:, :, :40, :40].float() / 255)[0].double().numpy()
    pictures.pixels = pictures.pixels[:, :, :40, :40]
    _, result = trained(pictures, tiny_model(), epochs=1, batch_size=10, crop=40, flip=False)
    assert result.log[0].loss == pytest.approx(np.abs(scores - pictures.quality).mean(), rel=1e-5)


def test_same_seed_gives_the_same_weights_and_another_seed_others():
    first, _ = trained()
    again, _ = trained(threads=1)
    other, _ = trained(seed=1)
    assert same_weights(first, again)
    assert not same_weights(first, other)


def test_order_of_the_table_does_not_matter():
    pictures = Pictures()
    shuffled = np.random.default_rng(0).permutation(len(pictures.ids))
    first, _ = trained(pictures)
    model = tiny_model(dropout=0.2)
    fit(model, pictures.samples.take(shuffled), lambda row: pictures(shuffled[row]), **SHORT)
    assert same_weights(first, weights_of(model))


def test_the_callers_random_state_is_left_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    trained(epochs=1)
    assert torch.equal(torch.rand(3), expected)


def test_flip_and_epochs_change_what_is_seen():
    flipped, _ = trained(epochs=1)
    upright, _ = trained(epochs=1, flip=False)
    assert not same_weights(flipped, upright)


def test_model_is_left_in_evaluation_mode():
    model = tiny_model()
    trained(model=model, epochs=1)
    assert not model.training


def test_weights_are_left_contiguous_for_whoever_saves_them():
    pictures, model = Pictures(4), tiny_model()

    def laid_out():
        return [weight.is_contiguous() for weight in model.parameters()]

    within = []
    trained(pictures, model, epochs=1, after_epoch=lambda epoch: within.append(laid_out()))
    assert not all(within[0])
    assert all(laid_out())


class InterruptedRunError(Exception):
    pass


def interrupt_after(epoch):
    def progress(stage, done, total):
        if stage == "epochs" and done == epoch:
            raise InterruptedRunError

    return progress


@pytest.mark.parametrize("refresh", [None, "epoch", "once"])
def test_interrupted_run_ends_like_an_undisturbed_one(tmp_path, refresh):
    thinning = {} if refresh is None else {"thinning": RecordingThinner(3), "refresh": refresh}
    undisturbed, expected = trained(epochs=4, **thinning)
    for stop in (1, 3):
        with pytest.raises(InterruptedRunError):
            trained(epochs=4, checkpoint=tmp_path, progress=interrupt_after(stop), **thinning)
    resumed, result = trained(epochs=4, checkpoint=tmp_path, **thinning)
    assert same_weights(resumed, undisturbed)
    assert [entry.loss for entry in result.log] == [entry.loss for entry in expected.log]
    assert [entry.rows for entry in result.log] == [entry.rows for entry in expected.log]


def test_interruption_within_an_epoch_repeats_that_epoch(tmp_path):
    undisturbed, _ = trained()
    steps = 0

    def progress(stage, done, total):
        nonlocal steps
        steps += stage == "steps"
        if steps == 7:
            raise InterruptedRunError

    with pytest.raises(InterruptedRunError):
        trained(checkpoint=tmp_path, progress=progress)
    resumed, _ = trained(checkpoint=tmp_path)
    assert same_weights(resumed, undisturbed)


def test_finished_run_is_not_redone(tmp_path):
    first, expected = trained(checkpoint=tmp_path)

    def no_pictures(row):
        raise AssertionError("a finished run needs no pictures")

    model = tiny_model(dropout=0.2)
    result = fit(model, Pictures().samples, no_pictures, checkpoint=tmp_path, **SHORT)
    assert same_weights(weights_of(model), first)
    assert result == expected


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"lr": 2e-3}, "lr"),
        ({"seed": 1}, "seed"),
        ({"epochs": 4}, "epochs"),
        ({"flip": False}, "flip"),
        ({"schedule": "cosine"}, "schedule"),
        ({"thinning": DRCDown()}, "thinning"),
        ({"samples": Pictures(seed=1).samples}, "samples"),
    ],
)
def test_checkpoint_of_other_settings_is_refused(tmp_path, change, named):
    trained(epochs=SHORT["epochs"], checkpoint=tmp_path)
    with pytest.raises(StoreError, match=f"other settings: {named} is"):
        trained(checkpoint=tmp_path, **change)


def test_thinner_of_other_parameters_is_refused(tmp_path):
    trained(checkpoint=tmp_path, epochs=1, thinning=DRCDown(min_keep=5))
    with pytest.raises(StoreError, match="thinning is"):
        trained(checkpoint=tmp_path, epochs=1, thinning=DRCDown(min_keep=6))
    trained(checkpoint=tmp_path, epochs=1, thinning=DRCDown(min_keep=5))


def test_what_a_thinner_wraps_counts_too():
    rows = Samples.from_columns(id=["a"], path=["a"], reference=["r"], type=[1], level=[1])
    one, same, other = (describe_thinner(MisalignedThinner(DRCDown(min_keep=n), rows, set())) for n in (5, 5, 6))
    assert one == same != other


def test_checkpoint_of_pictures_by_another_network_of_type_15_is_refused(tmp_path, own_dncnn):
    from syndr.distort import set_dncnn_weights

    plain = Pictures().samples
    rows = plain.with_column("type", [15] * len(plain)).with_column("seed", range(len(plain)))
    trained(samples=rows, checkpoint=tmp_path / "virtual", epochs=1)
    trained(samples=plain, checkpoint=tmp_path / "plain", epochs=1)
    set_dncnn_weights(own_dncnn)
    with pytest.raises(StoreError, match="other settings: dncnn is"):
        trained(samples=rows, checkpoint=tmp_path / "virtual", epochs=1)
    trained(samples=plain, checkpoint=tmp_path / "plain", epochs=1)


def test_checkpoint_of_another_model_is_refused(tmp_path):
    trained(checkpoint=tmp_path, epochs=1)

    class Other(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Linear(3, 1)

    with pytest.raises(StoreError, match="initial_weights"):
        trained(model=Other(), checkpoint=tmp_path, epochs=1)


def test_damaged_checkpoint_is_refused(tmp_path):
    trained(checkpoint=tmp_path, epochs=1)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(StoreError, match=r"training\.safetensors"):
        trained(checkpoint=tmp_path, epochs=1)


def _lose_a_weight(tensors, description):
    del tensors[next(name for name in tensors if name.startswith("model."))]


def _lose_the_log(tensors, description):
    del description["log"]


def _mix_up_the_log(tensors, description):
    description["log"][0]["epochs"] = description["log"][0].pop("epoch")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_lose_a_weight, "do not fit this model and optimizer .*Missing key"),
        (_lose_the_log, "the state is damaged .*'log'"),
        (_mix_up_the_log, "the state is damaged .*'epochs'"),
    ],
)
def test_a_checkpoint_whose_contents_do_not_belong_together_is_refused(tmp_path, change, message):
    trained(checkpoint=tmp_path, epochs=1)
    (file,) = tmp_path.iterdir()
    tensors, description = read_tensors(file, _KIND)
    change(tensors, description)
    write_tensors(file, tensors, description)
    with pytest.raises(StoreError, match=rf"(?s)training\.safetensors: .*{message}.*; delete it to begin again$"):
        trained(checkpoint=tmp_path, epochs=1)


def test_thinning_each_epoch_sees_the_model_of_that_epoch():
    pictures, thinner = Pictures(), RecordingThinner()
    _, result = trained(pictures, thinning=thinner)
    assert [call["epoch"] for call in thinner.calls_] == [0, 1, 2]
    untrained = tiny_model(dropout=0.2).eval()
    with torch.no_grad():
        centers = torch.stack([center_crop(picture, CROP) for picture in pictures.pixels])
        expected = untrained(centers.float() / 255)[1].numpy()
    np.testing.assert_allclose(thinner.calls_[0]["X"], expected, atol=1e-6)
    assert not np.allclose(thinner.calls_[1]["X"], expected, atol=1e-6)
    assert thinner.calls_[0]["ids"] == pictures.ids
    np.testing.assert_array_equal(thinner.calls_[0]["y"], pictures.quality)
    assert all((entry.rows, entry.dropped) == (12, 12) for entry in result.log)
    assert all(entry.thinning_seconds > 0 for entry in result.log)


def test_thinning_once_asks_once_and_keeps_the_answer():
    thinner = RecordingThinner()
    seen = []
    pictures = Pictures()

    def images(row):
        seen.append(row)
        return pictures(row)

    fit(tiny_model(), pictures.samples, images, thinning=thinner, refresh="once", **SHORT)
    assert [call["epoch"] for call in thinner.calls_] == [0]
    in_training = seen[24:]
    assert sorted(in_training) == sorted([*range(0, 24, 2)] * 3)


@pytest.mark.parametrize(("scope", "asked"), [("originals", 16), ("all", 24)])
def test_scope_decides_who_may_be_thinned(scope, asked):
    pictures = Pictures()
    samples = pictures.samples.with_column("origin", ["original"] * 16 + ["pseudo"] * 8)
    thinner = RecordingThinner()
    _, result = trained(pictures, samples=samples, thinning=thinner, scope=scope, epochs=1)
    assert thinner.calls_[0]["ids"] == pictures.ids[:asked]
    assert result.log[0].dropped == asked // 2
    assert result.log[0].rows == 24 - asked // 2


def test_without_originals_nothing_is_thinned():
    pictures, thinner = Pictures(), RecordingThinner()
    samples = pictures.samples.with_column("origin", ["pseudo"] * 24)
    _, result = trained(pictures, samples=samples, thinning=thinner, epochs=1)
    assert thinner.calls_ == []
    assert result.log[0].rows == 24


def test_drcdown_thins_look_alikes():
    pictures = Pictures()
    pictures.pixels[1:] = pictures.pixels[0]
    pictures.quality[:] = 5.0
    _, result = trained(pictures, thinning=DRCDown(min_keep=4), epochs=2)
    assert [entry.rows for entry in result.log] == [12, 12]


@pytest.mark.parametrize("thinning", [None, RecordingThinner(1)])
def test_unreadable_pictures_are_set_aside_and_named(thinning):
    _, result = trained(Pictures(broken=[3, 7]), thinning=thinning)
    assert [(entry.id, entry.path) for entry in sorted(result.rejected, key=lambda entry: entry.id)] == [
        ("picture-003", "picture-003.png"),
        ("picture-007", "picture-007.png"),
    ]
    assert all("truncated" in entry.reason for entry in result.rejected)
    assert all((entry.rows, entry.dropped) == (22, 0) for entry in result.log)


def test_pictures_that_cannot_be_distorted_are_set_aside():
    pictures = Pictures()

    def images(row):
        if row == 2:
            raise InputError("a constant picture has no range to stretch")
        return pictures(row)

    result = fit(tiny_model(), pictures.samples, images, **SHORT)
    assert [entry.id for entry in result.rejected] == ["picture-002"]


def test_rejected_pictures_survive_a_resumption(tmp_path):
    with pytest.raises(InterruptedRunError):
        trained(Pictures(broken=[3]), checkpoint=tmp_path, progress=interrupt_after(2))
    _, result = trained(checkpoint=tmp_path)
    assert [entry.id for entry in result.rejected] == ["picture-003"]


def test_no_readable_picture_is_an_error():
    with pytest.raises(ImageError, match=r"none of its 24 pictures .* truncated"):
        trained(Pictures(broken=range(24)))
    with pytest.raises(ImageError, match="none of its"):
        trained(Pictures(broken=range(24)), thinning=RecordingThinner())


def test_other_errors_of_the_image_source_are_not_hidden():
    def images(row):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fit(tiny_model(), Pictures().samples, images, **SHORT)


def test_head_learns_faster_by_the_ratio():
    model, before = tiny_model(), weights_of(tiny_model())
    trained(model=model, epochs=1, batch_size=24, lr=1e-4, head_lr_ratio=10.0)
    after = weights_of(model)
    # Adam's first step has the length of the learning rate in each coordinate.
    moved = {name: float((after[name] - before[name]).abs().max()) for name in before if "weight" in name}
    assert moved["head.layers.0.weight"] == pytest.approx(1e-3, rel=1e-2)
    assert moved["backbone.body.0.weight"] == pytest.approx(1e-4, rel=1e-2)


def test_learning_rates_rise_and_fall_along_a_cosine(monkeypatch):
    rates = []
    step = torch.optim.Adam.step

    def noted(optimizer, *arguments, **names):
        rates.append([group["lr"] for group in optimizer.param_groups])
        return step(optimizer, *arguments, **names)

    monkeypatch.setattr(torch.optim.Adam, "step", noted)
    trained(epochs=10, batch_size=6, lr=1e-3, head_lr_ratio=4.0, schedule="cosine")
    backbone, head = np.array(rates).T
    np.testing.assert_allclose(head, 4 * backbone)
    done = np.arange(40) / 40  # four steps in each epoch
    np.testing.assert_allclose(backbone[2:], 1e-3 * (1 + np.cos(np.pi * done[2:])) / 2)
    assert backbone[0] == 0.0
    assert 0.49e-3 < backbone[1] < 0.5e-3
    rates.clear()
    trained(epochs=2, lr=1e-3, head_lr_ratio=4.0)
    assert np.array(rates).tolist() == [[1e-3, 4e-3]] * 6


class Plain(nn.Module):
    """A model of one's own, without a submodule called head."""

    def __init__(self, shape=(-1,)):
        super().__init__()
        self.layer = nn.Linear(3, 1)
        self.shape = shape

    def forward(self, images):
        feature = images.std(dim=(2, 3))
        return self.layer(feature).view(self.shape), feature


def test_own_model_without_a_head_needs_a_ratio_of_one():
    with pytest.raises(InputError, match="no submodule named 'head'"):
        trained(model=Plain())
    _, result = trained(model=Plain(), head_lr_ratio=1.0, lr=0.05, epochs=8)
    assert result.log[-1].loss < result.log[0].loss


def test_scores_of_another_shape_are_refused():
    with pytest.raises(InputError, match="one score per picture"):
        trained(model=Plain(shape=(-1, 1)), head_lr_ratio=1.0)


def test_divergence_is_an_error():
    class Diverging(Plain):
        def forward(self, images):
            score, feature = super().forward(images)
            return score / 0.0, feature

    with pytest.raises(InputError, match="diverged"):
        trained(model=Diverging(), head_lr_ratio=1.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"epochs": 0}, "epochs"),
        ({"batch_size": 0}, "batch_size"),
        ({"lr": 0.0}, "lr"),
        ({"lr": float("nan")}, "lr"),
        ({"head_lr_ratio": -1.0}, "head_lr_ratio"),
        ({"weight_decay": -1.0}, "weight_decay"),
        ({"crop": 0}, "crop"),
        ({"accumulate": 0}, "accumulate must be from 1 to the batch size 8, not 0"),
        ({"accumulate": 9}, "accumulate must be from 1 to the batch size 8, not 9"),
        ({"checkpoint_every": 0}, "checkpoint_every must be at least 1 step, not 0"),
        ({"refresh": "never"}, "refresh"),
        ({"scope": "some"}, "scope"),
        ({"schedule": "linear"}, "schedule"),
        ({"samples": Samples.from_columns(id=["a"])}, "no column 'quality'"),
        ({"samples": Samples.from_columns(id=[], quality=[])}, "each of 0 samples"),
        ({"samples": Samples.from_columns(id=["a", "b"], quality=[1.0, None])}, r"no finite quality.*'b'"),
        (
            {
                "samples": Samples.from_columns(id=["a", "b"], quality=[1.0, 2.0], origin=["original", None]),
                "thinning": RecordingThinner(),
            },
            r"origin other than .*'b'",
        ),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(InputError, match=message):
        trained(**arguments)


def huber(model, batch):
    score, _ = model(batch.images)
    return nn.functional.huber_loss(score, batch.quality)


def test_a_loss_of_ones_own_is_minimized_and_belongs_to_the_checkpoint(tmp_path):
    seen = []

    def twofold(model, batch):
        seen.append((batch.images.shape, batch.rows.tolist(), batch.quality.tolist()))
        score, feature = model(batch.images)
        return nn.functional.mse_loss(score, batch.quality) + 0.0 * feature.square().mean()

    pictures = Pictures()
    _, result = trained(pictures, loss=twofold, epochs=6, checkpoint=tmp_path)
    assert result.log[-1].loss < result.log[0].loss
    assert seen[0][0] == (8, 3, CROP, CROP)
    assert seen[0][2] == pytest.approx(pictures.quality[seen[0][1]])
    with pytest.raises(StoreError, match="other settings: loss is"):
        trained(loss=huber, epochs=6, checkpoint=tmp_path)


class Clipped(Step):
    norms: ClassVar[list[float]] = []

    def move(self):
        self.scaler.unscale_(self.optimizer)
        self.norms.append(float(nn.utils.clip_grad_norm_(self.model.parameters(), 0.1)))
        super().move()


def sgd(groups):
    return torch.optim.SGD(groups, momentum=0.9)


def test_an_optimizer_and_a_step_of_ones_own(tmp_path):
    Clipped.norms.clear()
    weights, _ = trained(optimizer=sgd, step=Clipped, epochs=2)
    assert len(Clipped.norms) == 6
    assert min(Clipped.norms) > 0.1
    plain, _ = trained(optimizer=sgd, epochs=2)
    assert not same_weights(weights, plain)
    with pytest.raises(InterruptedRunError):
        trained(optimizer=sgd, step=Clipped, epochs=2, checkpoint=tmp_path, progress=interrupt_after(1))
    resumed, _ = trained(optimizer=sgd, step=Clipped, epochs=2, checkpoint=tmp_path)
    assert same_weights(resumed, weights)
    with pytest.raises(StoreError, match="other settings: optimizer is"):
        trained(step=Clipped, epochs=2, checkpoint=tmp_path)
    with pytest.raises(StoreError, match="step is"):
        trained(optimizer=sgd, epochs=2, checkpoint=tmp_path)


def test_an_optimizer_that_cannot_be_kept_is_named(tmp_path):
    class Counting(torch.optim.SGD):
        def step(self, closure=None):
            super().step(closure)
            for group in self.param_groups:
                for weight in group["params"]:
                    self.state[weight]["count"] = 1

    with pytest.raises(InputError, match="the optimizer keeps count as int"):
        trained(optimizer=Counting, epochs=1, checkpoint=tmp_path)


def test_a_model_remembers_the_crops_of_its_training():
    model, pictures = tiny_model(), Pictures()
    trained(pictures, model, epochs=1)
    assert model.crop == CROP
    scores = [predict(model, pictures.samples, pictures, **given).scores for given in ({}, {"crop": CROP})]
    assert np.array_equal(*scores)
    assert not np.array_equal(scores[0], predict(model, pictures.samples, pictures, crop=40).scores)
    trained(pictures, model, epochs=1, crop=None)
    assert model.crop == CROP


def test_files_are_brought_to_the_models_input_size(tmp_path):
    write_scenes(tmp_path / "scenes", 4, height=60, width=80)
    samples = samples_from_folder(tmp_path / "scenes").with_column("quality", [1.0, 2.0, 3.0, 4.0])
    weights = []
    for images in (None, VirtualDataset(samples, input_size="64x48"), VirtualDataset(samples)):
        model = tiny_model()
        model.input_size = "64x48"
        fit(model, samples, images, **SHORT | {"crop": 32})
        weights.append(weights_of(model))
    fit(tiny_model(), samples, VirtualDataset(samples), checkpoint=tmp_path / "checkpoint", **SHORT)
    with pytest.raises(StoreError, match="input_size is 'native' there and '64x48' here"):
        fit(
            tiny_model(), samples, VirtualDataset(samples, input_size="64x48"),
            checkpoint=tmp_path / "checkpoint", **SHORT,
        )  # fmt: skip
    assert same_weights(*weights[:2])
    assert not same_weights(*weights[1:])


def test_loss_that_is_no_number_is_refused():
    with pytest.raises(InputError, match="must be one number"):
        trained(loss=lambda model, batch: model(batch.images)[0] - batch.quality)


def plain_model(seed=0):
    """Without batch normalization, so that parts of a batch do not depend on each other."""
    model = tiny_model(seed)
    model.backbone.body[1] = nn.Identity()
    return model


@pytest.mark.parametrize("accumulate", [3, 8])
def test_accumulated_gradients_are_those_of_the_whole_batch(accumulate):
    whole, expected = trained(Pictures(broken=[2]), plain_model())
    parts, result = trained(Pictures(broken=[2]), plain_model(), accumulate=accumulate)
    assert [entry.loss for entry in result.log] == pytest.approx([entry.loss for entry in expected.log], rel=1e-5)
    for name, value in whole.items():
        torch.testing.assert_close(parts[name], value, rtol=1e-3, atol=1e-5)
    assert not same_weights(whole, weights_of(plain_model()))


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_lower_precision_learns_nearly_the_same_and_resumes(tmp_path, precision):
    _, expected = trained(model=tiny_model())
    whole, result = trained(model=tiny_model(), precision=precision)
    assert result.log != expected.log
    assert [entry.loss for entry in result.log] == pytest.approx([entry.loss for entry in expected.log], rel=0.05)
    with pytest.raises(InterruptedRunError):
        trained(model=tiny_model(), precision=precision, checkpoint=tmp_path, progress=interrupt_after(1))
    resumed, _ = trained(model=tiny_model(), precision=precision, checkpoint=tmp_path)
    assert same_weights(resumed, whole)
    assert all(value.dtype != getattr(torch, precision) for value in resumed.values())


def test_interruption_within_an_epoch_goes_on_at_its_step(tmp_path):
    thinner = RecordingThinner(3)
    undisturbed, _ = trained(batch_size=2, thinning=RecordingThinner(3), schedule="cosine")

    def run(stop):
        steps = []

        def progress(stage, done, total):
            steps.extend([(done, total)] if stage == "steps" else [])
            if len(steps) == stop:
                raise InterruptedRunError

        kept = {"checkpoint": tmp_path, "checkpoint_every": 2, "batch_size": 2, "thinning": thinner}
        return trained(progress=progress, schedule="cosine", **kept)[0], steps

    with pytest.raises(InterruptedRunError):
        run(4)  # the third step is done and reported; the second was the last one kept
    asked = len(thinner.calls_)
    weights, steps = run(None)
    assert same_weights(weights, undisturbed)
    assert steps[0] == (2, 4)
    assert len(thinner.calls_) == asked + 2, "the epoch under way was thinned again"


def test_after_thinning_comes_before_the_steps():
    calls = []
    arguments = {"after_thinning": lambda epoch: calls.append(epoch), "progress": lambda *state: calls.append(state[0])}
    trained(thinning=RecordingThinner(), epochs=2, **arguments)
    assert [call for call in calls if call in (0, 1)] == [0, 1]
    assert calls.index(0) < calls.index("steps")
    calls.clear()
    trained(thinning=RecordingThinner(), refresh="once", epochs=2, **arguments)
    assert [call for call in calls if call in (0, 1)] == [0]


def test_logs_are_written_after_each_epoch(tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    csv, events = tmp_path / "log.csv", tmp_path / "events"
    arguments = {"thinning": RecordingThinner(), "log": csv, "tensorboard": events, "checkpoint": tmp_path / "kept"}
    with pytest.raises(InterruptedRunError):
        trained(progress=interrupt_after(2), **arguments)
    assert len(csv.read_text().splitlines()) == 3
    _, result = trained(**arguments)
    header, *lines = csv.read_text().splitlines()
    assert header == "epoch,loss,rows,dropped,seconds,thinning_seconds,thinning_share"
    assert [line.split(",")[1] for line in lines] == [str(entry.loss) for entry in result.log]
    entry = result.log[0]
    assert float(lines[0].split(",")[-1]) == entry.thinning_share == entry.thinning_seconds / entry.seconds
    found = accumulator.EventAccumulator(str(events)).Reload()
    losses = {event.step: event.value for event in found.Scalars("training/loss")}
    assert losses == pytest.approx({entry.epoch: entry.loss for entry in result.log})
    csv.unlink()
    trained(**arguments)
    assert csv.read_text().splitlines() == [header, *lines]
