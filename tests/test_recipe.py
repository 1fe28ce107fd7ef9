import pytest

from syndr.errors import InputError
from syndr.recipe import PRESETS, make_recipe, read_recipe

KADID = {"output": "out", "training_set": {"database": "kadid10k", "root": "kadid"}, "pool": {"images": "pool"}}

# DESIGN, "Presets", row by row. DDCUp's threshold is the NN median in all three.
TABLE = {
    "paper": {
        ("select", "threshold"): "nearest",
        ("select", "diversity"): "forward",
        ("labels", "gap"): "none",
        ("downsample", "rule"): "paper",
        ("downsample", "refresh"): "once",
        ("downsample", "scope"): "all",
        ("train", "head_lr_ratio"): 1.0,
        ("train", "flip"): True,
        ("training_set", "reference_list"): "all",
        ("training_set", "label_scale"): "database",
        ("evaluation", "crops"): "random",
        ("evaluation", "seeded"): True,
        ("evaluation", "reported"): "last",
    },
    "released": {
        ("select", "threshold"): "nearest",
        ("select", "diversity"): "removal",
        ("labels", "gap"): 0.05,
        ("downsample", "rule"): "released",
        ("downsample", "refresh"): "epoch",
        ("downsample", "scope"): "originals",
        ("train", "head_lr_ratio"): 10.0,
        ("train", "flip"): False,
        ("training_set", "reference_list"): "released-74",
        ("training_set", "label_scale"): "subset",
        ("evaluation", "crops"): "random",
        ("evaluation", "seeded"): False,
        ("evaluation", "reported"): "best_on_target",
    },
    "fixed": {
        ("select", "threshold"): "nearest",
        ("select", "diversity"): "removal",
        ("labels", "gap"): 0.05,
        ("downsample", "rule"): "released",
        ("downsample", "refresh"): "epoch",
        ("downsample", "scope"): "originals",
        ("train", "head_lr_ratio"): 10.0,
        ("train", "flip"): True,
        ("training_set", "reference_list"): "all",
        ("training_set", "label_scale"): "database",
        ("evaluation", "crops"): "random",
        ("evaluation", "seeded"): True,
        ("evaluation", "reported"): "last",
    },
}


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_say_what_the_design_says(preset):
    recipe = make_recipe({**KADID, "preset": preset}).as_dict()
    assert {(section, key): recipe[section][key] for section, key in TABLE[preset]} == TABLE[preset]


def test_every_preset_is_in_the_table():
    assert set(PRESETS) == set(TABLE)


def test_common_training_settings_are_the_papers():
    train = make_recipe(KADID).train
    assert (train.epochs, train.batch_size, train.lr, train.weight_decay) == (24, 32, 2e-5, 5e-4)


def test_own_keys_win_over_the_preset():
    recipe = make_recipe({**KADID, "preset": "paper", "select": {"diversity": "removal"}})
    assert recipe.select.diversity == "removal"
    assert recipe.select.order == "row"  # the rest of the preset's section stays


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"train": {"epochs": 0}}, r">= 1 - at `\$\.train\.epochs`"),
        ({"train": {"epocs": 3}}, r"unknown field `epocs` - at `\$\.train`"),
        ({"preset": "best"}, r"Invalid enum value 'best' - at `\$\.preset`"),
        ({"select": 3}, r"at `\$\.select`"),
        ({"training_set": {"database": "kadid10k"}}, "training_set.root must name the folder"),
        ({"training_set": {}}, "either database and root, or samples"),
        (
            {"training_set": {"database": "kadid10k", "root": "k", "score": "mos"}},
            "training_set.score does not go with",
        ),
        ({"training_set": {"samples": "t.csv", "references": "r", "labels": "mos"}}, "labels does not go with samples"),
        ({"training_set": {"database": "kadid", "root": "k", "references": "r"}}, "which brings its own"),
        ({"training_set": {"database": "kadid", "root": "k", "split": -1}}, r"at `\$\.training_set\.split`"),
        ({"training_set": {"samples": "t.csv"}}, "training_set.references must name the reference pictures"),
        ({"targets": [{"name": "t"}]}, "target t needs either database and root, or samples"),
        ({"targets": [{"name": "t", "database": "bid"}]}, r"target t\.root must name the folder of bid"),
        ({"pool": {"database": "kadis700k"}}, "pool needs either images, or database and root"),
        ({"pool": {"images": "p", "database": "kadis700k", "root": "k"}}, "pool needs either images, or database and"),
        ({"pool": {}}, "pool.images must name the candidate pictures"),
        ({"targets": [{"name": "../x", "samples": "t.csv"}]}, r"at `\$\.targets\[0\]\.name`"),
        ({"targets": [{"name": "t", "samples": "a"}, {"name": "t", "samples": "b"}]}, "different names"),
        ({"downsample": {"distance": 2.5}}, r"<= 2.*at `\$\.downsample\.distance`"),
    ],
)
def test_bad_settings_are_named_in_one_line(change, message):
    with pytest.raises(InputError, match=message) as caught:
        make_recipe({**KADID, **change})
    assert "\n" not in str(caught.value)


def test_reading_a_file(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text('output = "out"\nseed = 3\n[training_set]\nsamples = "s.csv"\n[select]\nenabled = false\n')
    recipe = read_recipe(path)
    assert (recipe.seed, recipe.training_set.samples, recipe.select.enabled) == (3, "s.csv", False)


def test_unreadable_files(tmp_path):
    with pytest.raises(InputError, match="no such recipe"):
        read_recipe(tmp_path / "absent.toml")
    path = tmp_path / "recipe.toml"
    path.write_text("output = \n")
    with pytest.raises(InputError, match=r"recipe\.toml: not TOML"):
        read_recipe(path)
