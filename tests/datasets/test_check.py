import database_layouts as layouts
import openpyxl
import pytest
from database_layouts import StandIns
from database_tables import published, small

from syndr.datasets import check_database, find_database, read_database
from syndr.errors import InputError


def problems(name, root, **options):
    return "\n".join(check_database(name, root, **options).problems)


@pytest.fixture(scope="session")
def in_size(tmp_path_factory):
    """Stand-ins of the size that a database's pictures have."""
    folder = tmp_path_factory.mktemp("in-size")
    return lambda size: StandIns(folder, size)


WHOLE = {
    "kadid10k": ("kadid10k", (512, 384)),
    "live": ("live", (2, 2)),
    "csiq": ("csiq", (512, 512)),
    "tid2013": ("tid2013", (512, 384)),
    "livec": ("livec", (2, 2)),
    "koniq10k": ("koniq10k", (512, 384)),
    "bid": ("bid", (2, 2)),
    "pipal": ("pipal_train", (288, 288)),
    "spaq": ("spaq", (2, 2)),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_database_has_no_problem(tmp_path, in_size, name):
    table, size = WHOLE[name]
    getattr(layouts, name)(tmp_path, published(table), in_size(size))
    # Every file name and label of the largest, every picture too of the smallest.
    few = find_database(name).samples < 1_000
    found = check_database(name, tmp_path, decode_pictures=few)
    assert found.problems == ()
    assert found.rows == find_database(name).samples
    assert found.references == find_database(name).references
    assert found.labels == find_database(name).labels_named().scale.observed
    assert all(each.state.startswith(("there", "not there (optional)")) for each in found.found)


def test_what_is_missing_and_where_it_belongs(tmp_path):
    found = check_database("livec", tmp_path)
    assert found.rows is None
    optional = "not there (optional)"
    assert [each.state for each in found.found] == ["missing", "missing", optional, "missing", optional]
    assert (
        f"Images: missing (pictures: 535 .bmp and 627 .JPG); it belongs at {tmp_path / 'Images'}; "
        "root must be the unpacked LIVE Challenge folder" in found.problems
    )
    assert len(found.problems) == 3


def test_a_folder_one_too_high(tmp_path, stand_ins):
    layouts.bid(tmp_path / "BID", small("bid"), stand_ins)
    assert f"it is in {tmp_path / 'BID'}: give that folder as root" in problems("bid", tmp_path)


def test_names_in_another_case_are_told(tmp_path, stand_ins):
    layouts.spaq(tmp_path, small("spaq"), stand_ins)
    (tmp_path / "TestImage").rename(tmp_path / "testimage")
    found = check_database("spaq", tmp_path)
    assert found.found[1].state == "there, in lower case, 3 of 11125 pictures"
    layouts.tid2013(tmp_path / "tid", small("tid2013"), stand_ins)
    (tmp_path / "tid" / "distorted_images").rename(tmp_path / "tid" / "Distorted_Images")
    states = {each.part.path: each.state for each in check_database("tid2013", tmp_path / "tid").found}
    assert states["distorted_images"] == "there, as Distorted_Images, 40 of 3000 pictures"


def test_the_mirror_of_1161_pictures_is_named(tmp_path, stand_ins):
    layouts.livec(tmp_path, published("livec"), stand_ins)
    (tmp_path / "Images" / "100.bmp").unlink()
    found = check_database("livec", tmp_path, decode_pictures=False)
    assert len(found.problems) == 2
    assert "1161 pictures instead of 1162; this is the 1161-image mirror without 100.bmp" in found.problems[0]
    assert found.problems[1] == f"1 pictures are missing, first Images/100.bmp; they belong below {tmp_path}"


def test_kadids_references_in_a_folder_of_their_own(tmp_path, stand_ins):
    rows = published("kadid10k")
    layouts.kadid10k(tmp_path, rows, stand_ins, references="ref_imgs")
    assert problems("kadid10k", tmp_path, decode_pictures=False) == ""
    (tmp_path / "ref_imgs").rename(tmp_path / "elsewhere")
    text = problems("kadid10k", tmp_path, decode_pictures=False)
    assert "10125 pictures instead of 10206; the references are not among them: put Ixx.png here" in text
    assert "81 pictures are missing, first images/I01.png, images/I02.png" in text


def test_wrong_counts_and_ranges(tmp_path, stand_ins):
    layouts.koniq10k(tmp_path, small("koniq10k"), stand_ins)
    text = problems("koniq10k", tmp_path, decode_pictures=False)
    assert f"{tmp_path / '512x384'}: 3 pictures instead of 10073" in text
    assert "3 labelled pictures instead of 10073" in text
    assert "labels run from 1.28571 to 3.82857; those published as 'mos-1-5' run from 1.09615 to 4.31" in text


def test_unreadable_pictures_and_pictures_of_another_size(tmp_path, in_size):
    layouts.koniq10k(tmp_path, small("koniq10k"), in_size((512, 384)))
    broken = tmp_path / "512x384" / "80184044.jpg"
    broken.unlink()
    broken.write_bytes(b"<html>not found</html>")
    other = tmp_path / "512x384" / "10007357496.jpg"
    other.unlink()
    in_size((30, 20)).put(other)
    found = check_database("koniq10k", tmp_path)
    assert [entry.id for entry in found.unreadable] == ["80184044"]
    text = "\n".join(found.problems)
    assert f"1 pictures cannot be read, first {broken}: not an image but HTML" in text
    assert f"1 pictures have 30 x 20 pixels instead of 512 x 384, first {other}" in text


def test_a_label_file_that_cannot_be_read_is_the_problem(tmp_path, stand_ins):
    layouts.tid2013(tmp_path, small("tid2013"), stand_ins)
    (tmp_path / "mos_with_names.txt").write_text("5.5 I01_01_1.bmp surplus\n")
    assert "line 1: '5.5 I01_01_1.bmp surplus' has 3 fields instead of 2" in problems("tid2013", tmp_path)


def test_only_the_variant_asked_for_is_needed(tmp_path, stand_ins):
    layouts.live(tmp_path, small("live"), stand_ins)
    (tmp_path / "dmos_realigned.mat").unlink()
    assert "dmos_realigned.mat: missing" in problems("live", tmp_path, decode_pictures=False)
    found = check_database("live", tmp_path, labels="original", decode_pictures=False)
    assert "dmos_realigned.mat" not in {each.part.path for each in found.found}
    assert found.rows == 779
    with pytest.raises(InputError, match="no labels 'mos'"):
        check_database("live", tmp_path, labels="mos")


def test_a_pool_is_checked_too(tmp_path, stand_ins):
    layouts.kadis700k(tmp_path, ["a.png", "b.png"], stand_ins)
    (tmp_path / "ref_imgs" / "b.png").unlink()
    found = check_database("kadis700k", tmp_path)
    assert found.labels is None
    assert "1 pictures are missing, first ref_imgs/b.png" in "\n".join(found.problems)


@pytest.mark.parametrize("merged", ["train/Distortion", "Distortion", "train/distortion"])
def test_pipal_is_found_wherever_its_reader_finds_it(tmp_path, stand_ins, merged):
    layouts.pipal(tmp_path, small("pipal_train"), stand_ins, merged)
    (tmp_path / "train").mkdir(exist_ok=True)
    for part in ("Train_Label", "Train_Ref"):
        (tmp_path / part).rename(tmp_path / "train" / part)
    assert len(read_database("pipal", tmp_path).samples) == len(small("pipal_train"))
    found = check_database("pipal", tmp_path)
    assert all(each.state.startswith("there, as train/") for each in found.found if "Distortion" not in each.part.path)
    text = "\n".join(found.problems)
    assert "missing" not in text
    assert "instead of 5800" not in text  # one folder of all holds more than an archive


@pytest.mark.parametrize(
    ("name", "file", "column"),
    [
        ("koniq10k", "koniq10k_scores_and_distributions.csv", "MOS"),
        ("bid", "DatabaseGrades.xlsx", "Average Subjective Grade"),
        ("spaq", "Annotations/MOS and Image attribute scores.xlsx", "MOS"),
    ],
)
def test_a_score_that_is_no_number_is_a_problem_of_its_file(tmp_path, stand_ins, name, file, column):
    getattr(layouts, name)(tmp_path, small(name), stand_ins)
    path = tmp_path / file
    if path.suffix == ".csv":
        header, first, *rest = (line.split(",") for line in path.read_text().splitlines())
        first[header.index(column)] = "none given"
        path.write_text("".join(",".join(line) + "\n" for line in (header, first, *rest)))
    else:
        book = openpyxl.load_workbook(path)
        page = book.worksheets[0]
        header = next(cell for row in page.iter_rows() for cell in row if cell.value == column)
        page.cell(header.row + 1, header.column).value = "none given"
        book.save(path)
    with pytest.raises(InputError, match=f"{path.name}: scores must be numbers: .*none given"):
        read_database(name, tmp_path)
    assert "scores must be numbers" in problems(name, tmp_path)
