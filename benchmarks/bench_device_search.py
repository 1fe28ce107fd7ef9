"""The similarity search on a GPU, features resident, beside its matrix unit's measured ceiling and plain torch."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from benchmarks.contest import Size, timed  # noqa: E402
from benchmarks.device_features import samples  # noqa: E402
from benchmarks.generator import KadidLike, measure  # noqa: E402
from benchmarks.joins import GAP, RADIUS  # noqa: E402
from benchmarks.partitions import connected, rows_apart  # noqa: E402
from syndr.search import ExactSearch, LabelGap, split_rows  # noqa: E402
from syndr.search.cuda import CudaSearch, split_tensor_rows  # noqa: E402

ROWS = {"cuda": (40_000, 160_000, 700_000), "cpu": (3_000,)}
CHECKED = 40_000  # rows up to which the partition is compared with the CPU's
PEER_ROWS = 160_000  # rows up to which the peer takes part
FILTERS = {"filter chosen": None, "full product": 0}

DATA = pytest.mark.parametrize(
    "data", [(device, rows) for device, all_rows in ROWS.items() for rows in all_rows], indirect=True,
    ids=lambda given: f"{given[0]} {given[1]}",
)  # fmt: skip
LABELS = pytest.mark.parametrize("with_labels", [True, False], ids=["labels", "no labels"])


class DataSet:
    """Features and labels on a device, and what partitions of them are compared with.

    That is the CPU's up to :data:`CHECKED` rows; beyond, what the search gave first, with the filter of its choice.
    """

    def __init__(self, device: str, rows: int, dims: int) -> None:
        self.features, self.labels = samples(KadidLike(dims=dims), rows, device)
        self._references: dict[bool, Any] = {}

    def gap(self, with_labels: bool) -> LabelGap | None:
        """Give the label condition."""
        return LabelGap(self.labels.cpu().numpy(), GAP) if with_labels else None

    def compare(self, benchmark: Any, with_labels: bool, found: Any) -> int:
        """Note and give the number of rows that are in another cluster than they should be."""
        if with_labels not in self._references:
            self._references[with_labels] = found
            if len(found) > CHECKED:
                return 0  # nothing to compare it with
            rows, _ = split_rows(self.features, "X", "raise")
            self._references[with_labels] = ExactSearch().components(rows, RADIUS, self.gap(with_labels))
        apart = rows_apart(self._references[with_labels], found)
        benchmark.extra_info["difference"] = {"rows_apart": apart}
        return apart

    def __str__(self) -> str:
        device, (rows, dims) = self.features.device.type, self.features.shape
        if rows > CHECKED:
            return f"{rows:,} x {dims} on {device}"
        features, labels = self.features.cpu().numpy(), self.labels.cpu().numpy()
        return f"on {device} {measure(KadidLike(dims=dims), features, labels)}"


@pytest.fixture(scope="module")
def data(request: Any, size: Size, remarks: list[str]) -> DataSet:
    device, rows = request.param
    if (device == "cuda") != torch.cuda.is_available():
        pytest.skip("no CUDA device" if device == "cuda" else "there is a CUDA device")
    quick = {"cuda": 40_000, "cpu": 1_000}[device]
    made = DataSet(device, size.pick(rows, min(rows, quick)), 256 if size.quick and device == "cpu" else 2048)
    remarks.append(f"Data: {made}.")
    return made


@pytest.fixture(scope="session")
def ceilings(remarks: list[str]) -> dict[str, float]:
    """Measure what a large matrix product of random halves reaches: TFLOP/s by device."""
    found = {}
    for device, n in (("cuda", 8192), ("cpu", 256)):
        if device == "cuda" and not torch.cuda.is_available():
            continue
        rates = {}
        for dtype in (torch.float16, torch.bfloat16):
            a, b = (torch.randn(n, n, device=device).to(dtype) for _ in range(2))
            rates[str(dtype).removeprefix("torch.")] = 2 * n**3 / _seconds(lambda a=a, b=b: a @ b, device) / 1e12
        found[device] = rates["float16"]
        said = " and ".join(f"{rate:.3g} TFLOP/s in {dtype}" for dtype, rate in rates.items())
        remarks.append(f"Ceiling on {device}: torch's {n}^3 matrix product of random numbers runs at {said}.")
    return found


def _seconds(work: Any, device: str, repeats: int = 10) -> float:
    """Give the mean time of a call after three that warm up."""
    for _ in range(3):
        work()
    if device == "cuda":
        torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(repeats):
        work()
    if device == "cuda":
        torch.cuda.synchronize()
    return (time.perf_counter() - start) / repeats


@DATA
@LABELS
@pytest.mark.parametrize("contestant", [*FILTERS, "torch"])
def test_components(
    benchmark: Any, size: Size, data: DataSet, ceilings: dict[str, float], remarks: list[str], with_labels: bool,
    contestant: str,
) -> None:  # fmt: skip
    rows, dims = data.features.shape
    device = data.features.device.type
    work = f"components on {device}, {rows:,} x {dims}, {'with' if with_labels else 'without'} labels"
    if contestant == "torch":
        if rows > PEER_ROWS:
            pytest.skip(f"the peer takes part up to {PEER_ROWS:,} rows")
        found = timed(
            benchmark, plain_torch, (data.features, data.labels if with_labels else None), work,
            "torch half products, scipy components", ours=False, items=rows, rounds=2 if size.quick else 3,
        )  # fmt: skip
        data.compare(benchmark, with_labels, found)
        return
    search = CudaSearch(device, dims=FILTERS[contestant])

    def components(features: Any, gap: LabelGap | None) -> Any:
        """From the tensor on, the check of its rows included."""
        return search.components(split_tensor_rows(features, "X", "raise")[0], RADIUS, gap)

    found = timed(
        benchmark, components, (data.features, data.gap(with_labels)), work,
        f"syndr CudaSearch, {contestant}", ours=True, items=rows,
        rounds=2 if size.quick else 7 if contestant == "filter chosen" else 1 if rows > PEER_ROWS else 3,
    )  # fmt: skip
    remarks.append(f"{work}, {contestant}: {_said(search.report, ceilings[device])}")
    benchmark.extra_info.update(report=search.report, ceiling_tflops=ceilings[device])
    assert data.compare(benchmark, with_labels, found) == 0


def plain_torch(features: Any, labels: Any) -> Any:
    """What one writes without a kernel of one's own; half precision, so pairs near the radius may fall either way."""
    unit = torch.nn.functional.normalize(features).half()
    parts_i, parts_j = [], []
    for start in range(0, len(unit), 8192):
        block = slice(start, start + 8192)
        near = unit[block] @ unit[start:].T > 1 - RADIUS
        if labels is not None:
            near &= (labels[block, None] - labels[None, start:]).abs() < GAP
        i, j = near.nonzero(as_tuple=True)
        later = j > i
        parts_i.append((i[later] + start).cpu().numpy())
        parts_j.append((j[later] + start).cpu().numpy())
    return connected(np.concatenate(parts_i), np.concatenate(parts_j), len(unit))


def _said(report: dict[str, Any], ceiling: float) -> str:
    rate = report["tflops"]
    seconds = ", ".join(f"{phase} {took * 1000:.3g} ms" for phase, took in report["seconds"].items())
    return (
        f"{report['mode']} ({report['width']} columns), {report['tiles_multiplied']:,} of {report['tiles']:,} tiles, "
        f"{report['candidates']:,} candidates, {report['candidates_decided']:,} decided, {report['edges']:,} edges "
        f"among them; tiles at {rate:.3g} TFLOP/s, {rate / ceiling:.0%} of the ceiling; {seconds}."
    )
