"""DDCUp: the authors' own data, the literal algorithms, and a reason for every candidate left out."""

from __future__ import annotations

import numpy as np
import pytest
from oracle import ddcup, similarity
from shared_data import shared

from syndr import DDCUp
from syndr.errors import BadRowsError, InputError
from syndr.search import split_rows
from syndr.select import OVER_CAP, SELECTED, SET_ASIDE, SIMILAR, TOO_CLOSE, TOO_FAR, reference_thresholds

#: The 24 candidates in the authors' release.
AUTHORS_CHOICE = {
    "white-horse-1244825", "cat-542930", "owl-62703", "panther-chameleon-1160969", "place-setting-1058984",
    "palm-1571411", "petrified-345875", "clock-373550", "avocado-684109", "iguana-706227", "roll-599696",
    "pico-del-teide-375871", "animal-216859", "bare-kremplinge-1798465", "cat-937253", "cuckoo-574790",
    "russia-103561", "sandals-4563", "flowers-671189", "beach-1230729", "dragonfly-1222691", "aston-martin-101127",
    "pond-1744278", "hendrik-conscience-1641314",
}  # fmt: skip
#: Where the paper's forward pass decides otherwise.
FORWARD_ONLY = {"flowers-956716", "agriculture-215848", "sea-1132262", "fountain-958269"}
REMOVAL_ONLY = {"pico-del-teide-375871", "aston-martin-101127", "beach-1230729", "petrified-345875"}


@pytest.fixture(scope="module")
def authors():
    data = np.load(shared("data/official_refset.npz"))
    names = np.array([name.removesuffix(".png") for name in data["candidate_names"]])
    return data["train_features"], data["candidate_features"], names


def test_the_authors_selection(authors):
    references, candidates, names = authors
    selection = DDCUp().select(references, candidates)
    assert set(names[selection.indices]) == AUTHORS_CHOICE
    assert len(selection.indices) == 24
    assert selection.lower == pytest.approx(0.2784, abs=5e-5)
    assert selection.upper == pytest.approx(0.648, abs=5e-4)
    # 33 pass the lower test, 29 of them the upper one, 24 survive.
    assert selection.counts == {
        SELECTED: 24, TOO_CLOSE: 81 - 33, TOO_FAR: 33 - 29, SIMILAR: 29 - 24, OVER_CAP: 0, SET_ASIDE: 0,
    }  # fmt: skip


def test_the_paper_s_forward_pass_on_the_authors_data(authors):
    references, candidates, names = authors
    selection = DDCUp(diversity="forward").select(references, candidates)
    assert set(names[selection.indices]) == AUTHORS_CHOICE - REMOVAL_ONLY | FORWARD_ONLY


@pytest.mark.parametrize("diversity", ["removal", "forward"])
def test_the_paper_s_threshold_selects_nothing_and_says_so(authors, diversity):
    references, candidates, _ = authors
    selection = DDCUp(threshold="all_pairs", diversity=diversity).select(references, candidates)
    assert len(selection.indices) == 0
    assert selection.lower == pytest.approx(0.4470, abs=5e-5)
    assert selection.counts[TOO_CLOSE] == 80
    assert repr(selection).startswith("Selection(80 too close to a reference, 1 too far from a reference of 81")
    assert all("selected" not in selection.explain(row) for row in range(81))


