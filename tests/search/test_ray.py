"""The search on Ray's workers: its plan, where rows are found, and the same bytes as one process gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from search_cases import assert_same_bytes, many_rows, rows_of

from syndr.errors import ClusterError, InputError, MissingExtraError
from syndr.search import LabelGap, get_search
from syndr.search.ray.blocks import plan_blocks
from syndr.search.ray.placement import behind, opened


@given(
    labels=st.lists(st.sampled_from([0.0, 0.5, 1.0, 1.9, 2.0, 3.0, 7.0]), max_size=30),
    gap=st.sampled_from([0.4, 0.5, 1.0, 9.0]),
    size=st.integers(1, 12),
)
def test_every_pair_that_may_be_an_edge_meets_once(labels, gap, size):
    labels = np.array(labels, dtype=float)
    plan = plan_blocks(len(labels), LabelGap(labels, gap), workers=2, block_rows=size)
    assert sorted(np.concatenate([*plan.members, np.empty(0, int)]).tolist()) == list(range(len(labels)))
    block = np.empty(len(labels), dtype=int)
    for number, members in enumerate(plan.members):
        assert 0 < len(members) <= size
        block[members] = number
    assert len(set(plan.meetings)) == len(plan.meetings)
    for i in range(len(labels)):
        for j in range(i):
            if abs(labels[i] - labels[j]) < gap:
                assert tuple(sorted((block[i], block[j]))) in plan.meetings
    blocks_with_themselves = [a == b for a, b in plan.meetings]
    assert blocks_with_themselves == sorted(blocks_with_themselves, reverse=True)


def test_blocks_are_more_than_workers_and_bounded():
    few, many = plan_blocks(1_000_000, None, workers=2), plan_blocks(1_000_000, None, workers=64)
    assert 16 * 2 <= len(few.meetings) < len(many.meetings)
    assert len(many.meetings) >= 16 * 64
    assert max(map(len, few.members)) <= 131_072
    assert max(map(len, plan_blocks(2_000_000, None, workers=1).members)) == 131_072
    assert [len(block) for block in plan_blocks(5000, None, workers=64).members] == [3072, 1928]
    assert few.work[-1] == min(few.work[len(few.members) :])  # the largest first


@pytest.mark.parametrize("view", [np.s_[:], np.s_[3:9], np.s_[::-2, 1:5], np.s_[5:5]])
def test_views_of_a_mapped_file_are_found_again(tmp_path, rng, view):
    np.save(tmp_path / "rows.npy", rng.normal(size=(12, 7)))
    mapped = np.load(tmp_path / "rows.npy", mmap_mode="r")
    found = behind(np.asarray(mapped)[view])
    np.testing.assert_array_equal(opened(found), mapped[view])
    assert not opened(found).flags.writeable


def test_what_no_other_process_can_see_is_not_taken_for_a_file(tmp_path, rng):
    np.save(tmp_path / "rows.npy", rng.normal(size=(12, 7)))
    assert behind(np.load(tmp_path / "rows.npy")) is None
    assert behind(np.load(tmp_path / "rows.npy", mmap_mode="c")) is None
    found = behind(np.load(tmp_path / "rows.npy", mmap_mode="r"))
    np.save(tmp_path / "rows.npy", rng.normal(size=(2, 7)))
    with pytest.raises(ClusterError, match=r"rows.npy is not on node .* file system that all nodes share"):
        opened(found)


def test_without_ray_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'syndr\[ray\]'"):
        get_search("ray")


@pytest.mark.parametrize("wrong", [{"block_rows": 0}, {"place": "there"}])
def test_settings_that_make_no_sense(wrong):
    from syndr.search.ray import RaySearch

    with pytest.raises(InputError, match=next(iter(wrong))):
        RaySearch(**wrong)


class TestOnWorkers:
    @pytest.fixture(autouse=True)
    def ray(self):
        return pytest.importorskip("ray", reason="the extra ray is not installed")

    @pytest.mark.parametrize("block_rows", [None, 300, 192])
    @pytest.mark.parametrize("with_labels", [True, False], ids=["labels", "no labels"])
    def test_the_same_bytes_as_one_process(self, rng, block_rows, with_labels):
        from syndr.search.ray import RaySearch

        X, y = many_rows(rng)
        search = RaySearch(block_rows=block_rows)
        assert_same_bytes(search, rows_of(X), 0.1, LabelGap(y, 1.0) if with_labels else None)
        found = search.components(rows_of(X), 0.1)
        assert search.report["forest_edges"] == len(X) - found.max() - 1
        assert search.report["placed"] == "copied into the object store"

    @pytest.mark.parametrize(("place", "said"), [("auto", "mapped by each node"), ("copy", "copied into the store")])
    def test_rows_of_a_file(self, rng, tmp_path, place, said):
        from syndr.search.ray import RaySearch

        X, y = many_rows(rng, rows=700)
        np.save(tmp_path / "rows.npy", X)
        rows = rows_of(np.load(tmp_path / "rows.npy", mmap_mode="r"))
        search = RaySearch(block_rows=250, place=place)
        assert_same_bytes(search, rows, 0.1, LabelGap(y, 1.0))
        assert search.report["placed"] == said.replace("the store", "the object store")
        assert search.report["blocks"] == 3

    def test_a_principal_filter_is_sent_along(self, rng):
        """Rows enough that directions pay: the blocks are shortened by one basis."""
        from syndr.search.ray import RaySearch

        basis = rng.normal(size=(12, 512))
        centres = rng.normal(size=(300, 12)) @ basis
        X = (centres[rng.integers(300, size=9000)] + 0.5 * rng.normal(size=(9000, 512))).astype(np.float32)
        search = RaySearch()
        assert_same_bytes(search, rows_of(X), 0.1)
        assert search.report["dims_kept"] < 512
        assert search.report["blocks"] == 3
