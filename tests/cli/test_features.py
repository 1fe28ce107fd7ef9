import numpy as np
import pytest
from pictures import write_scenes
from rich.console import Console

from syndr.cli.meter import Meter, meter
from syndr.features import FeatureStore, Manifest
from syndr.images import Rejected, read_rejected
from syndr.samples import Samples

LITE0 = ("--backbone", "efficientnet_lite0")


@pytest.fixture
def pool(tmp_path):
    write_scenes(tmp_path / "pool", 5, height=40, width=50)
    (tmp_path / "pool" / "broken.png").write_bytes(b"\x89PNG broken")
    return tmp_path / "pool"


def test_extract_says_what_it_did(syndr, pool, tmp_path):
    out = tmp_path / "out"
    ended = syndr("extract", pool, "-o", out, *LITE0, "--crop", 64, "--dtype", "float16", "--hash", "--json")
    assert ended.code == 0
    result = ended.json
    assert (result["store"], result["rows"], result["dims"], result["rejected"]) == (str(out), 5, 1280, 1)
    assert result["done_before"] == 0
    assert result["pictures_per_second"] == pytest.approx(6 / result["seconds"])
    assert "extract features: 6 of 6" in ended.err
    assert "1 set aside" in ended.err
    assert f"1 pictures set aside, see {out / 'rejected.csv'}" in ended.err
    store = FeatureStore.open(out)
    assert store.features.dtype == np.float16
    assert store.index["content_hash"].null_count == 0
    assert store.manifest.preprocess.startswith("center_crop=64 ")
    assert [entry.id for entry in read_rejected(out / "rejected.csv")] == ["broken.png"]
    again = syndr("extract", pool, "-o", out, *LITE0, "--crop", 64, "--dtype", "float16", "--hash", "--json")
    assert (again.json["rows"], again.json["done_before"], again.json["pictures_per_second"]) == (5, 6, None)


def test_extract_from_a_pattern(syndr, pool, tmp_path):
    ended = syndr("extract", f"{pool}/s0[12]*.png", "-o", tmp_path / "out", *LITE0, "--crop", 32, "--json")
    assert ended.code == 0
    assert FeatureStore.open(tmp_path / "out").ids == ["s01.png", "s02.png"]


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--max-rejected", "0"], 1, "stopped: 1 images could not be read, more than the 0 allowed"),
        (["--max-rejected", "10%"], 1, "stopped: 1 images"),
        (["--max-rejected", "many"], 2, "--max-rejected must be a number or a share"),
        (["--max-rejected", "101%"], 2, "must not be negative or above 100%"),
        (["--max-rejected", "-1"], 2, "must not be negative or above 100%"),
        (["--batch-size", "0"], 2, "must be at least 1"),
        (["--backbone", "nonsense"], 2, "no backbone is called 'nonsense'"),
    ],
)
def test_extract_stops(syndr, pool, tmp_path, options, code, message):
    ended = syndr("extract", pool, "-o", tmp_path / "out", *LITE0, "--crop", 32, *options)
    assert ended.code == code
    assert message in ended.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("most", ["1", "20%"])
def test_extract_goes_on_within_the_limit(syndr, pool, tmp_path, most):
    ended = syndr("extract", pool, "-o", tmp_path / "out", *LITE0, "--crop", 32, "--max-rejected", most, "--json")
    assert ended.json["rejected"] == 1


def test_where_there_are_no_pictures(syndr, tmp_path):
    ended = syndr("extract", tmp_path / "gone", "-o", tmp_path / "out", *LITE0)
    assert ended.code == 2
    assert "gone: no such file or folder" in ended.err


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_the_meter_tells_rate_time_left_and_what_is_set_aside():
    clock, seen = Clock(), []
    state = Meter(lambda state: seen.append(str(state)), clock)
    state.watch(Rejected("a", "", ""))  # of an earlier run
    state.progress("extract", 1000, 20_000)
    assert seen == ["1 set aside"]
    assert state.rate is None
    clock.now += 10
    state.progress("extract", 3000, 20_000)
    assert state.rate == 200
    assert seen[-1] == "200 pictures/s, 1 min 25 s left, 1 set aside"
    clock.now += 5
    state.watch(Rejected("b", "", ""))
    state.progress("extract", 20_000, 20_000)
    assert seen[-1].endswith("pictures/s, 2 set aside")
    assert (state.before, state.seconds) == (1000, 15)
    assert state.rate == pytest.approx(19_000 / 15)


@pytest.mark.parametrize(("rate", "left"), [(10_000, "2 s left"), (100, "3 min 10 s left"), (1, "5 h 16 min left")])
def test_time_left(rate, left):
    clock, seen = Clock(), []
    state = Meter(lambda state: seen.append(str(state)), clock)
    state.progress("", 0, 19_000 + rate)
    clock.now += 1
    state.progress("", rate, 19_000 + rate)
    assert left in seen[-1]


