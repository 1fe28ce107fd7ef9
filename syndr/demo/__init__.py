"""The main job on real photographs: what ``syndr demo`` runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syndr.lazy import lazy_exports

if TYPE_CHECKING:
    from syndr.demo.experiment import DemoResult, run_demo
    from syndr.demo.page import demo_page
    from syndr.demo.photos import Photo, photos_in_folder, shipped_photos

__all__ = ["DemoResult", "Photo", "demo_page", "photos_in_folder", "run_demo", "shipped_photos"]

__getattr__ = lazy_exports(
    __name__,
    {
        "DemoResult": "experiment",
        "Photo": "photos",
        "demo_page": "page",
        "photos_in_folder": "photos",
        "run_demo": "experiment",
        "shipped_photos": "photos",
    },
    needs=("torch", "torchvision", "piq"),
    extra="demo",
)
