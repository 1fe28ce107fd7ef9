"""What differs between copies of the databases: handled, or refused by name."""

import database_layouts as layouts
import numpy as np
import pytest
from database_tables import small
from scipy.io import loadmat, savemat

from syndr.datasets import DATABASES, find_database, read_database
from syndr.datasets.label_files import read_sheet
from syndr.errors import InputError, LabelRangeError, MissingExtraError


def paths_exist(samples):
    from pathlib import Path

    return all(Path(path).is_file() for path in samples["path"])


# LIVE


@pytest.fixture
def live(tmp_path, stand_ins):
    layouts.live(tmp_path, small("live"), stand_ins)
    return tmp_path


def test_lives_two_variants_differ_and_the_realigned_is_the_default(live):
    realigned, original = (read_database("live", live, labels=name).samples for name in ("realigned", "original"))
    assert realigned["score"].tolist() != original["score"].tolist()
    assert read_database("LIVE", live).samples.table.equals(realigned.table)
    with pytest.raises(InputError, match=r"no labels 'dmos'; choose one of realigned, original"):
        read_database("live", live, labels="dmos")


def test_lives_undistorted_pictures_are_left_out(live):
    samples = read_database("live", live).samples
    assert len(samples) == 779
    assert "jp2k/img1" not in samples.ids


@pytest.mark.parametrize("variable", ["dmos_new", "orgs"])
def test_a_live_file_of_another_length_is_refused(live, variable):
    content = {name: value for name, value in loadmat(live / "dmos_realigned.mat").items() if name[0] != "_"}
    content[variable] = content[variable][:, :-1]
    savemat(live / "dmos_realigned.mat", content)
    with pytest.raises(InputError, match=r"dmos_realigned\.mat: 981 rows; LIVE's release 2 has 982"):
        read_database("live", live)


def test_a_live_file_with_other_undistorted_pictures_is_refused(live):
    content = {name: value for name, value in loadmat(live / "dmos_realigned.mat").items() if name[0] != "_"}
    content["orgs"][0, 1] = 1
    savemat(live / "dmos_realigned.mat", content)
    with pytest.raises(InputError, match="orgs marks 204 undistorted pictures; LIVE's release 2 has 203"):
        read_database("live", live)


def test_the_original_scores_under_the_realigned_name_are_refused(live):
    (live / "dmos.mat").replace(live / "dmos_realigned.mat")
    with pytest.raises(InputError, match=r"dmos_realigned\.mat: holds no variable dmos_new, dmos_std"):
        read_database("live", live)


# LIVE Challenge


@pytest.fixture
def livec(tmp_path, stand_ins):
    layouts.livec(tmp_path, small("livec"), stand_ins)
    return tmp_path


def test_livecs_training_pictures_are_left_out(livec):
    samples = read_database("clive", livec).samples
    assert samples.ids == ["3", "100", "533"]
    assert samples["path"][2].endswith("533.JPG")
    assert paths_exist(samples)


def test_a_livec_list_without_the_training_pictures_is_refused(livec):
    names = loadmat(livec / "Data" / "AllImages_release.mat")["AllImages_release"][7:]
    savemat(livec / "Data" / "AllImages_release.mat", {"AllImages_release": names})
    with pytest.raises(InputError, match=r"10 names|values for the 3 names"):
        read_database("livec", livec)
    for variable in ("AllMOS_release", "AllStdDev_release"):
        values = loadmat(livec / "Data" / f"{variable}.mat")[variable][:, 7:]
        savemat(livec / "Data" / f"{variable}.mat", {variable: values})
    with pytest.raises(InputError, match=r"t1\.bmp to t7\.bmp must stand first"):
        read_database("livec", livec)


def test_livec_without_its_deviations(livec):
    (livec / "Data" / "AllStdDev_release.mat").unlink()
    assert "std" not in read_database("livec", livec).samples


# KonIQ-10k


