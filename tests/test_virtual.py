import csv

import pytest

from syndr import VirtualDataset
from syndr.errors import ImageError, InputError, StoreError
from syndr.samples import Samples
from syndr.virtual import made_with, virtual_rows, virtual_types


def test_ids_of_virtual_rows_are_unique():
    ids = ["a.png", "a.jpg", "b/a.PNG", "b.v2", "c.tar.png", "ü", ".png"]
    rows = virtual_rows(Samples.from_columns(id=ids, path=ids), [1, 10], [5])
    assert rows.ids[::2] == [
        "a.png_01_05", "a.jpg_01_05", "b/a_01_05", "b.v2_01_05", "c.tar_01_05", "ü_01_05", ".png_01_05",
    ]  # fmt: skip
    assert rows["reference"].tolist() == [name for name in ids for _ in range(2)]
    assert rows["type"].tolist() == [1, 10] * 7


@pytest.fixture
def pictures(tmp_path):
    """Two photographs-to-be on disk: smooth colour ramps with noise."""
    torch = pytest.importorskip("torch")
    from syndr.images import write_image

    ramp = torch.linspace(0, 200, 40)[None, None, :].expand(3, 32, 40)
    paths = []
    for n in range(2):
        noise = 55 * torch.rand(ramp.shape, generator=torch.Generator().manual_seed(n))
        write_image(tmp_path / "refs" / f"r{n}.png", (ramp + noise).round().to(torch.uint8))
        paths.append(str(tmp_path / "refs" / f"r{n}.png"))
    return Samples.from_columns(id=["r0.png", "r1.png"], path=paths)


def test_a_virtual_row_is_the_distorted_picture(pictures):
    torch = pytest.importorskip("torch")
    from syndr.distort import distort
    from syndr.images import decode

    mixed = pictures.concat(virtual_rows(pictures, [1, 11], [2, 5], dataset_seed=4))
    dataset = VirtualDataset(mixed)
    assert len(dataset) == 2 + 8
    for row, (picture, entry) in enumerate(zip(dataset, mixed.table.to_pylist(), strict=True)):
        expected = decode(entry["path"])
        if entry["seed"] is not None:
            expected = distort(expected[None], entry["type"], entry["level"], [entry["seed"]])[0]
        assert torch.equal(picture, expected)
        assert torch.equal(dataset[row], picture)
    dataset[0].zero_()  # what is given out is the caller's own
    assert torch.equal(dataset[0], decode(pictures["path"][0]))


def test_a_sample_does_not_depend_on_the_rows_around_it(pictures):
    torch = pytest.importorskip("torch")
    rows = virtual_rows(pictures, [11, 3, 10], [1, 3])
    whole = dict(zip(rows.ids, VirtualDataset(rows), strict=True))
    for name, picture in zip(reversed(rows.ids), VirtualDataset(rows.take(range(len(rows))[::-1])), strict=True):
        assert torch.equal(whole[name], picture)
    other_seed = VirtualDataset(virtual_rows(pictures, [11], [1], dataset_seed=1))
    assert not torch.equal(other_seed[0], whole["r0_11_01"])


def test_materialize_writes_what_image_gives_and_goes_on_where_it_stopped(pictures, tmp_path):
    torch = pytest.importorskip("torch")
    from syndr.images import decode

    rows = virtual_rows(pictures, [11, 25], [1, 3])
    dataset, folder, seen = VirtualDataset(rows), tmp_path / "made", []
    written, rejected = dataset.materialize(folder, progress=lambda *state: seen.append(state))
    assert rejected == []
    assert seen[0] == ("materialize", 0, 8)
    assert seen[-1] == ("materialize", 8, 8)
    assert "seed" not in written
    assert written["file_name"].tolist() == [f"{name}.png" for name in rows.ids]
    assert sorted(path.name for path in folder.glob("*.png")) == sorted(written["file_name"])
    for row, picture in enumerate(VirtualDataset(written)):
        assert torch.equal(picture, dataset[row])
        assert torch.equal(picture, decode(folder / f"{rows.ids[row]}.png"))
    times = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    removed = folder / f"{rows.ids[3]}.png"
    removed.unlink()
    dataset.materialize(folder)
    with pytest.raises(StoreError, match="holds pictures of other rows"):
        VirtualDataset(virtual_rows(pictures, [11, 25], [1, 3], dataset_seed=1)).materialize(folder)
    again = {path for path in folder.iterdir() if path.stat().st_mtime_ns != times[path]}
    assert again == {removed, folder / "metadata.csv"}


