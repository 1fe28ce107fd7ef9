import pytest

from syndr import VirtualDataset, virtual
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
    assert {path for path in folder.iterdir() if path.stat().st_mtime_ns != times[path]} == {removed}


def test_a_folder_begun_with_another_network_for_type_15_is_refused(pictures, tmp_path, own_dncnn):
    from syndr.distort import set_dncnn_weights

    with_15, without = (VirtualDataset(virtual_rows(pictures, types, [1])) for types in ([1, 15], [1, 11]))
    with_15.materialize(tmp_path / "made")
    without.materialize(tmp_path / "others")
    set_dncnn_weights(own_dncnn)
    with pytest.raises(StoreError, match="other weights of type 15's network"):
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


def test_a_row_without_a_path_is_an_image_error(pictures):
    rows = pictures.with_column("path", [None, pictures["path"][1]])
    with pytest.raises(ImageError, match=r"r0\.png: the row has no path"):
        VirtualDataset(rows).image(0)


def test_decoded_references_are_kept_within_bounds(pictures, monkeypatch):
    decoded = []
    monkeypatch.setattr("syndr.virtual._decode", lambda path, real=virtual._decode: decoded.append(path) or real(path))
    rows = virtual_rows(pictures, [1], [1, 2])
    one = 3 * 32 * 40
    list(VirtualDataset(rows, cache_bytes=2 * one))
    assert len(decoded) == 2  # each reference once
    decoded.clear()
    dataset = VirtualDataset(rows, cache_bytes=one)
    for row in (0, 2, 1, 3):
        dataset.image(row)
    assert len(decoded) == 4  # no room for both
    decoded.clear()
    plain = VirtualDataset(pictures)
    plain.image(0), plain.image(0)
    assert len(decoded) == 2  # pictures that no other row shares are not kept


def test_a_folder_of_something_else_is_not_written_to(pictures, tmp_path):
    pytest.importorskip("torch")
    (tmp_path / "holiday.png").touch()
    with pytest.raises(StoreError, match="holds files of something else"):
        VirtualDataset(virtual_rows(pictures, [1], [1])).materialize(tmp_path)
