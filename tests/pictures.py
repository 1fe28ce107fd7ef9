"""Small pictures that look enough like photographs: smooth scenes with texture, each seed another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image


def scene(seed: int, height: int = 120, width: int = 160) -> np.ndarray:
    """(H, W, 3) uint8: low frequencies of random phase, edges and grain."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    picture = np.zeros((height, width, 3))
    for _ in range(6):
        fy, fx, phase = rng.uniform(-9, 9), rng.uniform(-9, 9), rng.uniform(0, 6)
        picture += rng.uniform(-1, 1, 3) * np.sin(2 * np.pi * (fy * y + fx * x) + phase)[..., None]
    top, left = rng.integers(0, height // 2), rng.integers(0, width // 2)
    picture[top : top + height // 3, left : left + width // 3] += rng.uniform(-3, 3, 3)
    picture += rng.normal(0, 0.1, picture.shape)
    low, high = picture.min(), picture.max()
    return np.round((picture - low) / (high - low) * 255).astype(np.uint8)


def write_scenes(folder: Path, count: int, first_seed: int = 0, height: int = 120, width: int = 160) -> list[Path]:
    """Write scenes as PNG; gives their paths in order of name."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"s{number:02d}.png" for number in range(count)]
    for number, path in enumerate(paths):
        Image.fromarray(scene(first_seed + number, height, width)).save(path)
    return paths
