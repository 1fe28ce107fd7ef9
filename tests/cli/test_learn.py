import json
import subprocess
import sys

import children
import database_layouts as layouts
import pytest
from database_layouts import StandIns
from pictures import write_scenes

from syndr.images import samples_from_folder
from syndr.samples import Samples


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    root = tmp_path_factory.mktemp("labelled")
    write_scenes(root / "pictures", 6, height=96, width=128)
    samples_from_folder(root / "pictures").with_column("quality", [1.0, 2.0, 4.0, 5.0, 8.0, 9.0]).write(root / "s.csv")
    return root


@pytest.fixture(scope="module")
def options():
    return ("--backbone", "efficientnet_lite0", "--epochs", 1, "--batch-size", 4)


def test_train_evaluate_score(syndr, labelled, options, tmp_path):
    model = tmp_path / "model.safetensors"
    trained = syndr("train", labelled / "s.csv", "-o", model, *options, "--json")
    assert trained.code == 0
    assert [entry["epoch"] for entry in trained.json["log"]] == [0]
    assert model.exists()

    again = syndr("train", labelled / "s.csv", "-o", model, *options, "--json")
    assert again.json["log"] == trained.json["log"]  # resumed from the finished checkpoint, not trained again

    measured = syndr("evaluate", model, labelled / "s.csv", "-o", tmp_path / "p.csv", "--json").json
    assert measured["n"] == 6
    assert f"{labelled / 's.csv'}, input native, random crops, seed 0" in measured["protocol"]
    assert len(Samples.read(tmp_path / "p.csv")["prediction"]) == 6

    one = labelled / "pictures" / "s00.png"
    alone = syndr("score", one, "--model", model, "--json").json["scores"]["s00.png"]
    (labelled / "pictures" / "zz.png").write_bytes(b"no picture")
    ended = syndr("score", labelled / "pictures", "--model", model, "--json")
    (labelled / "pictures" / "zz.png").unlink()
    assert ended.code == 0
    assert ended.json["scores"]["s00.png"] == pytest.approx(alone, abs=1e-4)
    assert ended.json["scores"]["zz.png"] is None
    assert "1 set aside" in ended.err
    assert "first zz.png: " in ended.err


