"""Where a result comes from: commit, machine and versions, put into every JSON."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import syndr
from benchmarks import ROOT

_PACKAGES = ("numpy", "scipy", "torch", "torchvision", "kornia", "faiss-cpu", "faiss-gpu-cu12", "scikit-learn", "syndr")


def commit() -> dict[str, Any]:
    """Give the commit measured and whether files differed from it.

    A tree copied without its history takes the commit from the environment variable ``SYNDR_COMMIT``.

    Raises:
        RuntimeError: When the syndr that is imported is another than this tree's. The native module is not compared.
    """
    _require_own_package()
    given = os.environ.get("SYNDR_COMMIT")
    if given:
        return {"id": given, "dirty": None}
    found = _git("rev-parse", "HEAD")
    if found is None:
        return {"id": "unknown", "dirty": None}
    # Results and the table themselves are written by the run, so they do not count.
    changed = _git("status", "--porcelain", "--", ".", ":!benchmarks/results", ":!benchmarks/README.md")
    return {"id": found, "dirty": bool(changed)}


def machine() -> dict[str, Any]:
    """Give CPU, memory, GPUs, versions, native kernel and the time, without the machine's name."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": _memory_gib(),
        "load_average": round(os.getloadavg()[0], 2),
        "gpus": _gpus(),
        "kernel": _kernel(),
        "versions": {"python": platform.python_version(), **_versions()},
    }


def describe(info: dict[str, Any], of: dict[str, Any]) -> str:
    """Say in one line what :func:`machine` and :func:`commit` found."""
    hardware = f"{info['cpu']}, {info['cores']} cores, {info['memory_gib']:g} GiB"
    gpus = "".join(f", {gpu}" for gpu in info["gpus"])
    versions = ", ".join(f"{name} {version}" for name, version in info["versions"].items())
    changed = " with uncommitted changes" if of["dirty"] else ""
    return (
        f"{info['date'][:10]}, commit {of['id'][:10]}{changed}; {hardware}{gpus} ({info['kernel']} kernel; load "
        f"average {info['load_average']:g} at the start); {versions}"
    )


def _require_own_package() -> None:
    used, own = Path(syndr.__file__).parent, ROOT / "syndr"
    names = {path.relative_to(folder) for folder in (used, own) for path in folder.rglob("*.py")}
    changed = sorted(str(name) for name in names if _content(used / name) != _content(own / name))
    if changed:
        raise RuntimeError(
            f"the syndr measured is {used}, which is not this tree's: {changed[0]} and {len(changed) - 1} more files "
            "differ; pip install . first"
        )


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def _cpu_model() -> str:
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        named = re.search(r"^model name\s*:\s*(.+)$", listing.read_text(), re.MULTILINE)
        if named:
            return named.group(1)
    return platform.processor() or platform.machine()


def _memory_gib() -> float:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)


def _gpus() -> list[str]:
    try:
        import torch
    except ImportError:
        return []
    return [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]


def _kernel() -> str:
    from syndr import _native

    return os.environ.get("SYNDR_KERNEL") or _native.kernels()[0]


def _versions() -> dict[str, str]:
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