def test_a_folder_begun_with_another_network_for_type_15_is_refused(pictures, tmp_path, own_dncnn):
    from syndr.distort import set_dncnn_weights

    with_15, without = (VirtualDataset(virtual_rows(pictures, types, [1])) for types in ([1, 15], [1, 11]))
    with_15.materialize(tmp_path / "made")
    without.materialize(tmp_path / "others")
    set_dncnn_weights(own_dncnn)
    with pytest.raises(StoreError, match="of another network for type 15"):
        with_15.materialize(tmp_path / "made")
    without.materialize(tmp_path / "others")
    set_dncnn_weights(None)
    with_15.materialize(tmp_path / "made")


def test_types_of_virtual_rows_alone(pictures):
    rows = virtual_rows(pictures, [15, 3], [1])
    files = rows.with_column("id", ["a", "b", "c", "d"]).with_column("seed", [None] * 4).with_column("type", [7] * 4)
    assert virtual_types(rows.concat(files)) == {3, 15}
    assert virtual_types(pictures) == set()
    assert set(made_with([3, 15])) == {"dncnn"}
    assert made_with([3]) == {}


def test_rows_that_cannot_be_made_are_set_aside_with_the_reason(pictures, tmp_path):
    torch = pytest.importorskip("torch")
    from syndr.images import write_image

    write_image(tmp_path / "refs" / "grey.png", torch.full((3, 16, 16), 7, dtype=torch.uint8))
    (tmp_path / "refs" / "broken.png").write_bytes(b"no picture")
    more = Samples.from_columns(
        id=["grey.png", "broken.png", "gone.png", "../out.png", "/abs.png"],
        path=[str(tmp_path / "refs" / name) for name in ("grey.png", "broken.png", "gone.png", "r0.png", "r0.png")],
    )
    rows = virtual_rows(pictures.concat(more), [1], [1])
    written, rejected = VirtualDataset(rows).materialize(tmp_path / "made")
    assert written.ids == ["r0_01_01", "r1_01_01"]
    reasons = {entry.id: (entry.path, entry.reason) for entry in rejected}
    assert list(reasons) == ["grey_01_01", "broken_01_01", "gone_01_01", "../out_01_01", "/abs_01_01"]
    assert "constant" in reasons["grey_01_01"][1]
    assert "not an image" in reasons["broken_01_01"][1]
    assert "no such file" in reasons["gone_01_01"][1]
    assert reasons["../out_01_01"][1] == "id '../out_01_01' leads out of the folder; give the row another id"
    assert "leads out of the folder" in reasons["/abs_01_01"][1]
    assert sorted(path.name for path in (tmp_path / "made").glob("*.png")) == ["r0_01_01.png", "r1_01_01.png"]
    with pytest.raises(ImageError, match="gone.png: no such file"):
        VirtualDataset(rows).image(rows.row_of["gone_01_01"])


def test_types_that_cannot_be_made_are_refused(pictures):
    pytest.importorskip("torch")
    with pytest.raises(InputError, match="distortion types 26 cannot be synthesized"):
        VirtualDataset(virtual_rows(pictures, [1, 26], [1]))


@pytest.mark.parametrize("column", ["path", "type", "level"])
def test_a_missing_column_is_named(pictures, column):
    rows = virtual_rows(pictures, [1], [1])
    with pytest.raises(InputError, match=f"no column '{column}'"):
        VirtualDataset(Samples(rows.table.drop_columns([column])))
    unused = pictures.with_column("seed", [None, None])
    assert VirtualDataset(unused).image(0).shape == (3, 32, 40)  # no row is virtual


def test_a_virtual_row_without_a_type_is_refused(pictures):
    rows = virtual_rows(pictures, [1], [1]).with_column("type", [1, None])
    with pytest.raises(InputError, match="the row has a seed but no type"):
        VirtualDataset(rows)