@pytest.mark.parametrize("files", [("older",), ("newer",), ("older", "newer")])
def test_koniqs_scales_from_either_file(tmp_path, stand_ins, files):
    rows = small("koniq10k")
    layouts.koniq10k(tmp_path, rows, stand_ins, files)
    for labels, column in (("mos-1-5", "mos_1_5"), ("mos-0-100", "mos_0_100")):
        samples = read_database("koniq", tmp_path, labels=labels).samples
        assert samples["score"] == pytest.approx([float(row[column]) for row in rows])
    assert ("split" in samples) == ("newer" in files)


def test_koniqs_default_is_the_small_size_and_another_is_not_taken_silently(tmp_path, stand_ins):
    layouts.koniq10k(tmp_path, small("koniq10k"), stand_ins, sizes=("1024x768",))
    with pytest.raises(InputError, match=r"512x384: not found, but 1024x768 is there; ask for pictures = '1024x768'"):
        read_database("koniq10k", tmp_path)
    assert "/1024x768/" in read_database("koniq10k", tmp_path, pictures="1024x768").samples["path"][0]


def test_koniqs_split_must_know_every_picture(tmp_path, stand_ins):
    layouts.koniq10k(tmp_path, small("koniq10k"), stand_ins)
    path = tmp_path / "koniq10k_distributions_sets.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(InputError, match=r"lacks 1 pictures \['80184044\.jpg'\]"):
        read_database("koniq10k", tmp_path)


def test_a_koniq_file_of_neither_form_is_refused(tmp_path, stand_ins):
    layouts.koniq10k(tmp_path, small("koniq10k"), stand_ins)
    (tmp_path / "koniq10k_scores_and_distributions.csv").write_text("image_name,MOS\n10004473376.jpg,77\n")
    with pytest.raises(InputError, match=r"need the columns c1 \.\.\. c5, or MOS beside MOS_zscore"):
        read_database("koniq10k", tmp_path)


# BID


@pytest.mark.parametrize("suffix", [".xlsx", ".xls"])
@pytest.mark.parametrize("folder", ["ImageDatabase", ""])
def test_bids_spreadsheets_and_folders(tmp_path, stand_ins, suffix, folder):
    layouts.bid(tmp_path, small("bid"), stand_ins, suffix, folder)
    samples = read_database("bid", tmp_path).samples
    assert samples.ids == ["DatabaseImage0001", "DatabaseImage0003", "DatabaseImage0590"]
    assert samples["score"][0] == pytest.approx(4.516640224615385)
    assert paths_exist(samples)


@pytest.mark.parametrize(("suffix", "module"), [(".xlsx", "openpyxl"), (".xls", "xlrd")])
def test_an_absent_package_for_spreadsheets_is_named_with_its_extra(tmp_path, stand_ins, monkeypatch, suffix, module):
    import sys

    layouts.bid(tmp_path, small("bid"), stand_ins, suffix)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=r"pip install 'syndr\[spreadsheets\]'"):
        read_database("bid", tmp_path)


def test_an_incomplete_row_of_a_spreadsheet_is_named(tmp_path, stand_ins):
    import openpyxl

    layouts.bid(tmp_path, small("bid"), stand_ins)
    book = openpyxl.load_workbook(tmp_path / "DatabaseGrades.xlsx")
    book.active["B3"] = None
    book.save(tmp_path / "DatabaseGrades.xlsx")
    with pytest.raises(InputError, match=r"DatabaseGrades\.xlsx, row 3: no 'Average Subjective Grade'"):
        read_database("bid", tmp_path)


def test_a_spreadsheet_without_the_sheet_or_its_headers(tmp_path):
    import openpyxl
    import xlwt

    (new := openpyxl.Workbook()).save(tmp_path / "new.xlsx")
    old = xlwt.Workbook()
    old.add_sheet(new.active.title)
    old.save(tmp_path / "old.xls")
    for name in ("new.xlsx", "old.xls"):
        with pytest.raises(InputError, match=f"{name}: has no sheet 'scores'; it has {new.active.title}"):
            read_sheet(tmp_path / name, ["MOS"], "scores")
        with pytest.raises(InputError, match=f"{name}: no row holds the headers 'MOS'"):
            read_sheet(tmp_path / name, ["MOS"])


# CSIQ


