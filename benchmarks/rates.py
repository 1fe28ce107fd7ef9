"""Makes the rates that ``syndr plan`` goes by out of what was measured: ``python -m benchmarks.rates``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.costs import measured_in, rates_from
from syndr.plan import Rate, Rates

_HERE = Path(__file__).resolve().parent
RESULTS = _HERE / "results"
CAMPAIGN = _HERE.parent / "tests" / "campaigns" / "results" / "ray.json"
TARGET = _HERE.parent / "syndr" / "plan" / "rates.json"

_FEATURES = "features of 320 JPEG files, 512x384: resnet50 on CPU"
_FEATURES_GPU = "features: ResNet-50 forward, float32, 224x224"
_SEARCH_GPU = "components on cuda, 700,000 x 2048, with labels"
_PICTURES = "all types mixed, 32 pictures"


def rates_of(results: Path, campaign: Path) -> Rates:
    """Give the rates that result files and the Ray campaign hold."""
    search = json.loads((results / "search.json").read_text())
    measured, cores = measured_in(search), search["machine_info"]["cores"]
    of = {labels: rates_from(each for each in measured if each.labels is labels) for labels in (True, False)}
    ray = json.loads(campaign.read_text())
    features = _entry(results / "extract.json", _FEATURES, "test_end_to_end[resnet50-cpu]")
    pictures = _entry(results / "distort.json", _PICTURES, "test_syndr[mixed-32]")
    sizes = {labels: f"{max(each.rows for each in measured if each.labels is labels):,}" for labels in (True, False)}
    large = "benchmarks/results/search.json: components of KADID-like rows x 2,048 dims, up to"
    return Rates(
        machine=f"{cores} cores of an {search['machine_info']['cpu']}, {search['machine_info']['date'][:10]}",
        dims=measured[-1].dims,
        features_cpu=Rate(
            _each(features), "pictures/s and core", f"benchmarks/results/extract.json: {_FEATURES}, by CPU time"
        ),
        features_gpu=_features_gpu(results),
        search_linear=Rate(of[True].linear * cores, "core s/row", f"{large} {sizes[True]} rows, with labels"),
        search_quadratic=Rate(
            of[False].quadratic * cores, "core s/row^2", f"{large} {sizes[False]} rows, without labels"
        ),
        search_quadratic_labels=Rate(
            of[True].quadratic * cores, "core s/row^2", f"{large} {sizes[True]} rows, with labels"
        ),
        search_gpu=_search_gpu(results, of[True].quadratic * cores),
        thin=Rate(
            ray["thin_seconds_per_row"], "core s/row", f"tests/campaigns/results/ray.json: {ray['what']['thin']}"
        ),
        pictures_cpu=Rate(
            _each(pictures), "pictures/s and core", f"benchmarks/results/distort.json: {_PICTURES}, by CPU time"
        ),
        engine_overhead=Rate(
            ray["engine_overhead"], "times one process", f"tests/campaigns/results/ray.json: {ray['what']['overhead']}"
        ),
    )


def _features_gpu(results: Path) -> Rate:
    """Give how many pictures a second a GPU's network takes."""
    path = next(results.glob("device-*.json"))
    entry = _timed(path, _FEATURES_GPU)
    return Rate(
        entry["extra_info"]["items"] / entry["stats"]["median"],
        "pictures/s and GPU",
        f"benchmarks/results/{path.name}: {_FEATURES_GPU}",
    )


def _search_gpu(results: Path, core_seconds: float) -> Rate:
    """Compare a GPU's search with labels, all of it, with the quadratic part of a core's."""
    path = next(results.glob("device_search-*.json"))
    seconds = _timed(path, _SEARCH_GPU)["stats"]["median"]
    source = f"benchmarks/results/{path.name}: {_SEARCH_GPU}"
    return Rate(core_seconds * 700_000**2 / seconds, "cores for a GPU", source)


def _timed(path: Path, group: str) -> dict[str, Any]:
    """Give our first entry of a group."""
    found: list[dict[str, Any]] = json.loads(path.read_text())["benchmarks"]
    return next(each for each in found if each["group"] == group and each["extra_info"]["ours"])


def _entry(path: Path, group: str, name: str) -> dict[str, Any]:
    found = json.loads(path.read_text())["benchmarks"]
    return next(each["extra_info"] for each in found if (each["group"], each["name"]) == (group, name))


def _each(entry: dict[str, Any]) -> float:
    return float(entry["items"] / entry["cpu_seconds"])


if __name__ == "__main__":
    TARGET.write_bytes(msgspec.json.format(msgspec.json.encode(rates_of(RESULTS, CAMPAIGN))) + b"\n")
