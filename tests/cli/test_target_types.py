import pytest
from pictures import write_scenes

from syndr.samples import Samples


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("types")
    write_scenes(root / "pristine", 2, height=96, width=128)
    write_scenes(root / "target", 3, first_seed=40, height=96, width=128)
    return root


def test_train_and_select(syndr, folders, tmp_path):
    classifier = tmp_path / "types.safetensors"
    made = syndr(
        "train-distortion-classifier", folders / "pristine", "-o", classifier, "--rounds", 1,
        "--held-out", folders / "target", "--json",
    )  # fmt: skip
    assert made.code == 0, made.err
    assert made.json["pictures"] == 2 * 26
    assert made.json["recall"]["pictures"] == 3 * 26
    assert 0 <= made.json["recall"]["top1"] <= made.json["recall"]["top4"] <= 1
    assert (tmp_path / "types.checkpoint" / "round-000.safetensors").exists()

    (folders / "target" / "broken.png").write_bytes(b"no picture")
    ended = syndr(
        "select-types", folders / "target", "--classifier", classifier, "-o", tmp_path / "votes.csv", "--json"
    )
    assert ended.code == 0, ended.err
    assert "1 set aside" in ended.err
    found = ended.json
    assert found["pictures"] == 3
    assert sum(row["votes"] for row in found["classes"]) == 12
    # With three pictures one vote is a share of 1/9: every type that has one is chosen.
    assert found["types"] == sorted(int(row["id"]) for row in found["classes"] if row["votes"] and row["id"] != "0")
    assert len(Samples.read(tmp_path / "votes.csv")) == 26
    shown = syndr("select-types", folders / "target", "--classifier", classifier)
    assert f"types = {found['types']}" in shown.out


def test_bad_arguments(syndr, folders, tmp_path):
    (tmp_path / "no.safetensors").write_bytes(b"nothing")
    assert syndr("select-types", folders / "target", "--classifier", tmp_path / "no.safetensors").code == 1
    ended = syndr("train-distortion-classifier", folders / "pristine", "--rounds", 0, "-o", tmp_path / "t.safetensors")
    assert ended.code == 2
    assert "must be at least 1" in ended.err