def test_without_a_terminal_there_are_lines_now_and_then(tmp_path):
    with (tmp_path / "log").open("w") as file:
        clock = Clock()
        with meter(Console(file=file)) as state:
            state.clock = clock
            for done in range(0, 101, 10):
                state.progress("extract", done, 100)
                clock.now += 20
    lines = (tmp_path / "log").read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == [f"extract: {done} of 100" for done in (20, 40, 60, 80, 100)]


def test_a_bar_on_a_terminal(tmp_path):
    with (tmp_path / "log").open("w") as file, meter(Console(file=file, force_terminal=True, width=160)) as state:
        state.progress("extract", 0, 10)
        state.watch(Rejected("a", "", ""))
        state.progress("extract", 10, 10)
    shown = (tmp_path / "log").read_text()
    assert "10/10" in shown
    assert "1 set aside" in shown


@pytest.fixture
def stores(tmp_path):
    rng = np.random.default_rng(0)
    made = {}
    for name, ids in {"a": ["i0", "i1", "i2"], "b": ["i3", "i4"]}.items():
        rows = rng.normal(size=(len(ids), 4)).astype(np.float32)
        manifest = Manifest(backbone="net", weights_id="w", preprocess="p")
        made[name] = FeatureStore.create(tmp_path / name, Samples.from_columns(id=ids), rows, manifest)
    return made


def test_merge_append_select_verify(syndr, stores, tmp_path):
    a, b = stores.values()
    whole = np.concatenate([a.features, b.features])
    result = syndr("store", "merge", a.path, b.path, "-o", tmp_path / "m", "--json").json
    assert result == {"store": str(tmp_path / "m"), "rows": 5, "dims": 4, "shards": 2}
    assert np.array_equal(FeatureStore.open(tmp_path / "m").features, whole)

    assert syndr("store", "append", a.path, b.path).out.startswith("5 rows of 4 features in ")
    assert np.array_equal(FeatureStore.open(a.path).features, whole)
    refused = syndr("store", "append", a.path, b.path)
    assert refused.code == 1
    assert "2 ids of" in refused.err

    Samples.from_columns(id=["i4", "i0", "i1"], reason=["selected", "too close", "selected"]).write(tmp_path / "s.csv")
    Samples.from_columns(id=["i3", "i0"], kept=[False, True]).write(tmp_path / "k.csv")
    Samples.from_columns(id=["i2", "i1"]).write(tmp_path / "t.csv")
    for name, rows in {"s": [4, 1], "k": [0], "t": [2, 1]}.items():
        ended = syndr("store", "select", a.path, "--only", tmp_path / f"{name}.csv", "-o", tmp_path / name, "--json")
        assert ended.json["rows"] == len(rows)
        assert np.array_equal(FeatureStore.open(tmp_path / name).features, whole[rows])

    ended = syndr("store", "verify", a.path, "--json")
    assert (ended.code, ended.json["problems"], ended.json["rows"]) == (0, [], 5)
    (a.path / "features-00001.npy").write_bytes((a.path / "features-00001.npy").read_bytes()[:-1] + b"!")
    ended = syndr("store", "verify", a.path)
    assert ended.code == 1
    assert "problem: features-00001.npy is not the file that was written" in ended.out


def test_export_and_import(syndr, stores, tmp_path):
    a = stores["a"]
    result = syndr("store", "export", a.path, "-o", tmp_path / "x.npy", "--json").json
    assert result == {"files": [str(tmp_path / "x.npy"), str(tmp_path / "x.samples.parquet")], "rows": 3}
    np.save(tmp_path / "y.npy", [1.0, 2.0, 3.0])
    ended = syndr(
        "store", "import", tmp_path / "x.npy", "-o", tmp_path / "back", "--table", tmp_path / "x.samples.parquet",
        "--labels", tmp_path / "y.npy", "--label-column", "quality", "--dtype", "float16", "--json",
    )  # fmt: skip
    assert (ended.json["rows"], ended.json["dims"]) == (3, 4)
    back = FeatureStore.open(tmp_path / "back")
    assert back.ids == a.ids
    assert back.samples["quality"].tolist() == [1, 2, 3]
    assert np.array_equal(back.features, a.features[:].astype(np.float16))


def test_a_store_made_with_other_weights_is_refused(syndr, stores, tmp_path):
    manifest = Manifest(backbone="net", weights_id="other", preprocess="p")
    FeatureStore.create(tmp_path / "c", Samples.from_columns(id=["z"]), np.ones((1, 4), np.float32), manifest)
    ended = syndr("store", "merge", stores["a"].path, tmp_path / "c", "-o", tmp_path / "m")
    assert ended.code == 1
    assert "cannot stand beside the others: the weights (hash) was w and is now other" in ended.err
