"""The generator: published answers, the integer twin, and what its numbers look like."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import philox as oracle
from scipy import stats

from syndr.distort import cache
from syndr.distort.random import Stream, box_muller, philox

# Random123's kat_vectors, "philox4x32 10": counter, key, answer.
KNOWN_ANSWERS = [
    "00000000 00000000 00000000 00000000 00000000 00000000 6627e8d5 e169c58d bc57ac4c 9b00dbd8",
    "ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff 408f276d 41c83b0e a20bc7c6 6d5451fd",
    "243f6a88 85a308d3 13198a2e 03707344 a4093822 299f31d0 d16cfe09 94fdcceb 5001e420 24126ea1",
]
SIGNED = st.integers(-(2**63), 2**63 - 1)
WORD = st.integers(0, 2**32 - 1)


def stream(*seeds, type=11, level=3):
    return Stream(torch.tensor(seeds, dtype=torch.int64), type, level)


@pytest.mark.parametrize("line", KNOWN_ANSWERS)
def test_published_known_answers(line):
    *given_words, a, b, c, d = (int(word, 16) for word in line.split())
    tensors = [torch.tensor([word]) for word in given_words]
    answer = philox(tuple(tensors[:4]), tuple(tensors[4:]))
    assert [word.item() for word in answer] == [a, b, c, d]
    assert oracle.block(given_words[:4], given_words[4:]) == [a, b, c, d]


@given(st.lists(WORD, min_size=4, max_size=4), st.lists(WORD, min_size=2, max_size=2))
def test_philox_equals_the_integer_twin(counter, key):
    answer = philox(tuple(torch.tensor([w]) for w in counter), tuple(torch.tensor([w]) for w in key))
    assert [word.item() for word in answer] == oracle.block(counter, key)


@settings(deadline=None)
@given(
    st.lists(SIGNED, min_size=1, max_size=4),
    st.integers(1, 25),
    st.integers(1, 5),
    st.integers(1, 11),
    st.integers(0, 9),
)
def test_draws_equal_the_twin_for_every_sample_of_a_batch(seeds, type, level, count, draw):
    source = stream(*seeds, type=type, level=level)
    words = source.words(count, draw)
    assert words.tolist() == [[oracle.word(s, type, level, e, draw) for e in range(count)] for s in seeds]
    assert torch.equal(source.uniform((count,), draw), words.double() / 2**32)
    assert source.integers(181, (count,), draw).tolist() == [[w * 181 // 2**32 for w in row] for row in words.tolist()]
    normal = [[oracle.normal(s, type, level, e, draw) for e in range(count)] for s in seeds]
    torch.testing.assert_close(source.normal((count,), draw), torch.tensor(normal), rtol=1e-6, atol=1e-9)


def test_shapes_and_dtypes():
    source = stream(1, 2)
    assert source.normal((3, 5, 7)).shape == (2, 3, 5, 7)
    assert source.normal((3,)).dtype == torch.float32
    assert source.uniform((2, 2)).dtype == torch.float64
    assert source.integers(9, ()).shape == (2,)
    assert torch.equal(source.normal((3, 5, 7)).flatten(1), source.normal((105,)))


def test_extreme_words_give_finite_normals():
    words = [torch.tensor([word]) for word in (0, 0, 2**32 - 1, 2**32 - 1)]
    normal = torch.cat(box_muller(tuple(words)))
    assert normal.isfinite().all()
    assert normal.abs().max() == pytest.approx(np.sqrt(2 * np.log(2**32)), rel=1e-12)


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 3), st.integers(1, 90), st.sampled_from([1, 4, 8, 64]))
def test_numbers_do_not_depend_on_the_pieces_they_are_made_in(samples, count, piece):
    source = stream(*range(samples))
    with pytest.MonkeyPatch.context() as context:
        context.setenv("SYNDR_DISTORT", "torch")
        whole = source.words(count), source.uniform((count,)), source.normal((count,))
        context.setattr(cache, "PIECE", piece)
        cut = source.words(count), source.uniform((count,)), source.normal((count,))
    assert all(torch.equal(*pair) for pair in zip(whole, cut, strict=True))


def test_normal_numbers_are_standard_normal():
    n = 1_000_000
    numbers = stream(2024).normal((n,))[0].double().numpy()
    assert abs(numbers.mean()) < 4.5 / np.sqrt(n)
    assert abs(numbers.var() - 1) < 4.5 * np.sqrt(2 / n)
    assert abs(stats.skew(numbers)) < 4.5 * np.sqrt(6 / n)
    assert abs(stats.kurtosis(numbers)) < 4.5 * np.sqrt(24 / n)
    assert stats.kstest(numbers, "norm").pvalue > 1e-4


def test_uniform_numbers_are_uniform():
    numbers = stream(7).uniform((500_000,))[0].numpy()
    assert numbers.min() >= 0 and numbers.max() < 1
    assert stats.kstest(numbers, "uniform").pvalue > 1e-4


@pytest.mark.parametrize("lag", [1, 2, 3, 4, 8, 512])
def test_numbers_do_not_depend_on_their_neighbours(lag):
    numbers = stream(5).normal((400_000,))[0].double().numpy()
    bound = 4.5 / np.sqrt(len(numbers))
    assert abs(np.corrcoef(numbers[:-lag], numbers[lag:])[0, 1]) < bound
    # The two halves of a Box-Muller pair share a radius: only their sizes could betray it.
    assert abs(np.corrcoef(numbers[:-lag] ** 2, numbers[lag:] ** 2)[0, 1]) < bound


def test_neighbouring_seeds_types_levels_and_draws_are_independent():
    shape = (100_000,)
    fields = [
        stream(8).normal(shape),
        stream(9).normal(shape),
        stream(8 + 2**32).normal(shape),
        stream(-8).normal(shape),
        stream(8, type=12).normal(shape),
        stream(8, level=4).normal(shape),
        stream(8).normal(shape, draw=1),
    ]
    correlation = np.corrcoef(torch.cat(fields).double().numpy())
    assert np.abs(correlation - np.eye(len(fields))).max() < 4.5 / np.sqrt(shape[0])


def test_the_default_dtype_changes_no_draw(monkeypatch):
    stream = Stream(torch.tensor([5, -5]), 11, 2)
    for kernels in ("", "torch"):
        monkeypatch.setenv("SYNDR_DISTORT", kernels)
        expected = stream.normal((3, 7, 5))
        torch.set_default_dtype(torch.float64)
        try:
            draws = stream.normal((3, 7, 5))
        finally:
            torch.set_default_dtype(torch.float32)
        assert draws.dtype == torch.float32 and torch.equal(draws, expected)