@pytest.mark.parametrize("folder_name", [str, str.upper, str.title])
@pytest.mark.parametrize("labels", ["xlsx", "txt"])
def test_csiqs_folders_in_any_case_and_both_kinds_of_labels(tmp_path, stand_ins, folder_name, labels):
    layouts.csiq(tmp_path, small("csiq"), stand_ins, folder_name, labels)
    samples = read_database("csiq", tmp_path).samples
    assert len(samples) == 2 * 29
    assert sorted(set(samples["distortion"])) == ["awgn", "blur", "contrast", "fnoise", "jpeg", "jpeg2000"]
    assert paths_exist(samples)
    assert ("std" in samples) == (labels == "xlsx")


def test_csiq_in_one_folder(tmp_path, stand_ins):
    layouts.csiq(tmp_path, small("csiq"), stand_ins, labels="txt")
    (tmp_path / "dst_imgs_all").mkdir()
    for path in (tmp_path / "dst_imgs").rglob("*.png"):
        path.rename(tmp_path / "dst_imgs_all" / path.name)
    assert paths_exist(read_database("csiq", tmp_path).samples)


def test_csiqs_least_difference_is_its_best(tmp_path, stand_ins):
    layouts.csiq(tmp_path, small("csiq"), stand_ins)
    samples = read_database("csiq", tmp_path).samples
    assert samples["quality"][samples["level"] == 1].min() > samples["quality"][samples["level"] == 4].max()


# TID2013


@pytest.mark.parametrize("on_disk", [str, str.lower, str.upper])
def test_tids_pictures_are_found_in_any_case(tmp_path, stand_ins, on_disk):
    layouts.tid2013(tmp_path, small("tid2013"), stand_ins, on_disk)
    found = read_database("tid2013", tmp_path)
    assert len(found.samples) == 40
    assert paths_exist(found.samples)
    assert paths_exist(found.references)  # I01.BMP and i25.bmp
    assert all(name[0] == "I" for name in found.samples.ids)


def test_tids_list_in_lower_case_gives_the_same_ids(tmp_path, stand_ins):
    layouts.tid2013(tmp_path / "mixed", small("tid2013"), stand_ins)
    lower = [{**row, "image": row["image"].lower()} for row in small("tid2013")]
    layouts.tid2013(tmp_path / "lower", lower, stand_ins)
    ids = [read_database("tid2013", tmp_path / name).samples.ids for name in ("mixed", "lower")]
    assert ids[0] == ids[1]


def test_an_exact_name_goes_before_one_of_another_case(tmp_path, stand_ins):
    layouts.tid2013(tmp_path, small("tid2013"), stand_ins)
    stand_ins.put(tmp_path / "distorted_images" / "I01_01_2.BMP")
    assert read_database("tid2013", tmp_path).samples["path"][1].endswith("i01_01_2.bmp")


def test_tids_deviations_must_be_as_many_as_its_scores(tmp_path, stand_ins):
    layouts.tid2013(tmp_path, small("tid2013"), stand_ins)
    (tmp_path / "mos_std.txt").write_text("0.1\n0.2\n")
    with pytest.raises(InputError, match=r"mos_std\.txt: 2 lines for 40"):
        read_database("tid2013", tmp_path)


# PIPAL


@pytest.mark.parametrize("merged", [None, "train/Distortion", "Dist_Imgs", "Train_Dist"])
def test_pipals_archives_and_merged_folders(tmp_path, stand_ins, merged):
    layouts.pipal(tmp_path, small("pipal_train"), stand_ins, merged)
    found = read_database("pipal", tmp_path)
    assert len(found.samples) == 28
    assert paths_exist(found.samples)
    assert paths_exist(found.references)


def test_a_subset_that_is_not_there(tmp_path, stand_ins):
    layouts.pipal(tmp_path, small("pipal_train"), stand_ins)
    with pytest.raises(InputError, match=r"PIPAL has no subset '7'; choose one of algorithmic, traditional, 1,"):
        read_database("pipal", tmp_path, subset="7")


# All


