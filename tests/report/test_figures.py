"""The paper's figures as files."""

from __future__ import annotations

import json

import numpy as np
import pytest
from pictures import write_scenes

from syndr.errors import InputError
from syndr.samples import Samples

pytest.importorskip("matplotlib")

from syndr.report.figures import (
    qualitative_figure,
    representation_figure,
    save_figure,
    trainings_figure,
)

KINDS = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}


@pytest.fixture(scope="module")
def labelled():
    draw = np.random.default_rng(0)
    samples = Samples.from_columns(
        id=[f"s{row}" for row in range(30)],
        reference=[f"r{row % 3}" for row in range(30)],
        type=[1 + row % 5 for row in range(30)],
        quality=draw.uniform(0, 10, 30),
    )
    return draw.normal(size=(30, 6)).astype(np.float32), samples


@pytest.fixture(scope="module")
def predictions(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    write_scenes(folder, 5, height=40, width=50)
    paths = sorted(str(path) for path in folder.iterdir() if path.suffix == ".png")[:5]
    return Samples.from_columns(
        id=["a", "b", "c", "d", "e"],
        path=[*paths[:4], str(folder / "absent.png")],
        quality=[7.5, 1.25, 4.0, None, 9.0],
        prediction=[6.25, 2.5, 4.5, 5.0, 8.0],
    )


def titles(figure):
    return [axis.get_title() for axis in figure.axes if axis.get_title()]


def test_one_representation_in_three_colourings(labelled):
    figure = representation_figure(*labelled, method="pca")
    assert titles(figure) == ["(a) quality (MOS, 0–10)", "(b) reference image", "(c) distortion type"]
    assert figure.get_supxlabel().startswith("PCA")
    quality, reference, kind = (axis.collections[0] for axis in figure.axes[:3])
    assert np.asarray(quality.get_array()) == pytest.approx(labelled[1]["quality"])
    for points, column in ((reference, "reference"), (kind, "type")):
        colours = [tuple(colour) for colour in points.get_facecolors()]
        of_class = {}
        for value, colour in zip(labelled[1][column], colours, strict=True):
            of_class.setdefault(value, set()).add(colour)
        assert all(len(found) == 1 for found in of_class.values())
        assert len(set.union(*of_class.values())) == len(of_class)


def test_several_trainings_side_by_side(labelled):
    features, samples = labelled
    figure = trainings_figure(
        [features, -features, features], ["target", "DGQA", "ours"], samples["quality"], method="pca"
    )
    assert titles(figure) == ["(a) target", "(b) DGQA", "(c) ours"]
    with pytest.raises(InputError, match="as many names"):
        trainings_figure([features], ["a", "b"], samples["quality"])
    with pytest.raises(InputError, match="DGQA: 29 rows of features for 30"):
        trainings_figure([features, features[1:]], ["a", "DGQA"], samples["quality"])


def test_pictures_rise_with_their_human_scores(predictions):
    figure = qualitative_figure(predictions, clip_iqa=False)
    assert titles(figure) == ["1.25\n2.50", "4.00\n4.50", "7.50\n6.25"]  # no label, no file: not shown
    assert "CLIP-IQA's scores are left out" in figure.get_supxlabel()
    given = predictions.with_column("clip_iqa", [5.0, 6.0, 7.0, 8.0, 9.0])
    assert titles(qualitative_figure(given))[0] == "1.25\n2.50\n6.00"
    assert len(titles(qualitative_figure(given, count=2))) == 1  # the best of all cannot be read


def test_without_pyiqa_and_torchmetrics_clip_iqa_is_left_out_and_said(predictions, monkeypatch):
    monkeypatch.setattr("syndr.report.figures.clip_iqa.find_spec", lambda name: None)
    figure = qualitative_figure(predictions)
    assert titles(figure)[0] == "1.25\n2.50"
    assert "neither pyiqa nor torchmetrics is installed" in figure.get_supxlabel()


@pytest.mark.parametrize("suffix", KINDS)
def test_files_are_of_their_kind_and_the_same_each_time(labelled, tmp_path, suffix):
    written = []
    for name in ("first", "second"):
        save_figure(representation_figure(*labelled, method="pca"), tmp_path / f"{name}{suffix}")
        written.append((tmp_path / f"{name}{suffix}").read_bytes())
    assert written[0].startswith(KINDS[suffix])
    assert written[0] == written[1]


def test_what_is_missing_is_said(labelled, predictions, tmp_path):
    features, samples = labelled
    with pytest.raises(InputError, match="samples' quality, type"):
        representation_figure(features, samples.columns("id", "reference"))
    with pytest.raises(InputError, match="29 rows of features for 30 samples"):
        representation_figure(features[1:], samples)
    with pytest.raises(InputError, match="predictions' prediction"):
        qualitative_figure(predictions.columns("id", "path", "quality"))
    with pytest.raises(InputError, match="none of the pictures with a human score and a prediction can be read"):
        qualitative_figure(predictions.take(np.array([4])))
    with pytest.raises(InputError, match=r"written as \.png, \.svg, \.pdf"):
        save_figure(representation_figure(features, samples, method="pca"), tmp_path / "figure.jpg")


def test_the_command_line_draws_them_by_id(labelled, predictions, tmp_path, monkeypatch, capsys):
    from syndr.cli import main

    def syndr(*arguments):
        monkeypatch.setattr("sys.argv", ["syndr", "figure", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, *capsys.readouterr()

    features, samples = labelled
    samples.take(np.arange(30)[::-1]).write(tmp_path / "labels.parquet")
    np.savez(tmp_path / "x.npz", ids=np.array(samples.ids), features=features)
    np.savez(tmp_path / "y.npz", ids=np.array(samples.ids[::-1]), features=features[::-1])
    predictions.write(tmp_path / "p.parquet")
    options = ["--labels", tmp_path / "labels.parquet", "--places", "pca", "--json", "-o"]
    for number, inputs in (("1", ["x.npz"]), ("5", ["x.npz"]), ("3", ["x.npz", "y.npz"])):
        code, out, _ = syndr(number, *(tmp_path / name for name in inputs), *options, tmp_path / f"{number}.svg")
        assert code == 0
        assert json.loads(out)["note"].startswith("PCA")
    assert (tmp_path / "1.svg").read_bytes() == (tmp_path / "5.svg").read_bytes()
    code, out, _ = syndr("4", tmp_path / "p.parquet", "--no-clip-iqa", "-o", tmp_path / "4.png")
    assert code == 0
    assert (tmp_path / "4.png").read_bytes().startswith(KINDS[".png"])
    assert "one file or folder, not 2" in syndr("1", tmp_path / "x.npz", tmp_path / "y.npz")[2]
    assert "written as" in syndr("4", tmp_path / "p.parquet", "-o", tmp_path / "4.gif")[2]
    assert "give --labels" in syndr("1", tmp_path / "x.npz", "-o", tmp_path / "n.png")[2]
    np.save(tmp_path / "x.npy", features)
    np.save(tmp_path / "short.npy", features[1:])
    np.savez(tmp_path / "few.npz", ids=np.array(samples.ids[1:]), features=features[1:])
    samples.columns("id", "reference").write(tmp_path / "bare.parquet")
    for inputs, labels, message in (
        (["short.npy"], "labels.parquet", "has no ids and 29 rows"),
        (["x.npy", "short.npy"], "labels.parquet", "29 rows without ids for 30 samples"),
        (["x.npz", "few.npz"], "labels.parquet", "no features for 1 of the samples"),
        (["x.npz", "y.npz"], "bare.parquet", "needs a column 'quality'"),
    ):
        paths = [tmp_path / name for name in inputs]
        code, _, told = syndr("3", *paths, "--labels", tmp_path / labels, "--places", "pca", "-o", tmp_path / "n.png")
        assert code != 0
        assert message in " ".join(told.split())
