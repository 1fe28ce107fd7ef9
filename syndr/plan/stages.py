"""What each stage costs, and why: plain arithmetic on rates."""

from __future__ import annotations

from dataclasses import dataclass, field

from syndr.errors import InputError
from syndr.plan.machines import Machines
from syndr.plan.rates import Rate, Rates

# Bytes that the code lays out, by row: csrc/filter_rows.hpp, csrc/byte_rows.hpp and syndr/search/ray.
_SHORT_ROW = 128 + 8  # 127 directions and the residual, and two 32-bit bars
_WHOLE_ROW = 16  # and one byte for each dim
_DRIVER_ROW = 4 + 8 + 8 + 8  # union-find, order, label, norm
_LABEL_AND_NORM = 16  # which every node holds for its tasks
_TABLE_ROW = 250  # an id as a Python object, its cluster and fate
_VIRTUAL_ROW = 30  # of a table of virtual rows, as Parquet
_WORKER = 500e6  # a process with torch and a network
_KEPT = 1e-9  # below this a stage's disk or network is nothing


@dataclass(frozen=True)
class Stage:
    """One stage.

    Attributes:
        name: What is done.
        seconds: How long it takes on all machines together.
        memory: Bytes on each machine.
        disk: Bytes written to disk, on all machines together.
        network: Bytes that cross the network.
        rests_on: The rates it was computed from.
        assumes: What else has to hold, each in a sentence.
    """

    name: str
    seconds: float
    memory: float
    disk: float
    network: float
    rests_on: list[Rate] = field(default_factory=list)
    assumes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Plan:
    """What a set of rows costs.

    Attributes:
        stages: In order.
        bites_at: Rows from which the quadratic part of the search takes longer than its linear part.
        outgrows_at: Rows from which it takes longer than computing the features.
        advice: What to do at this size.
    """

    stages: list[Stage]
    bites_at: float
    outgrows_at: float
    advice: list[str]


def plan(
    rows: int,
    dims: int,
    machines: Machines,
    rates: Rates,
    labels: bool = True,
    picture_bytes: float = 60e3,
    made: int = 0,
) -> Plan:
    """Compute what extraction, search, thinning and synthesis of so many rows cost.

    Args:
        rows: Pictures, and rows of features.
        dims: Features of a row.
        machines: What it runs on.
        rates: The rates.
        labels: Whether rows have labels, so that only those less than 1 apart on the 0-10 scale are compared.
        picture_bytes: Bytes of a picture file.
        made: Distorted pictures to be written, which are no rows of the search.

    Raises:
        InputError: When there are no rows or dims, or fewer than no pictures.
    """
    if rows < 1 or dims < 1 or picture_bytes <= 0 or made < 0:
        raise InputError(f"a plan needs rows and dims from 1 on, not {rows} x {dims}")
    quadratic = rates.search_quadratic_labels if labels else rates.search_quadratic
    linear = rates.search_linear.value * dims / rates.dims
    stages = [
        _features(rows, dims, machines, rates, picture_bytes),
        _search(rows, dims, machines, rates, linear, quadratic),
        _thin(rows, rates),
    ]
    if made:
        stages.append(_pictures(made, machines, rates, picture_bytes))
    each = stages[0].seconds / rows
    return Plan(
        stages,
        bites_at=linear / quadratic.value,
        outgrows_at=each * _power(machines, rates) / quadratic.value,
        advice=_advice(rows, stages, labels),
    )


def _power(machines: Machines, rates: Rates) -> float:
    """Give how many cores' share of the quadratic work the machines do."""
    if machines.nodes > 1:
        return machines.cpus / rates.engine_overhead.value
    return max(float(machines.cpus), rates.search_gpu.value if machines.gpus else 0.0)


