"""A run's folder: which stages are done, with what, and how long they took."""

from __future__ import annotations

import hashlib
import json
import platform
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

from syndr.errors import StoreError
from syndr.files import plain, read_json, write_json
from syndr.progress import Progress


class Stages:
    """A folder that belongs to one experiment; a finished stage is never done again.

    Args:
        path: The folder; made when absent.
        identity: What decides the results: settings, and hashes of the inputs. A folder begun with another identity
            is refused.

    Raises:
        StoreError: When the folder belongs to another experiment.
    """

    def __init__(self, path: str | Path, identity: Mapping[str, Any]) -> None:
        self.path = Path(path)
        record = self.path / "recipe.json"
        # Through JSON, so that both sides have the same types.
        wanted = json.loads(json.dumps(plain(identity)))
        self.fingerprint = hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()
        if record.exists():
            begun = read_json(record)
            if begun != wanted:
                changed = sorted(key for key in {*begun, *wanted} if begun.get(key) != wanted.get(key))
                raise StoreError(
                    f"{self.path} holds another run (other {', '.join(changed)}); choose another output, or delete it"
                )
        else:
            write_json(record, wanted)

    def run(self, name: str, work: Callable[[], dict[str, Any]], progress: Progress) -> dict[str, Any]:
        """Do a stage unless its completion mark is there; give its summary either way."""
        mark = self.path / "stages" / f"{name}.json"
        if mark.exists():
            done = read_json(mark)
            if done.get("fingerprint") == self.fingerprint:
                progress(f"{name}: done before", 1, 1)
                return dict(done["summary"])
        started = time.perf_counter()
        summary = work()
        record = {
            "stage": name,
            "fingerprint": self.fingerprint,
            "seconds": time.perf_counter() - started,
            "versions": _versions(),
            "summary": summary,
        }
        write_json(mark, record)
        return summary


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in ("syndr", "numpy", "pyarrow", "torch", "torchvision"):
        with suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found