def test_a_row_without_a_path_is_an_image_error(pictures):
    rows = pictures.with_column("path", [None, pictures["path"][1]])
    with pytest.raises(ImageError, match=r"r0\.png: the row has no path"):
        VirtualDataset(rows).image(0)


def test_decoded_references_are_kept_within_bounds(pictures, monkeypatch):
    pytest.importorskip("torch")
    from syndr.images import decode

    decoded = []
    monkeypatch.setattr("syndr.images.decode", lambda path: decoded.append(path) or decode(path))
    rows = virtual_rows(pictures, [1], [1, 2])
    one = 3 * 32 * 40
    list(VirtualDataset(rows, cache_bytes=2 * one))
    assert len(decoded) == 2  # each reference once
    decoded.clear()
    dataset = VirtualDataset(rows, cache_bytes=one - 1)
    for row in (0, 2, 1, 3):
        dataset.image(row)
    assert len(decoded) == 4  # room for the last one alone
    decoded.clear()
    plain = VirtualDataset(pictures)
    plain.image(0), plain.image(0)
    assert len(decoded) == 2  # pictures that no other row shares are not kept


def test_a_folder_of_something_else_is_not_written_to(pictures, tmp_path):
    pytest.importorskip("torch")
    (tmp_path / "holiday.png").touch()
    with pytest.raises(StoreError, match="holds files of something else"):
        VirtualDataset(virtual_rows(pictures, [1], [1])).materialize(tmp_path)


@pytest.fixture
def mixed(pictures, tmp_path):
    """Rows of several kinds: files, and virtual ones of two sizes and of references that fail."""
    torch = pytest.importorskip("torch")
    from syndr.images import decode, write_image

    write_image(tmp_path / "refs" / "tall.png", decode(pictures["path"][0]).mT)
    write_image(tmp_path / "refs" / "grey.png", torch.full((3, 32, 40), 7, dtype=torch.uint8))
    names = ("tall", "grey", "gone")
    more = Samples.from_columns(id=names, path=[str(tmp_path / "refs" / f"{name}.png") for name in names])
    references = pictures.concat(more)
    rows = references.concat(virtual_rows(references, [1, 11], [2, 5]))
    return rows.with_column("path", [None if row == 2 else path for row, path in enumerate(rows["path"])])


def test_many_rows_are_what_single_rows_are(mixed):
    torch = pytest.importorskip("torch")
    dataset = VirtualDataset(mixed)
    rows = [*range(len(mixed))[::-1], 6, 6]
    failed = 0
    for row, found in zip(rows, dataset.images(rows), strict=True):
        if isinstance(found, ImageError):
            with pytest.raises(ImageError) as error:
                dataset.image(row)
            assert str(found) == str(error.value)
            failed += 1
        else:
            assert torch.equal(found, dataset.image(row))
    assert failed == 2 + 4 + 4  # no path and no file; constant; no file
    assert dataset.images([]) == []
    one, other = dataset.images([6, 6])
    one.zero_()  # each is the caller's own
    assert torch.equal(other, dataset.image(6))


def test_virtual_rows_of_one_size_are_made_in_one_call(mixed, monkeypatch):
    pytest.importorskip("torch")
    import syndr.distort.batch

    calls, real = [], syndr.distort.batch.distort
    monkeypatch.setattr(
        syndr.distort.batch,
        "distort",
        lambda images, *rest, **names: calls.append(len(images)) or real(images, *rest, **names),
    )
    good = [row for row, name in enumerate(mixed.ids) if name[:2] in ("r0", "r1", "ta")]
    VirtualDataset(mixed).images(good)
    assert sorted(calls) == [4, 8]


def test_a_reference_is_decoded_once_for_all_its_rows(pictures, monkeypatch, tmp_path):
    pytest.importorskip("torch")
    from syndr.images import decode

    decoded = []
    monkeypatch.setattr("syndr.images.decode", lambda path: decoded.append(path) or decode(path))
    rows = virtual_rows(pictures, [1, 10], [1, 2])
    VirtualDataset(rows, cache_bytes=0).images(range(8))
    assert len(decoded) == 2
    decoded.clear()
    VirtualDataset(rows).materialize(tmp_path / "made")
    assert len(decoded) == 2


