"""Heads on frozen features: they learn, repeat themselves and thin as told."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from training_stand_ins import RecordingThinner, same_weights, weights_of

from syndr.downsample import DRCDown
from syndr.errors import InputError
from syndr.training import Head, fit_head


def linear_data(count=600, dims=20, crops=None, seed=0):
    draw = np.random.default_rng(seed)
    weights = np.random.default_rng(99).normal(size=dims)
    features = draw.normal(size=(count, dims)) * np.geomspace(0.01, 100, dims) + 3
    quality = 5 + ((features - 3) / np.geomspace(0.01, 100, dims)) @ weights / 3
    if crops:
        noise = 0.1 * draw.normal(size=(count, crops, dims)) * np.geomspace(0.01, 100, dims)
        features = features[:, None] + noise
    return features.astype(np.float32), quality


@pytest.mark.parametrize("crops", [None, 5])
def test_learns_a_linear_target_on_features_of_any_scale(crops):
    head = fit_head(*linear_data(crops=crops), epochs=40, lr=1e-2)
    features, quality = linear_data(200, crops=crops, seed=1)
    predictions = head.predict(features)
    assert predictions.shape == (200,) and predictions.dtype == np.float64
    assert spearmanr(predictions, quality)[0] > 0.98
    assert np.abs(predictions - quality).mean() < 0.3


def test_a_hidden_layer_learns_what_a_linear_head_cannot():
    draw = np.random.default_rng(0)
    features = draw.uniform(-1, 1, size=(800, 3))
    quality = 5 + 4 * np.abs(features[:, 0])
    errors = {
        hidden: np.abs(fit_head(features, quality, hidden=hidden, epochs=60, lr=1e-2).predict(features) - quality)
        for hidden in (None, 16)
    }
    assert errors[16].mean() < 0.35 * errors[None].mean()


def test_starts_at_the_median_and_standardizes():
    draw = np.random.default_rng(0)
    features = draw.normal(size=(50, 4)) * [1, 5, 0, 1e-9] + [0, 2, 7, 7]
    head = Head(4)
    head.standardize(torch.from_numpy(features).float(), torch.arange(50.0))
    torch.testing.assert_close(head.mean, torch.tensor(features.mean(0)).float())
    torch.testing.assert_close(head.scale[:2], torch.tensor(features.std(0)[:2]).float())
    # Features that are dead in training must not explode on other pictures.
    assert (head.scale[2:] > 0.01).all()
    assert head(head.mean).item() == 24.0


def test_features_that_never_vary_keep_their_scale():
    head = fit_head(np.full((10, 3), 4.0), np.arange(10.0), epochs=1)
    assert head.scale.tolist() == [1, 1, 1]


def test_predict_averages_the_scores_of_crops():
    features, quality = linear_data(100, crops=3)
    head = fit_head(features, quality, hidden=8, epochs=2)
    expected = np.mean([head.predict(features[:, crop]) for crop in range(3)], axis=0)
    np.testing.assert_allclose(head.predict(features), expected, rtol=1e-5)


def test_same_seed_same_weights():
    data = linear_data(100, crops=3)
    first, again, other = (weights_of(fit_head(*data, hidden=4, epochs=3, seed=seed)) for seed in (0, 0, 1))
    assert same_weights(first, again)
    assert not same_weights(first, other)


def test_number_of_torch_threads_does_not_matter_and_is_left_alone():
    data = linear_data(100, dims=300, crops=3)
    found = []
    for threads in (2, 1):
        torch.set_num_threads(threads)
        found.append(weights_of(fit_head(*data, hidden=64, epochs=2)))
        assert torch.get_num_threads() == threads
    assert same_weights(*found)


def test_with_ids_the_row_order_does_not_matter():
    features, quality = linear_data(100, crops=3)
    ids = np.array([f"i{row}" for row in range(100)])
    order = np.random.default_rng(0).permutation(100)
    one = fit_head(features, quality, ids=ids, epochs=3)
    two = fit_head(features[order], quality[order], ids=ids[order], epochs=3)
    # The standardization sums in row order; everything drawn is the same.
    np.testing.assert_allclose(one.predict(features), two.predict(features), rtol=1e-4)


@pytest.mark.filterwarnings("error")
def test_input_is_not_changed_and_any_dtype_will_do():
    features, quality = linear_data(60)
    before = features.copy()
    expected = fit_head(features, quality, epochs=2).predict(features)
    np.testing.assert_array_equal(features, before)
    features.flags.writeable = False
    for same in (features, torch.tensor(features), features.astype(np.float64), np.asfortranarray(features)):
        np.testing.assert_allclose(fit_head(same, quality, epochs=2).predict(same), expected, rtol=1e-5)


def test_listed_rows_decide_what_is_trained_on():
    features, quality = linear_data(80)
    rows = np.arange(40)
    # Shuffled labels of the other rows keep the median, from which training starts.
    shuffled = np.concatenate([quality[:40], quality[40:][::-1]])
    listed = {"epochs": 3, "thinning": [rows, rows[::-1], rows]}
    assert same_weights(
        weights_of(fit_head(features, quality, **listed)), weights_of(fit_head(features, shuffled, **listed))
    )
    assert not same_weights(
        weights_of(fit_head(features, quality, epochs=3)), weights_of(fit_head(features, shuffled, epochs=3))
    )


@pytest.mark.parametrize(("refresh", "epochs_asked"), [("epoch", [0, 1, 2]), ("once", [0])])
def test_thinner_gets_mean_features_of_eligible_rows(refresh, epochs_asked):
    features, quality = linear_data(30, crops=4)
    ids = [f"i{row}" for row in range(30)]
    thinner = RecordingThinner()
    mask = np.arange(30) < 20
    fit_head(features, quality, ids=ids, epochs=3, thinning=thinner, refresh=refresh, eligible=mask)
    assert [call["epoch"] for call in thinner.calls_] == epochs_asked
    np.testing.assert_allclose(thinner.calls_[0]["X"], features[:20].mean(axis=1), rtol=1e-5, atol=1e-5)
    assert thinner.calls_[0]["ids"] == ids[:20]
    np.testing.assert_array_equal(thinner.calls_[0]["y"], quality[:20])


def test_thinner_and_the_rows_it_keeps_are_the_same_training():
    features, quality = linear_data(30)
    by_thinner = fit_head(features, quality, epochs=2, thinning=RecordingThinner(), eligible=np.arange(30) < 20)
    rows = np.concatenate([np.arange(0, 20, 2), np.arange(20, 30)])
    by_rows = fit_head(features, quality, epochs=2, thinning=[rows, rows])
    assert same_weights(weights_of(by_thinner), weights_of(by_rows))


def test_drcdown_can_thin():
    features, quality = linear_data(100)
    head = fit_head(np.abs(features), quality, epochs=2, thinning=DRCDown(distance=0.5, label_gap=10, min_keep=5))
    full = fit_head(np.abs(features), quality, epochs=2)
    assert not same_weights(weights_of(head), weights_of(full))


def test_progress_counts_epochs():
    seen = []
    features, quality = linear_data(10)
    fit_head(features, quality, epochs=2, progress=lambda *state: seen.append(state))
    assert seen == [("epochs", 0, 2), ("epochs", 1, 2), ("epochs", 2, 2)]


FEATURES, QUALITY = linear_data(6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"features": FEATURES[0]}, "shape"),
        ({"features": FEATURES[:0]}, "none empty"),
        ({"features": np.full((6, 2), np.nan)}, "NaN or infinity"),
        ({"quality": QUALITY[:5]}, "one quality for each of 6"),
        ({"quality": [1, 2, 3, 4, 5, np.nan]}, "no finite quality"),
        ({"ids": ["a", "b"]}, "2 ids do not fit 6 rows"),
        ({"epochs": 0}, "epochs"),
        ({"batch_size": 0}, "batch_size"),
        ({"lr": -1.0}, "lr"),
        ({"weight_decay": float("inf")}, "weight_decay"),
        ({"hidden": 0}, "hidden"),
        ({"thinning": RecordingThinner(), "refresh": "never"}, "refresh"),
        ({"thinning": RecordingThinner(), "eligible": np.ones(5, dtype=bool)}, "eligible"),
        ({"thinning": RecordingThinner(), "eligible": np.arange(6)}, "eligible"),
        ({"thinning": [[0, 1]], "epochs": 2}, "1 epochs; there are 2"),
        ({"thinning": [[0, 6]], "epochs": 1}, "rows of epoch 0"),
        ({"thinning": [[-1]], "epochs": 1}, "rows of epoch 0"),
        ({"thinning": [[]], "epochs": 1}, "rows of epoch 0"),
        ({"thinning": [[0.5]], "epochs": 1}, "rows of epoch 0"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(InputError, match=message):
        fit_head(**({"features": FEATURES, "quality": QUALITY, "epochs": 1} | arguments))


def test_divergence_is_an_error():
    with pytest.raises(InputError, match="diverged"):
        fit_head(FEATURES, QUALITY, epochs=2, lr=1e30, hidden=4)


@pytest.mark.parametrize("shape", [(4,), (4, 3), (4, 2, 3), (1, 1, 1, 20)])
def test_predict_refuses_features_of_another_shape(shape):
    with pytest.raises(InputError, match="features must have shape"):
        Head(20).predict(np.zeros(shape))


def test_head_of_no_features_is_refused():
    with pytest.raises(InputError, match="at least one feature"):
        Head(0)
