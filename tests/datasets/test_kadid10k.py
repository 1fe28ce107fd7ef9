import numpy as np
import pytest

from syndr.datasets import read_database, released_references
from syndr.errors import InputError, LabelRangeError
from syndr.samples import Samples


def read_kadid10k(root):
    found = read_database("kadid10k", root)
    return found.samples, found.references


def write_database(root, rows):
    (root / "images").mkdir(parents=True)
    lines = ["dist_img,ref_img,dmos,var", *(",".join(map(str, row)) for row in rows)]
    (root / "dmos.csv").write_text("\n".join(lines) + "\n")
    return root


def test_rows_ids_and_qualities(tmp_path):
    rows = [("I01_01_01.png", "I01.png", 4.93, 0.5), ("I02_25_05.png", "I02.png", 1.0, 0.25)]
    samples, references = read_kadid10k(write_database(tmp_path / "kadid", rows))
    assert samples.ids == ["I01_01_01", "I02_25_05"]
    assert samples["reference"].tolist() == ["I01", "I02"]
    assert samples["type"].tolist() == [1, 25]
    assert samples["level"].tolist() == [1, 5]
    assert samples["quality"].tolist() == pytest.approx([10.0, 0.0])
    assert samples["var"].tolist() == [0.5, 0.25]
    assert samples["path"][0] == str(tmp_path / "kadid" / "images" / "I01_01_01.png")
    assert references.ids == ["I01", "I02"]
    assert references["path"][1].endswith("I02.png")


@pytest.mark.parametrize("absent", ["dmos.csv", "images"])
def test_absent_part_is_named(tmp_path, absent):
    root = write_database(tmp_path, [("I01_01_01.png", "I01.png", 2.0, 0.5)])
    (root / absent).rename(root / "elsewhere")
    with pytest.raises(InputError, match=f"{absent}: not found"):
        read_kadid10k(root)


def test_another_table_is_refused(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "dmos.csv").write_text("name,score\na,1\n")
    with pytest.raises(InputError, match=r"columns \['dist_img', 'dmos', 'ref_img'\] are missing"):
        read_kadid10k(tmp_path)


@pytest.mark.parametrize("name", ["I01-1.png", "I01_blur_01.png", "I01_01_hard.png"])
def test_strange_file_name_is_refused(tmp_path, name):
    with pytest.raises(InputError, match=rf"dmos\.csv: '{name}' must be named Ixx_tt_ll\.png"):
        read_kadid10k(write_database(tmp_path, [(name, "I01.png", 2.0, 0.5)]))


def test_a_row_without_its_score_is_refused(tmp_path):
    rows = [("I01_01_01.png", "I01.png", 2.0, 0.5), ("I01_01_02.png", "I01.png", "", 0.5)]
    with pytest.raises(InputError, match=r"dmos\.csv: 1 rows have no dmos; complete or remove them"):
        read_kadid10k(write_database(tmp_path, rows))


def test_score_outside_the_scale_is_refused(tmp_path):
    with pytest.raises(LabelRangeError, match=r"I01_01_01 = 7"):
        read_kadid10k(write_database(tmp_path, [("I01_01_01.png", "I01.png", 7, 0.5)]))


def test_the_released_codes_references():
    names = [f"I{number:02d}" for number in range(1, 82)]
    kept = released_references(Samples.from_columns(id=names))
    assert len(kept) == 74
    assert sorted(set(names) - set(kept.ids)) == ["I06", "I07", "I18", "I19", "I53", "I58", "I70"]


@pytest.mark.parametrize("folder", ["ref_imgs", "reference_images"])
def test_references_in_a_folder_of_their_own(tmp_path, folder):
    root = write_database(tmp_path, [("I01_01_01.png", "I01.png", 2.0, 0.5)])
    (root / folder).mkdir()
    (root / folder / "I01.png").touch()
    _, references = read_kadid10k(root)
    assert references["path"].tolist() == [str(root / folder / "I01.png")]


def test_the_labels_are_not_upside_down_whatever_their_name(tmp_path):
    rows = [("I01_01_01.png", "I01.png", 4.57, 0.5), ("I01_01_05.png", "I01.png", 1.3, 0.25)]
    samples, _ = read_kadid10k(write_database(tmp_path, rows))
    assert samples["quality"][0] > samples["quality"][1] + 5
    assert np.isclose(samples["quality"][0], (4.57 - 1) / 3.93 * 10)
