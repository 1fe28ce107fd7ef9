"""Pseudo-labels against the authors' own and a plain reading of Algorithm 2; virtual rows and their pictures."""

from __future__ import annotations

import csv
import json

import backends
import numpy as np
import pytest
from oracle import pseudo_labels as oracle
from oracle import similarity
from shared_data import shared

from syndr import DDCUp, Samples, pseudo_labels
from syndr.errors import BadRowsError, InputError
from syndr.rng import sample_seeds
from syndr.synthesize import neighbour_weights


def test_the_authors_pseudo_labels():
    data = np.load(shared("data/official_refset.npz"))
    with shared("data/tables/kadid10k.csv").open() as file:
        table = list(csv.DictReader(file))
    originals = Samples.from_columns(
        id=[row["image"] for row in table],
        reference=[row["ref"] for row in table],
        type=[int(row["dist_type"]) for row in table],
        level=[int(row["level"]) for row in table],
        quality=[(float(row["dmos_higher_is_better"]) - 1) / 3.93 * 10 for row in table],
    )
    chosen = DDCUp().select(data["train_features"], data["candidate_features"]).indices
    new_ids = data["candidate_names"][chosen]
    labels = pseudo_labels(
        originals, data["train_names"], data["train_features"], new_ids, data["candidate_features"][chosen],
        types=(1, 3, 9, 21, 23, 25),
    )  # fmt: skip
    assert labels.quality.size == 432
    assert round(labels.quality.min(), 4) == 0.5078
    assert round(labels.quality.max(), 4) == 9.5929
    assert round(labels.quality.mean(), 4) == 5.1668
    assert round(labels.quality.std(), 4) == 2.8778
    # Neighbours left by the filter: one for 2 images, two for 3, three for 3, four for 3, five for 13.
    assert np.bincount((labels.weights > 0).sum(axis=1)).tolist() == [0, 2, 3, 3, 3, 13]

    pictures = Samples.from_columns(id=new_ids, path=[f"refs/{name}" for name in new_ids])
    rows = labels.samples(pictures, dataset_seed=1)
    assert len(rows) == 432
    assert set(rows["origin"]) == {"pseudo"}


TYPES, LEVELS = (3, 1, 25), (5, 1)


class Case:
    """Twelve references with all their labels, eight new images."""

    def __init__(self, rng, references=12, new=8, dims=10):
        self.names = [f"ref{n:02d}.png" for n in rng.permutation(references)]
        self.references = (0.6 + 0.3 * rng.normal(size=(references, dims))).astype(np.float32)
        self.new_names = [f"new{n}.jpg" for n in range(new)]
        self.new = (0.6 + 0.3 * rng.normal(size=(new, dims))).astype(np.float32)
        cells = [(name, t, level) for name in self.names for t in (1, 2, 3, 25) for level in range(1, 6)]
        self.quality = {cell: float(rng.uniform(0, 10)) for cell in cells}
        name, kind, level = zip(*cells, strict=True)
        self.originals = Samples.from_columns(
            id=[f"{n}_{t}_{v}" for n, t, v in cells],
            reference=name, type=kind, level=level, quality=list(self.quality.values()),
        )  # fmt: skip

    def labels(self, **options):
        given = {"types": TYPES, "levels": LEVELS, **options}
        return pseudo_labels(self.originals, self.names, self.references, self.new_names, self.new, **given)


@pytest.fixture
def case(rng):
    return Case(rng)


def compare(case, labels, k=5, gap=0.05, sign=1, allowed=lambda new, reference: True):
    distances = similarity.exact_matrix(case.new, case.references)
    for n in range(len(case.new)):
        there = [r for r in range(len(case.names)) if allowed(n, r)]
        used = oracle.neighbours(distances[n, there], [case.names[r] for r in there], k, gap)
        kept = labels.neighbours[n] >= 0
        assert [labels.reference_ids[m] for m in labels.neighbours[n][kept]] == [name for _, name in used]
        np.testing.assert_allclose(labels.weights[n][kept], oracle.weights([d for d, _ in used], sign), rtol=1e-12)
        assert (labels.weights[n][~kept] == 0).all()
        for t, kind in enumerate(labels.types):
            for v, level in enumerate(labels.levels):
                expected = oracle.label(used, case.quality, kind, level, sign)
                assert labels.quality[n, t, v] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("backend", backends.EXACT)
