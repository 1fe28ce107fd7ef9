"""Few colours and few grey levels: the published algorithms step by step, and what they must give."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import colour_quantizer, otsu
from scipy.ndimage import gaussian_filter

from syndr import _native
from syndr.distort import TYPES, apply, color_quantization, quantization


def eight_bit(images):
    return (images * 255).round().to(torch.uint8)


def colors(images):
    return torch.unique(eight_bit(images[0]).flatten(1), dim=1).T.tolist()


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 14), st.integers(1, 14), st.integers(1, 40), st.integers(0, 7), st.integers(1, 256), st.integers(0)
)
def test_colors_equal_the_published_algorithms(height, width, most, shift, span, seed):
    """On pictures with few values as well as many, so that ties, single cells and flat boxes occur."""
    picture = (np.random.default_rng(seed).integers(0, span, (height, width, 3)) >> shift).astype(np.uint8)
    planes = np.ascontiguousarray(picture.transpose(2, 0, 1))[None]
    expected = colour_quantizer.quantized(picture, most)
    np.testing.assert_array_equal(_native.quantize_colors(planes, most, 1)[0].transpose(1, 2, 0), expected)


@pytest.mark.parametrize("most", TYPES[6].levels)
def test_photographs_keep_so_many_colors(photograph, most):
    assert len(colors(color_quantization(photograph(120, 160).double() / 255, most))) == most


def test_pictures_of_few_colors_stay_as_they_are():
    palette = torch.tensor([[0, 0, 0], [255, 255, 255], [200, 30, 90], [40, 200, 60]], dtype=torch.float64)
    picture = palette[torch.randint(4, (1, 40, 50), generator=torch.Generator().manual_seed(1))].permute(0, 3, 1, 2)
    assert torch.equal(color_quantization(picture / 255, 64), picture / 255)
    assert sorted(colors(color_quantization(picture / 255, 2))) != sorted(palette.tolist())


def test_dithering_down_a_column_and_along_a_row():
    """Four pixels of 96, and so many of 0 and 255 that these are the two colours. The nearest is that of 8 k + 4."""
    line = torch.tensor([96] * 4 + [0] * 1000 + [255] * 96).expand(1, 3, -1).double() / 255
    column = eight_bit(color_quantization(line[..., None], 2))[0, 1, :4, 0]
    row = eight_bit(color_quantization(line[..., None, :], 2))[0, 1, 0, :4]
    # 7/16 go down: 96; 96 + 42 = 138, so white; 96 - 51 = 45; 96 + 20 = 116.
    assert column.tolist() == [0, 255, 0, 0]
    # 5/16 go right: 96; 96 + 30 = 126; 96 + 39 = 135, so white; 96 - 38 = 58.
    assert row.tolist() == [0, 0, 255, 0]


LOW_PASS_ERROR = (4.5, 6.4, 10.6, 38.9, 92.2)


@pytest.mark.parametrize("level", range(1, 6))
def test_china_is_as_far_from_its_reference_as_specified(level):
    """SPEC section 4: the squared error after a low pass of sigma 2, and the shift of the channels' means."""
    datasets = pytest.importorskip("sklearn.datasets", reason="the photograph is scikit-learn's")
    middle = datasets.load_sample_image("china.jpg")[21:405, 64:576]
    picture = torch.from_numpy(middle.copy()).permute(2, 0, 1)[None].double() / 255
    quantized = color_quantization(picture, TYPES[6].levels[level - 1])
    off = 255 * (quantized - picture)
    assert off.mean((2, 3)).abs().max() < 1.5
    smooth = gaussian_filter(off.numpy(), (0, 0, 2, 2), mode="nearest")
    assert np.mean(smooth**2) == pytest.approx(LOW_PASS_ERROR[level - 1], abs=0.15)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_pictures_do_not_depend_on_threads(photograph, threads):
    pictures = torch.cat([photograph(40, 50, seed=seed) for seed in range(5)]).numpy()
    together = _native.quantize_colors(pictures, 16, threads)
    for row in range(5):
        np.testing.assert_array_equal(together[row : row + 1], _native.quantize_colors(pictures[row : row + 1], 16, 1))


