"""Folders laid out as the databases are downloaded, with stand-in pictures of the right names, formats and sizes.

Each builder takes the root to make and the rows of a table (``database_tables``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openpyxl
import xlwt
from database_tables import Rows, link, numbers
from PIL import Image
from scipy.io import savemat


class StandIns:
    """Small pictures of any format and size, made once and linked under many names."""

    def __init__(self, folder: Path, size: tuple[int, int] = (2, 2)) -> None:
        self.folder, self.size = folder, size

    def put(self, path: Path) -> None:
        """Make a picture of this name; its suffix decides the format."""
        suffix = path.suffix.lower()
        source = self.folder / f"stand-in{self.size[0]}x{self.size[1]}{suffix}"
        if not source.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            shades = np.linspace(0, 255, self.size[0] * self.size[1]).astype(np.uint8).reshape(self.size[::-1])
            Image.fromarray(shades).convert("RGB").save(source)
        link(source, path)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def kadid10k(root: Path, rows: Rows, pictures: StandIns, references: str = "images") -> None:
    lines = ["dist_img,ref_img,dmos,var"]
    for row in rows:
        variance = repr(float(row["std"]) ** 2)
        lines.append(f"{row['image']},{row['ref']},{row['dmos_higher_is_better']},{variance}")
        pictures.put(root / "images" / row["image"])
    for name in {row["ref"] for row in rows}:
        pictures.put(root / references / name)
    _write(root / "dmos.csv", "\n".join(lines) + "\n")


def kadis700k(root: Path, names: list[str], pictures: StandIns) -> None:
    lines = ["ref_im,dist_type_1,dist_type_2"]
    for number, name in enumerate(names):
        lines.append(f"{name},{number % 25 + 1},{(number + 7) % 25 + 1}")
        pictures.put(root / "ref_imgs" / name)
    _write(root / "kadis700k_ref_imgs.csv", "\n".join(lines) + "\n")


def _cells(texts: list[str]) -> np.ndarray:
    cells = np.empty(len(texts), dtype=object)
    cells[:] = texts
    return cells


LIVE_FOLDERS = {"jp2k": 227, "jpeg": 233, "wn": 174, "gblur": 174, "fastfading": 174}


def live(root: Path, rows: Rows, pictures: StandIns) -> None:
    """``databaserelease2``: the pictures missing from the table are the undistorted ones, marked in ``orgs``."""
    by_name = {row["image"]: row for row in rows}
    places = [f"{folder}/img{number}.bmp" for folder, count in LIVE_FOLDERS.items() for number in range(1, count + 1)]
    some_reference = rows[0]["ref"]
    found = [by_name.get(place) for place in places]

    def values(column: str) -> np.ndarray:
        return np.array([[float(row[column]) if row else 0.0 for row in found]])

    orgs = np.array([[0 if row else 1 for row in found]], dtype=np.uint8)
    root.mkdir(parents=True, exist_ok=True)
    realigned, deviations = values("dmos_realigned_lower_is_better"), values("std_realigned")
    savemat(root / "dmos_realigned.mat", {"dmos_new": realigned, "dmos_std": deviations, "orgs": orgs})
    savemat(root / "dmos.mat", {"dmos": values("dmos_original_lower_is_better"), "orgs": orgs})
    names = _cells([row["ref"] if row else some_reference for row in found])
    savemat(root / "refnames_all.mat", {"refnames_all": names[None]})
    for place in places:
        pictures.put(root / place)
    for name in {row["ref"] for row in rows}:
        pictures.put(root / "refimgs" / name)


def spreadsheet(path: Path, rows: list[list[object]], title: str = "Sheet1") -> None:
    """A spreadsheet of one sheet, ``.xlsx`` or ``.xls``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".xls":
        old = xlwt.Workbook()
        page = old.add_sheet(title)
        for at, row in enumerate(rows):
            for column, value in enumerate(row):
                page.write(at, column, value)
        old.save(str(path))
        return
    book = openpyxl.Workbook(write_only=True)
    page = book.create_sheet(title)
    for row in rows:
        page.append(row)
    book.save(path)


CSIQ_WORDS = {"awgn": "noise", "jpeg2000": "jpeg 2000"}


def csiq(
    root: Path, rows: Rows, pictures: StandIns, folder_name: Callable[[str], str] = str, labels: str = "xlsx"
) -> None:
    """The spreadsheet has its header in row 4, from column D on, as the authors' has; or hyperIQA's flat text."""
    if labels == "xlsx":
        lines: list[list[object]] = [["CSIQ"], [], [], [None] * 3 + ["image", "dst_idx", "dst_type", "dst_lev"]]
        lines[-1] += ["dmos_std", "dmos"]
        for row in rows:
            stem = row["ref"].removesuffix(".png")
            word = CSIQ_WORDS.get(row["dist_type"], row["dist_type"])
            image = int(stem) if stem.isdigit() else stem
            scores = [float(row["std"]), float(row["dmos_lower_is_better"])]
            lines.append([None, None, None, image, 1, word, int(row["level"]), *scores])
        spreadsheet(root / "csiq.DMOS.xlsx", lines, "all_by_image")
    else:
        _write(
            root / "csiq_label.txt",
            "".join(f"{Path(row['image']).name} {row['dmos_lower_is_better']}\n" for row in rows),
        )
    for row in rows:
        _, folder, name = row["image"].split("/")
        pictures.put(root / "dst_imgs" / folder_name(folder) / name)
    for name in {row["ref"] for row in rows}:
        pictures.put(root / "src_imgs" / name)