def test_crops_are_cut_from_whole_pictures(mixed):
    torch = pytest.importorskip("torch")
    from syndr.images import center_crop, random_crop

    dataset = VirtualDataset(mixed)
    rows = range(len(mixed))
    places = torch.rand(len(rows), 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    drawn, middle = dataset.crops(rows, 24, places), dataset.crops(rows, 24)
    for row, picture in enumerate(dataset.images(rows)):
        if isinstance(picture, ImageError):
            assert str(drawn[row]) == str(middle[row]) == str(picture)
        else:
            assert torch.equal(drawn[row], random_crop(picture, 24, *places[row].tolist()))
            assert torch.equal(middle[row], center_crop(picture, 24))
            assert drawn[row].shape == (3, 24, 24)
    assert dataset.crops([0], 50)[0].shape == (3, 50, 50)  # enlarged
    with pytest.raises(InputError, match=r"2 crops need \(2, 2\) draws"):
        dataset.crops([0, 1], 24, places)
    with pytest.raises(InputError, match="draws must lie in"):
        dataset.crops([0], 24, torch.ones(1, 2))


def test_a_picture_too_elongated_for_a_crop_is_an_error_in_its_place(pictures, tmp_path):
    torch = pytest.importorskip("torch")
    from syndr.images import write_image

    write_image(tmp_path / "strip.png", torch.arange(9000).remainder(251).to(torch.uint8).expand(3, 1, -1))
    samples = pictures.concat(Samples.from_columns(id=["strip"], path=[str(tmp_path / "strip.png")]))
    crops = VirtualDataset(samples).crops([0, 2], 300)
    assert crops[0].shape == (3, 300, 300)
    assert "too elongated" in str(crops[1])


def test_threads_may_share_a_dataset(mixed):
    torch = pytest.importorskip("torch")
    from concurrent.futures import ThreadPoolExecutor

    dataset = VirtualDataset(mixed, cache_bytes=2 * 3 * 32 * 40)  # so small that they take references from each other
    good = [row for row, name in enumerate(mixed.ids) if row > 4 and name[:2] in ("r0", "r1", "ta")]
    expected = dataset.images(good)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(dataset.images, [good] * 12):
            assert all(torch.equal(*pair) for pair in zip(found, expected, strict=True))


def test_seeds_keep_all_their_digits_beside_rows_without(pictures):
    torch = pytest.importorskip("torch")
    from syndr.distort import distort
    from syndr.images import decode

    seed = 2**62 + 1
    rows = virtual_rows(pictures, [11], [4]).with_column("seed", [seed, seed])
    expected = distort(decode(pictures["path"][0])[None], 11, 4, [seed])[0]
    assert torch.equal(VirtualDataset(pictures.concat(rows)).image(2), expected)


def test_metadata_names_the_files_and_passes_columns_through(pictures, tmp_path):
    pytest.importorskip("torch")
    rows = virtual_rows(pictures, [1], [2, 5]).with_column("quality", [8.5, 2.25, 8.0, 2.0])
    rows = rows.with_column("note", ["a, b", 'say "x"', None, "ü"]).with_column("near", [["p", "q"], [], None, ["r"]])
    VirtualDataset(rows).materialize(tmp_path / "made", "bmp")
    with (tmp_path / "made" / "metadata.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert list(lines[0]) == ["file_name", "id", "reference", "type", "level", "quality", "note", "near"]
    assert [line["file_name"] for line in lines] == [f"{name}.bmp" for name in rows.ids]
    assert [float(line["quality"]) for line in lines] == [8.5, 2.25, 8.0, 2.0]
    assert [line["note"] for line in lines] == ["a, b", 'say "x"', "", "ü"]
    assert [line["near"] for line in lines] == ['["p", "q"]', "[]", "", '["r"]']
    assert all((tmp_path / "made" / line["file_name"]).is_file() for line in lines)


def test_pictures_are_made_in_parts_that_fit_into_memory(pictures, tmp_path, monkeypatch):
    torch = pytest.importorskip("torch")
    dataset, asked = VirtualDataset(virtual_rows(pictures, [1, 10], [1, 2, 3])), []
    real = dataset.images
    monkeypatch.setattr(dataset, "images", lambda rows: asked.append(list(rows)) or real(rows))
    monkeypatch.setattr("syndr.virtual.materialize._MADE_BYTES", 4 * 3 * 32 * 40)
    written, _ = dataset.materialize(tmp_path / "made")
    assert asked == [[0, 1, 2, 3], [4, 5], [6, 7, 8, 9], [10, 11]]
    assert all(torch.equal(*pair) for pair in zip(VirtualDataset(written), dataset, strict=True))


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_interrupted_run_leaves_whole_files_and_goes_on(pictures, tmp_path, monkeypatch, error):
    torch = pytest.importorskip("torch")
    from syndr.images import decode, writer

    rows, folder = virtual_rows(pictures, [1, 10, 11], [1, 2, 3]), tmp_path / "made"
    written, real = [], writer.write_image

    def stop_at_the_fifth(path, image):
        if len(written) >= 4:
            raise error("stop")
        written.append(path)
        real(path, image)

    monkeypatch.setattr(writer, "write_image", stop_at_the_fifth)
    with pytest.raises(error):
        VirtualDataset(rows).materialize(folder)
    assert sorted(folder.iterdir()) == sorted([*written, folder / "virtual.json"])
    assert all(decode(path).shape == (3, 32, 40) for path in written)
    times = {path: path.stat().st_mtime_ns for path in written}

    (folder / ".r0_01_01.unfinished-x7_qq2ab.png").write_bytes(b"\x89PNG half of")  # as a killed process leaves
    monkeypatch.setattr(writer, "write_image", real)
    table, rejected = VirtualDataset(rows).materialize(folder)
    assert rejected == []
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [*table["file_name"], "metadata.csv", "virtual.json"]
    )
    assert {path: path.stat().st_mtime_ns for path in written} == times
    assert all(torch.equal(*pair) for pair in zip(VirtualDataset(table), VirtualDataset(rows), strict=True))


def test_crops_of_files_are_those_of_whole_pictures_kept_or_not(pictures):
    torch = pytest.importorskip("torch")
    from syndr.images import center_crop, random_crop

    mixed = pictures.concat(virtual_rows(pictures, [1, 11], [2]))
    whole = list(VirtualDataset(mixed))
    rows, places = [5, 0, 2, 1, 0], torch.rand(5, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    for arguments in ({}, {"cache_files": True}, {"cache_files": True, "cache_bytes": 3 * 32 * 40}):
        dataset = VirtualDataset(mixed, **arguments)
        for size in (16, 32, 50):  # inside, as high as the pictures, and higher, so that they are enlarged
            found = dataset.crops(rows, size, places)
            for row, place, crop in zip(rows, places.tolist(), found, strict=True):
                assert torch.equal(crop, random_crop(whole[row], size, *place))
            for row, crop in zip(rows, dataset.crops(rows, size), strict=True):
                assert torch.equal(crop, center_crop(whole[row], size))


def test_virtual_pictures_are_kept_for_the_next_epoch_where_asked(pictures, monkeypatch):
    torch = pytest.importorskip("torch")
    from syndr.distort import distort

    made = []
    monkeypatch.setattr(
        "syndr.distort.distort", lambda images, *how, **n: made.extend(images) or distort(images, *how, **n)
    )
    dataset = VirtualDataset(virtual_rows(pictures, [1, 11], [2]), cache_files=True)
    first, second = (torch.stack(dataset.crops([0, 1, 2, 3], 16)) for _ in range(2))
    assert torch.equal(first, second) and len(made) == 4


def test_files_are_kept_for_the_next_epoch_where_asked(pictures, monkeypatch):
    pytest.importorskip("torch")
    from syndr.images import decode

    decoded = []
    monkeypatch.setattr("syndr.images.decode", lambda path: decoded.append(path) or decode(path))
    for size in ("native", "shorter-20"):
        dataset = VirtualDataset(pictures, cache_files=True, input_size=size)
        for _ in range(3):
            dataset.crops([0, 1], 16)
        assert len(decoded) == 2
        decoded.clear()


def test_files_come_at_the_input_size_and_virtual_pictures_at_that_of_their_references(pictures, tmp_path):
    torch = pytest.importorskip("torch")
    from syndr.images import decode, random_crop, resize_input

    # The same files are references and pictures of their own.
    mixed = pictures.concat(virtual_rows(pictures, [1, 11], [2]))
    plain = VirtualDataset(mixed)
    for arguments in ({}, {"cache_files": True}, {"cache_files": True, "cache_bytes": 2 * 3 * 32 * 40}):
        dataset = VirtualDataset(mixed, input_size="24x20", **arguments)
        rows = [2, 0, 5, 1, 0]
        places = torch.rand(5, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
        for _ in range(2):
            for row, place, crop in zip(rows, places.tolist(), dataset.crops(rows, 16, places), strict=True):
                whole = resize_input(decode(mixed["path"][row]), "24x20") if row < 2 else plain[row]
                assert torch.equal(dataset[row], whole)
                assert torch.equal(crop, random_crop(whole, 16, *place))
    with pytest.raises(InputError, match="input size must be native, shorter-N or WxH"):
        VirtualDataset(mixed, input_size="small")
    written, _ = dataset.materialize(tmp_path / "made")
    assert [tuple(picture.shape[1:]) for picture in VirtualDataset(written)] == [(20, 24)] * 2 + [(32, 40)] * 4
    with pytest.raises(StoreError, match="of another input size"):
        plain.materialize(tmp_path / "made")


@pytest.mark.parametrize(("room", "made_again"), [(8, 0), (3, 1)])
def test_pictures_kept_on_a_device_give_the_same_crops_and_are_made_once(pictures, monkeypatch, room, made_again):
    torch = pytest.importorskip("torch")
    from syndr.distort import distort

    absent = Samples.from_columns(id=["absent"], path=["nowhere.png"])
    mixed = pictures.concat(virtual_rows(pictures, [1, 11], [2])).concat(absent)
    rows = [5, 0, 2, 6, 1, 0, 4, 3]
    places = torch.rand(len(rows), 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    # Inside, as high as the pictures, and higher, so that they are enlarged.
    asked = [(size, draws) for size in (16, 32, 50) for draws in (places, None)]
    plain = VirtualDataset(mixed)
    expected = [plain.crops(rows, *how) for how in asked]
    made = []

    def counted(images, *how, **names):
        made.extend(images)
        return distort(images, *how, **names)

    monkeypatch.setattr("syndr.distort.distort", counted)
    dataset = VirtualDataset(mixed, cache_files=True, device_keep_bytes=room * 3 * 32 * 40)
    for how, wanted in zip(asked, expected, strict=True):
        for crop, one in zip(dataset.crops(rows, *how), wanted, strict=True):
            assert torch.equal(crop, one) if isinstance(one, torch.Tensor) else str(crop) == str(one)
    assert len(made) == 4 + made_again * (len(asked) - 1)
    dataset[2].zero_()  # what is given out is the caller's own
    assert torch.equal(dataset[2], plain[2])
    with pytest.raises(InputError, match="crop"):
        dataset.crops([0], 0)


@pytest.mark.parametrize("how", ["_cut", "_gathered"])
def test_places_of_crops_of_kept_pictures_of_several_sizes(monkeypatch, how):
    torch = pytest.importorskip("torch")
    from syndr.images import center_crop, random_crop
    from syndr.virtual.kept import KeptPictures

    generator = torch.Generator().manual_seed(0)
    whole = [torch.randint(0, 256, (3, 9 + row, 30 - row), dtype=torch.uint8, generator=generator) for row in range(8)]
    monkeypatch.setattr(KeptPictures, "_cut", getattr(KeptPictures, how))  # which the CPU takes
    kept = KeptPictures(sum(map(torch.Tensor.numel, whole)), len(whole), "cpu")
    for row in (3, 0, 5, 5, 7):
        kept.add(row, whole[row])
    assert [row for row in range(8) if row in kept] == [0, 3, 5, 7]
    assert all(torch.equal(kept.picture(row), whole[row]) for row in (0, 3, 5, 7))
    assert kept.has(0, 9) and not kept.has(0, 10) and not kept.has(1, 1)
    rows, places = [7, 0, 3, 0], [(0.0, 0.999999), (0.5, 0.25), None, None]
    for crop, row, place in zip(kept.crops(rows, 9, places), rows, places, strict=True):
        assert torch.equal(crop, center_crop(whole[row], 9) if place is None else random_crop(whole[row], 9, *place))