def test_names_titles_and_aliases():
    names = {"KADID-10k": "kadid10k", "kadis": "kadis700k", "CLIVE": "livec", "LIVE Challenge": "livec"}
    names |= {"LIVE": "live", "koniq": "koniq10k", "KonIQ-10k": "koniq10k", "tid": "tid2013", "Pipal": "pipal"}
    assert {name: find_database(name).name for name in names} == names
    with pytest.raises(InputError, match=r"no database is called 'ava'; there are kadid10k, kadis700k, live,"):
        find_database("ava")


def test_no_two_databases_share_a_name():
    every = [name for database in DATABASES.values() for name in {database.name, *database.aliases}]
    assert [find_database(name).name for database in DATABASES.values() for name in (database.name, *database.aliases)]
    assert len(every) == len({"".join(filter(str.isalnum, name.casefold())) for name in every})


@pytest.mark.parametrize("name", DATABASES)
def test_an_empty_folder_is_refused_with_what_belongs_there(tmp_path, name):
    with pytest.raises(InputError, match=r"not found.*; root must be the unpacked"):
        read_database(name, tmp_path)
    with pytest.raises(InputError, match="nowhere is no folder"):
        read_database(name, tmp_path / "nowhere")


def test_a_root_one_folder_too_high_or_too_low_is_told(tmp_path, stand_ins):
    layouts.tid2013(tmp_path / "tid2013", small("tid2013"), stand_ins)
    with pytest.raises(InputError, match=rf"it is in {tmp_path / 'tid2013'}: give that folder as root"):
        read_database("tid2013", tmp_path)
    with pytest.raises(InputError, match=rf"it is in {tmp_path / 'tid2013'}: give that folder as root"):
        read_database("tid2013", tmp_path / "tid2013" / "distorted_images")


def test_an_archive_that_is_not_unpacked_is_named(tmp_path):
    (tmp_path / "kadid10k.zip").touch()
    with pytest.raises(InputError, match=r"unpack kadid10k\.zip first"):
        read_database("kadid10k", tmp_path)


def test_folders_in_another_case_are_found(tmp_path, stand_ins):
    layouts.spaq(tmp_path, small("spaq"), stand_ins)
    (tmp_path / "TestImage").rename(tmp_path / "testimage")
    (tmp_path / "Annotations").rename(tmp_path / "annotations")
    assert paths_exist(read_database("spaq", tmp_path).samples)


def test_scores_of_another_variant_are_refused_by_their_range(tmp_path, stand_ins):
    rows = [{**row, "mos_1_5": row["mos_0_100"]} for row in small("koniq10k")]
    layouts.koniq10k(tmp_path, rows, stand_ins, ("older",))
    with pytest.raises(LabelRangeError, match=r"KonIQ-10k: 3 labels lie outside the declared range 1\.\.5"):
        read_database("koniq10k", tmp_path)


@pytest.mark.parametrize(
    ("database", "table", "path"),
    [
        ("kadid10k", "kadid10k", "dmos.csv"),
        ("live", "live", "dmos_realigned.mat"),
        ("csiq", "csiq", "csiq.DMOS.xlsx"),
        ("tid2013", "tid2013", "mos_with_names.txt"),
        ("livec", "livec", "Data/AllMOS_release.mat"),
        ("koniq10k", "koniq10k", "koniq10k_scores_and_distributions.csv"),
        ("bid", "bid", "DatabaseGrades.xlsx"),
        ("pipal", "pipal_train", "Train_Label/A0001.txt"),
        ("spaq", "spaq", "Annotations/MOS and Image attribute scores.xlsx"),
    ],
)
def test_a_damaged_label_file_is_named(tmp_path, stand_ins, database, table, path):
    getattr(layouts, database)(tmp_path, small(table), stand_ins)
    (tmp_path / path).write_bytes(bytes(np.random.default_rng(0).integers(128, 256, 3000, dtype=np.uint8)))
    with pytest.raises(InputError, match=path.split("/")[-1].replace(".", r"\.")):
        read_database(database, tmp_path)


def test_a_missing_picture_keeps_its_row_and_its_place(tmp_path, stand_ins):
    layouts.livec(tmp_path, small("livec"), stand_ins)
    (tmp_path / "Images" / "100.bmp").unlink()
    samples = read_database("livec", tmp_path).samples
    assert samples["path"][1] == str(tmp_path / "Images" / "100.bmp")
