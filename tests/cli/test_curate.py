import csv

import numpy as np
import pytest
from pictures import write_scenes

from syndr import DDCUp, DRCDown
from syndr.features import FeatureStore
from syndr.samples import Samples


@pytest.fixture
def embeddings(tmp_path):
    """Three tight clusters of 60, 30 and 10 rows, as .npy with labels."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(3, 16))
    X = np.repeat(centres, (60, 30, 10), axis=0) + rng.normal(scale=0.01, size=(100, 16))
    np.save(tmp_path / "x.npy", X.astype(np.float32))
    np.save(tmp_path / "y.npy", np.linspace(5, 5.5, 100))
    return tmp_path


def test_downsample_is_the_library(syndr, embeddings):
    out = embeddings / "thinned.csv"
    result = syndr("downsample", embeddings / "x.npy", "--labels", embeddings / "y.npy", "-o", out, "--json").json
    expected = DRCDown().fit(np.load(embeddings / "x.npy"), np.load(embeddings / "y.npy"))
    table = Samples.read(out)
    assert result["kept"] == len(expected.sample_indices_) == 30 + 20 + 10
    assert np.flatnonzero(table["kept"].astype(bool)).tolist() == expected.sample_indices_.tolist()
    assert table["cluster"].tolist() == expected.labels_.tolist()


def test_downsample_tells_people_the_same(syndr, embeddings):
    ended = syndr("downsample", embeddings / "x.npy", "-o", embeddings / "t.csv", "--rule", "paper", "--seed", 3)
    assert ended.code == 0
    assert "kept 70 of 100 rows in 3 clusters; dropped 30" in ended.out


def test_downsample_by_a_search_that_may_miss_says_its_recall(syndr, embeddings):
    pytest.importorskip("faiss", reason="the extra faiss is not installed")
    command = ("downsample", embeddings / "x.npy", "-o", embeddings / "t.csv", "--search", "faiss-ivf")
    ended = syndr(*command)
    assert ended.code == 0
    assert "search: faiss-ivf may miss pairs; estimated recall 1.0000 (95% interval 1.0000 to 1.0000; " in ended.out
    found = syndr(*command, "--json").json["search"]
    assert found["recall"]["estimate"] == 1
    assert found["parameters"]["nprobe"] >= 1
    assert not found["exact"]


def test_downsample_chooses_a_search_and_says_why(syndr, embeddings):
    ended = syndr("downsample", embeddings / "x.npy", "-o", embeddings / "t.csv", "--search", "auto")
    assert "search: the exact CPU engine, as " in ended.out
    ended = syndr("downsample", embeddings / "x.npy", "-o", embeddings / "t.csv", "--search", "exact")
    assert "search:" not in ended.out
    ended = syndr("downsample", embeddings / "x.npy", "-o", embeddings / "t.csv", "--search", "annoy")
    assert ended.code != 0
    assert "no search backend 'annoy'; there are auto, exact, " in ended.err


def test_downsample_sets_bad_rows_aside(syndr, embeddings):
    X = np.load(embeddings / "x.npy")
    X[4], X[7, 2] = 0, np.nan
    np.save(embeddings / "x.npy", X)
    ended = syndr("downsample", embeddings / "x.npy", "-o", embeddings / "t.csv", "--json")
    assert ended.json["set_aside"] == 2
    with (embeddings / "t.csv.rejected.csv").open(newline="") as file:
        assert [row["id"] for row in csv.DictReader(file)] == ["4", "7"]
    table = Samples.read(embeddings / "t.csv")
    assert table["kept"].astype(bool).sum() == ended.json["kept"]
    assert not table["kept"][4]


def test_labels_from_a_table_meet_features_by_id(syndr, tmp_path):
    rng = np.random.default_rng(1)
    X = np.repeat(rng.normal(size=(1, 8)), 50, axis=0) + rng.normal(scale=1e-3, size=(50, 8))
    ids = [f"img{row}" for row in range(50)]
    FeatureStore.create(tmp_path / "store", Samples.from_columns(id=ids), X.astype(np.float32))
    quality = np.where(np.arange(50) < 25, 1.0, 9.0)
    shuffled = rng.permutation(50)
    Samples.from_columns(id=[ids[row] for row in shuffled], quality=quality[shuffled]).write(tmp_path / "labels.csv")
    result = syndr(
        "downsample", tmp_path / "store", "--labels", tmp_path / "labels.csv", "-o", tmp_path / "t.csv", "--json"
    ).json
    assert result["clusters"] == 2  # alike in features, apart in labels
    table = Samples.read(tmp_path / "t.csv")
    assert table.ids == ids
    assert len(set(table["cluster"][:25])) == 1


def test_an_output_that_is_a_folder_is_refused_before_the_work(syndr, embeddings, tmp_path):
    (tmp_path / "t.csv").mkdir()
    ended = syndr("downsample", embeddings / "x.npy", "-o", tmp_path / "t.csv")
    assert ended.code == 2
    assert "is a directory" in ended.err
    assert list(tmp_path.glob("*.csv")) == [tmp_path / "t.csv"]


def test_select_is_the_library(syndr, tmp_path):
    rng = np.random.default_rng(2)
    references, candidates = np.abs(rng.normal(size=(20, 12))), np.abs(rng.normal(size=(60, 12)))
    np.save(tmp_path / "r.npy", references)
    np.save(tmp_path / "c.npy", candidates)
    result = syndr(
        "select",
        "--references",
        tmp_path / "r.npy",
        "--candidates",
        tmp_path / "c.npy",
        "-o",
        tmp_path / "s.csv",
        "--json",
    ).json
    expected = DDCUp().select(references, candidates)
    assert result["counts"]["selected"] == len(expected.indices) > 0
    table = Samples.read(tmp_path / "s.csv")
    assert np.flatnonzero(table["reason"] == "selected").tolist() == expected.indices.tolist()
    assert result["lower"] == expected.lower


def test_select_none_is_a_result(syndr, tmp_path):
    rng = np.random.default_rng(3)
    np.save(tmp_path / "r.npy", np.abs(rng.normal(size=(10, 12))))
    ended = syndr(
        "select", "--references", tmp_path / "r.npy", "--candidates", tmp_path / "r.npy", "-o", tmp_path / "s.csv"
    )
    assert ended.code == 0
    assert "selected" in ended.out


def test_extract_select_synthesize_materialize(syndr, tmp_path):
    write_scenes(tmp_path / "train", 3, height=96, width=96)
    write_scenes(tmp_path / "pool", 4, first_seed=20, height=96, width=96)
    (tmp_path / "pool" / "broken.png").write_bytes(b"\x89PNG broken")
    for name in ("train", "pool"):
        ended = syndr(
            "extract",
            tmp_path / name,
            "-o",
            tmp_path / f"{name}.features",
            "--backbone",
            "efficientnet_lite0",
            "--json",
        )
        assert ended.code == 0
        assert ended.json["dims"] == 1280
    assert ended.json["rejected"] == 1
    assert "1 pictures set aside" in ended.err
    originals = Samples.from_columns(
        id=[f"o{n}" for n in range(6)],
        reference=["s00.png", "s01.png", "s02.png"] * 2,
        type=[10] * 6,
        level=[1] * 3 + [5] * 3,
        quality=[9.0, 8.0, 7.0, 3.0, 2.0, 1.0],
    )
    originals.write(tmp_path / "originals.csv")
    pool = tmp_path / "pool"
    (pool / "broken.png").unlink()
    result = syndr(
        "synthesize", pool, "-o", tmp_path / "rows.parquet", "--types", "10", "--levels", "1,5",
        "--originals", tmp_path / "originals.csv", "--reference-features", tmp_path / "train.features",
        "--features", tmp_path / "pool.features", "--materialize", "png", "--json",
    ).json  # fmt: skip
    assert result["pictures"] == 8
    rows = Samples.read(tmp_path / "rows.parquet")
    assert sorted(path.name for path in (tmp_path / "rows").glob("*.png")) == sorted(rows["file_name"])
    metadata = Samples.read(tmp_path / "rows" / "metadata.csv")
    assert metadata["file_name"].tolist() == rows["file_name"].tolist()
    assert set(metadata.table.column_names) == set(rows.table.column_names) - {"path"}
    mild, strong = (rows["quality"][rows["level"] == level] for level in (1, 5))
    assert (mild > strong).all()
    assert all(name for name in rows["neighbours"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--types", "0"], "--types must lie in 1..25"),
        (["--types", "a"], "numbers separated by commas"),
        (["--types", "10", "--levels", "6"], "--levels must lie in 1..5"),
        (["--types", "10", "--originals", __file__], "go together"),
        (["--types", "2,26"], "must lie in 1..25"),
        (["--types", "1,1"], "--types names a number twice: 1,1"),
        (["--types", "1", "--levels", "1,3,3"], "--levels names a number twice: 1,3,3"),
    ],
)
def test_synthesize_refuses(syndr, tmp_path, options, message):
    write_scenes(tmp_path / "pool", 1)
    ended = syndr("synthesize", tmp_path / "pool", "-o", tmp_path / "rows.csv", *options)
    assert ended.code == 2
    assert message in ended.err


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (None, "x.npy: pseudo-labels need features with ids; give a feature store, .npz or .parquet"),
        (["s00.png", "other"], "x.npz: no features for 1 of the pictures, first ['s01.png']; extract them"),
    ],
)
def test_pseudo_labels_need_the_features_of_each_picture(syndr, tmp_path, ids, message):
    write_scenes(tmp_path / "pool", 2)
    rows, path = np.ones((2, 4)), tmp_path / ("x.npy" if ids is None else "x.npz")
    if ids is None:
        np.save(path, rows)
    else:
        np.savez(path, ids=np.array(ids), features=rows)
    Samples.from_columns(id=["o"], reference=["other"], type=[1], level=[1], quality=[5.0]).write(tmp_path / "o.csv")
    ended = syndr(
        "synthesize", tmp_path / "pool", "-o", tmp_path / "rows.csv", "--types", "1",
        "--originals", tmp_path / "o.csv", "--reference-features", path, "--features", path,
    )  # fmt: skip
    assert ended.code == 2
    assert message in ended.err
    assert not (tmp_path / "rows.csv").exists()


def test_own_weights_for_type_15(syndr, tmp_path, own_dncnn):
    write_scenes(tmp_path / "pool", 1, height=64, width=64)
    command = ["synthesize", tmp_path / "pool", "--types", "15", "--levels", "3", "--materialize", "png"]
    for name, options in (("shipped", []), ("own", ["--dncnn-weights", own_dncnn])):
        assert syndr(*command, "-o", tmp_path / f"{name}.csv", *options).code == 0
    shipped, own = ((tmp_path / name / "s00_15_03.png").read_bytes() for name in ("shipped", "own"))
    assert shipped != own
    refused = syndr(*command, "-o", tmp_path / "shipped.csv", "--dncnn-weights", own_dncnn)
    assert refused.code == 1
    assert "another network for type 15" in refused.err
    wrong = syndr(*command, "-o", tmp_path / "wrong.csv", "--dncnn-weights", __file__)
    assert wrong.code == 2
    assert "cannot be read as weights" in wrong.err


def test_features_know_the_network_of_type_15(syndr, tmp_path, own_dncnn):
    write_scenes(tmp_path / "pool", 1, height=64, width=64)
    assert (
        syndr("synthesize", tmp_path / "pool", "-o", tmp_path / "rows.csv", "--types", "15", "--levels", "3").code == 0
    )
    command = ["extract", tmp_path / "rows.csv", "-o", tmp_path / "rows.features", "--backbone", "efficientnet_lite0"]
    assert syndr(*command).code == 0
    assert syndr(*command).code == 0
    refused = syndr(*command, "--dncnn-weights", own_dncnn)
    assert refused.code == 1
    assert "dncnn=sha256" in refused.err


def test_materializing_nothing_is_an_error(syndr, tmp_path):
    from PIL import Image

    (tmp_path / "pool").mkdir()
    Image.new("RGB", (64, 64), "grey").save(tmp_path / "pool" / "flat.png")
    ended = syndr("synthesize", tmp_path / "pool", "-o", tmp_path / "r.csv", "--types", "1", "--materialize", "png")
    assert ended.code == 2
    assert "none of the 3 pictures could be made" in ended.err


def test_labels_outside_their_range_are_refused_and_a_range_maps_them(syndr, embeddings):
    np.save(embeddings / "y.npy", np.linspace(0, 100, 100))
    arguments = [
        "downsample",
        embeddings / "x.npy",
        "--labels",
        embeddings / "y.npy",
        "-o",
        embeddings / "t.csv",
        "--json",
    ]
    ended = syndr(*arguments)
    assert ended.code == 2
    assert "90 labels lie outside the declared range 0..10" in ended.err
    assert syndr(*arguments, "--label-range", "0,100").json["rows"] == 100
    assert "two numbers" in syndr(*arguments, "--label-range", "high").err
    (embeddings / "y.npy").write_bytes(b"junk")
    assert syndr(*arguments).code == 2


def test_a_clean_run_leaves_no_list_of_rejected_rows(syndr, embeddings):
    stale = embeddings / "t.csv.rejected.csv"
    stale.write_text("of an earlier run")
    syndr("downsample", embeddings / "x.npy", "-o", embeddings / "t.csv")
    assert not stale.exists()


def test_only_the_clusters_shown_are_measured_and_none_that_is_large(syndr, embeddings, monkeypatch):
    from syndr.cli import thin
    from syndr.search import ExactSearch

    measured = []
    diameters = ExactSearch.diameters

    def watched(self, rows, *arguments):
        measured.append(len(rows))
        return diameters(self, rows, *arguments)

    monkeypatch.setattr(ExactSearch, "diameters", watched)
    monkeypatch.setattr(thin, "MEASURED_MEMBERS", 59)
    rng = np.random.default_rng(8)
    X = np.vstack([np.load(embeddings / "x.npy"), rng.normal(size=(20, 16))])  # twenty clusters of one
    np.save(embeddings / "x.npy", X)
    ended = syndr("downsample", embeddings / "x.npy", "-o", embeddings / "t.csv")
    assert measured == [30, 10, 1, 1]
    assert "not measured: more than 59" in " ".join(ended.out.split())
    assert "inner distances: 5 done" in ended.err
    found = DRCDown().fit(X).result_
    assert [found.inner_distance(cluster) for cluster in range(3)] == pytest.approx(found.largest_distance[:3])


def test_a_table_s_labels_go_by_row_number_where_the_features_have_no_ids(syndr, tmp_path, rng):
    np.save(tmp_path / "x.npy", np.ones((40, 4)) + rng.normal(scale=1e-3, size=(40, 4)))
    labels, order = np.repeat([1.0, 9.0], 20), rng.permutation(40)
    command = ["downsample", tmp_path / "x.npy", "--labels", tmp_path / "y.csv", "-o", tmp_path / "t.csv", "--json"]
    Samples.from_columns(id=[str(row) for row in order], quality=labels[order]).write(tmp_path / "y.csv")
    assert syndr(*command).json["clusters"] == 2
    assert Samples.read(tmp_path / "t.csv")["cluster"].tolist() == [0] * 20 + [1] * 20
    Samples.from_columns(id=[f"image {row}" for row in range(40)], quality=labels).write(tmp_path / "y.csv")
    ended = syndr(*command)
    assert ended.code == 2
    assert "row numbers from 0 where the features have none" in ended.err


@pytest.mark.parametrize("label_range", ["10,0", "5,5", "nan,10", "0,inf"])
def test_a_range_of_labels_must_rise(syndr, embeddings, label_range):
    ended = syndr(
        "downsample", embeddings / "x.npy", "--labels", embeddings / "y.npy", "--label-range", label_range,
        "-o", embeddings / "t.csv",
    )  # fmt: skip
    assert ended.code == 2
    assert "--label-range must rise" in ended.err


def test_a_folder_with_metadata_has_the_ids_that_extract_gives_it(syndr, tmp_path):
    from syndr.images import open_pictures
    from syndr.inputs import table_or_folder

    write_scenes(tmp_path / "pool", 2)
    (tmp_path / "pool" / "metadata.csv").write_text("file_name,id\ns00.png,first\ns01.png,second\n")
    assert table_or_folder(tmp_path / "pool").ids == open_pictures(tmp_path / "pool").samples.ids == ["first", "second"]
    Samples.from_columns(id=["second"]).write(tmp_path / "only.csv")
    out = tmp_path / "rows.csv"
    ended = syndr("synthesize", tmp_path / "pool", "-o", out, "--types", "1", "--only", tmp_path / "only.csv")
    assert ended.code == 0, ended.err
    assert set(Samples.read(out)["reference"]) == {"second"}


@pytest.mark.parametrize(
    "columns", [{}, {"kept": [True, False]}, {"reason": ["selected", "similar to another candidate"]}]
)
def test_only_means_the_same_to_synthesize_and_to_store_select(syndr, tmp_path, columns):
    write_scenes(tmp_path / "pool", 2)
    names, table = ["s00.png", "s01.png"], tmp_path / "only.csv"
    FeatureStore.create(tmp_path / "store", Samples.from_columns(id=names), np.ones((2, 3), np.float32))
    Samples.from_columns(id=names, **columns).write(table)
    options = ["--only", table, "-o"]
    assert syndr("store", "select", tmp_path / "store", *options, tmp_path / "part").code == 0
    assert syndr("synthesize", tmp_path / "pool", "--types", "1", *options, tmp_path / "rows.csv").code == 0
    chosen = names[:1] if columns else names
    assert FeatureStore.open(tmp_path / "part").ids == chosen
    assert sorted(set(Samples.read(tmp_path / "rows.csv")["reference"])) == chosen


def test_features_that_change_meanwhile_are_noticed_before_anything_is_written(syndr, embeddings, monkeypatch):
    fit = DRCDown.fit

    def while_someone_writes(self, X, *rest, **more):
        fit(self, X, *rest, **more)
        np.save(embeddings / "x.npy", np.array(X)[::-1])

    monkeypatch.setattr(DRCDown, "fit", while_someone_writes)
    ended = syndr("downsample", embeddings / "x.npy", "-o", embeddings / "t.csv")
    assert ended.code == 2
    assert "x.npy: changed while it was read; nothing was written" in ended.err
    assert not (embeddings / "t.csv").exists()


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "'=1+1", "＝1", "plain", "a=1"]


def test_a_table_for_spreadsheets_holds_no_formula(syndr, tmp_path):
    rng = np.random.default_rng(3)
    X = rng.normal(size=(len(FORMULAS), 6)).astype(np.float32)
    X[-1] = 0
    FeatureStore.create(tmp_path / "store", Samples.from_columns(id=FORMULAS), X)
    plain, safe = tmp_path / "plain.csv", tmp_path / "safe.csv"
    assert syndr("downsample", tmp_path / "store", "-o", plain).code == 0
    assert syndr("downsample", tmp_path / "store", "-o", safe, "--spreadsheet-safe").code == 0
    assert Samples.read(plain).ids == FORMULAS, "a table for machines is as it is"
    marked = Samples.read(safe)
    assert marked.ids == [*(f"'{text}" for text in FORMULAS[:7]), "plain", "a=1"]
    assert marked["cluster"].tolist() == Samples.read(plain)["cluster"].tolist()
    with (tmp_path / "safe.csv.rejected.csv").open(newline="") as file:
        assert [row["id"] for row in csv.DictReader(file)] == ["a=1"]


def test_a_table_for_spreadsheets_is_csv(syndr, embeddings):
    ended = syndr("downsample", embeddings / "x.npy", "--spreadsheet-safe", "-o", embeddings / "t.parquet")
    assert ended.code == 2
    assert "--spreadsheet-safe is for .csv" in ended.err
    assert not (embeddings / "t.parquet").exists()
