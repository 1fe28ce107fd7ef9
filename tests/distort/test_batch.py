"""The whole pipeline: against the oracle, independent of the batch, in every dtype, and every error."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import kadid as oracle

from syndr.distort import TYPES, apply, batch, distort, draw
from syndr.errors import InputError

CASES = [(number, level) for number in TYPES for level in range(1, 6)]
PAIRS = torch.tensor(CASES)
FLOAT32_ERROR = {4: 1e-4, 15: 1e-5, 24: 2e-5}  # Lab and networks magnify rounding; 2e-6 elsewhere
OTHER_ORDER = (1, 3, 5, 7, 8)  # the same operations in another order: 8-bit values on a tie may go the other way


def hwc(images):
    return images[0].permute(1, 2, 0).contiguous().numpy()


def twin(image, number, level, draws):
    """The oracle's float64 result for (1, 3, H, W), with this package's draws."""
    if draws is not None:
        is_picture = draws.ndim == 4 and draws.shape[1] == 3
        draws = hwc(draws).astype(np.float64) if is_picture else draws[0].double().numpy()
    return torch.from_numpy(oracle.distort(hwc(image), number, level, draws)).permute(2, 0, 1)[None]


@pytest.mark.parametrize(("number", "level"), CASES)
@pytest.mark.parametrize(("size", "low", "high"), [((64, 64), 0, 255), ((97, 71), 13, 201), ((65, 130), 90, 131)])
def test_equals_the_oracle(photograph, number, level, size, low, high):
    image = photograph(*size, seed=number, low=low, high=high)
    draws = draw(number, level, [77], *size)
    expected = twin(image, number, level, draws)
    tolerance = FLOAT32_ERROR.get(number, 2e-6)
    for dtype in (torch.float32, torch.float64):
        result = distort(image.to(dtype) / 255, number, level, 77)
        atol = tolerance if dtype == torch.float32 else 1e-11
        torch.testing.assert_close(result.double(), expected, rtol=0, atol=atol)
        assert torch.equal(result, apply(image.to(dtype) / 255, number, level, draws))
    eight_bit = distort(image, number, level, 77).double()
    difference = (eight_bit - torch.floor(255 * expected + 0.5)).abs()
    assert difference.max() <= 1
    distance_to_tie = ((255 * expected - 0.5) - (255 * expected - 0.5).round()).abs()
    assert (difference[distance_to_tie > 255 * tolerance] == 0).all()
    if TYPES[number].precision == torch.float64 and number not in OTHER_ORDER:
        assert difference.max() == 0


@pytest.mark.parametrize("number", [6, 9, 10, 13, 20, 21, 22, 23])
@pytest.mark.parametrize("span", [30, 102, 170])
def test_8bit_decisions_are_taken_in_float64(photograph, number, span):
    """With these ranges a grey level lies on a tie, which float32 would round to the other side."""
    level = torch.arange(span + 1)
    exact = torch.floor(255 * (level.double() / span) + 0.5)
    assert (torch.floor(255.0 * (level.double() / span).float().double() + 0.5) != exact).any()
    image = photograph(96, 128, low=4, high=4 + span)
    assert len(image.unique()) == span + 1
    expected = twin(image, number, 2, draw(number, 2, [0], 96, 128))
    np.testing.assert_array_equal(hwc(distort(image, number, 2, 0)), oracle.to_8bit(hwc(expected)))


@pytest.mark.parametrize(("number", "level"), [(1, 1), (18, 3)])
@pytest.mark.parametrize("span", [102, 170])
def test_levels_that_change_nothing_keep_ties(photograph, number, level, span):
    """Up to half of the samples of such a picture lie on a tie after the stretch."""
    image = photograph(96, 128, low=4, high=4 + span)
    exact = torch.floor(255 * ((image.double() - 4) / span) + 0.5)
    assert torch.equal(distort(image, number, level, 0).double(), exact)


@settings(deadline=None, max_examples=25)
@given(
    st.sampled_from(CASES),
    st.integers(48, 80),
    st.integers(48, 80),
    st.integers(0, 254),
    st.data(),
    st.integers(0, 2**31),
)
def test_equals_the_oracle_on_any_size_and_range(photograph, case, height, width, low, data, seed):
    image = photograph(height, width, seed=seed, low=low, high=data.draw(st.integers(low + 1, 255)))
    draws = draw(*case, [seed], height, width)
    result = apply(image.double() / 255, *case, draws)
    torch.testing.assert_close(result, twin(image, *case, draws), rtol=0, atol=1e-10)


@pytest.mark.parametrize("number", [number for number in TYPES if number not in (6, 9, 10)])
def test_float_images_that_are_not_8bit(number):
    image = torch.rand(1, 3, 50, 60, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    draws = draw(number, 4, [5], 50, 60)
    torch.testing.assert_close(apply(image, number, 4, draws), twin(image, number, 4, draws), rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_dtypes(photograph, dtype):
    eight_bit = torch.cat([photograph(64, 80, seed=row, low=5, high=200) for row in range(len(CASES))])
    images = eight_bit if dtype == torch.uint8 else (eight_bit.double() / 255).to(dtype)
    before = images.clone()
    result = distort(images, *PAIRS.T, range(len(CASES)))
    assert result.dtype == dtype and result.shape == images.shape and result.device == images.device
    assert torch.equal(images, before), "inputs are never modified"
    assert result.data_ptr() != images.data_ptr()
    full = 255 if dtype == torch.uint8 else 1
    lowest, highest = result.double().amin((1, 2, 3)), result.double().amax((1, 2, 3))
    assert (lowest == 0).all() and (highest == full).all()
    if dtype in (torch.float32, torch.float64):
        rounded = torch.floor(result.double() * 255 + 0.5)
        assert (rounded - distort(eight_bit, *PAIRS.T, range(len(CASES))).double()).abs().max() <= 1


def test_pixels_do_not_depend_on_batch_order_or_grouping(photograph):
    """A mixed batch, shuffled, cut up, and one by one, on one thread and on two: the same bits."""
    images = torch.cat([photograph(67, 75, seed=row % 7) for row in range(2 * len(CASES))]).float() / 255
    numbers, levels = PAIRS.repeat(2, 1).T
    seeds = torch.arange(len(images)) * 7919 - 2**40
    whole = distort(images, numbers, levels, seeds)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    assert torch.equal(distort(images[order], numbers[order], levels[order], seeds[order]), whole[order])
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        for row in range(0, len(images), 3):
            alone = distort(images[row : row + 1], int(numbers[row]), int(levels[row]), int(seeds[row]))
            assert torch.equal(alone[0], whole[row])
    finally:
        torch.set_num_threads(threads)


def test_same_type_and_level_in_one_call_equal_apply_on_the_whole_group(photograph):
    images = torch.cat([photograph(70, 66, seed=row) for row in range(4)])
    for number, level in CASES:
        together = apply(images, number, level, draw(number, level, range(4), 70, 66))
        assert torch.equal(distort(images, number, level, range(4)), together)


@pytest.mark.parametrize("number", [number for number, entry in TYPES.items() if entry.stochastic])
def test_seed_type_and_level_make_the_draws(photograph, number):
    image = photograph()
    first = distort(image, number, 4, 1)
    assert torch.equal(distort(image, number, 4, 1), first)
    assert not torch.equal(distort(image, number, 4, 2), first)
    assert not torch.equal(distort(image, number, 4, 1 + 2**32), first), "the upper half of the seed counts"
    assert torch.equal(distort(image, number, 4, 2**64 - 5), distort(image, number, 4, -5))


@pytest.mark.parametrize("number", [number for number, entry in TYPES.items() if not entry.stochastic])
def test_deterministic_types_ignore_the_seed(photograph, number):
    assert torch.equal(distort(photograph(), number, 4, 1), distort(photograph(), number, 4, 2))
    assert draw(number, 4, [1, 2], 64, 64) is None


@pytest.mark.parametrize("kind", [list, tuple, np.array, torch.tensor, lambda v: torch.tensor(v, dtype=torch.int32)])
def test_numbers_may_come_as_any_sequence(photograph, kind):
    images = torch.cat([photograph(seed=row) for row in range(3)])
    result = distort(images, kind([3, 11, 3]), kind([2, 5, 4]), kind([7, 8, 9]))
    assert torch.equal(result, distort(images, [3, 11, 3], [2, 5, 4], [7, 8, 9]))
    assert torch.equal(distort(images[:1], kind([3])[0], kind([4])[0], kind([7])[0]), distort(images[:1], 3, 4, 7))


def test_unsigned_numpy_seeds(photograph):
    seed = np.array([2**63 + 11], dtype=np.uint64)
    assert torch.equal(distort(photograph(), 11, 1, seed), distort(photograph(), 11, 1, 2**63 + 11))


def test_one_seed_and_ids_make_a_seed_for_each_image(photograph):
    pytest.importorskip("syndr._native", reason="the native core is not built")
    from syndr.rng import sample_seeds

    images = photograph().expand(3, -1, -1, -1)
    ids = ["I01", "I02", "ü"]
    result = distort(images, 11, 3, 42, ids=ids)
    assert torch.equal(result, distort(images, 11, 3, sample_seeds(42, ids)))
    assert not torch.equal(result[0], result[1])
    assert torch.equal(distort(images[:1], 11, 3, 42, ids=["ü"]), result[2:])
    assert torch.equal(distort(images, 11, 3, [1, 2, 3], ids=ids), distort(images, 11, 3, [1, 2, 3]))


def test_no_gradient_is_recorded_and_views_are_fine(photograph):
    images = photograph(80, 90).double() / 255
    assert not distort(images.clone().requires_grad_(), 25, 1, 0).requires_grad
    view = images.permute(0, 1, 3, 2)
    assert torch.equal(distort(view, 11, 2, 9), distort(view.contiguous(), 11, 2, 9))
    last = images.to(memory_format=torch.channels_last)
    for number, level in CASES:
        assert torch.equal(distort(last, number, level, 9), distort(images, number, level, 9))


def test_an_image_that_becomes_constant_is_left_so():
    """Pixelating drops the only point of a black image: there is nothing to stretch, and no NaN."""
    image = torch.zeros(1, 3, 64, 64, dtype=torch.uint8)
    image[..., 40, 40] = 1
    assert torch.equal(distort(image, 21, 5, 0), torch.zeros_like(image))
    assert torch.equal(distort(image / 255, 21, 5, 0), torch.zeros(image.shape))


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((1, 3, 8, 8)), "must be a torch tensor; got ndarray"),
        (torch.rand(3, 8, 8), r"shape \(B, 3, H, W\).*got \(3, 8, 8\)"),
        (torch.rand(1, 1, 8, 8), r"got \(1, 1, 8, 8\)"),
        (torch.rand(0, 3, 8, 8), r"got \(0, 3, 8, 8\)"),
        (torch.rand(1, 3, 0, 8), r"got \(1, 3, 0, 8\)"),
        (torch.zeros(1, 3, 8, 8, dtype=torch.int64), "uint8 or float.*got torch.int64"),
        (torch.zeros(1, 3, 8, 8, dtype=torch.bool), "got torch.bool"),
        (torch.full((1, 3, 8, 8), 0.5), "image 0 is constant"),
        (torch.rand(1, 3, 8, 8) + 0.5, r"image 0 holds NaN or values outside \[0, 1\]"),
        (torch.rand(1, 3, 8, 8) - 0.5, r"image 0 holds NaN or values outside \[0, 1\]"),
        (torch.rand(1, 3, 8, 8).index_fill(3, torch.tensor([5]), torch.nan), "image 0 holds NaN"),
    ],
)
def test_bad_images(images, message):
    with pytest.raises(InputError, match=message):
        distort(images, 18, 1, 0)
    with pytest.raises(InputError, match=message):
        apply(images, 18, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"type": 26}, "type 26 is not known; there are 1, "),
        ({"type": [1, 0]}, "type 0 is not known"),
        ({"type": 1.0}, "type must be an integer or one integer per image; got 1.0"),
        ({"type": torch.tensor([1.0, 1.0])}, "type must be an integer"),
        ({"type": True}, "type must be an integer"),
        ({"type": "1"}, "type must be an integer"),
        ({"type": [[1, 1]]}, "type must be an integer"),
        ({"type": None}, "type must be an integer"),
        ({"type": [1, 1, 1]}, "2 images need one type or 2 of them; got 3"),
        ({"level": 0}, "level 0 is not one of KADID's levels 1..5"),
        ({"level": [5, 6]}, "level 6 is not one"),
        ({"level": [5]}, "2 images need one level or 2 of them; got 1"),
        ({"seed": 1}, "2 images need one seed each, or ids="),
        ({"seed": [1]}, "2 images need one seed or 2 of them; got 1"),
        ({"seed": [1, 0.5]}, "seed must be an integer"),
        ({"seed": [1, 2**64]}, "does not fit into 64 bits"),
        ({"seed": [1, -(2**63) - 1]}, "does not fit into 64 bits"),
        ({"ids": ["a"]}, "2 images need as many ids; got 1"),
        ({"ids": "ab"}, "ids must be a sequence of strings"),
        ({"ids": [1, 2]}, "ids must be a sequence of strings"),
    ],
)
def test_bad_arguments(photograph, arguments, message):
    images = photograph().expand(2, -1, -1, -1)
    with pytest.raises(InputError, match=message):
        distort(images, **{"type": 18, "level": 1, "seed": [1, 2], **arguments})


def test_errors_name_the_image_in_a_mixed_batch(photograph):
    images = torch.cat([photograph(seed=row) for row in range(4)])
    images[2] = 9
    with pytest.raises(InputError, match="image 2 is constant"):
        distort(images, [1, 18, 10, 10], 2, range(4))
    with pytest.raises(InputError, match="image 'I03' is constant"):
        distort(images, [1, 18, 10, 10], 2, range(4), ids=["I01", "I02", "I03", "I04"])


def test_bad_draws(photograph):
    with pytest.raises(InputError, match=r"type 11 \(White noise\) needs draws"):
        apply(photograph(), 11, 1)
    with pytest.raises(InputError, match=r"type 18 \(Mean shift\) takes no draws"):
        apply(photograph(), 18, 1, torch.zeros(1))
    with pytest.raises(InputError, match="need as many draws"):
        apply(photograph(), 11, 1, torch.zeros(1, 3, 8, 8))
    with pytest.raises(InputError, match="type must be one integer here; got 2"):
        apply(photograph(), [1, 1], 1)
    with pytest.raises(InputError, match="level must be one integer here; got 1"):
        draw(11, [1], [1], 8, 8)
    with pytest.raises(InputError, match="type 26 is not known"):
        draw(26, 1, [1], 8, 8)


@pytest.fixture(params=[1, 2, 5])
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def test_the_number_of_threads_moves_no_bit_and_stays(photograph, threads):
    images = torch.cat([photograph(seed=seed) for seed in range(len(TYPES))])
    made = distort(images, list(TYPES), 3, range(len(images)))
    assert torch.get_num_threads() == threads
    for row, number in enumerate(TYPES):
        assert torch.equal(made[row : row + 1], distort(images[row : row + 1], number, 3, [row]))


def test_callers_in_many_threads_leave_torch_its_threads(photograph, threads):
    images = torch.cat([photograph(seed=seed) for seed in range(3)])
    expected = distort(images, [1, 10, 19], 2, range(3))

    def call(turn):
        row = turn % 3
        made = distort(images[row : row + 1], [1, 10, 19][row], 2, [row])
        return torch.equal(made, expected[row : row + 1]), torch.get_num_threads()

    for _ in range(3):
        with ThreadPoolExecutor(6) as pool:  # threads that have not used torch yet
            assert set(pool.map(call, range(30))) == {(True, threads)}
    assert torch.get_num_threads() == threads


def test_the_first_bad_image_is_named_whatever_thread_meets_it(photograph, threads):
    images = torch.cat([photograph(seed=seed) for seed in range(8)])
    images[3] = images[6] = 7
    with pytest.raises(InputError, match=r"image 3 is constant"):
        distort(images, 4, 1, range(8))


def test_under_inference_mode(photograph, threads):
    with torch.inference_mode():
        images = torch.cat([photograph(seed=seed) for seed in range(3)])
        made = distort(images, [4, 18, 22], 2, range(3))
    assert torch.equal(made, distort(images.clone(), [4, 18, 22], 2, range(3)))


@pytest.mark.parametrize("at_once", [False, True])
def test_autocast_changes_nothing(monkeypatch, photograph, at_once):
    images = torch.cat([photograph(64, 64, seed=seed) for seed in range(2)])
    expected = distort(images, [15, 4], 3, range(2))
    monkeypatch.setattr(batch, "_one_by_one", lambda _: not at_once)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(distort(images, [15, 4], 3, range(2)), expected)


def test_a_forked_process_makes_its_own_threads(photograph, threads):
    images = torch.cat([photograph(seed=seed) for seed in range(4)])
    expected = distort(images, 17, 2, range(4))
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        torch.set_num_threads(1)  # as a data loader's workers do: OpenMP's own threads do not survive a fork
        os.write(writer, b"same" if torch.equal(distort(images, 17, 2, range(4)), expected) else b"other")
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0 and os.read(reader, 9) == b"same"


def test_apply_needs_draws_for_each_image(photograph):
    images = photograph(64, 64).repeat(2, 1, 1, 1)
    with pytest.raises(InputError, match="2 images need as many draws; got 3"):
        apply(images, 11, 1, draw(11, 1, [1, 2, 3], 64, 64))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_the_result_is_new_and_contiguous(photograph, dtype):
    images = photograph(67, 93).repeat(2, 1, 1, 1)
    images = images if dtype == torch.uint8 else (images / 255).to(dtype)
    made = distort(images.to(memory_format=torch.channels_last), [1, 17], 2, range(2))
    assert made.dtype == dtype and made.is_contiguous()
    assert torch.equal(made, distort(images, [1, 17], 2, range(2)))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_all_at_once_as_on_a_gpu_gives_the_same(monkeypatch, photograph, dtype):
    numbers = [*TYPES] * 2
    images = torch.cat([photograph(64, 71, seed=seed, low=seed % 7) for seed in range(len(numbers))])
    images = images if dtype == torch.uint8 else images.to(dtype) / 255
    levels = [1 + 3 * row % 5 for row in range(len(numbers))]
    draws = draw(11, 4, range(len(images)), 64, 71)
    expected = distort(images, numbers, levels, range(len(images))), apply(images, 11, 4, draws)
    monkeypatch.setattr(batch, "_one_by_one", lambda _: False)
    assert torch.equal(distort(images, numbers, levels, range(len(images))), expected[0])
    assert torch.equal(apply(images, 11, 4, draws), expected[1])
    images[30] = images[30, 0, 0, 0]
    with pytest.raises(InputError, match="image 30 is constant"):
        distort(images, numbers, levels, range(len(images)))
