"""The model: shapes, initial weights, and heads that do not fit."""

from __future__ import annotations

import math

import pytest
import torch
from training_stand_ins import same_weights, tiny_backbone, tiny_model, weights_of

from syndr.errors import InputError
from syndr.training import Head, IQAModel


def test_gives_scores_and_features():
    model = tiny_model().eval()
    images = torch.rand(4, 3, 32, 40)
    score, feature = model(images)
    assert (score.shape, feature.shape) == ((4,), (4, 12))
    torch.testing.assert_close(feature, model.backbone(images))
    layer = model.head.layers[0]
    torch.testing.assert_close(score, feature @ layer.weight[0] + layer.bias)


def test_initial_weights_are_kaiming_and_seeded():
    head = Head(20_000, seed=3)
    weight = head.layers[0].weight
    assert weight.std().item() == pytest.approx(math.sqrt(2 / 20_000), rel=0.05)
    assert head.layers[0].bias.item() == 0
    assert same_weights(weights_of(head), weights_of(Head(20_000, seed=3)))
    assert not same_weights(weights_of(head), weights_of(Head(20_000, seed=4)))
    assert all(bool(value.isfinite().all()) for value in Head(5, hidden=7).state_dict().values())


def test_making_a_head_leaves_the_callers_random_state_alone():
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    Head(10, hidden=3)
    assert torch.equal(torch.rand(2), expected)


def test_a_trained_head_can_be_put_on_a_backbone():
    head = Head(12, hidden=5)
    assert IQAModel(tiny_backbone(), head).head is head


def test_head_for_another_number_of_features_is_refused():
    with pytest.raises(InputError, match="the head takes 5 features; the backbone gives 12"):
        IQAModel(tiny_backbone(), Head(5))