@pytest.mark.parametrize(("weighting", "sign"), [("farther", 1), ("nearer", -1), ("uniform", 0)])
@pytest.mark.parametrize("gap", [0.05, 0.01, None])
@pytest.mark.parametrize("k", [1, 5, 40])
def test_labels_equal_the_literal_algorithm(case, k, gap, weighting, sign, backend):
    labels = case.labels(k=k, gap=gap, weighting=weighting, search=backends.make(backend))
    assert labels.types == TYPES
    assert labels.levels == LEVELS
    assert labels.new_ids == case.new_names
    assert labels.quality.shape == (8, 3, 2)
    compare(case, labels, k, gap, sign)
    np.testing.assert_allclose(labels.weights.sum(axis=1), 1, rtol=1e-15)


def test_crops_of_one_photograph_are_passed_over(case):
    reference_groups, new_groups = np.arange(12) % 4, np.arange(8) % 4
    labels = case.labels(gap=None, reference_groups=reference_groups, new_groups=new_groups)
    compare(case, labels, gap=None, allowed=lambda new, reference: new_groups[new] != reference_groups[reference])
    with pytest.raises(InputError, match="2 new images have no reference of another group, first new1.jpg"):
        case.labels(reference_groups=np.zeros(12, dtype=int), new_groups=[1, 0, 2, 2, 0, 2, 2, 2])


def test_fewer_neighbours_than_k_in_some_groups(case):
    reference_groups = np.r_[0, 1, np.full(10, 2)]
    labels = case.labels(gap=None, reference_groups=reference_groups, new_groups=[2] * 4 + [0] * 4)
    assert (labels.neighbours >= 0).sum(axis=1).tolist() == [2] * 4 + [5] * 4
    assert np.isnan(labels.distances[:4, 2:]).all()


def test_same_bytes_for_any_order_and_batch(case, rng):
    case.references[3] = case.references[8]  # a tie, which goes to the lower id
    expected = case.labels(gap=None)
    order, rows, some = rng.permutation(12), rng.permutation(len(case.originals)), rng.permutation(8)[:3]
    for search in map(backends.make, backends.EXACT):
        again = pseudo_labels(
            case.originals.take(rows), [case.names[n] for n in order], case.references[order],
            [case.new_names[n] for n in some], case.new[some], TYPES, LEVELS, gap=None, search=search,
        )  # fmt: skip
        assert again.reference_ids == expected.reference_ids
        for name in ("quality", "neighbours", "weights", "distances"):
            assert getattr(again, name).tobytes() == getattr(expected, name)[some].tobytes(), name


def test_weights():
    distances = np.array([[0.1, 0.12, 0.15, 0.3], [0.2, 0.2, np.nan, np.nan]])
    found = neighbour_weights(distances, gap=0.05)
    assert (found > 0).tolist() == [[True, True, 0.15 - 0.1 < 0.05, False], [True, True, False, False]]
    np.testing.assert_allclose(neighbour_weights(distances, None, "uniform"), [[0.25] * 4, [0.5, 0.5, 0, 0]])
    assert neighbour_weights(np.array([[0.0, 0.05]]), 0.05).tolist() == [[1, 0]]  # strict
    with pytest.raises(InputError, match="gap must be positive, or None to keep every neighbour, not 0"):
        neighbour_weights(distances, 0)
    with pytest.raises(InputError, match='weighting must be "farther", "nearer" or "uniform", not \'softmax\''):
        neighbour_weights(distances, 0.05, "softmax")


def test_only_labels_of_neighbours_in_use_are_needed(case):
    farthest = np.argmax(similarity.exact_matrix(case.new, case.references).min(axis=0))
    missing = case.originals["reference"] == case.names[farthest]
    case.originals = case.originals.take(~(missing & (case.originals["type"] == 25)))
    labels = case.labels(k=12, gap=1e-9)
    assert farthest not in [case.names.index(labels.reference_ids[n]) for n in labels.neighbours[:, 0]]
    assert (labels.neighbours[:, 1:] == -1).all()
    assert np.isfinite(labels.quality).all()
    with pytest.raises(
        InputError, match=f"1 references have no quality .* first {case.names[farthest]}, type 25 level 5"
    ):
        case.labels(k=12, gap=None)


