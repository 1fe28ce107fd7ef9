"""How a table is measured: candidates, missing databases, repetitions, interruptions, peers, the released bug."""

import json
import os
import re
import shutil
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from shared_data import shared

from syndr import pipeline
from syndr.errors import InputError, MissingExtraError
from syndr.features import import_features
from syndr.reproduce import TABLES, Options, reproduce
from syndr.reproduce.candidates import AUTHORS_CANDIDATES, choose_candidates
from syndr.reproduce.outcome import Measured, Outcome
from syndr.reproduce.plan import only
from syndr.reproduce.published import published_rows
from syndr.samples import Samples


def test_the_authors_selection_gives_their_432_pseudo_labels(root, tmp_path, monkeypatch):
    """With the authors' features: 24 of their 81 candidates, and 432 labelled pictures beside 2,430 originals."""
    data = np.load(shared("data/official_refset.npz"))
    features = {
        Path(name).stem: row
        for kind in ("train", "candidate")
        for name, row in zip(data[f"{kind}_names"].tolist(), data[f"{kind}_features"], strict=True)
    }

    def extracted(table, backbone, out, **_):
        out.parent.mkdir(parents=True, exist_ok=True)
        table.write(out.parent / "table.parquet")
        np.save(out.parent / "rows.npy", np.stack([features[name].ravel() for name in table.ids]))
        return import_features(out.parent / "rows.npy", out, out.parent / "table.parquet")

    monkeypatch.setattr(pipeline, "extract", extracted)
    outcome = reproduce("table1", Options(root, tmp_path, only=("bid", "syndr"), smoke=True))
    (entry,) = outcome.measured
    assert (entry.counts["selected"], entry.counts["originals"], entry.counts["pseudo"]) == (24, 2430, 432)
    assert (
        "2,430 originals + 432 pseudo-labelled, types dgqa-bid, 24 of 81 candidates (the authors' 81)" in entry.protocol
    )
    listed = Samples.read(tmp_path / "smoke" / "candidates-81.csv")
    assert listed.ids == list(AUTHORS_CANDIDATES)


def test_a_missing_database_is_named_and_the_rest_runs(root, tmp_path):
    for name in ("kadid10k", "bid"):
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data" / name).symlink_to(root / name)
    outcome = reproduce("table1", Options(tmp_path / "data", tmp_path / "out", smoke=True))
    assert [(entry.row, entry.target) for entry in outcome.measured] == [("baseline", "bid")]
    said = "\n".join(outcome.not_run)
    assert f"LIVE Challenge is not below {tmp_path / 'data'}: download it (LIVE, University of Texas at Austin" in said
    assert f"unpack it as {tmp_path / 'data' / 'livec'}, which will hold Data/AllImages_release.mat" in said
    assert "KonIQ-10k is not below" in said
    assert "KADIS-700k is not below" in said
    assert "SynDR-IQA: there is no candidate pool" in said
    assert "KonIQ-10k is not below" in (tmp_path / "out" / "table1-smoke.md").read_text()


