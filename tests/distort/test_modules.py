"""Each module is its function; there is nothing in it to save."""

import copy
import pickle

import pytest
import torch
from torch import nn

import syndr.distort
from syndr.distort import TYPES, distort, draw, modules
from syndr.distort.modules import CLASSES, Distort, GaussianBlur, WhiteNoise
from syndr.errors import InputError


@pytest.fixture(scope="module")
def images(photograph):
    return torch.cat([photograph(seed=seed) for seed in (0, 1)])


@pytest.mark.parametrize("number", TYPES)
def test_each_module_is_its_function(images, number):
    entry = TYPES[number]
    stretched = images.double() / 255
    made = draw(number, 3, [5, 6], 64, 64)
    draws = [] if made is None else [made]
    module = CLASSES[number](**{entry.parameter: entry.levels[2]})
    assert torch.equal(module(stretched, *draws), entry.function(stretched, entry.levels[2], *draws))
    by_position = CLASSES[number](entry.levels[2])
    assert torch.equal(by_position(stretched, *draws), module(stretched, *draws))
    with pytest.raises(TypeError):  # draws where there are none, and none where they are needed
        module(stretched, *([torch.zeros(2)] if made is None else []))


@pytest.mark.parametrize("number", TYPES)
def test_distort_is_the_pipeline(images, number):
    module = Distort(number, 4)
    assert torch.equal(module(images, [5, 6]), distort(images, number, 4, [5, 6]))
    assert torch.equal(module(images, 1, ids=["a", "b"]), distort(images, number, 4, 1, ids=["a", "b"]))


def test_no_state_and_no_parameters():
    for module in (Distort(11, 2), *(made(1) for made in CLASSES.values())):
        assert module.state_dict() == {}
        assert list(module.parameters()) == list(module.buffers()) == []


def test_repr_shows_what_was_given():
    assert repr(GaussianBlur(2)) == "GaussianBlur(sigma=2)"
    assert repr(WhiteNoise(variance=0.0001)) == "WhiteNoise(variance=0.0001)"
    assert repr(Distort(4, 3)) == "Distort(type=4, level=3, name='Color diffusion')"


def test_deterministic_modules_stand_in_a_sequence(images):
    stretched = images.float() / 255
    chain = nn.Sequential(GaussianBlur(1), CLASSES[17](amount=0.2))
    assert torch.equal(chain(stretched), syndr.distort.darken(syndr.distort.gaussian_blur(stretched, 1), 0.2))
    chain = nn.Sequential(Distort(1, 3), Distort(10, 4))
    assert torch.equal(chain(images), distort(distort(images, 1, 3, [0, 0]), 10, 4, [0, 0]))


def test_images_of_a_stochastic_type_need_their_seeds(images):
    with pytest.raises(InputError, match=r"type 11 \(White noise\) is random: give a seed for each image"):
        Distort(11, 3)(images)
    with pytest.raises(InputError, match="2 images need one seed each"):
        Distort(11, 3)(images, 0)
    assert torch.equal(Distort(11, 3)(images[:1], 8), distort(images[:1], 11, 3, 8))


@pytest.mark.parametrize(("arguments", "message"), [((26, 1), "type 26"), ((1, 0), "level 0"), (("x", 1), "type")])
def test_distort_refuses(arguments, message):
    with pytest.raises(InputError, match=message):
        Distort(*arguments)


def test_functions_need_their_parameter_by_its_name():
    for wrong in ({}, {"radius": 1}, {"sigma": 1, "radius": 1}):
        with pytest.raises(TypeError):
            GaussianBlur(**wrong)
    with pytest.raises(TypeError):
        GaussianBlur(1, 2)


def test_classes_are_named_after_functions_and_can_be_copied_and_pickled():
    for number, made in CLASSES.items():
        assert getattr(modules, made.__name__) is made
        assert made.__name__.lower() == TYPES[number].function.__name__.replace("_", "")
        assert TYPES[number].name in made.__doc__
        for again in (pickle.loads(pickle.dumps(made(2))), copy.deepcopy(made(2))):
            assert type(again) is made
            assert again.parameter == 2


def test_gradients_pass_through():
    images = torch.rand(1, 3, 16, 16, requires_grad=True)
    GaussianBlur(1)(images).sum().backward()
    assert images.grad.sum() == pytest.approx(images.numel(), rel=1e-3)


@pytest.mark.parametrize("number", [1, 2, 3, 5, 11, 12, 14, 15, 17, 18, 19, 25])
def test_gradients_reach_the_images(number):
    """Not of codecs, quantizers and types that write into the picture, nor where Lab leaves the gamut."""
    images = (0.2 + 0.6 * torch.rand(1, 3, 64, 64)).requires_grad_()
    draws = draw(number, 3, [1], 64, 64)
    CLASSES[number](TYPES[number].levels[2])(images, *([] if draws is None else [draws])).square().sum().backward()
    assert images.grad.isfinite().all() and images.grad.abs().sum() > 0
