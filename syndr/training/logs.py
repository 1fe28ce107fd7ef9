"""What each epoch did, as a CSV file and as TensorBoard's events."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from syndr.errors import require
from syndr.files import write_rows
from syndr.training.state import EpochLog


class Logs:
    """Writes the log of a run; a context manager.

    Args:
        csv: CSV file with a line for each epoch; None for none.
        tensorboard: Folder for TensorBoard's events; None for none.
        done: Epochs that are done already: what TensorBoard holds of later ones is replaced.

    Raises:
        MissingExtraError: When TensorBoard is asked for and not installed.
    """

    def __init__(self, csv: str | Path | None, tensorboard: str | Path | None, done: int) -> None:
        self._csv = csv
        self._events: Any = None
        if tensorboard is not None:
            writer = require("torch.utils.tensorboard", "tensorboard").SummaryWriter
            self._events = writer(str(tensorboard), purge_step=done)

    def __enter__(self) -> Logs:
        return self

    def __exit__(self, *raised: Any) -> None:
        if self._events is not None:
            self._events.close()

    def write(self, log: Sequence[EpochLog]) -> None:
        """Write the log up to its last epoch, which is new."""
        self.write_table(log)
        if self._events is not None:
            for name, value in log[-1].as_row().items():
                if name != "epoch":
                    self._events.add_scalar(f"training/{name}", value, log[-1].epoch)
            self._events.flush()

    def write_table(self, log: Sequence[EpochLog]) -> None:
        """Write the CSV file alone."""
        if self._csv is not None and log:
            write_rows(self._csv, [entry.as_row() for entry in log])
