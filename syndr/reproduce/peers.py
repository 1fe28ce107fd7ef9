"""Other quality models, as far as an installed pyiqa has them, on the very pictures that ours are tested on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import torch
from msgspec import structs
from torch import nn

from syndr.errors import SyndrError, require
from syndr.evaluation import measure, predict
from syndr.files import read_json, write_json
from syndr.images import write_rejected
from syndr.progress import Progress
from syndr.recipe import Target
from syndr.reproduce import options as smoke
from syndr.reproduce.options import Options
from syndr.reproduce.outcome import Measured
from syndr.sources import drawn_set, labelled_set
from syndr.virtual import VirtualDataset


class PeerError(SyndrError):
    """A peer's model cannot be had."""


@dataclass(frozen=True)
class Peer:
    """A model of pyiqa's.

    Attributes:
        metric: pyiqa's name.
        trained_on: What its weights have seen, in words.
        seen: Databases among it, on which it is not run.
    """

    metric: str
    trained_on: str
    seen: frozenset[str] = frozenset()

    @property
    def key(self) -> str:
        """What rows and files call it."""
        return f"pyiqa-{self.metric}"

    @property
    def title(self) -> str:
        """How its row is printed."""
        return f"{self.metric} of pyiqa ({self.trained_on})"


_KADID = frozenset({"kadid10k"})
_FREE = (
    Peer("clipiqa", "zero-shot"),
    Peer("qualiclip", "no opinion scores"),
    Peer("niqe", "no opinion scores"),
    Peer("ilniqe", "no opinion scores"),
    Peer("brisque", "trained on LIVE", frozenset({"live"})),
)
_OF_KADID = (
    Peer("maniqa-kadid", "trained on KADID-10k", _KADID),
    Peer("arniqa-kadid", "trained on KADID-10k", _KADID),
)
_OF_SPAQ = tuple(
    Peer(metric, "trained on SPAQ", frozenset({"spaq"}))
    for metric in ("musiq-spaq", "topiq_nr-spaq", "arniqa-spaq", "nima-spaq", "qualiclip+-spaq")
)


def peers_of(table: str) -> tuple[Peer, ...]:
    """Give the peers that fit a table: trained on SPAQ in Table 6, else on KADID-10k, LIVE or no scores."""
    return _OF_SPAQ if table == "table6" else (*_OF_KADID, *_FREE)


def measure_peer(peer: Peer, source: Target, split: int | None, options: Options, progress: Progress) -> Measured:
    """Score a target's pictures, whole, by a peer; what was measured before is not measured again.

    Raises:
        PeerError: When pyiqa does not have it, its weights cannot be had, or it fails on a picture.
        InputError: When the target cannot be read.
    """
    source = structs.replace(source, split=split)
    most = smoke.SMOKE_IMAGES if options.smoke else None
    found = drawn_set(labelled_set(source, "test", options.preset, f"target {source.name}"), most, options.seeds[0])
    version = str(getattr(require("pyiqa", "peers"), "__version__", "of an unknown version"))
    made_of = [peer.metric, version, found.samples.content_hash(), found.input_size]
    digest = hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:8]
    folder = options.out / "peers" / f"{peer.key}-to-{source.name}-{digest}"
    record = folder / "results.json"
    metrics: dict[str, Any]
    if record.exists():
        metrics = read_json(record)
    else:
        predictions = predict(
            _scores(peer.metric, options.device),
            found.samples,
            VirtualDataset(found.samples, options.device, input_size=found.input_size),
            crops="full",
            device=options.device,
            progress=progress,
        )
        scored = predictions.scored
        predictions.beside(found.samples).write(folder / "predictions.parquet")
        write_rejected(folder / "rejected.csv", predictions.rejected)
        metrics = asdict(measure(predictions.scores[scored], found.samples["quality"][scored]))
        metrics["rejected"] = len(predictions.rejected)
        write_json(record, metrics)
    protocol = (
        f"{found.protocol}, whole pictures; n = {metrics['n']:,}, {metrics['rejected']} set aside; pyiqa {version}, "
    )
    protocol += peer.trained_on
    return Measured(peer.key, source.name, options.seeds[0], split, metrics, {}, protocol, str(folder))


@lru_cache(maxsize=1)  # a peer goes over all targets and splits before the next one does
def _scores(metric: str, device: str) -> _Scores:
    return _Scores(metric, device)


class _Scores(nn.Module):
    """A pyiqa metric as a model of this package: higher is better."""

    def __init__(self, name: str, device: str) -> None:
        super().__init__()
        pyiqa = require("pyiqa", "peers")
        try:
            self.metric = pyiqa.create_metric(name, device=torch.device(device))
        except Exception as error:  # whatever a download or another package's constructor may raise
            raise PeerError(f"pyiqa cannot make it, or have its weights: {error}") from error

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        try:
            scores = self.metric(images).reshape(len(images))
        except Exception as error:  # as above: one peer that fails must not keep the others from running
            raise PeerError(
                f"it fails on a picture of {images.shape[-1]} x {images.shape[-2]} pixels: {error}"
            ) from error
        return (-scores if self.metric.lower_better else scores), images.new_empty(len(images), 0)
