"""Every kind of file that syndr reads and did not write this very moment: a valid one, and what reads it."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from pictures import scene
from torch import nn

from syndr.checkpoint_file import read_checkpoint
from syndr.datasets.label_files import read_csv, read_lines, read_mat, read_sheet
from syndr.errors import ImageError
from syndr.features import Backbone, FeatureStore, export, import_features, read_features, verify
from syndr.features.manifest import Manifest
from syndr.features.unfinished import UnfinishedStore
from syndr.files import write_json
from syndr.images import decode, open_pictures, read_imagefolder, read_rejected, write_image, write_rejected
from syndr.images.rejected import Rejected
from syndr.recipe import read_recipe
from syndr.report.recorded_run import STAGES, RecordedRun
from syndr.samples import Samples
from syndr.training import IQAModel, read_model, save_model
from syndr.training.state import Checkpoint, EpochLog, RunState

ROWS = 12


@dataclass(frozen=True)
class Reader:
    """Something that is read.

    Attributes:
        make: Writes a valid one into a folder and gives the path to read.
        read: Reads it all.
        attacked: Names of the files to be damaged, relative to the folder.
    """

    make: Callable[[Path], Path]
    read: Callable[[Path], object]
    attacked: tuple[str, ...]


def samples() -> Samples:
    ids = [f"image {row}.png" for row in range(ROWS)]
    return Samples.from_columns(
        id=ids,
        path=[f"/data/{name}" for name in ids],
        type=[1 + row for row in range(ROWS)],
        score=[row / 7 for row in range(ROWS)],
        note=['odd, "text"\n', None] * (ROWS // 2),
    )


def features() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(ROWS, 6)).astype(np.float32)


def table(suffix: str) -> Reader:
    def make(folder: Path) -> Path:
        samples().write(folder / f"t{suffix}")
        return folder / f"t{suffix}"

    return Reader(make, lambda path: Samples.read(path).content_hash(), (f"t{suffix}",))


def embeddings(suffix: str) -> Reader:
    def make(folder: Path) -> Path:
        path, ids = folder / f"x{suffix}", np.array(samples().ids)
        if suffix == ".npy":
            np.save(path, features())
        elif suffix == ".npz":
            np.savez_compressed(path, features=features(), ids=ids)
        elif suffix == ".safetensors":
            from safetensors.numpy import save_file

            save_file({"features": features(), "numbers": np.arange(ROWS)}, path)
        else:
            export(FeatureStore.create(folder / "store", samples(), features()), path)
        return path

    def read(path: Path) -> object:
        ids, found = read_features(path)
        return ids, np.asarray(found).sum()

    return Reader(make, read, (f"x{suffix}",))


def make_store(folder: Path) -> Path:
    FeatureStore.create(folder / "store", samples(), features())
    return folder / "store"


def read_store(path: Path) -> object:
    store = FeatureStore.open(path)
    store.rows(store.ids[:3])
    return verify(store)


UNFINISHED = Manifest(backbone="tiny", dims=6, dtype="float32", batch_size=4)


def make_unfinished(folder: Path) -> Path:
    aside = [Rejected("image 3.png", "/data/image 3.png", "truncated")]
    with UnfinishedStore(folder / "out", UNFINISHED) as store:
        for start in range(0, 8, 4):
            store.append(features()[start : start + 4], aside if start else [], [(10, None, 3, 4)] * 4)
    return folder / "out"


def read_unfinished(path: Path) -> object:
    with UnfinishedStore(path, UNFINISHED) as store:
        while store.batches < 3:
            store.append(features()[:4], [], [(None, None, None, None)] * 4)
        return store.batches


class TinyBody(nn.Sequential):
    """Six means of a picture."""

    def __init__(self) -> None:
        super().__init__(nn.Conv2d(3, 6, 3, stride=2), nn.AdaptiveAvgPool2d(1), nn.Flatten())


def tiny_model() -> IQAModel:
    torch.manual_seed(0)
    return IQAModel(Backbone("tiny", TinyBody(), 6, (0.5, 0.5, 0.5), (0.2, 0.2, 0.2)), seed=0)


def make_model(folder: Path) -> Path:
    save_model(folder / "m.safetensors", tiny_model(), {"recipe": {"seed": 1}})
    return folder / "m.safetensors"


def checkpoint(path: Path) -> Checkpoint:
    model = tiny_model()
    optimizer = torch.optim.Adam(model.parameters())
    return Checkpoint(path, model, optimizer, torch.amp.GradScaler("cpu", enabled=False), {"epochs": 3})


def make_checkpoint(folder: Path) -> Path:
    file = checkpoint(folder / "training.safetensors")
    model, optimizer = file.model, file.optimizer
    model(torch.zeros(2, 3, 9, 9))[0].sum().backward()
    optimizer.step()
    aside = Rejected("a", "a.png", "empty")
    file.save(RunState(log=[EpochLog(0, 0.5, 9, 1, 2.0, 1.0)], rejected={"a": aside}, dropped_once=np.arange(3)))
    return file.path


def make_weights(folder: Path) -> Path:
    torch.save({"state_dict": TinyBody().state_dict()}, folder / "w.pth")
    return folder / "w.pth"


RECIPE = """output = "runs/first"
seed = 3
[training_set]
samples = "samples.csv"
references = "references"
[pool]
images = "pool"
[train]
epochs = 2
lr = 1e-4
[[targets]]
name = "scenes"
samples = "target.csv"
"""


def make_recipe_file(folder: Path) -> Path:
    (folder / "r.toml").write_text(RECIPE)
    return folder / "r.toml"


def picture(kind: str) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(scene(3, 24, 20)).save(file, kind)
    return file.getvalue()


def make_tar(folder: Path) -> Path:
    with tarfile.open(folder / "p.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        for name in ("0.png", "1.jpg", "é" * 80 + ".png"):
            data = picture("JPEG" if name.endswith("jpg") else "PNG")
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return folder / "p.tar"


def read_pictures(path: Path) -> object:
    source = open_pictures(path)
    for row in range(len(source.samples)):
        with suppress(ImageError):
            file = source.file(row)
            assert file is not None
            decode(file)
    return len(source.samples)


def make_folder(folder: Path) -> Path:
    for number in range(3):
        write_image(folder / f"photos/{number}.png", torch.from_numpy(scene(number, 8, 8)).permute(2, 0, 1))
    (folder / "photos/metadata.csv").write_text("file_name,id,quality\n0.png,a,1\n1.png,b,2.5\n2.png,c,\n")
    return folder / "photos"


def image(kind: str) -> Reader:
    def make(folder: Path) -> Path:
        (folder / "i").write_bytes(picture(kind))
        return folder / "i"

    return Reader(make, decode, ("i",))


def make_sheet(folder: Path) -> Path:
    from openpyxl import Workbook

    book = Workbook()
    for row in (["name", "score"], ["a", 1.5], ["b", 2]):
        book.active.append(row)
    book.save(folder / "s.xlsx")
    return folder / "s.xlsx"


def make_old_sheet(folder: Path) -> Path:
    import xlwt

    book = xlwt.Workbook()
    sheet = book.add_sheet("s")
    for row, cells in enumerate((["name", "score"], ["a", 1.5], ["b", 2])):
        for column, cell in enumerate(cells):
            sheet.write(row, column, cell)
    book.save(str(folder / "s.xls"))
    return folder / "s.xls"


def make_mat(folder: Path) -> Path:
    from scipy.io import savemat

    names = np.array([["a.png"], ["b.png"]], dtype=object)
    savemat(folder / "m.mat", {"names": names, "mos": np.arange(4.0)}, do_compression=True)
    return folder / "m.mat"


def make_run(folder: Path) -> Path:
    run = folder / "run"
    write_json(run / "recipe.json", {"seed": 1, "train": {"epochs": 2}})
    for stage in STAGES:
        write_json(run / "stages" / f"{stage}.json", {"seconds": 1.5, "summary": {"rows": 3}, "versions": {"a": "1"}})
    write_json(run / "results.json", {"scenes": {"srcc": 0.5, "plcc": 0.4}})
    samples().write(run / "samples.parquet")
    return run


def read_run(path: Path) -> object:
    run = RecordedRun.open(path)
    return [run.setting("train", "epochs"), *map(run.stage, STAGES), run.results(), run.samples("samples.parquet")]


def make_rejected(folder: Path) -> Path:
    write_rejected(folder / "rejected.csv", [Rejected("a", "a.png", "empty, or not"), Rejected("b", "", "\n")])
    return folder / "rejected.csv"


def make_lines(folder: Path) -> Path:
    (folder / "l.txt").write_text("1 a.png 0.5\n2 b.png 0.75\n")
    return folder / "l.txt"


def make_labels(folder: Path) -> Path:
    (folder / "l.csv").write_text("name,mos\na.png,1.5\nb.png,2\n")
    return folder / "l.csv"


def make_labels_npy(folder: Path) -> Path:
    np.save(folder / "x.npy", features())
    np.save(folder / "y.npy", np.arange(float(ROWS)))
    return folder


def read_labels_npy(folder: Path) -> object:
    return import_features(folder / "x.npy", folder / "made", labels=folder / "y.npy").samples["score"]


STORE = ("store/manifest.json", "store/features-00000.npy", "store/index.parquet", "store/samples.parquet")
PARTIAL = ("out.partial/manifest.json", "out.partial/features-00000.npy", "out.partial/journal.jsonl")
RUN = ("run/recipe.json", "run/results.json", "run/samples.parquet", *(f"run/stages/{stage}.json" for stage in STAGES))
IMAGES = ("BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")

READERS: dict[str, Reader] = {
    **{f"table {suffix}": table(suffix) for suffix in (".csv", ".jsonl", ".parquet")},
    **{f"features {suffix}": embeddings(suffix) for suffix in (".npy", ".npz", ".parquet", ".safetensors")},
    "labels .npy": Reader(make_labels_npy, read_labels_npy, ("y.npy",)),
    "store": Reader(make_store, read_store, STORE),
    "unfinished store": Reader(make_unfinished, read_unfinished, PARTIAL),
    "rejected.csv": Reader(make_rejected, read_rejected, ("rejected.csv",)),
    "model": Reader(make_model, lambda path: read_model(path, backbone=tiny_model().backbone), ("m.safetensors",)),
    "training checkpoint": Reader(make_checkpoint, lambda path: checkpoint(path).load(), ("training.safetensors",)),
    "weights .pth": Reader(make_weights, read_checkpoint, ("w.pth",)),
    "recipe": Reader(make_recipe_file, read_recipe, ("r.toml",)),
    "run folder": Reader(make_run, read_run, RUN),
    "tar": Reader(make_tar, read_pictures, ("p.tar",)),
    "imagefolder": Reader(make_folder, read_imagefolder, ("photos/metadata.csv",)),
    "database .csv": Reader(make_labels, lambda path: read_csv(path, ["name", "mos"]).to_pylist(), ("l.csv",)),
    "database .txt": Reader(make_lines, lambda path: read_lines(path, 3), ("l.txt",)),
    "database .xlsx": Reader(make_sheet, lambda path: read_sheet(path, ["name", "score"]), ("s.xlsx",)),
    "database .xls": Reader(make_old_sheet, lambda path: read_sheet(path, ["name", "score"]), ("s.xls",)),
    "database .mat": Reader(make_mat, lambda path: read_mat(path, "names", "mos"), ("m.mat",)),
    **{f"picture {kind}": image(kind) for kind in IMAGES},
}
