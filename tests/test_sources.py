import database_layouts as layouts
import pytest
from database_layouts import StandIns
from database_tables import small
from pictures import write_scenes

from syndr.errors import InputError, LabelRangeError
from syndr.images import decode, samples_from_folder
from syndr.recipe import Target, make_recipe
from syndr.samples import Samples
from syndr.sources import candidate_pool, labelled_set, training_set
from syndr.virtual import VirtualDataset

TABLES = {
    "kadid10k": "kadid10k",
    "live": "live",
    "csiq": "csiq",
    "tid2013": "tid2013",
    "livec": "livec",
    "koniq10k": "koniq10k",
    "bid": "bid",
    "pipal": "pipal_train",
    "spaq": "spaq",
}


@pytest.fixture(scope="module")
def roots(tmp_path_factory):
    root = tmp_path_factory.mktemp("databases")
    stand_ins = StandIns(root / "stand-ins", (30, 20))
    for name, table in TABLES.items():
        getattr(layouts, name)(root / name, small(table), stand_ins)
    return root


def source(roots, name, **settings):
    return Target(name="t", database=name, root=str(roots / name), **settings)


def training_recipe(roots, name, **training):
    settings = {"output": "out", "select": {"enabled": False}}
    return make_recipe({**settings, "training_set": {"database": name, "root": str(roots / name), **training}})


@pytest.mark.parametrize("name", TABLES)
def test_every_database_is_a_target_and_a_training_set(roots, name):
    found = labelled_set(source(roots, name), "test", "fixed", "t")
    assert len(found.samples) == len(small(TABLES[name]))
    data = training_set(training_recipe(roots, name))
    assert data.originals["quality"].tolist() == found.samples["quality"].tolist()
    assert set(data.originals["origin"]) == {"original"}


def test_every_row_of_the_designs_variants(roots):
    words = {name: labelled_set(source(roots, name), "test", "fixed", "t").protocol for name in TABLES}
    assert words["live"] == "LIVE, labels realigned, pictures native, input native"
    assert words["koniq10k"] == "KonIQ-10k, labels mos-1-5, pictures 512x384, input native"
    assert words["bid"] == "BID, labels mos, pictures native, input shorter-512"
    assert words["spaq"] == "SPAQ, labels mos, pictures native, input shorter-512"
    for preset in ("paper", "released"):
        assert labelled_set(source(roots, "bid"), "test", preset, "t").input_size == "512x512"
        assert labelled_set(source(roots, "spaq"), "test", preset, "t").input_size == "shorter-512"
    others = set(TABLES) - {"bid", "spaq"}
    assert all(words[name].endswith("input native") for name in others)


def test_input_sizes_reach_the_pictures(roots):
    found = labelled_set(source(roots, "bid", input_size="shorter-40"), "test", "fixed", "t")
    picture = VirtualDataset(found.samples, input_size=found.input_size)[0]
    assert tuple(picture.shape) == (3, 40, 60)
    with pytest.raises(InputError, match="input size must be native, shorter-N or WxH"):
        labelled_set(source(roots, "bid", input_size="big"), "test", "fixed", "t")


def test_splits_part_references_and_neighbours(roots):
    whole = training_set(training_recipe(roots, "kadid10k"))
    parts = training_set(training_recipe(roots, "kadid10k", split=3))
    test = labelled_set(source(roots, "kadid10k", split=3), "test", "fixed", "t")
    assert len(whole.originals) == len(parts.originals) + len(test.samples)
    assert set(parts.references.ids) == set(parts.labelled["reference"])
    assert not set(parts.references.ids) & set(test.samples["reference"])
    assert labelled_set(source(roots, "koniq10k", split="official"), "test", "fixed", "t").samples.ids == ["80184044"]
    with pytest.raises(InputError, match="there is no official split here"):
        labelled_set(source(roots, "kadid10k", split="official"), "test", "fixed", "t")