def test_a_database_that_needs_a_package_is_named_and_the_rest_runs(root, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    outcome = reproduce("table1", Options(root, tmp_path, only=("livec", "bid", "baseline"), smoke=True))
    assert [entry.target for entry in outcome.measured] == ["livec"]
    assert any("BID" in reason and "syndr[spreadsheets]" in reason for reason in outcome.not_run)


def test_a_folder_that_cannot_be_read_is_named(root, tmp_path):
    (tmp_path / "data" / "ChallengeDB_release").mkdir(parents=True)  # found by its alias, but empty
    outcome = reproduce("table1", Options(tmp_path / "data", tmp_path / "out", only=("livec",), smoke=True))
    assert outcome.measured == ()
    assert any("Data/AllMOS_release.mat: missing" in reason for reason in outcome.not_run)
    assert any("KADID-10k is not below" in reason for reason in outcome.not_run)


def test_a_run_that_fails_is_said_and_the_rest_goes_on(root, tmp_path):
    """A target that shares its files with the training set fails; the other one is measured."""
    data = tmp_path / "data"
    shutil.copytree(root / "bid", data / "bid", copy_function=os.link)
    for path in (data / "bid" / "ImageDatabase").iterdir():
        path.unlink()
        os.link(root / "kadid10k" / "images" / "I01.png", path)
    for name in ("kadid10k", "livec"):
        (data / name).symlink_to(root / name)
    options = Options(data, tmp_path / "out", only=("livec", "bid", "baseline"), smoke=True)
    outcome = reproduce("table1", options)
    assert [entry.target for entry in outcome.measured] == ["livec"]
    assert (outcome.failures, outcome.done, outcome.cells) == (1, 2, 2)
    (said,) = [reason for reason in outcome.not_run if reason.startswith("baseline-to-bid-seed0: ")]
    assert "byte-identical files with the training set" in said


def test_an_interrupted_table_goes_on_where_it_stopped(root, tmp_path):
    """After Ctrl-C in the second run the first is not done again, and the table says that it is unfinished."""
    options = Options(root, tmp_path, only=("bid", "livec", "baseline"), smoke=True)

    def stop(stage, done, total):
        if (
            stage == "epochs"
            and (tmp_path / "table1-smoke.md").exists()
            and len(list((tmp_path / "runs").iterdir())) == 2
        ):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reproduce("table1", options, stop)
    assert "Unfinished: 1 of 2 runs are done" in (tmp_path / "table1-smoke.md").read_text()
    (first,) = (tmp_path / "runs").glob("baseline-to-livec-*/model.safetensors")
    before = first.stat().st_mtime_ns
    outcome = reproduce("table1", options)
    assert outcome.done == outcome.cells == 2
    assert first.stat().st_mtime_ns == before


def test_candidates_are_the_authors_or_a_nested_draw():
    def pool(names):
        return Samples.from_columns(id=names, path=[f"{name}.png" for name in names])

    others = [f"picture-{number:03d}" for number in range(200)]
    both = pool([*others, *AUTHORS_CANDIDATES])
    chosen, words = choose_candidates(both, 81, 0)
    assert (chosen.ids, words) == (list(AUTHORS_CANDIDATES), "the authors' 81")
    more, _ = choose_candidates(both, 150, 0)
    assert more.ids[:81] == list(AUTHORS_CANDIDATES)
    assert len(set(more.ids)) == 150
    drawn, words = choose_candidates(pool(others), 81, 0)
    assert "81 drawn from 200 pictures with seed 0" in words
    assert set(drawn.ids) < set(choose_candidates(pool(others), 120, 0)[0].ids)
    assert set(drawn.ids) == set(choose_candidates(pool(others[::-1]), 81, 0)[0].ids)
    assert choose_candidates(pool(others), 201, 0) is None
    assert len(choose_candidates(pool(others), None, 0)[0]) == 200


def test_seeds_give_a_mean_and_a_deviation_and_splits_a_median():
    table1, table3 = TABLES["table1"], TABLES["table3"]

    def entry(target, seed, split, value):
        return Measured("syndr", target, seed, split, {"srcc": value}, {}, "", "")

    def outcome(plan, *entries):
        return Outcome(plan, 1, 1, entries, (), 0, (), ())

    seeds = [entry(target.key, seed, None, 0.1 * seed) for target in table1.targets for seed in (1, 2, 6)]
    found = outcome(table1, *seeds)
    number = found.number("syndr", table1.targets[0], "srcc")
    assert (number.value, number.sd, number.runs) == pytest.approx((0.3, np.std([0.1, 0.2, 0.6], ddof=1), 3))
    assert found.average("syndr", "srcc").value == pytest.approx(0.3)
    assert outcome(table1, *seeds[:3]).average("syndr", "srcc") is None  # two targets are missing
    splits = outcome(table3, *(entry("kadid10k", 0, split, value) for split, value in enumerate((0.1, 0.2, 0.9))))
    assert splits.number("syndr", table3.targets[0], "srcc").value == pytest.approx(0.2)
    assert outcome(table1, entry("livec", 0, None, None)).number("syndr", table1.targets[0], "srcc") is None


def test_printed_averages_are_those_of_the_printed_numbers():
    """The paper's arithmetic, but for two sums it rounds otherwise: guards against slips in copying."""
    for name, plan in TABLES.items():
        for row in published_rows(name, len(plan.targets)):
            assert len(row.numbers) == len(plan.targets)
            for metric in range(2):
                values = [pair[metric] for pair in row.numbers]
                printed = row.average[metric] if row.average else None
                if printed is not None:
                    assert float(printed) == pytest.approx(np.mean([float(value) for value in values]), abs=0.004)


def test_options_that_do_not_fit_are_refused(root, tmp_path):
    with pytest.raises(
        InputError, match=r"table1 has no row nonsense; its rows are baseline, syndr, its targets livec"
    ):
        only(TABLES["table1"], ("nonsense",))
    with pytest.raises(InputError, match="seeds must be different"):
        Options(root, tmp_path, seeds=(1, 1))
    with pytest.raises(InputError, match="choose that preset too"):
        Options(root, tmp_path, released_index_bug=True)
    with pytest.raises(InputError, match="no table is called 'table7'"):
        reproduce("table7", Options(root, tmp_path))
    with pytest.raises(InputError, match="is no folder"):
        reproduce("table1", Options(tmp_path / "nowhere", tmp_path))


def test_the_released_preset_has_a_labelled_oracle_and_the_bug_by_name(smoke, out):
    outcome = smoke("table1", only=("livec", "syndr"), preset="released", released_index_bug=True)
    (entry,) = outcome.measured
    assert "RELEASED INDEX BUG" in entry.protocol
    assert entry.counts["originals"] == 2430  # the list that the bug reads from; the seven go while training
    page = (out / "table1-released-index-bug-smoke.md").read_text()
    assert "LIVEC SRCC (oracle: best epoch on the target)" in page
    assert "RELEASED INDEX BUG re-created on purpose" in page
    recipe = json.loads((Path(entry.run) / "recipe.json").read_text())
    assert recipe["downsample"]["index_bug"] is True


def _metric(score):
    """What pyiqa gives: a network with a direction. This one says that less is better."""
    import torch

    class Metric(torch.nn.Module):
        lower_better = True

        def forward(self, images):
            return score(images)

    return Metric()


def _brightness(images):
    return images.mean(dim=(1, 2, 3))[:, None]


def _too_small(images):
    raise ValueError("at least 10,000 pixels a side")


def test_peers_run_on_the_same_pictures_and_missing_weights_are_said(root, smoke, out, monkeypatch):
    pyiqa = ModuleType("pyiqa")
    pyiqa.__version__ = "0.1.x"

    def create_metric(name, device):
        if name == "clipiqa":
            raise OSError("no network")
        return _metric(_brightness if name == "niqe" else _too_small)

    pyiqa.create_metric = create_metric
    monkeypatch.setitem(sys.modules, "pyiqa", pyiqa)
    outcome = reproduce("table1", Options(root, out, only=("bid", "baseline"), smoke=True, peers=True))
    assert outcome.peers == (("pyiqa-niqe", "niqe of pyiqa (no opinion scores)"),)
    ours, theirs = outcome.measured
    assert theirs.metrics["n"] == ours.metrics["n"]
    reasons = (
        r"clipiqa of pyiqa \(zero-shot\): .*pyiqa cannot make it, or have its weights: no network",
        r"ilniqe of pyiqa \(.*\): .*it fails on a picture of \d+ x \d+ pixels: at least 10,000 pixels a side",
    )
    for reason in reasons:
        assert any(re.match(reason, said) for said in outcome.not_run), outcome.not_run
    tables = (Path(ours.run) / "predictions" / "bid.parquet", Path(theirs.run) / "predictions.parquet")
    mine, other = (Samples.read(path) for path in tables)
    assert mine.ids == other.ids
    assert (other["prediction"].astype(float) < 0).all()  # turned: higher is better
    assert "peer, measured" in (out / "table1-smoke.md").read_text()


def test_peers_need_pyiqa(root, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyiqa", None)
    with pytest.raises(MissingExtraError, match=r"syndr\[peers\]"):
        reproduce("table1", Options(root, tmp_path, smoke=True, peers=True))