def test_two_processes_share_the_steps(syndr, labelled, options, tmp_path):
    pytest.importorskip("accelerate", reason="accelerate is not installed")
    launch = "-m accelerate.commands.launch --cpu --num_processes 2 --num_machines 1 --mixed_precision no"
    launch += f" --dynamo_backend no --main_process_port {children.free_port()} -m syndr train"
    model = tmp_path / "model.safetensors"
    command = [sys.executable, *launch.split(), labelled / "s.csv", "-o", model, *options, "--accelerate", "--json"]
    ended = subprocess.run(
        [*map(str, command)], env=children.environment(OMP_NUM_THREADS="1"), capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["log"][0]["rows"] == 6  # of both; only the first prints
    assert syndr("evaluate", model, labelled / "s.csv", "--json").json["n"] == 6


def test_scope_says_what_may_be_dropped(syndr, labelled, options, tmp_path):
    command = ("train", labelled / "s.csv", "-o", tmp_path / "model.safetensors", *options)
    assert syndr(*command, "--scope", "all").code == 0
    ended = syndr(*command)
    assert (ended.code, "other settings: scope is 'all' there and 'originals' here" in ended.err) == (1, True)


def test_drcdowns_thresholds_reach_it(syndr, labelled, options, tmp_path):
    everything_alike = ("--distance", 2, "--label-gap", 20, "--min-keep", 2)
    ended = syndr("train", labelled / "s.csv", "-o", tmp_path / "m.safetensors", *options, *everything_alike, "--json")
    assert ended.json["log"][0]["dropped"] == 3
    refused = syndr("train", labelled / "s.csv", "-o", tmp_path / "n.safetensors", *options, "--distance", 3)
    assert (refused.code, "distance must lie in (0, 2], not 3.0" in refused.err) == (2, True)


def test_a_database_with_its_split_and_an_input_size(syndr, options, tmp_path):
    root = tmp_path / "livec"
    names = [f"Images/{number}.bmp" for number in range(10)]
    rows = [{"image": name, "mos_higher_is_better": f"{5 + 8 * at}", "std": "10"} for at, name in enumerate(names)]
    layouts.livec(root, rows, StandIns(tmp_path / "stand-ins", (40, 30)))
    model, where = tmp_path / "model.safetensors", ("--database", "LIVE Challenge", "--root", root, "--split", 0)
    trained = syndr("train", *where, "--input-size", "64x48", "-o", model, *options, "--json")
    assert trained.json["log"][0]["rows"] == 8
    assert "train part of split 0, input 64x48" in trained.json["trained_on"]
    another = syndr("train", *where, "--input-size", "native", "-o", model, *options)
    assert (another.code, "other settings: input_size is '64x48' there and 'native' here" in another.err) == (1, True)

    whole = syndr("evaluate", model, *where[:4], "--json").json
    assert whole["n"] == 10
    assert "LIVE Challenge, labels mos, pictures native, input native" in whole["protocol"]
    few = syndr("evaluate", model, *where)
    assert (few.code, "at least 3 images, not 2" in few.err) == (2, True)

    one = root / "Images" / "0.bmp"
    native, large = (
        syndr("score", one, "--model", model, "--input-size", size, "--json").json["scores"]["0.bmp"]
        for size in ("native", "512x512")
    )
    assert native != large
    trained_at = syndr("score", one, "--model", model, "--json").json["scores"]["0.bmp"]
    assert trained_at not in (native, large)
    assert (
        trained_at == syndr("score", one, "--model", model, "--input-size", "64x48", "--json").json["scores"]["0.bmp"]
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "either a sample table, or --database and --root"),
        (("--database", "livec"), "--root must name the folder of livec"),
        (("s.csv", "--split", "0"), "go with --database"),
        (("s.csv", "--input-size", "tiny"), "input size must be native"),
        (("--database", "livec", "--root", ".", "--split", "first"), "'official' or a number from 0, not 'first'"),
    ],
)
def test_what_to_train_on_must_be_clear(syndr, labelled, arguments, said, monkeypatch):
    monkeypatch.chdir(labelled)
    ended = syndr("train", *arguments)
    assert ended.code == 2
    assert said in ended.err


def test_quality_must_be_there_and_in_range(syndr, labelled, options, tmp_path):
    samples_from_folder(labelled / "pictures").write(tmp_path / "none.csv")
    assert "column 'quality'" in syndr("train", tmp_path / "none.csv", *options).err
    high = samples_from_folder(labelled / "pictures").with_column("quality", [50.0] * 6)
    high.write(tmp_path / "high.csv")
    ended = syndr("train", tmp_path / "high.csv", *options)
    assert ended.code == 2
    assert "declared range 0..10" in ended.err


def test_a_file_that_is_no_model(syndr, labelled, tmp_path):
    (tmp_path / "m.safetensors").write_bytes(b"x" * 100)
    ended = syndr("evaluate", tmp_path / "m.safetensors", labelled / "s.csv")
    assert ended.code == 1
    assert "m.safetensors" in ended.err


@pytest.fixture
def untrained(tmp_path):
    """A model that scores, if not well."""
    from syndr.features import build_backbone
    from syndr.training import IQAModel, save_model

    save_model(tmp_path / "m.safetensors", IQAModel(build_backbone("efficientnet_lite0", "random")))
    return tmp_path / "m.safetensors"


def test_pictures_of_which_none_can_be_scored_are_a_failure(syndr, untrained, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    ended = syndr("score", tmp_path / "broken.png", "--model", untrained, "--json")
    assert ended.code == 1
    assert ended.json["scores"] == {"broken.png": None}
    assert "broken.png: " in ended.err
    assert "not an image" in ended.err


def test_what_is_measured_needs_labels(syndr, labelled, untrained, tmp_path):
    samples_from_folder(labelled / "pictures").write(tmp_path / "none.csv")
    ended = syndr("evaluate", untrained, tmp_path / "none.csv")
    assert ended.code == 2
    assert "none.csv: the table needs a column 'quality' (higher is better)" in " ".join(ended.err.split())
