"""The stages that the faults campaign disturbs, and what they work on."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torchvision

sys.path.insert(0, str(Path(__file__).parents[1]))
from pictures import write_scenes

from syndr.features import FeatureStore
from syndr.images import samples_from_folder
from syndr.samples import Samples


@dataclass(frozen=True)
class Stage:
    """A command line, run in a folder of its own.

    Attributes:
        name: What it is called in the table.
        arguments: Of the command; ``{data}`` is the inputs' folder, ``{backbone}`` names the network.
        output: What it leaves, below its folder.
        again: Whether it may run once more over what it has finished.
        redone: Files that it makes anew as it goes on, each time whole.
    """

    name: str
    arguments: str
    output: str
    again: bool = True
    redone: tuple[str, ...] = ()

    def command(self, data: Path) -> list[str]:
        """Give the arguments for these inputs."""
        return self.arguments.replace("{backbone}", BACKBONE).format(data=data).split()


# The quickest network there is: what it has learned does not matter here.
BACKBONE = "--backbone shufflenet_v2_x0_5 --weights {data}/weights.pth"
OF_EACH_EPOCH = ("clusters.parquet", "cluster_sizes.parquet", "thinning_features.npz")

STAGES = [
    Stage("extract", "extract {data}/pool -o out {backbone} --crop 32 --batch-size 3", "out"),
    Stage("select", "select --references {data}/r.npy --candidates {data}/c.npy -o out/selection.csv", "out"),
    Stage(
        "materialize",
        "synthesize {data}/pool -o out/rows.csv --types 1,7,10 --levels 1,3,5 --materialize png --folder out/pictures",
        "out",
    ),
    Stage("downsample", "downsample {data}/x.npy --labels {data}/y.npy -o out/thinned.csv", "out"),
    Stage("store export", "store export {data}/store -o out/x.npy", "out"),
    Stage("store merge", "store merge {data}/store {data}/other -o out/merged", "out", again=False),
    Stage(
        "train",
        "train {data}/labelled.csv -o out/model.safetensors {backbone} --epochs 3 --batch-size 4 --lr 1e-4",
        "out",
    ),
    Stage("evaluate", "evaluate {data}/model.safetensors {data}/labelled.csv -o out/predictions.csv", "out"),
    Stage("run", "run {data}/recipe.toml --output out", "out", redone=OF_EACH_EPOCH),
]

RECIPE = """output = "out"
[training_set]
samples = "{data}/distorted.csv"
references = "{data}/references"
[pool]
images = "{data}/candidates"
[features]
backbone = "shufflenet_v2_x0_5"
weights = "{data}/weights.pth"
batch_size = 4
[downsample]
min_keep = 2
[train]
epochs = 2
batch_size = 8
lr = 1e-4
[[targets]]
name = "scenes"
samples = "{data}/target.csv"
"""


def write_inputs(data: Path, run: Callable[[str], None]) -> None:
    """Make all that the stages read.

    Args:
        data: The folder for it.
        run: Runs a command line of syndr.
    """
    torch.manual_seed(0)
    torch.save(torchvision.models.shufflenet_v2_x0_5().state_dict(), data / "weights.pth")
    rng = np.random.default_rng(0)
    write_scenes(data / "pool", 36, height=48, width=56)
    write_scenes(data / "references", 2, height=64, width=64)
    write_scenes(data / "candidates", 5, first_seed=50, height=64, width=64)
    write_scenes(data / "target", 3, first_seed=90, height=64, width=64)
    np.save(data / "r.npy", rng.normal(size=(300, 64)).astype(np.float32))
    np.save(data / "c.npy", rng.normal(size=(3000, 64)).astype(np.float32))
    centres = rng.normal(size=(600, 64))
    np.save(data / "x.npy", (np.repeat(centres, 30, 0) + rng.normal(0, 0.02, (18000, 64))).astype(np.float32))
    np.save(data / "y.npy", rng.uniform(0, 10, 18000))
    for name, seed in (("store", 1), ("other", 2)):
        ids = [f"{name} {row}" for row in range(9000)]
        rows = np.random.default_rng(seed).normal(size=(9000, 64)).astype(np.float32)
        FeatureStore.create(data / name, Samples.from_columns(id=ids), rows)
    pool = samples_from_folder(data / "pool").take(range(12))
    pool.with_column("quality", np.linspace(1, 9, 12)).write(data / "labelled.csv")
    run(f"synthesize {data}/references -o {data}/distorted.csv --types 1,10 --materialize png")
    rows = Samples.read(data / "distorted.csv")
    rows.with_column("quality", 10.0 - 1.9 * rows["level"]).write(data / "distorted.csv")
    target = samples_from_folder(data / "target")
    target.with_column("quality", [1.0, 3.0, 7.0]).write(data / "target.csv")
    (data / "recipe.toml").write_text(RECIPE.format(data=data))
    run(f"train {data}/labelled.csv -o {data}/model.safetensors {BACKBONE.format(data=data)} --epochs 1")
