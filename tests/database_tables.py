"""The label tables of the databases: the published ones where they are, and small ones of the same form."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
from shared_data import shared

Rows = list[dict[str, str]]


def published(name: str) -> Rows:
    """The published table, as lists of texts by column; skips the test where it is not here."""
    with shared(f"data/tables/{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def numbers(rows: Rows, column: str) -> np.ndarray:
    return np.array([float(row[column]) for row in rows])


def small(name: str) -> Rows:
    """A small table of the same columns, with names and scores of the same form."""
    return _SMALL[name]()


def _kadid10k() -> Rows:
    return [
        {
            "image": f"I{ref:02d}_{kind:02d}_{level:02d}.png",
            "ref": f"I{ref:02d}.png",
            "dist_type": f"{kind}",
            "level": f"{level}",
            "dmos_higher_is_better": f"{4.93 - 0.9 * (level - 1):.2f}",
            "std": f"{0.5 + 0.1 * level:.6f}",
        }
        for ref in (1, 2, 6)
        for kind in (1, 25)
        for level in range(1, 6)
    ]


def _live() -> Rows:
    """779 of the 982 pictures, as the reader takes no other number; which are undistorted does not matter."""
    counts = {"jp2k": 227, "jpeg": 233, "wn": 174, "gblur": 174, "fastfading": 174}
    places = [(folder, number) for folder, count in counts.items() for number in range(1, count + 1)]
    kept = [place for row, place in enumerate(places) if row % 4 or row >= 812]
    return [
        {
            "image": f"{folder}/img{number}.bmp",
            "ref": ("bikes.bmp", "caps.bmp", "plane.bmp")[number % 3],
            "dist_type": folder,
            "dmos_realigned_lower_is_better": f"{(number * 7) % 100 + 0.25}",
            "dmos_original_lower_is_better": f"{(number * 5) % 60 + 20.5}",
            "std_realigned": f"{1 + number / 100}",
        }
        for folder, number in kept
    ]


def _csiq() -> Rows:
    words = {"awgn": "AWGN", "blur": "BLUR", "contrast": "contrast", "fnoise": "fnoise", "jpeg": "JPEG"}
    words["jpeg2000"] = "jpeg2000"
    return [
        {
            "image": f"dst_imgs/{folder}/{ref}.{word}.{level}.png",
            "ref": f"{ref}.png",
            "dist_type": folder,
            "level": f"{level}",
            "dmos_lower_is_better": f"{0.2 * level - 0.1:.6f}",
            "std": f"{0.01 * level:.3f}",
        }
        for folder, word in words.items()
        for ref in ("1600", "woman")
        for level in range(1, 5 if folder == "contrast" else 6)
    ]


def _tid2013() -> Rows:
    def name(ref: int, kind: int, level: int) -> str:
        first = level == 1 and kind in (1, 11, 13)
        suffix = "BMP" if level == 1 and kind in (11, 13) else "bmp"
        return f"{'I' if first else 'i'}{ref:02d}_{kind:02d}_{level}.{suffix}"

    return [
        {
            "image": name(ref, kind, level),
            "ref_id": f"{ref}",
            "dist_type": f"{kind}",
            "level": f"{level}",
            "mos_higher_is_better": f"{7 - level:.5f}",
            "std": f"{0.1 * level:.5f}",
        }
        for ref in (1, 25)
        for kind in (1, 11, 13, 24)
        for level in range(1, 6)
    ]


def _livec() -> Rows:
    return [
        {"image": f"Images/{number}.{suffix}", "mos_higher_is_better": f"{score}", "std": "19.5"}
        for number, suffix, score in ((3, "bmp", 44.446122), (100, "bmp", 71.5), (533, "JPG", 20.25))
    ]


def _koniq10k() -> Rows:
    # Of 105 ratings, so that the means on 1-5 are those of whole counts.
    return [
        {
            "image": f"{name}.jpg",
            "mos_1_5": f"{sum((grade + 1) * count for grade, count in enumerate(counts)) / 105:.6f}",
            "std": "0.5",
            "mos_0_100": f"{zscore}",
            "official_set": part,
        }
        for name, counts, zscore, part in (
            ("10004473376", (0, 0, 25, 73, 7), 77.3836206897, "training"),
            ("10007357496", (5, 20, 60, 20, 0), 48.5, "validation"),
            ("80184044", (80, 20, 5, 0, 0), 9.125, "test"),
        )
    ]


def _bid() -> Rows:
    return [
        {
            "image": f"DatabaseImage{number:04d}.JPG",
            "mos_0_5_higher_is_better": f"{score}",
            "std": "0.5",
            "n_grades": f"{grades}",
        }
        for number, score, grades in ((1, 4.516640224615385, 13), (3, 1.30018912, 10), (590, 2.15618492, 14))
    ]


def _pipal() -> Rows:
    return [
        {
            "image": f"A{ref:04d}_{kind:02d}_{number:02d}.bmp",
            "ref": f"A{ref:04d}.bmp",
            "dist_type": f"{kind:02d}",
            "sub_id": f"{number:02d}",
            "elo_higher_is_better": f"{1500 - 40 * kind - 10 * number:.4f}",
        }
        for ref in (1, 248)
        for kind in range(7)
        for number in range(2)
    ]


def _spaq() -> Rows:
    return [
        {"image": f"{number:05d}.jpg", "mos_0_100_higher_is_better": f"{score}", "std": "17.5"}
        for number, score in ((1, 48.86), (2, 62.5), (11125, 10.8))
    ]


_SMALL = {
    "kadid10k": _kadid10k,
    "live": _live,
    "csiq": _csiq,
    "tid2013": _tid2013,
    "livec": _livec,
    "koniq10k": _koniq10k,
    "bid": _bid,
    "pipal_train": _pipal,
    "spaq": _spaq,
}


def link(picture: Path, name: Path) -> None:
    """Put a picture under another name, at next to no cost; links on a file are limited in number on some systems."""
    name.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(picture, name)
    except OSError:
        name.write_bytes(picture.read_bytes())
