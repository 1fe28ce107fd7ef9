import numpy as np
import pyarrow.csv
import pytest
from shared_data import shared

from syndr.datasets import read_kadid10k, released_references
from syndr.errors import InputError, LabelRangeError


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


def test_strange_file_name_is_refused(tmp_path):
    with pytest.raises(InputError, match="must be named Ixx_tt_ll"):
        read_kadid10k(write_database(tmp_path, [("I01-1.png", "I01.png", 2.0, 0.5)]))


def test_score_outside_the_scale_is_refused(tmp_path):
    with pytest.raises(LabelRangeError, match=r"I01_01_01 = 7"):
        read_kadid10k(write_database(tmp_path, [("I01_01_01.png", "I01.png", 7, 0.5)]))


def test_the_published_table(tmp_path):
    table = pyarrow.csv.read_csv(shared("data/tables/kadid10k.csv"))
    columns = (table[name].to_pylist() for name in ("image", "ref", "dmos_higher_is_better", "std"))
    rows = [(image, ref, dmos, std**2) for image, ref, dmos, std in zip(*columns, strict=True)]
    samples, references = read_kadid10k(write_database(tmp_path, rows))
    assert (len(samples), len(references)) == (10_125, 81)
    assert (samples["quality"].min(), samples["quality"].max()) == pytest.approx((0.0, 10.0))
    # The mildest blur is better than the strongest: the labels are not upside down, whatever their name.
    mild, strong = (samples["quality"][(samples["type"] == 1) & (samples["level"] == level)].mean() for level in (1, 5))
    assert mild > strong + 5
    kept = released_references(references)
    assert len(kept) == 74
    assert not {"I06", "I07", "I18", "I19", "I53", "I58", "I70"} & set(kept.ids)
    assert np.array_equal(np.unique(samples["level"]), [1, 2, 3, 4, 5])