def test_native_colors_check_their_arguments():
    with pytest.raises(ValueError, match=r"must have the shape \(count, 3, height, width\)"):
        _native.quantize_colors(np.zeros((3, 4, 4), np.uint8), 2, 1)
    with pytest.raises(ValueError, match="nothing of it 0"):
        _native.quantize_colors(np.zeros((1, 3, 0, 4), np.uint8), 2, 1)
    for most in (0, 257):
        with pytest.raises(ValueError, match="1 to 256 colours"):
            _native.quantize_colors(np.zeros((1, 3, 4, 4), np.uint8), most, 1)
    with pytest.raises(TypeError):
        _native.quantize_colors(np.zeros((1, 3, 4, 4)), 2, 1)


def histogram(levels):
    return np.bincount(levels.ravel(), minlength=256)[None].astype(np.int64)


@settings(deadline=None, max_examples=150)
@given(st.sampled_from([*TYPES[22].levels, 1, 2, 3]), st.integers(1, 256), st.integers(1, 3000), st.integers(0))
def test_thresholds_equal_the_search_step_by_step(count, span, pixels, seed):
    rng = np.random.default_rng(seed)
    levels = np.clip(rng.normal(rng.uniform(0, 255), span, pixels).round(), 0, 255).astype(int)
    assert _native.otsu_thresholds(histogram(levels), count)[0].tolist() == otsu.thresholds(levels, count)


@pytest.mark.parametrize("count", TYPES[22].levels)
def test_thresholds_of_photographs(photograph, count):
    for seed in range(8):
        levels = photograph(90, 100, seed=seed).numpy().astype(int)
        found = _native.otsu_thresholds(histogram(levels), count)[0]
        assert found.tolist() == otsu.thresholds(levels, count)
        assert (np.diff(found) > 0).all() and found[0] >= 1 and found[-1] <= 254


def test_one_threshold_is_otsus():
    """With a single threshold the simplex is a bracket, which stops within a level or two of the best."""
    rng = np.random.default_rng(4)
    levels = np.clip(np.concatenate([rng.normal(100, 15, 4000), rng.normal(160, 15, 4000)]).round(), 0, 255).astype(int)
    p = histogram(levels)[0] / levels.size
    bins = np.arange(256)

    def between(t):
        low, high = p[: t + 1].sum(), p[t + 1 :].sum()
        means = (p * bins)[: t + 1].sum() / low, (p * bins)[t + 1 :].sum() / high
        return low * high * (means[0] - means[1]) ** 2

    best = max(range(80, 180), key=between)
    assert _native.otsu_thresholds(histogram(levels), 1)[0, 0] == pytest.approx(best, abs=3)


def test_where_every_choice_leaves_a_class_empty_the_start_stands():
    levels = np.array([0, 255, 0, 255])
    start = [round(255 * i / 8) for i in range(1, 8)]
    assert _native.otsu_thresholds(histogram(levels), 7)[0].tolist() == start == otsu.thresholds(levels, 7)


def test_what_lies_between_thresholds_becomes_the_upper_one():
    ramp = torch.arange(256, dtype=torch.float64).view(1, 1, 16, 16).expand(1, 3, 16, 16) / 255
    t = _native.otsu_thresholds(3 * np.ones((1, 256), np.int64), 7)[0]
    values = [0, *t[1:], 255]
    expected = [values[np.searchsorted(t, level)] for level in range(256)]
    assert eight_bit(quantization(ramp, 7))[0, 0].flatten().tolist() == expected
    assert expected[t[0]] == 0 and expected[t[0] + 1] == t[1] and expected[t[-1]] == t[-1] and expected[255] == 255


@pytest.mark.parametrize(("level", "count"), list(enumerate(TYPES[22].levels, start=1)))
def test_photographs_keep_so_many_levels(photograph, level, count):
    assert len(apply(photograph(100, 120), 22, level).unique()) == count + 1


def test_native_thresholds_check_their_arguments():
    with pytest.raises(ValueError, match=r"must have the shape \(count, 256\)"):
        _native.otsu_thresholds(np.ones((1, 255), np.int64), 2)
    for count in (0, 255):
        with pytest.raises(ValueError, match="1 to 254 thresholds"):
            _native.otsu_thresholds(np.ones((1, 256), np.int64), count)