def _features(rows: int, dims: int, machines: Machines, rates: Rates, picture_bytes: float) -> Stage:
    on_gpu = machines.gpus > 0
    rate = rates.features_gpu if on_gpu else rates.features_cpu
    workers = machines.gpus if on_gpu else machines.cpus
    stored = rows * dims * 4.0
    return Stage(
        "features",
        seconds=rows / (rate.value * workers),
        memory=_WORKER * workers / machines.nodes,
        disk=stored,
        network=rows * picture_bytes + (stored if machines.nodes > 1 else 0.0),
        rests_on=[rate],
        assumes=[
            "cores decode as fast as the network takes pictures, at some 3 ms for each picture"
            if on_gpu
            else "one worker for each core, none of which waits for the others",
            f"pictures of {picture_bytes / 1e3:g} kB come over the network, and features go back to one writer"
            if machines.nodes > 1
            else f"pictures of {picture_bytes / 1e3:g} kB come over the network or from a disk that keeps up",
            "ResNet-50 on crops of 224 x 224; features are float32",
        ],
    )


def _search(rows: int, dims: int, machines: Machines, rates: Rates, linear: float, quadratic: Rate) -> Stage:
    prepared = rows * float(_SHORT_ROW + _WHOLE_ROW + dims)
    shared = rows * float(_LABEL_AND_NORM)
    many = machines.nodes > 1
    on_gpu = not many and machines.gpus > 0 and _power(machines, rates) > machines.cpus
    memory = prepared / machines.nodes + shared + rows * float(_DRIVER_ROW)
    spilled = max(0.0, prepared / machines.nodes - machines.memory / 2) * machines.nodes
    compared = rows * float(rows) * quadratic.value
    return Stage(
        "search",
        seconds=rows * linear / machines.cpus + compared / _power(machines, rates),
        memory=min(memory, machines.memory),
        disk=spilled if spilled > _KEPT else 0.0,
        network=prepared * (machines.nodes - 1) + rows * dims * 4.0 if many else 0.0,
        rests_on=[rates.search_linear, quadratic]
        + ([rates.search_gpu] if on_gpu else [])
        + ([rates.engine_overhead] if many else []),
        assumes=[
            "the rows are like those that were measured: a flat spectrum costs about thirty times as much",
            "one GPU does the quadratic part: the CUDA search uses one device"
            if on_gpu
            else "cores alone do it, and divide the work evenly; memory bandwidth allows it",
            *(["each machine fetches every block of prepared rows once"] if many else []),
            *(["half of each machine's memory holds prepared rows; Ray spills the rest to disk"] if spilled else []),
        ],
    )


def _thin(rows: int, rates: Rates) -> Stage:
    return Stage(
        "thin",
        seconds=rows * rates.thin.value,
        memory=rows * float(_TABLE_ROW),
        disk=rows * float(_TABLE_ROW) / 4,
        network=0.0,
        rests_on=[rates.thin],
        assumes=[
            "on one core of the machine that asked; ids of some 20 letters, the table of rows in memory and on disk"
        ],
    )


def _pictures(made: int, machines: Machines, rates: Rates, picture_bytes: float) -> Stage:
    written = made * picture_bytes * 5
    return Stage(
        "synthesize",
        seconds=made / (rates.pictures_cpu.value * machines.cpus),
        memory=_WORKER * machines.cpus / machines.nodes,
        disk=written + made * _VIRTUAL_ROW,
        network=written,
        rests_on=[rates.pictures_cpu],
        assumes=["all types in equal parts, 512 x 384 pixels; PNG files five times as large as the pictures' JPEG"],
    )


def _advice(rows: int, stages: list[Stage], labels: bool) -> list[str]:
    features, search = stages[0].seconds, stages[1].seconds
    said = []
    if search <= features:
        said.append(
            "computing the features takes longer than the search: faster features help, an approximate index hardly"
        )
    else:
        said.append("the search takes longest: its time grows with the square of the rows")
        if not labels:
            said.append("with labels only bands of them meet: give them where there are any")
        said.append(
            "dividing the rows by something that look-alikes share (source, album, date) into p parts divides the "
            "search by p; each part is searched exactly"
        )
    if search > 86_400:
        said.append(
            "an approximate index misses pairs: FAISS's IVF put 1,595 of 10,125 KADID-like rows into other clusters "
            "than the exact search (benchmarks/results/drcdown.json); syndr downsample --search faiss-ivf says how many"
        )
    return said