def tid2013(root: Path, rows: Rows, pictures: StandIns, on_disk: Callable[[str], str] = str) -> None:
    """References are named ``I01.BMP`` to ``I24.BMP`` and ``i25.bmp``, as in the download."""
    _write(root / "mos_with_names.txt", "".join(f"{row['mos_higher_is_better']} {row['image']}\n" for row in rows))
    _write(root / "mos_std.txt", "".join(f"{row['std']}\n" for row in rows))
    for row in rows:
        pictures.put(root / "distorted_images" / on_disk(row["image"]))
    for number in sorted({int(row["ref_id"]) for row in rows}):
        name = f"I{number:02d}.BMP" if number < 25 else "i25.bmp"
        pictures.put(root / "reference_images" / name)


def livec(root: Path, rows: Rows, pictures: StandIns) -> None:
    names = [Path(row["image"]).name for row in rows]
    training = [f"t{number}.bmp" for number in range(1, 8)]
    (root / "Data").mkdir(parents=True, exist_ok=True)
    savemat(root / "Data" / "AllImages_release.mat", {"AllImages_release": _cells(training + names)[:, None]})
    for variable, column in (("AllMOS_release", "mos_higher_is_better"), ("AllStdDev_release", "std")):
        values = np.concatenate([np.full(7, 50.0), numbers(rows, column)])
        savemat(root / "Data" / f"{variable}.mat", {variable: values[None]})
    for name in names:
        pictures.put(root / "Images" / name)
    for name in training:
        pictures.put(root / "Images" / "trainingImages" / name)


def koniq10k(
    root: Path,
    rows: Rows,
    pictures: StandIns,
    files: tuple[str, ...] = ("older", "newer"),
    sizes: tuple[str, ...] = ("512x384",),
) -> None:
    """The older file has both scores; the newer the 0-100 one, the proportions of the grades, and the set."""
    older = ["image_name,c1,c2,c3,c4,c5,c_total,MOS,SD,MOS_zscore"]
    newer = ["image_name,c1,c2,c3,c4,c5,c_total,MOS,SD,set"]
    for row in rows:
        mean, zscore = float(row["mos_1_5"]), row["mos_0_100"]
        # Proportions of two neighbouring grades whose mean is the score.
        grade = min(int(mean), 4)
        shares = [0.0] * 5
        shares[grade - 1], shares[grade] = grade + 1 - mean, mean - grade
        grades = ",".join(map(repr, shares))
        older.append(f"{row['image']},{grades},100,{row['mos_1_5']},{row['std']},{zscore}")
        newer.append(f"{row['image']},{grades},100,{zscore},{row['std']},{row['official_set']}")
        for size in sizes:
            pictures.put(root / size / row["image"])
    if "older" in files:
        _write(root / "koniq10k_scores_and_distributions.csv", "\n".join(older) + "\n")
    if "newer" in files:
        _write(root / "koniq10k_distributions_sets.csv", "\n".join(newer) + "\n")


def bid(root: Path, rows: Rows, pictures: StandIns, suffix: str = ".xlsx", folder: str = "ImageDatabase") -> None:
    lines: list[list[object]] = [["Image Number", "Average Subjective Grade", "Number of Grades", "Grade #1"]]
    for row in rows:
        number = int(row["image"].removeprefix("DatabaseImage").removesuffix(".JPG"))
        lines.append([number, float(row["mos_0_5_higher_is_better"]), int(row["n_grades"]), 3.0])
        pictures.put(root / folder / row["image"])
    spreadsheet(root / f"DatabaseGrades{suffix}", lines)


def pipal(root: Path, rows: Rows, pictures: StandIns, merged: str | None = None) -> None:
    """Four archives of as many references each, or one folder of all."""
    of_reference: dict[str, Rows] = defaultdict(list)
    for row in rows:
        of_reference[row["ref"]].append(row)
    for number, (name, own) in enumerate(of_reference.items()):
        text = "".join(f"{row['image']},{row['elo_higher_is_better']}\n" for row in own)
        _write(root / "Train_Label" / f"{Path(name).stem}.txt", text)
        folder = merged or f"Distortion_{number * 4 // len(of_reference) + 1}"
        for row in own:
            pictures.put(root / folder / row["image"])
        pictures.put(root / "Train_Ref" / name)


def spaq(root: Path, rows: Rows, pictures: StandIns) -> None:
    lines: list[list[object]] = [["Image name", "MOS", "Brightness", "Colorfulness"]]
    for row in rows:
        lines.append([row["image"], float(row["mos_0_100_higher_is_better"]), 50.0, 50.0])
        pictures.put(root / "TestImage" / row["image"])
    spreadsheet(root / "Annotations" / "MOS and Image attribute scores.xlsx", lines)
