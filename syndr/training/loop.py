"""The training loop: L1, Adam, one random crop of each picture per epoch, DRCDown before the epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from syndr.errors import InputError
from syndr.features.forward import channels_last
from syndr.features.weights import weights_hash
from syndr.folders import locked, remove_unfinished
from syndr.images import Rejected
from syndr.notebook import card, curve
from syndr.progress import Progress, silent
from syndr.samples import Samples
from syndr.training.crops import CropSource, ImageSource, crop_source
from syndr.training.data import checked_quality
from syndr.training.logs import Logs
from syndr.training.memory import kept_memory
from syndr.training.model import IQAModel, crop_of
from syndr.training.processes import Processes
from syndr.training.run import Run
from syndr.training.settings import Precision, Schedule, Settings
from syndr.training.state import Checkpoint, EpochLog, RunState, data_hash, describe_thinner
from syndr.training.step import Loss, Step, l1
from syndr.training.thinning import Refresh, Scope, Thinner, eligible_rows
from syndr.virtual import VirtualDataset, made_with, virtual_types

if TYPE_CHECKING:
    from accelerate import Accelerator

#: Parameter groups, each with its ``lr``, to the optimizer that moves them.
Optimizers = Callable[[list[dict[str, Any]]], torch.optim.Optimizer]


@dataclass(frozen=True)
class TrainingResult:
    """What a run did; the trained weights are in the model that was given to it.

    Attributes:
        log: One entry per epoch, those from before a resumption included.
        rejected: The pictures that could not be read, with the reason; they were left out.
    """

    log: tuple[EpochLog, ...]
    rejected: tuple[Rejected, ...]

    def _repr_html_(self) -> str:
        losses = [entry.loss for entry in self.log]
        facts = {
            "loss, first and last epoch": f"{losses[0]:.4f} → {losses[-1]:.4f}" if losses else None,
            "rows in the last epoch": self.log[-1].rows if losses else None,
            "dropped by thinning": self.log[-1].dropped if losses else None,
            "pictures that could not be read": len(self.rejected),
            "seconds": float(sum(entry.seconds for entry in self.log)),
        }
        return card(f"Trained for {len(losses)} epochs", facts) + curve(losses, "training loss")


def fit(
    model: nn.Module,
    samples: Samples,
    images: ImageSource | CropSource | None = None,
    *,
    epochs: int = 24,
    batch_size: int = 32,
    lr: float = 2e-5,
    head_lr_ratio: float = 10.0,
    schedule: Schedule = "constant",
    weight_decay: float = 5e-4,
    crop: int | None = None,
    flip: bool = True,
    seed: int = 0,
    thinning: Thinner | None = None,
    refresh: Refresh = "epoch",
    scope: Scope = "originals",
    loss: Loss = l1,
    optimizer: Optimizers | None = None,
    step: type[Step] = Step,
    precision: Precision = "float32",
    accumulate: int = 1,
    device: torch.device | str = "cpu",
    accelerator: Accelerator | None = None,
    threads: int | None = None,
    checkpoint: str | Path | None = None,
    checkpoint_every: int = 250,
    cache_bytes: int = 1 << 31,
    log: str | Path | None = None,
    tensorboard: str | Path | None = None,
    after_thinning: Callable[[int], None] | None = None,
    after_epoch: Callable[[int], None] | None = None,
    progress: Progress = silent,
) -> TrainingResult:
    """Train a quality model in place and leave it in evaluation mode (paper, section 4.1).

    The same seed, samples and initial weights give the same final weights, bit for bit on one CPU with one
    number of torch threads, whatever the order of the table, the number of loading threads, and the interruptions.

    Args:
        model: Maps float32 images (B, 3, crop, crop) in [0, 1] to (score (B,), feature (B, dims)). Its
            submodule ``head`` learns ``head_lr_ratio`` times as fast; a model without one needs a ratio of 1.
        samples: The training set, with a column ``quality``, and ``origin`` where the scope depends on it.
        images: Gives the picture of a row, uint8 (3, H, W), called on several threads; or a
            :class:`syndr.VirtualDataset`, which on a device makes the pictures of a batch together. By default the
            files and virtual rows of ``samples``, the files at the input size of an :class:`~syndr.training.IQAModel`.
        epochs: Passes over the training set.
        batch_size: Pictures per step, on all devices together; the last step of an epoch may have fewer.
        lr: Adam's learning rate.
        head_lr_ratio: The head's learning rate over ``lr`` (10 as released, 1 as in the paper).
        schedule: ``"constant"`` as released and in the paper; ``"cosine"`` raises the learning rates to those given
            over the first twentieth of the run and lowers them to nothing along half a cosine.
        weight_decay: Adam's L2 penalty.
        crop: Side of the square crops, in pixels; by default that of the model's backbone, or 224. An
            :class:`~syndr.training.IQAModel` remembers it.
        flip: Whether half of the crops are mirrored.
        seed: Seed of order, crops, flips and whatever is random inside the model.
        thinning: A :class:`syndr.DRCDown`, or None to train on everything.
        refresh: ``"epoch"`` thins before each epoch with the features the model gives then (evaluation mode,
            centre crops); ``"once"`` before training, with those of the model as it was given.
        scope: Which rows may be thinned: ``"originals"`` or ``"all"``; without a column ``origin`` all may.
        loss: What is minimized: a function of the model and a :class:`syndr.training.Batch`, which runs the model as it
            likes and gives the batch's mean loss; the mean absolute error by default.
        optimizer: Makes another optimizer than Adam of torch's parameter groups, whose ``lr`` are set; ``weight_decay``
            is Adam's then. What it keeps for each weight must be tensors.
        step: A subclass of :class:`syndr.training.Step` that takes a step in another way, such as with clipped
            gradients.
        precision: ``"float32"``, or the format of autocast: ``"bfloat16"``, or ``"float16"`` with a scaled loss.
        accumulate: Forward passes per step: its pictures are split into as many parts, whose gradients add up to those
            of the whole, but for batch normalization, which sees a part at a time.
        device: Where to train; the model is moved there.
        accelerator: Hugging Face's ``Accelerator`` in a program that ``accelerate launch`` started: each process takes
            its share of every batch on the accelerator's device. Without batch normalization and randomness inside the
            model the weights are those of one process to rounding; ``nn.SyncBatchNorm`` is yours to put in.
        threads: Threads that load pictures ahead; by default the cores this process may use.
        checkpoint: Folder that keeps the state after each epoch, and within one. A run that finds its own state there
            goes on from it, at that very step, and a finished run is not repeated.
        checkpoint_every: Steps of an epoch after which the state is kept too.
        cache_bytes: Most memory for pictures that are kept from epoch to epoch, where ``images`` is not given.
        log: CSV file with a line for each epoch, whole after each.
        tensorboard: Folder for the same as TensorBoard's events (extra ``tensorboard``).
        after_thinning: Called with the number of each epoch that was thinned anew, before its first step.
        after_epoch: Called with the number of each epoch, from 0, before that epoch is saved: one that is cut off
            there is called again. It may use the model as it is then.
        progress: Told of ``"epochs"``, after each has been saved, and of the ``"steps"`` within one.

    Returns:
        The log of the run.

    Raises:
        InputError: When an argument or a label is not usable, the model's scores have another shape than
            (B,), or the loss is no longer finite.
        ImageError: When not one picture of an epoch can be read.
        MissingExtraError: When ``tensorboard`` is given and not installed.
        StoreError: When ``checkpoint`` holds a damaged state or one made with other settings (among them the
            network of type 15, where virtual rows need it), or another run is using it.
    """
    crop = crop_of(model) if crop is None else crop
    settings = Settings(
        epochs, batch_size, lr, head_lr_ratio, weight_decay, crop, flip, seed, refresh, scope, precision, accumulate,
        schedule,
    )  # fmt: skip
    if checkpoint_every < 1:
        raise InputError(f"checkpoint_every must be at least 1 step, not {checkpoint_every}")
    quality = checked_quality(samples["quality"], samples.ids)
    eligible = np.empty(0, dtype=np.int64) if thinning is None else eligible_rows(samples, scope)
    processes = Processes(accelerator)
    device = torch.device(device if accelerator is None else accelerator.device)
    model.to(device)
    if isinstance(model, IQAModel):
        model.crop = crop
    if images is None:
        size = model.input_size if isinstance(model, IQAModel) else "native"
        images = VirtualDataset(samples, str(device), cache_bytes, cache_files=True, input_size=size)
    groups, fused = parameter_groups(model, lr, head_lr_ratio), device.type == "cuda"
    moves = (
        torch.optim.Adam(groups, lr=lr, weight_decay=weight_decay, fused=fused or None)
        if optimizer is None
        else optimizer(groups)
    )
    for group in moves.param_groups:
        group.setdefault("initial_lr", group["lr"])
    scaler = torch.amp.GradScaler(device.type, enabled=precision == "float16")  # type: ignore[attr-defined]
    autocast = None if precision == "float32" else getattr(torch, precision)
    takes = step(model, moves, loss, accumulate, autocast, scaler, processes)
    file, state = None, RunState()
    if checkpoint is not None:
        identity: dict[str, Any] = asdict(settings) | {
            "loss": _name(loss),
            "optimizer": _name(type(moves)),
            "step": _name(step),
            "thinning": describe_thinner(thinning),
            "samples": data_hash(samples),
            **made_with(virtual_types(samples)),
            "input_size": images.input_size if isinstance(images, VirtualDataset) else None,
            "initial_weights": weights_hash(model),
        }
        file = Checkpoint(Path(checkpoint) / "training.safetensors", model, moves, scaler, identity)
    with channels_last(model), kept_memory(device), _own(checkpoint if processes.first else None):
        if file is not None:
            state = file.load()
        save = partial(_save, file, state, processes)
        told = progress if processes.first else silent
        crops = crop_source(images)
        run = Run(takes, samples, quality, crops, settings, device, threads, state, save, checkpoint_every, told)
        told("epochs", len(state.log), epochs)
        with Logs(log if processes.first else None, tensorboard if processes.first else None, len(state.log)) as logs:
            logs.write_table(state.log)  # of a run that is finished already, it might be gone
            for epoch in range(len(state.log), epochs):
                if state.epoch is None:
                    anew = thinning is not None and state.dropped_once is None
                    run.begin(thinning, eligible, epoch)
                    if anew and after_thinning is not None:
                        after_thinning(epoch)
                at = state.epoch
                assert at is not None
                mean, trained = run.train(at, epoch)
                state.log.append(EpochLog(epoch, mean, trained, len(at.dropped), at.seconds, at.thinning_seconds))
                state.epoch = None
                logs.write(state.log)
                if after_epoch is not None:
                    after_epoch(epoch)
                save()
                told("epochs", epoch + 1, epochs)
    model.eval()
    return TrainingResult(log=tuple(state.log), rejected=tuple(state.rejected.values()))


def _name(of: Any) -> str:
    return f"{of.__module__}.{getattr(of, '__qualname__', type(of).__name__)}"


@contextmanager
def _own(checkpoint: str | Path | None) -> Iterator[None]:
    """Keep other runs out of a checkpoint folder; what a killed one has left half written is removed."""
    if checkpoint is None:
        yield
        return
    Path(checkpoint).mkdir(parents=True, exist_ok=True)
    with locked(Path(checkpoint)):
        remove_unfinished(checkpoint)
        yield


def _save(file: Checkpoint | None, state: RunState, processes: Processes) -> None:
    if file is not None and processes.first:
        file.save(state)


def parameter_groups(model: nn.Module, lr: float, head_lr_ratio: float) -> list[dict[str, Any]]:
    """Give an optimizer's groups: the model's head learns ``head_lr_ratio`` times as fast as the rest.

    Raises:
        InputError: When the model has no submodule ``head`` and the ratio is not 1.
    """
    head = getattr(model, "head", None)
    if not isinstance(head, nn.Module):
        if head_lr_ratio != 1.0:
            raise InputError(
                f"head_lr_ratio is {head_lr_ratio}, but the model has no submodule named 'head'; "
                "name it so, or use head_lr_ratio=1"
            )
        return [{"params": list(model.parameters()), "lr": lr, "initial_lr": lr}]
    of_head = {id(parameter) for parameter in head.parameters()}
    rest = [parameter for parameter in model.parameters() if id(parameter) not in of_head]
    rates = ((rest, lr), (list(head.parameters()), lr * head_lr_ratio))
    return [{"params": group, "lr": rate, "initial_lr": rate} for group, rate in rates if group]
