import json

import pytest

from syndr.errors import StoreError
from syndr.progress import silent
from syndr.stages import Stages


def test_a_finished_stage_is_not_done_again(tmp_path):
    calls = []

    def work():
        calls.append(1)
        return {"rows": 3}

    for _ in range(2):
        assert Stages(tmp_path, {"seed": 1}).run("select", work, silent) == {"rows": 3}
    assert calls == [1]
    record = json.loads((tmp_path / "stages" / "select.json").read_text())
    assert record["stage"] == "select"
    assert record["seconds"] >= 0


def test_an_interrupted_stage_leaves_no_mark(tmp_path):
    folder = Stages(tmp_path, {})

    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        folder.run("train", interrupted, silent)
    assert folder.run("train", lambda: {"epochs": 1}, silent) == {"epochs": 1}


def test_another_experiment_is_refused_and_named(tmp_path):
    Stages(tmp_path, {"seed": 1, "epochs": 2, "types": (1, 3)})
    Stages(tmp_path, {"seed": 1, "epochs": 2, "types": [1, 3]})  # the same
    with pytest.raises(StoreError, match=r"holds another run \(other epochs, seed\)"):
        Stages(tmp_path, {"seed": 2, "types": (1, 3)})


def test_a_damaged_record_says_what_to_do(tmp_path):
    folder = Stages(tmp_path, {})
    folder.run("select", dict, silent)
    (tmp_path / "stages" / "select.json").write_text("{")
    with pytest.raises(StoreError, match=r"select\.json cannot be read.*delete it"):
        folder.run("select", dict, silent)


def test_a_mark_of_another_experiment_does_not_count(tmp_path):
    Stages(tmp_path, {"epochs": 1}).run("train", lambda: {"epochs": 1}, silent)
    (tmp_path / "recipe.json").unlink()
    assert Stages(tmp_path, {"epochs": 7}).run("train", lambda: {"epochs": 7}, silent) == {"epochs": 7}
