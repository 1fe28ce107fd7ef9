"""The search on the workers of a Ray cluster; needs the extra ``ray``."""

from __future__ import annotations

from syndr.search.ray.backend import RaySearch

__all__ = ["RaySearch"]
