"""The main job on real photographs: what ``syndr demo`` runs."""

from __future__ import annotations

from syndr.demo.experiment import DemoResult, run_demo
from syndr.demo.page import demo_page
from syndr.demo.photos import Photo, photos_in_folder, shipped_photos

__all__ = ["DemoResult", "Photo", "demo_page", "photos_in_folder", "run_demo", "shipped_photos"]
