import json
import shutil
from pathlib import Path

import database_layouts as layouts
import numpy as np
import pytest
from database_layouts import StandIns
from database_tables import link, small
from pictures import write_scenes

from syndr.errors import InputError, LabelRangeError, StoreError
from syndr.images import samples_from_folder
from syndr.pipeline import _identity, run
from syndr.recipe import make_recipe
from syndr.samples import Samples
from syndr.sources import training_set
from syndr.stages import Stages
from syndr.virtual import VirtualDataset, virtual_rows

TYPES, LEVELS = (1, 10), (1, 3, 5)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Four references with their distorted files and labels, a pool of six, and a target."""
    root = tmp_path_factory.mktemp("data")
    write_scenes(root / "references", 4)
    write_scenes(root / "pool", 6, first_seed=50)
    references = samples_from_folder(root / "references")
    rows, rejected = VirtualDataset(virtual_rows(references, TYPES, LEVELS)).materialize(root / "distorted")
    assert rejected == []
    rows = rows.with_column("quality", 10.0 - 1.9 * rows["level"] + 0.1 * np.arange(len(rows)) / len(rows))
    rows.write(root / "samples.csv")
    write_scenes(root / "target", 5, first_seed=90)
    target = samples_from_folder(root / "target")
    target.with_column("quality", [1.0, 3.0, 4.5, 7.0, 9.0]).write(root / "target.csv")
    return root


def recipe(data, output, **changes):
    settings = {
        "output": str(output),
        "training_set": {"samples": str(data / "samples.csv"), "references": str(data / "references")},
        "pool": {"images": str(data / "pool")},
        "features": {"backbone": "efficientnet_lite0", "batch_size": 4},
        "downsample": {"min_keep": 2},
        "train": {"epochs": 2, "batch_size": 8, "lr": 1e-4},
        "targets": [{"name": "scenes", "samples": str(data / "target.csv")}],
    }
    return make_recipe({**settings, **changes})


@pytest.fixture(scope="module")
def finished(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "first"
    return folder, run(recipe(data, folder))


def test_every_stage_leaves_what_it_promises(finished):
    folder, summaries = finished
    assert list(summaries) == ["features", "select", "synthesize", "train", "evaluate", "report"]
    assert summaries["features"]["references"] == 4
    assert sum(summaries["select"]["counts"].values()) == 6
    samples = Samples.read(folder / "samples.parquet")
    assert summaries["synthesize"]["originals"] == 4 * 6
    assert len(samples) == 24 + 6 * summaries["select"]["counts"]["selected"]
    assert set(samples["origin"]) <= {"original", "pseudo"}
    clusters = Samples.read(folder / "clusters.parquet")
    assert len(clusters) == 24  # the scope is the originals
    assert summaries["train"]["dropped"] == int((~clusters["kept"].astype(bool)).sum())
    assert summaries["train"]["bound_before"]["n"] == 24
    results = json.loads((folder / "results.json").read_text())
    assert results["scenes"]["n"] == 5
    predictions = Samples.read(folder / "predictions" / "scenes.parquet")
    assert np.isfinite(predictions["prediction"].astype(float)).all()
    assert "scenes" in (folder / "report.html").read_text()


def test_running_again_does_nothing_twice(data, finished):
    folder, summaries = finished
    before = (folder / "model.safetensors").stat().st_mtime_ns
    assert run(recipe(data, folder)) == summaries
    assert (folder / "model.safetensors").stat().st_mtime_ns == before


def test_an_interrupted_run_ends_like_an_undisturbed_one(data, finished, tmp_path):
    folder, _ = finished

    def stop_after_first_epoch(stage, done, total):
        if stage == "epochs" and done == 1:
            raise KeyboardInterrupt

    broken = tmp_path / "broken"
    with pytest.raises(KeyboardInterrupt):
        run(recipe(data, broken), stop_after_first_epoch)
    assert not (broken / "model.safetensors").exists()
    run(recipe(data, broken, cache_gib=0))  # which decides nothing
    assert json.loads((broken / "results.json").read_text()) == json.loads((folder / "results.json").read_text())
    for table in ("selection", "samples", "clusters", "cluster_sizes"):
        ours, theirs = (Samples.read(each / f"{table}.parquet") for each in (broken, folder))
        assert ours.table.equals(theirs.table), table


def test_another_recipe_in_the_same_folder_is_refused(data, finished):
    folder, _ = finished
    with pytest.raises(StoreError, match="holds another run"):
        run(recipe(data, folder, seed=9))


def test_changed_input_in_the_same_folder_is_refused(data, finished, tmp_path):
    folder, _ = finished
    shutil.copytree(data, tmp_path / "data")
    with pytest.raises(StoreError, match=r"other inputs"):
        run(recipe(tmp_path / "data", folder, training_set=recipe(data, folder).as_dict()["training_set"]))


def test_without_reshaping_it_is_the_baseline(data, tmp_path):
    plan = recipe(
        data,
        tmp_path / "run",
        select={"enabled": False},
        downsample={"enabled": False},
        train={"epochs": 1, "batch_size": 8},
    )
    summaries = run(plan)
    assert summaries["synthesize"] == {"originals": 24, "pseudo": 0}
    assert summaries["train"]["kept"] == 24
    assert not (tmp_path / "run" / "clusters.parquet").exists()


def test_the_epoch_best_on_the_target_is_kept_apart(data, tmp_path):
    plan = recipe(data, tmp_path / "run", evaluation={"reported": "best_on_target", "seeded": False})
    run(plan)
    results = json.loads((tmp_path / "run" / "results.json").read_text())["scenes"]
    noted = json.loads((tmp_path / "run" / "epochs_on_targets.json").read_text())
    assert set(noted) == {"0", "1"}
    best = max(noted.values(), key=lambda epoch: epoch["scenes"]["srcc"])
    assert results["oracle"]["srcc"] == best["scenes"]["srcc"]
    low, high = results["srcc_interval"]
    assert low <= results["srcc"] <= high
    noted["0"]["scenes"]["srcc"] = None  # of an epoch whose scores are all equal
    (tmp_path / "run" / "epochs_on_targets.json").write_text(json.dumps(noted))
    (tmp_path / "run" / "stages" / "evaluate.json").unlink()
    run(plan)
    results = json.loads((tmp_path / "run" / "results.json").read_text())["scenes"]
    assert results["oracle"]["epoch"] == 1


def test_training_set_takes_types_levels_and_refits_when_asked(data):
    paths = {"samples": str(data / "samples.csv"), "references": str(data / "references")}
    source = {**paths, "types": (1,), "levels": (1, 5)}
    found = training_set(recipe(data, "out", training_set=source))
    assert len(found.references) == 4
    assert set(found.originals["type"]) == {1}
    assert set(found.labelled["type"]) == {1, 10}  # pseudo-labels may borrow from all
    assert found.originals["quality"].max() < 10
    refitted = training_set(recipe(data, "out", training_set={**source, "label_scale": "subset"}))
    assert (refitted.originals["quality"].min(), refitted.originals["quality"].max()) == pytest.approx((0.0, 10.0))
    assert refitted.labelled.table.equals(found.labelled.table)


def test_a_bad_training_picture_is_set_aside_and_the_run_goes_on(data, tmp_path):
    shutil.copytree(data, tmp_path / "data")
    rows = Samples.read(data / "samples.csv")
    paths = [path.replace(str(data), str(tmp_path / "data")) for path in rows["path"]]
    rows.with_column("path", paths).write(tmp_path / "data" / "samples.csv")
    broken = rows.ids[3]
    (tmp_path / "data" / "distorted" / f"{broken}.png").write_bytes(b"no picture")
    run(recipe(tmp_path / "data", tmp_path / "run", train={"epochs": 1, "batch_size": 8}))
    assert broken in (tmp_path / "run" / "rejected.csv").read_text()
    clusters = Samples.read(tmp_path / "run" / "clusters.parquet")
    assert len(clusters) == 23
    assert broken not in clusters.ids


def test_databases_by_name_from_training_to_the_protocol(data, tmp_path):
    """KADID-10k's training part and LIVE Challenge's scores, from folders laid out as the downloads are."""
    rows = Samples.read(data / "samples.csv")
    lines = ["dist_img,ref_img,dmos,var"]
    (tmp_path / "kadid" / "images").mkdir(parents=True)
    for name, path, quality in zip(rows.ids, rows["path"], rows["quality"], strict=True):
        kadid = f"I{name[1:]}.png"  # s00_01_01 -> I00_01_01
        lines.append(f"{kadid},{kadid[:3]}.png,{1 + quality * 0.393},0.5")
        link(Path(path), tmp_path / "kadid" / "images" / kadid)
    for number in range(4):
        link(data / "references" / f"s{number:02d}.png", tmp_path / "kadid" / "images" / f"I{number:02d}.png")
    (tmp_path / "kadid" / "dmos.csv").write_text("\n".join(lines))
    layouts.livec(tmp_path / "livec", small("livec"), StandIns(tmp_path / "stand-ins", (160, 120)))
    for number, path in enumerate(sorted((tmp_path / "livec" / "Images").glob("*.*"))):
        path.unlink()
        path.write_bytes((data / "target" / f"s{number:02d}.png").read_bytes())
    kadid, livec = ({"database": name, "root": str(tmp_path / name)} for name in ("kadid", "livec"))
    plan = recipe(
        data,
        tmp_path / "run",
        training_set={**kadid, "split": 0, "types": "dgqa-livec"},
        train={"epochs": 1, "batch_size": 8},
        targets=[{"name": "kadid", **kadid, "split": 0}, {"name": "livec", **livec, "input_size": "shorter-96"}],
    )
    summaries = run(plan)
    assert summaries["features"]["references"] == 3  # of the training part alone
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert results["kadid"]["n"] == 6
    assert results["kadid"]["protocol"].startswith(
        "KADID-10k, labels mos, pictures native, test part of split 0, input native, random crops"
    )
    assert results["livec"]["n"] == 3
    assert results["livec"]["protocol"].startswith("LIVE Challenge, labels mos, pictures native, input shorter-96, ")
    held_out = Samples.read(tmp_path / "run" / "predictions" / "kadid.parquet")["reference"].tolist()
    assert not set(held_out) & set(Samples.read(tmp_path / "run" / "samples.parquet")["reference"].tolist())


def test_a_target_that_training_sees_is_refused_unless_allowed(data, tmp_path):
    (tmp_path / "t").mkdir()
    seen = [data / "references" / "s01.png", data / "pool" / "s02.png"]
    for number, path in enumerate(seen):
        (tmp_path / "t" / f"{number}.png").write_bytes(path.read_bytes())
        samples_from_folder(tmp_path / "t").with_column("quality", [5.0 - n for n in range(number + 1)]).write(
            tmp_path / "t.csv"
        )
    targets = [{"name": "seen", "samples": str(tmp_path / "t.csv")}]
    with pytest.raises(InputError, match=r"target seen shares 2 byte-identical files with the training set, first"):
        run(recipe(data, tmp_path / "run", targets=targets))
    assert not (tmp_path / "run").exists()
    rows = Samples.read(data / "target.csv").with_column("reference", ["s00.png", "b", "c", "d", "e"])
    rows.write(tmp_path / "r.csv")
    targets = [{"name": "seen", "samples": str(tmp_path / "r.csv")}]
    with pytest.raises(InputError, match=r"target seen shares 1 references with the training set, first s00\.png"):
        run(recipe(data, tmp_path / "run", targets=targets))
    plan = recipe(data, tmp_path / "run", targets=targets, evaluation={"leakage": "allow"}, train={"epochs": 1})
    assert run(plan)["evaluate"]["seen"]["srcc"] is not None


def test_a_run_folder_may_be_moved(data, finished, tmp_path):
    folder, summaries = finished
    shutil.copytree(folder, tmp_path / "moved")
    again = run(recipe(data, tmp_path / "moved"))
    assert {**again, "report": ""} == {**summaries, "report": ""}


def test_types_that_cannot_be_made_are_refused_at_once(data, tmp_path, monkeypatch):
    from syndr.distort import TYPES

    monkeypatch.delitem(TYPES, 10)
    with pytest.raises(InputError, match="distortion types 10 cannot be synthesized"):
        run(recipe(data, tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_the_network_of_type_15_belongs_to_a_run_that_uses_it(data, tmp_path, own_dncnn):
    rows = Samples.read(data / "samples.csv")
    rows.with_column("type", [{1: 15}.get(kind, kind) for kind in rows["type"]]).write(tmp_path / "with_15.csv")
    source = {"samples": str(tmp_path / "with_15.csv"), "references": str(data / "references")}
    shipped = recipe(data, tmp_path / "run", training_set=source)
    own = recipe(data, tmp_path / "run", training_set=source, distort={"dncnn_weights": str(own_dncnn)})
    Stages(shipped.output, _identity(shipped, training_set(shipped), samples_from_folder(data / "pool"), {}))
    with pytest.raises(StoreError, match=r"another run \(other inputs\)"):
        run(own)
    without = recipe(data, tmp_path / "run", training_set={**source, "types": (10,)})
    assert "dncnn" not in _identity(without, training_set(without), None, {})["inputs"]


def test_a_network_that_is_not_there_is_refused_at_once(data, tmp_path):
    with pytest.raises(InputError, match=r"gone\.pth: no such weights file"):
        run(recipe(data, tmp_path / "run", distort={"dncnn_weights": str(tmp_path / "gone.pth")}))
    assert not (tmp_path / "run").exists()


def test_a_device_that_is_not_there_is_refused_at_once(data, tmp_path):
    with pytest.raises(InputError, match="device 'abacus' cannot be used here"):
        run(recipe(data, tmp_path / "run", device="abacus"))


def test_unusable_inputs_are_named(data, tmp_path):
    paths = {"samples": str(data / "samples.csv"), "references": str(data / "references")}
    with pytest.raises(InputError, match=r"released-74.* KADID-10k"):
        training_set(recipe(data, "out", training_set={**paths, "reference_list": "released-74"}))
    with pytest.raises(InputError, match="no row of the types"):
        training_set(recipe(data, "out", training_set={**paths, "types": (25,)}))
    Samples.from_columns(id=["a"], path=["a.png"], quality=[11.0]).write(tmp_path / "high.csv")
    with pytest.raises(LabelRangeError, match=r"high\.csv: .*0\.\.10, first a = 11"):
        run(recipe(data, tmp_path / "run", targets=[{"name": "scenes", "samples": str(tmp_path / "high.csv")}]))


def test_every_candidate_can_be_taken(data, tmp_path):
    for number, path in enumerate(write_scenes(tmp_path / "scenes", 2, first_seed=50)):
        link(path, tmp_path / "pool" / f"new{number}.png")
    pool, quick = {"images": str(tmp_path / "pool")}, {"epochs": 1, "batch_size": 8, "max_rows": 8}
    summaries = run(recipe(data, tmp_path / "run", pool=pool, select={"method": "all"}, train=quick))
    assert summaries["select"] == {"counts": {"selected": 2}}
    assert summaries["synthesize"] == {"originals": 24, "pseudo": 2 * 6}
    assert "takes every candidate" in (tmp_path / "run" / "report.html").read_text()


def test_runs_share_features_and_a_quick_look_trains_on_a_draw(data, finished, tmp_path):
    features = {"backbone": "efficientnet_lite0", "batch_size": 4, "folder": str(tmp_path / "features")}
    quick = {"epochs": 1, "batch_size": 8, "max_rows": 10}
    changes = {"features": features, "train": quick, "evaluation": {"max_images": 4}}
    summaries = run(recipe(data, tmp_path / "one", **changes))
    assert summaries["select"] == finished[1]["select"]
    stores = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "features").glob("*-*")}
    assert len(stores) == 2
    assert not (tmp_path / "one" / "features").exists()
    other = run(recipe(data, tmp_path / "two", **changes, seed=1))
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "features").glob("*-*")} == stores
    for each in (summaries, other):
        assert each["train"]["laid_out"] == each["synthesize"]["originals"] + each["synthesize"]["pseudo"]
        assert each["train"]["rows"] == 10
    result = json.loads((tmp_path / "one" / "results.json").read_text())["scenes"]
    assert result["n"] == 4
    assert "only 4 of 5 pictures drawn" in result["protocol"]


def test_the_index_bug_needs_the_list_that_it_shifts(data):
    with pytest.raises(InputError, match="index_bug needs training_set.reference_list = 'released-74'"):
        recipe(data, "out", downsample={"index_bug": True})
