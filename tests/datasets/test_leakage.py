import numpy as np
import pytest

from syndr.datasets import check_leakage
from syndr.datasets.leakage import identical_files
from syndr.errors import InputError
from syndr.samples import Samples


def files(folder, contents):
    folder.mkdir()
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return [str(folder / name) for name in contents]


def table(paths, **columns):
    return Samples.from_columns(id=[str(row) for row in range(len(paths))], path=paths, **columns)


def test_identical_files_are_those_of_equal_bytes(tmp_path):
    # Long files that differ in the middle alone, in the last byte alone, and not at all.
    base = np.random.default_rng(0).integers(0, 256, 30_000, dtype=np.uint8).tobytes()
    middle = base[:15_000] + bytes([base[15_000] ^ 1]) + base[15_001:]
    last = base[:-1] + bytes([base[-1] ^ 1])
    ours = files(tmp_path / "ours", {"base": base, "middle": middle, "short": b"x", "empty": b""})
    theirs = files(tmp_path / "theirs", {"same": base, "last": last, "y": b"y", "x": b"x", "longer": base + b"0"})
    assert identical_files(ours, theirs) == [(ours[0], theirs[0]), (ours[2], theirs[3])]
    assert identical_files(theirs, ours) == [(theirs[0], ours[0]), (theirs[3], ours[2])]
    assert identical_files(ours, []) == identical_files([], theirs) == []


def test_a_link_and_the_same_path_are_identical(tmp_path):
    [path] = files(tmp_path / "ours", {"a": b"abc"})
    (tmp_path / "link").symlink_to(path)
    assert identical_files([path], [path, str(tmp_path / "link")]) == [
        (path, str(tmp_path / "link")),
        (path, path),
    ]


def test_files_that_are_not_there_are_passed_over(tmp_path):
    [path] = files(tmp_path / "ours", {"a": b"abc"})
    assert identical_files([path, str(tmp_path / "gone")], [str(tmp_path / "gone")]) == []


def test_shared_references_and_files_are_refused(tmp_path):
    ours = files(tmp_path / "ours", {"1": b"1", "2": b"2"})
    theirs = files(tmp_path / "theirs", {"3": b"3", "2": b"2"})
    train = table(ours, reference=["I01", "I02"], database=["kadid10k"] * 2)
    with pytest.raises(
        InputError, match=rf"LIVE shares 1 byte-identical files .*, first {theirs[1]} = {ours[1]}; leave"
    ):
        check_leakage([train], table(theirs), "LIVE")
    check_leakage([train], table(theirs[:1], reference=["I01"], database=["tid2013"]))  # another I01
    with pytest.raises(InputError, match=r"shares 1 references with the training set, first kadid10k: I01; split by"):
        check_leakage([table([]), train], table(theirs[:1], reference=["I01"], database=["kadid10k"]))
    with pytest.raises(InputError, match=r"shares 1 references with the training set, first r; split by"):
        check_leakage([table(ours, reference=["r", None])], table(theirs[:1], reference=["r"]))
    check_leakage([train], table(theirs[:1]))


def test_a_split_by_reference_does_not_leak(tmp_path):
    from syndr.datasets import part_of, split_by_reference

    paths = files(tmp_path / "pictures", {str(number): bytes([number]) for number in range(20)})
    samples = split_by_reference(table(paths, reference=[f"r{number // 4}" for number in range(20)]))
    check_leakage([part_of(samples, "train")], part_of(samples, "test"))
    with pytest.raises(InputError, match="shares 5 references"):
        check_leakage([samples], samples)