def test_presets_of_types_and_the_released_references(roots):
    data = training_set(training_recipe(roots, "kadid10k", types="dgqa-livec", levels=[1, 5]))
    assert set(data.originals["type"]) == {1, 25}  # those of the preset that the small table has
    assert data.types == (1, 3, 10, 17, 18, 25)
    released = training_set(training_recipe(roots, "kadid10k", reference_list="released-74"))
    assert set(released.originals["reference"]) == {"I01", "I02"}  # I06 is left out
    assert len(released.references) == 3  # but stays where DDCUp looks
    with pytest.raises(InputError, match="no preset of types is called 'dgqa-ava'; there are dgqa-livec"):
        training_set(training_recipe(roots, "kadid10k", types="dgqa-ava"))


def test_a_refitted_scale_keeps_the_direction(roots):
    data = training_set(training_recipe(roots, "live", label_scale="subset"))
    assert data.originals["quality"][data.originals["score"].argmin()] == 10.0


def test_a_scale_is_not_refitted_to_labels_that_are_all_the_same(tmp_path):
    Samples.from_columns(id=["a", "b"], path=["a.png", "b.png"], quality=[4.5, 4.5]).write(tmp_path / "t.csv")
    training = {"samples": str(tmp_path / "t.csv"), "label_scale": "subset"}
    with pytest.raises(
        InputError, match=r"label_scale = 'subset' needs labels that differ, and all 2 are 4\.5; set it"
    ):
        training_set(make_recipe({"output": "out", "select": {"enabled": False}, "training_set": training}))


def test_undistorted_rows_have_no_type(tmp_path):
    write_scenes(tmp_path / "t", 3)
    pictures = samples_from_folder(tmp_path / "t")
    pictures.with_column("quality", [9.0, 5.0, 1.0]).with_column("type", [None, 3, 1]).write(tmp_path / "t.csv")
    training = {"samples": str(tmp_path / "t.csv")}
    recipe = make_recipe({"output": "out", "select": {"enabled": False}, "training_set": training})
    assert training_set(recipe).types == (1, 3)


def test_ddcup_needs_kadids_types(roots, tmp_path):
    write_scenes(tmp_path, 1)
    recipe = {"output": "out", "pool": {"images": str(tmp_path)}}
    live = {"database": "live", "root": str(roots / "live")}
    with pytest.raises(InputError, match="borrow labels by reference, KADID type and level"):
        training_set(make_recipe({**recipe, "training_set": live}))


def test_the_pool_as_a_database(tmp_path):
    layouts.kadis700k(tmp_path, ["a.png", "b.png"], StandIns(tmp_path / "stand-ins"))
    recipe = make_recipe(
        {
            "output": "out",
            "training_set": {"database": "kadid10k", "root": "k"},
            "pool": {"database": "KADIS-700k", "root": str(tmp_path)},
        }
    )
    assert candidate_pool(recipe.pool).ids == ["a", "b"]


def test_a_pool_that_is_not_there(tmp_path):
    recipe = {"output": "out", "training_set": {"database": "kadid10k", "root": "k"}}
    with pytest.raises(InputError, match=f"{tmp_path}/gone: no such file or folder; correct the path"):
        candidate_pool(make_recipe({**recipe, "pool": {"images": str(tmp_path / "gone")}}).pool)


def test_a_table_with_native_scores(tmp_path):
    write_scenes(tmp_path, 2)
    (tmp_path / "metadata.csv").write_text("file_name,mos\ns00.png,1\ns01.png,4\n")
    settings = {"name": "t", "samples": str(tmp_path), "score_range": (1, 5), "higher_is_better": True}
    found = labelled_set(Target(**settings), "test", "fixed", "t")
    assert found.samples["quality"].tolist() == [0.0, 7.5]
    assert found.protocol == "input native"
    assert decode(found.samples["path"][0]).shape == (3, 120, 160)
    with pytest.raises(InputError, match="need their range and direction"):
        labelled_set(Target(name="t", samples=str(tmp_path)), "test", "fixed", "t")
    with pytest.raises(LabelRangeError, match=r"s01\.png = 4"):
        labelled_set(Target(**{**settings, "score_range": (0, 3)}), "test", "fixed", "t")