def test_two_labels_for_one_distortion(case):
    first = case.originals.take([0]).with_column("id", ["again"])
    case.originals = case.originals.concat(first)
    case.labels(types=[1], levels=[1])  # the same label twice is no harm
    case.originals = case.originals.with_column("quality", [*case.originals["quality"][:-1], 11.0])
    with pytest.raises(InputError, match=f"reference {case.names[0]} has two qualities, .* and 11, for type 1 level 1"):
        case.labels(types=[1], levels=[1])


def test_bad_rows(case):
    expected = case.labels()
    case.new = np.insert(case.new, 2, 0, axis=0)
    case.new_names.insert(2, "black.jpg")
    with pytest.raises(BadRowsError, match=r"new_features: 1 of 9 rows .* black.jpg \(zero norm\)"):
        case.labels()
    found = case.labels(on_bad_rows="set_aside")
    assert found.new_ids == expected.new_ids
    assert found.quality.tobytes() == expected.quality.tobytes()
    case.references = np.insert(case.references, 0, np.nan, axis=0)
    case.names.insert(0, "broken.png")
    again = case.labels(on_bad_rows="set_aside")
    assert again.quality.tobytes() == expected.quality.tobytes()
    assert "broken.png" not in again.reference_ids


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k": 0}, "k must be at least 1, not 0"),
        ({"reference_groups": [1] * 12}, "reference_groups and new_groups go together"),
        (
            {"reference_groups": [1] * 3, "new_groups": [2] * 8},
            "reference_groups must have one entry for each of the 12",
        ),
        ({"reference_groups": [1] * 12, "new_groups": [2] * 3}, "new_groups must have one entry for each of the 8"),
        ({"types": []}, "types and levels must each name at least one"),
        ({"types": [1, 1]}, r"types \[1, 1\] or levels \[5, 1\] name one twice"),
        ({"types": [7]}, "references have no quality for some distortion asked for; first ref.*, type 7 level 5"),
        ({"gap": -1}, "gap must be positive"),
        ({"search": "annoy"}, "no search backend 'annoy'"),
    ],
)
def test_bad_options(case, options, message):
    with pytest.raises(InputError, match=message):
        case.labels(**options)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.names.pop(), "reference_ids must have one entry for each of the 12 rows, not 11"),
        (lambda c: c.new_names.append("x"), "new_ids must have one entry for each of the 8 rows, not 9"),
        (lambda c: c.names.__setitem__(0, c.names[1]), "reference_ids must be unique"),
        (lambda c: setattr(c, "new", c.new[:, 1:]), "reference_features and new_features have 10 and 9 dims"),
        (lambda c: (c.names.clear(), setattr(c, "references", c.references[:0])), "there are no references to take"),
        (lambda c: setattr(c, "originals", Samples.from_columns(id=["a"])), "sample table has no column 'reference'"),
    ],
)
def test_bad_inputs(case, change, message):
    change(case)
    with pytest.raises(InputError, match=message):
        case.labels()


def test_rows_of_the_virtual_set(case):
    labels = case.labels()
    pictures = Samples.from_columns(id=[*reversed(case.new_names), "unused"], path=[f"/p/{n}" for n in range(9)])
    rows = labels.samples(pictures, dataset_seed=9)
    assert len(rows) == 8 * 6
    assert rows.ids[:6] == [f"new0_{t:02d}_{level:02d}" for t in TYPES for level in LEVELS]
    seeds = dict(zip(case.new_names, sample_seeds(9, case.new_names).tolist(), strict=True))
    for row in rows.table.to_pylist():
        n = case.new_names.index(row["reference"])
        assert row["path"] == f"/p/{7 - n}"
        assert row["seed"] == seeds[row["reference"]]
        assert row["quality"] == labels.quality[n, TYPES.index(row["type"]), LEVELS.index(row["level"])]
        used = labels.neighbours[n][labels.neighbours[n] >= 0]
        assert json.loads(row["neighbours"]) == [labels.reference_ids[m] for m in used]
        assert sum(json.loads(row["weights"])) == pytest.approx(1, abs=1e-5)
    assert rows.table.to_pylist() == case.labels().samples(pictures, dataset_seed=9).table.to_pylist()
    with pytest.raises(InputError, match="ids are not in the sample table"):
        labels.samples(pictures.take([0]))


def test_nobody_selected_makes_no_rows(case):
    case.new, case.new_names = case.new[:0], []
    rows = case.labels().samples(Samples.from_columns(id=["a"], path=["a.png"]))
    assert len(rows) == 0
    assert len(case.originals.concat(rows)) == len(case.originals)
