import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from syndr.errors import ImageError, InputError
from syndr.evaluation import cut_crops
from syndr.samples import Samples
from syndr.type_selection import CLASSES, TypeVotes, vote


def votes_of(counts, pictures):
    votes = np.zeros(CLASSES, dtype=np.int64)
    for kind, count in counts.items():
        votes[kind] = count
    return TypeVotes(votes, pictures)


def test_the_share_is_over_three_times_the_pictures():
    found = votes_of({1: 30, 2: 3}, 10)
    assert found.shares[1] == 1.0
    assert found.per_picture[1] == 3.0
    assert found.shares[2] == pytest.approx(0.1)


@pytest.mark.parametrize(("votes", "pictures", "kept"), [(21, 200, True), (20, 200, False), (42, 400, True)])
def test_a_type_is_kept_from_a_share_of_35_thousandths(votes, pictures, kept):
    found = votes_of({7: votes}, pictures)
    assert (found.types == (7,)) == kept
    assert (found.shares[7] >= 0.035 - 1e-15) == kept


def test_the_undistorted_class_is_no_type():
    assert votes_of({0: 100, 25: 100, 3: 50}, 100).types == (3, 25)
    assert votes_of({}, 0).types == ()


@given(st.integers(1, 3_000), st.data())
def test_shares_and_types_by_the_released_codes_rounding(pictures, data):
    votes = data.draw(st.lists(st.integers(0, pictures), min_size=CLASSES, max_size=CLASSES))
    found = TypeVotes(np.array(votes), pictures)
    for kind in range(1, CLASSES):
        thousandths = votes[kind] * 1000  # share in exact arithmetic: votes / (3 pictures) >= 35 / 1000
        assert (kind in found.types) == (thousandths >= 35 * 3 * pictures)
    assert 0 not in found.types
    assert found.shares.sum() == pytest.approx(sum(votes) / pictures / 3)


class MeanColour(nn.Module):
    """Logits that are fixed functions of a crop's pixels: each class looks at other places."""

    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(3)
        self.register_buffer("places", torch.randint(0, 224 * 224 * 3, (CLASSES, 40), generator=generator))

    def forward(self, images):
        return images.flatten(1)[:, self.places].mean(dim=2)


@pytest.fixture
def target():
    generator = torch.Generator().manual_seed(1)
    pictures = [torch.randint(0, 256, (3, 230 + 9 * n, 300), generator=generator, dtype=torch.uint8) for n in range(7)]
    return Samples.from_columns(id=[f"t{n}" for n in range(7)], path=["x"] * 7), pictures


def test_votes_are_those_of_the_mean_logits_over_five_crops(target):
    samples, pictures = target
    model = MeanColour()
    expected = np.zeros(CLASSES, dtype=int)
    for name, picture in zip(samples.ids, pictures, strict=True):
        crops = cut_crops(picture, "random", name, 5).float() / 255
        logits = np.mean([model(crop[None])[0].double().numpy() for crop in crops], axis=0)
        expected[sorted(range(CLASSES), key=lambda kind: -logits[kind])[:4]] += 1
    found = vote(model, samples, pictures.__getitem__, seed=5)
    assert found.votes.tolist() == expected.tolist()
    assert (found.pictures, found.votes.sum()) == (7, 28)
    again = vote(model, samples, pictures.__getitem__, seed=5, batch_size=5, threads=1)
    assert again.votes.tolist() == expected.tolist()


def test_unreadable_pictures_do_not_vote(target):
    samples, pictures = target

    def images(row):
        if row in (2, 3):
            raise ImageError(f"{row} is broken")
        return pictures[row]

    found = vote(MeanColour(), samples, images)
    assert found.pictures == 5
    assert found.votes.sum() == 20
    assert [entry.id for entry in found.rejected] == ["t2", "t3"]

    def none(row):
        raise ImageError("broken")

    with pytest.raises(ImageError, match="none of the 7 pictures can be read; the first: broken"):
        vote(MeanColour(), samples, none)


def test_unusable_arguments(target):
    with pytest.raises(InputError, match="batch_size must be at least 1"):
        vote(MeanColour(), target[0], target[1].__getitem__, batch_size=0)
