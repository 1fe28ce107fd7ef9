import json

import pyarrow as pa
import pyarrow.parquet
import pytest
from pictures import write_scenes

from syndr.datasets import read_labelled_table
from syndr.errors import InputError, LabelRangeError
from syndr.samples import Samples

MOS = {"score_range": (1, 5), "higher_is_better": True}


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
def test_plain_tables(tmp_path, suffix):
    rows = {"image_name": ["a/1.png", "2.png"], "MOS": [1.0, 5.0], "camera": ["x", "y"]}
    path = tmp_path / f"labels{suffix}"
    if suffix == ".csv":
        path.write_text("image_name,MOS,camera\na/1.png,1,x\n2.png,5,y\n")
    elif suffix == ".parquet":
        pyarrow.parquet.write_table(pa.table(rows), path)
    else:
        records = [{name: rows[name][at] for name in rows} for at in range(2)]
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
    samples = read_labelled_table(path, **MOS)
    assert samples.ids == ["a/1.png", "2.png"]
    assert samples["path"].tolist() == [str(tmp_path / "a/1.png"), str(tmp_path / "2.png")]
    assert samples["score"].tolist() == [1.0, 5.0]
    assert samples["quality"].tolist() == [0.0, 10.0]
    assert samples["camera"].tolist() == ["x", "y"]
    assert read_labelled_table(path, images="elsewhere", **MOS)["path"][1] == "elsewhere/2.png"


def test_imagefolder_as_syndr_writes_it(tmp_path):
    from syndr.images import samples_from_folder
    from syndr.virtual import VirtualDataset, virtual_rows

    write_scenes(tmp_path / "references", 1, height=40, width=60)
    rows = virtual_rows(samples_from_folder(tmp_path / "references"), (1,), (1, 5))
    rows = rows.with_column("quality", [9.0, 1.0])
    written, _ = VirtualDataset(rows).materialize(tmp_path / "folder")
    samples = read_labelled_table(tmp_path / "folder")
    assert samples.ids == written.ids
    assert samples["path"].tolist() == written["path"].tolist()
    assert samples["quality"].tolist() == [9.0, 1.0]
    assert samples["level"].tolist() == [1, 5]


def test_imagefolder_of_others(tmp_path):
    (tmp_path / "metadata.jsonl").write_text('{"file_name": "train/1.png", "dmos": 20.5}\n')
    samples = read_labelled_table(tmp_path, score_range=(0, 100), higher_is_better=False)
    assert samples["path"].tolist() == [str(tmp_path / "train/1.png")]
    assert samples["quality"].tolist() == [pytest.approx(7.95)]


def test_pyiqas_meta_info(tmp_path):
    path = tmp_path / "meta_info_LIVEIQADataset.csv"
    path.write_text("ref_name,dist_name,mos,official_split\nrefimgs/bikes.bmp,jp2k/img2.bmp,28.0,train\n")
    samples = read_labelled_table(path, images=tmp_path / "live", score_range=(0, 100), higher_is_better=False)
    assert samples["path"].tolist() == [str(tmp_path / "live" / "jp2k/img2.bmp")]
    assert samples["reference"].tolist() == ["bikes"]
    assert samples["split"].tolist() == ["train"]
    assert samples["quality"].tolist() == [pytest.approx(7.2)]
    path.write_text("img_name,mos\n1.jpg,3\n")
    assert read_labelled_table(path, **MOS)["quality"].tolist() == [5.0]


def test_a_sample_table_stays_what_it_is(tmp_path):
    table = Samples.from_columns(
        id=["a"], path=["x/a.png"], reference=["I01.v2"], type=[3], level=[1], seed=[-(2**62) - 1], quality=[2.5]
    )
    table.write(tmp_path / "s.parquet")
    assert read_labelled_table(tmp_path / "s.parquet").table.select(table.table.column_names).equals(table.table)


def test_no_direction_or_range_is_guessed(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("image,dmos\n1.png,3\n")
    for given in ({}, {"score_range": (0, 5)}, {"higher_is_better": False}):
        with pytest.raises(InputError, match=r"the scores in 'dmos' need their range and direction"):
            read_labelled_table(path, **given)
    with pytest.raises(InputError, match=r"score_range must rise, not 5"):
        read_labelled_table(path, score_range=(5, 0), higher_is_better=False)
    with pytest.raises(LabelRangeError, match=r"declared range 0\.\.2, first 1\.png = 3"):
        read_labelled_table(path, score_range=(0, 2), higher_is_better=False)
    with pytest.raises(InputError, match="no column 'q'"):
        read_labelled_table(path, score="q", score_range=(0, 2), higher_is_better=False)


def test_what_is_no_table_of_pictures_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"holds no metadata\.csv"):
        read_labelled_table(tmp_path)
    (tmp_path / "t.csv").write_text("name,mos\na,1\n")
    with pytest.raises(InputError, match=r"no column of pictures; name it one of path, file_name"):
        read_labelled_table(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_text('image,mos\na,1\n"",2\n,3\n')
    with pytest.raises(InputError, match=r"1 rows have no image"):
        read_labelled_table(tmp_path / "t.csv")
    with pytest.raises(InputError, match="no such file"):
        read_labelled_table(tmp_path / "absent.csv")