def made_up(rng, references=30, candidates=80, dims=8):
    """Features like a backbone's (no negative ones), with repeated candidates."""
    base = rng.uniform(0.2, 1, size=dims)
    reference_features = np.abs(base + 0.4 * rng.normal(size=(references, dims)))
    candidate_features = np.abs(base + 0.5 * rng.normal(size=(candidates, dims)))
    candidate_features[candidates // 2 :: 3] = candidate_features[: len(candidate_features[candidates // 2 :: 3])]
    return reference_features.astype(np.float32), candidate_features.astype(np.float32)


def oracle_selection(references, candidates, diversity, threshold, most=None, groups=None):
    exact = similarity.exact_matrix
    return ddcup.select(
        exact(references), exact(candidates, references), exact(candidates), diversity, threshold, most, groups
    )


@pytest.mark.parametrize("most", [None, 1, 2, 5, 12, 79, 500])
@pytest.mark.parametrize("threshold", ["nearest", "all_pairs"])
@pytest.mark.parametrize("diversity", ["removal", "forward"])
def test_selection_equals_the_literal_algorithm(diversity, threshold, most, rng):
    for _ in range(3):
        references, candidates = made_up(rng)
        found = DDCUp(diversity, threshold, most).select(references, candidates)
        assert found.indices.tolist() == oracle_selection(references, candidates, diversity, threshold, most)
        if most is not None:
            assert len(found.indices) <= most


def test_the_random_cases_are_not_empty(rng):
    references, candidates = made_up(rng)
    for diversity in ("removal", "forward"):
        fates = DDCUp(diversity, max_selected=4).select(references, candidates).counts
        assert fates[SELECTED] == 4
        assert min(fates[fate] for fate in (TOO_CLOSE, TOO_FAR, SIMILAR, OVER_CAP)) > 0


#: Rows of length exactly 4: their distances are sixteenths, exact in float64 and therefore truly tied.
PATTERNS = [[4, 0, 0, 0, 0, 0], [2, 2, 2, 2, 0, 0], [3, 2, 1, 1, 1, 0]]


def tied_rows(rng, count):
    return np.array([rng.permutation(PATTERNS[n]) for n in rng.integers(3, size=count)], dtype=float).reshape(count, 6)


def test_selections_full_of_ties(rng):
    sizes = {"removal": [], "forward": []}
    for _ in range(100):
        references, candidates = tied_rows(rng, rng.integers(8, 20)), tied_rows(rng, rng.integers(1, 40))
        between, to, among = (similarity.matrix(*rows) for rows in (
            (references,), (candidates, references), (candidates,),
        ))  # fmt: skip
        for diversity, selected in sizes.items():
            for most in (2, 5, None):
                found = DDCUp(diversity, max_selected=most).select(references, candidates).indices.tolist()
                assert found == ddcup.select(between, to, among, diversity, "nearest", most)
            selected.append(len(found))
    assert all(sum(selected) > 50 and max(selected) > 5 for selected in sizes.values())  # not all select nobody


@pytest.mark.parametrize("diversity", ["removal", "forward"])
@pytest.mark.parametrize("most", [None, 3])
def test_every_reason_is_true(diversity, most, rng):
    references, candidates = made_up(rng, candidates=120)
    found = DDCUp(diversity, max_selected=most).select(references, candidates)
    to, among = similarity.matrix(candidates, references), similarity.matrix(candidates)
    np.testing.assert_allclose(found.nearest, to.min(axis=1), atol=1e-14)
    np.testing.assert_allclose(found.farthest, to.max(axis=1), atol=1e-14)
    assert found.indices.tolist() == np.flatnonzero(found.reasons == SELECTED).tolist()
    for row, reason in enumerate(found.reasons):
        other, distance, text = found.others[row], found.distances[row], found.explain(row)
        assert str(row) in text
        if reason == TOO_CLOSE:
            assert distance <= found.lower
            assert to[row].min() == pytest.approx(distance, abs=1e-14)
            assert to[row, other] == pytest.approx(distance, abs=1e-14)
            assert f"reference {other} is at {distance:.4f}, not over {found.lower:.4f}" in text
        elif reason == TOO_FAR:
            assert to[row].min() > found.lower
            assert distance >= found.upper
            assert to[row, other] == pytest.approx(distance, abs=1e-14)
            assert to[row].max() == pytest.approx(distance, abs=1e-14)
            assert f"reference {other} is at {distance:.4f}, not under {found.upper:.4f}" in text
        else:
            assert to[row].min() > found.lower
            assert to[row].max() < found.upper
        if reason == SIMILAR:
            assert distance <= found.lower
            assert among[row, other] == pytest.approx(distance, abs=1e-14)
            assert f"candidate {other} at {distance:.4f}" in text
            if diversity == "forward":  # the nearest one accepted before it
                before = found.indices[found.indices < row]
                assert other in before
                assert among[row, before].min() == pytest.approx(distance, abs=1e-14)
            else:
                assert other > row
        elif reason == OVER_CAP:
            assert "max_selected" in text
            if diversity == "forward":  # accepted, had there been room
                assert among[row, found.indices].min() > found.lower
                assert (other, np.isnan(distance)) == (-1, True)
            else:
                assert distance >= found.lower
                assert among[row, other] == pytest.approx(distance, abs=1e-14)
        elif reason == SELECTED:
            assert np.isnan(distance)
            assert other == -1
    chosen = among[np.ix_(found.indices, found.indices)] + np.eye(len(found.indices)) * 9
    assert chosen.min() >= found.lower


@pytest.mark.parametrize(("references", "candidates"), [(30, 80), (80, 12)])
def test_explanations_by_name(references, candidates, rng):
    R, C = made_up(rng, references, candidates)
    found = DDCUp(max_selected=2).select(R, C)
    reference_ids, candidate_ids = [f"R{n}" for n in range(references)], [f"C{n}" for n in range(candidates)]
    for row, (reason, other) in enumerate(zip(found.reasons, found.others, strict=True)):
        text = found.explain(row, candidate_ids, reference_ids)
        assert text.startswith(f"candidate C{row} ")
        if other >= 0:
            assert f"reference R{other} " in text if reason in (TOO_CLOSE, TOO_FAR) else f"candidate C{other} " in text


@pytest.mark.parametrize("cap", [None, 5])
def test_removal_in_stretches_is_the_same_walk(cap, rng, monkeypatch):
    references, candidates = rng.random((20, 6)), rng.random((400, 6))
    whole = DDCUp(max_selected=cap).select(references, candidates)
    assert whole.counts[SIMILAR] > 50
    monkeypatch.setattr("syndr.search.closest._HELD", 300)
    parts = DDCUp(max_selected=cap).select(references, candidates)
    for attribute in ("indices", "reasons", "distances", "others"):
        np.testing.assert_array_equal(getattr(parts, attribute), getattr(whole, attribute))


def test_a_stretch_that_was_too_long_is_halved_until_it_fits(rng, monkeypatch):
    references, candidates = rng.random((20, 6)), rng.random((400, 6))
    whole = DDCUp(max_selected=3).select(references, candidates)
    monkeypatch.setattr("syndr.search.closest._HELD", 200)
    monkeypatch.setattr("syndr.search.closest._fitting_radius", lambda rows, among, radius, beyond: radius)
    parts = DDCUp(max_selected=3).select(references, candidates)
    for attribute in ("indices", "reasons", "distances", "others"):
        np.testing.assert_array_equal(getattr(parts, attribute), getattr(whole, attribute))


def test_too_many_exact_duplicates_for_memory_are_an_error_that_says_what_to_do(rng, monkeypatch):
    references, pool = rng.random((20, 6)), rng.random((200, 6))
    one = pool[DDCUp().select(references, pool).indices[:1]]
    candidates = np.concatenate([pool, np.repeat(one, 60, axis=0)])
    assert DDCUp().select(references, candidates).counts[SIMILAR] >= 60
    monkeypatch.setattr("syndr.search.closest._HELD", 300)
    with pytest.raises(InputError, match="exact duplicates or nearly so .* syndr downsample"):
        DDCUp().select(references, candidates)


@pytest.mark.parametrize("diversity", ["removal", "forward"])
@pytest.mark.parametrize("most", [None, 4])
def test_with_ids_row_order_does_not_matter(diversity, most, rng):
    references, candidates = made_up(rng)
    ids = np.array([f"p{n:03d}" for n in rng.permutation(len(candidates))])
    chooser = DDCUp(diversity, max_selected=most)
    expected = chooser.select(references, candidates, ids.tolist())
    fate = dict(zip(ids, zip(expected.reasons, expected.distances.tolist(), strict=True), strict=True))
    for _ in range(4):
        order, reference_order = rng.permutation(len(candidates)), rng.permutation(len(references))
        again = chooser.select(references[reference_order], candidates[order], ids[order].tolist())
        assert set(ids[order][again.indices]) == set(ids[expected.indices])
        assert (again.lower, again.upper) == (expected.lower, expected.upper)
        for name, reason, distance in zip(ids[order], again.reasons, again.distances.tolist(), strict=True):
            assert repr((reason, distance)) == repr(fate[name])
    # With ids ascending by row, ids change nothing.
    in_order = chooser.select(references, candidates, [f"{n:04d}" for n in range(len(candidates))])
    assert in_order.indices.tolist() == chooser.select(references, candidates).indices.tolist()


def test_thresholds_leave_out_distances_inside_a_group(rng):
    references, candidates = made_up(rng, references=24)
    groups = np.arange(24) // 4
    references[:2] = np.eye(8)[:2]  # the largest distance of all lies inside a group
    rows = split_rows(references, "X", "raise")[0]
    distances = similarity.exact_matrix(references)
    for kind in ("nearest", "all_pairs"):
        expected = ddcup.thresholds(distances, kind, groups)
        np.testing.assert_allclose(reference_thresholds(rows, kind, groups), expected, rtol=0, atol=1e-14)
        assert expected[1] < distances.max()
        np.testing.assert_allclose(
            reference_thresholds(rows, kind), ddcup.thresholds(distances, kind), rtol=0, atol=1e-14
        )
    found = DDCUp().select(references, candidates, reference_groups=groups)
    assert found.indices.tolist() == oracle_selection(references, candidates, "removal", "nearest", None, groups)


def test_bad_rows(rng):
    references, candidates = made_up(rng)
    expected = DDCUp().select(references, candidates)
    dirty = np.insert(candidates, 7, np.nan, axis=0)
    with pytest.raises(BadRowsError, match=r"candidate_features: 1 of 81 rows .* first: c7 \(NaN"):
        DDCUp().select(references, dirty, [f"c{n}" for n in range(81)])
    with pytest.raises(BadRowsError, match="reference_features: 1 of 31 rows"):
        DDCUp().select(np.insert(references, 0, 0, axis=0), candidates)
    found = DDCUp(on_bad_rows="set_aside").select(np.insert(references, 0, 0, axis=0), dirty)
    assert found.reasons[7] == SET_ASIDE
    assert np.isnan([found.nearest[7], found.farthest[7], found.distances[7]]).all()
    assert "set aside" in found.explain(7)
    others = np.delete(np.arange(81), 7)
    assert found.reasons[others].tolist() == expected.reasons.tolist()
    # References are named by their own row numbers, the bad one counted.
    close = np.flatnonzero(expected.reasons == TOO_CLOSE)
    assert (found.others[others][close] == expected.others[close] + 1).all()
    nobody = DDCUp(on_bad_rows="set_aside").select(references, np.zeros((3, 8)))
    assert nobody.counts[SET_ASIDE] == 3


def test_one_candidate_passes_and_none_passes(rng):
    references, candidates = made_up(rng)
    chosen = DDCUp().select(references, candidates).indices
    for diversity in ("removal", "forward"):
        assert DDCUp(diversity).select(references, candidates[chosen[:1]]).indices.tolist() == [0]
        assert len(DDCUp(diversity).select(references, references).indices) == 0


def test_identical_references_make_a_zero_threshold(rng):
    found = DDCUp().select(np.tile([1.0, 2.0, 2.0], (4, 1)), rng.uniform(size=(9, 3)))
    assert abs(found.lower) < 1e-15
    assert len(found.indices) == 0


A, B = np.eye(4), np.ones((3, 4))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: DDCUp().select(A[:1], B), "DDCUp needs at least two references of different photographs .* not 1"),
        (lambda: DDCUp().select(A[:0], B), "DDCUp needs at least two references"),
        (lambda: DDCUp().select(A, B, reference_groups=[5, 5, 5, 5]), "of different photographs to measure distances"),
        (lambda: DDCUp().select(A, B[:0]), "candidate_features has no rows: there is nothing to select from"),
        (lambda: DDCUp().select(A, B[:, :3]), "reference_features and candidate_features have 4 and 3 dims"),
        (lambda: DDCUp().select(A, B, ["a", "b"]), "candidate_ids must have one entry for each of the 3 rows, not 2"),
        (lambda: DDCUp().select(A, 0 * B, ["a"]), "candidate_ids must have one entry for each of the 3 rows, not 1"),
        (lambda: DDCUp().select(A, B, ["a", "b", "a"]), r"candidate_ids must be unique; 1 occur again, first \['a'\]"),
        (lambda: DDCUp().select(A, B, reference_groups=[1]), "reference_groups must have one entry for each of the 4"),
        (lambda: DDCUp().select(A, B, reference_groups=list("abcd")), "reference_groups must be integers, not <U1"),
        (lambda: DDCUp().select(A[0], B), r"reference_features must have shape \(rows, dims\)"),
        (lambda: DDCUp(diversity="both"), 'diversity must be "removal" or "forward", not \'both\''),
        (lambda: DDCUp(threshold="mean"), 'threshold must be "nearest" or "all_pairs", not \'mean\''),
        (lambda: DDCUp(max_selected=0), "max_selected must be at least 1 or None, not 0"),
        (lambda: DDCUp().select(A, B).explain(3), "there is no candidate 3; rows are numbered 0 to 2"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(InputError, match=message):
        call()
