"""Tasks on Ray's workers: how many at once, what becomes of errors, and workers that die."""

from __future__ import annotations

import os
import sys
import time

import pytest

from syndr.cluster import check_engine, completed, connect, in_order
from syndr.errors import ClusterError, InputError, StoreError

ray = pytest.importorskip("ray", reason="the extra ray is not installed")


@pytest.fixture(scope="module")
def cluster():
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])  # workers cannot import it
    yield connect()
    ray.cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


def test_results_come_with_their_numbers_and_few_are_under_way(cluster):
    asked = []
    square = cluster.remote(lambda n: n * n, num_cpus=1)

    def submits():
        for n in range(9):
            asked.append(n)
            yield lambda n=n: square.remote(n)

    found = {}
    for number, result in completed(cluster, submits(), 3):
        found[number] = result
        assert len(asked) <= len(found) + 3
    assert found == {n: n * n for n in range(9)}


def test_an_error_of_a_task_is_raised_as_itself(cluster):
    def fail():
        raise StoreError("the disk is gone; bring it back")

    task = cluster.remote(fail, num_cpus=1)
    with pytest.raises(StoreError, match="^the disk is gone; bring it back$"):
        list(completed(cluster, [task.remote], 1))


def die_once(marker):
    if not marker.exists():
        marker.touch()
        os._exit(1)
    return "done"


def test_a_task_whose_worker_dies_is_done_again(cluster, tmp_path):
    task = cluster.remote(die_once, num_cpus=1, max_retries=2)
    assert list(completed(cluster, [lambda: task.remote(tmp_path / "died")], 1)) == [(0, "done")]
    never = cluster.remote(lambda: os._exit(1), num_cpus=1, max_retries=0)
    with pytest.raises(ClusterError, match="lost with its worker"):
        list(completed(cluster, [never.remote], 1))


class Worker:
    """Holds a word, and dies at one task, once."""

    def __init__(self, word, marker):
        self.word, self.marker = word, marker

    def __call__(self, task):
        time.sleep(0.02 * (task % 3))
        if task == 2:
            die_once(self.marker)
        if self.word == "bad" and task == 1:
            raise StoreError("no room; make some")
        return f"{self.word} {task}".encode()


def test_a_pool_keeps_the_order_and_replaces_workers_that_die(cluster, tmp_path):
    results = in_order(cluster, Worker, {"word": "task", "marker": tmp_path / "died"}, 7, on_gpu=False)
    assert list(results) == [f"task {n}".encode() for n in range(7)]
    assert (tmp_path / "died").exists()
    assert list(in_order(cluster, Worker, {}, 0, on_gpu=False)) == []


def test_an_error_in_a_pool_is_raised_as_itself(cluster, tmp_path):
    (tmp_path / "died").touch()
    with pytest.raises(StoreError, match="^no room; make some$"):
        list(in_order(cluster, Worker, {"word": "bad", "marker": tmp_path / "died"}, 7, on_gpu=False))


def test_engines_and_addresses_that_do_not_fit():
    with pytest.raises(InputError, match="engine must be"):
        check_engine("spark", None)
    with pytest.raises(InputError, match=r"address \(host:1\) goes with engine"):
        check_engine("local", "host:1")


def test_no_cluster_at_the_address(monkeypatch):
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", lambda **given: (_ for _ in ()).throw(ConnectionError("nobody there")))
    with pytest.raises(ClusterError, match=r"no connection to Ray at host:1 \(nobody there\); start one"):
        connect("host:1")
