"""What each table measures: its methods, its targets, and the protocol that is the table's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from syndr.errors import InputError

#: The training database of every table.
TRAINING = "kadid10k"
#: The candidate pool of every table.
POOL = "kadis700k"
#: Candidates of the paper: as many as KADID-10k has references.
CANDIDATES = 81


@dataclass(frozen=True)
class Target:
    """A column of a table.

    Attributes:
        key: What ``--only`` and the files call it.
        title: What the paper calls it.
        database: Where its pictures are.
        subset: Only these distortions of it.
        types: The preset of KADID types to train on; None for all 25.
        released_types: The same in the preset "released", where the authors' code differs.
        within: Trained and tested within one database, by reference: the median over splits is reported.
    """

    key: str
    title: str
    database: str
    subset: str | None = None
    types: str | None = None
    released_types: str | None = None
    within: bool = False


@dataclass(frozen=True)
class Method:
    """A row of a table that can be measured.

    Attributes:
        key: What ``--only`` and the files call it.
        title: How the measured row is printed.
        printed: The published row it stands beside; None where the paper has none.
        select: "ddcup"; "all" for every candidate; None for no new references.
        thin: Whether DRCDown thins.
        candidates: Candidates; None for the whole pool.
        max_selected: Most candidates that DDCUp takes; None for any number.
    """

    key: str
    title: str
    printed: str | None
    select: Literal["ddcup", "all"] | None = None
    thin: bool = False
    candidates: int | None = CANDIDATES
    max_selected: int | None = None


@dataclass(frozen=True)
class Plan:
    """A table.

    Attributes:
        name: What the command calls it.
        title: Number and setting.
        targets: The columns.
        methods: The rows that are measured.
        backbone: The network unless the user says otherwise.
        metrics: What the paper prints.
        average: Whether the columns are averaged.
        notes: What its reader must know.
    """

    name: str
    title: str
    targets: tuple[Target, ...]
    methods: tuple[Method, ...]
    backbone: str = "resnet50"
    metrics: tuple[str, ...] = ("srcc", "plcc")
    average: bool = True
    notes: tuple[str, ...] = ()


def find_plan(name: str) -> Plan:
    """Give a table by its name; raises InputError with the tables there are."""
    if name not in TABLES:
        raise InputError(f"no table is called {name!r}; choose one of {', '.join(TABLES)}")
    return TABLES[name]


def only(plan: Plan, keys: tuple[str, ...]) -> Plan:
    """Cut a plan to some rows and columns; a key that is a method's names rows, one that is a target's columns.

    Raises:
        InputError: For a key that is neither.
    """
    wanted = {key.casefold() for key in keys}
    methods = tuple(method for method in plan.methods if method.key in wanted)
    targets = tuple(target for target in plan.targets if target.key in wanted)
    unknown = wanted - {method.key for method in methods} - {target.key for target in targets}
    if unknown:
        rows, columns = ([entry.key for entry in entries] for entries in (plan.methods, plan.targets))
        raise InputError(
            f"{plan.name} has no row {', '.join(sorted(unknown))}; its rows are {', '.join(rows)}, its targets "
            f"{', '.join(columns)}"
        )
    return _cut(plan, methods or plan.methods, targets or plan.targets)


def _cut(plan: Plan, methods: tuple[Method, ...], targets: tuple[Target, ...]) -> Plan:
    whole = len(targets) == len(plan.targets)
    return Plan(
        plan.name,
        plan.title,
        targets,
        methods,
        plan.backbone,
        plan.metrics,
        plan.average and whole,
        plan.notes,
    )


_AUTHENTIC = (
    Target("livec", "LIVEC", "livec", types="dgqa-livec"),
    Target("koniq10k", "KonIQ-10k", "koniq10k", types="dgqa-koniq10k"),
    Target("bid", "BID", "bid", types="dgqa-bid"),
)
_ALGORITHMIC = tuple(
    Target(
        f"pipal-{number}",
        title,
        "pipal",
        subset=str(number),
        types=f"dgqa-pipal-{number}",
        released_types="released-pipal-4" if number == 4 else None,
    )
    for number, title in enumerate(
        (
            "Traditional SR",
            "PSNR-originated SR",
            "SR with kernel mismatch",
            "GAN-based SR",
            "Denoising",
            "SR and Denoising Joint",
        ),
        start=1,
    )
)
_SYNTHETIC = (
    Target("kadid10k", "KADID-10k", TRAINING, within=True),
    Target("live", "LIVE", "live"),
    Target("csiq", "CSIQ", "csiq"),
    Target("tid2013", "TID2013", "tid2013"),
)


def _both(baseline: str) -> tuple[Method, ...]:
    return (
        Method("baseline", "DGQA (our baseline)", baseline),
        Method("syndr", "SynDR-IQA", "SynDR-IQA", "ddcup", thin=True),
    )


_ABLATION = (
    Method("baseline", "a) DGQA (our baseline)", "a)"),
    Method("cd", "b) CD", "b)", "all"),
    Method("down", "c) DOWN", "c)", thin=True),
    Method("cd-down", "d) CD + DOWN", "d)", "all", thin=True),
    Method("cd-sel", "e) CD + SEL", "e)", "ddcup"),
    Method("syndr", "f) CD + SEL + DOWN (SynDR-IQA)", "f)", "ddcup", thin=True),
)


def _scaling() -> tuple[Method, ...]:
    methods = [Method("baseline", "DGQA (our baseline)", None)]
    for size in (CANDIDATES, 810, 8_100, None):
        for cap in (None, CANDIDATES):
            words = f"{size:,} candidates" if size else "all candidates"
            methods.append(
                Method(
                    f"{size or 'all'}{'' if cap is None else '-capped'}",
                    f"SynDR-IQA, {words}{'' if cap is None else f', max_selected {cap}'}",
                    None,
                    "ddcup",
                    thin=True,
                    candidates=size,
                    max_selected=cap,
                )
            )
    return tuple(methods)


TABLES: dict[str, Plan] = {
    plan.name: plan
    for plan in (
        Plan("table1", "Table 1: synthetic-to-authentic, trained on KADID-10k", _AUTHENTIC, _both("DGQA")),
        Plan(
            "table2",
            "Table 2: synthetic-to-algorithmic, KADID-10k to the algorithmic distortions of PIPAL's training part",
            _ALGORITHMIC,
            _both("DGQA"),
        ),
        Plan(
            "table3",
            "Table 3: synthetic-to-synthetic, within KADID-10k and from KADID-10k, all distortion types",
            _SYNTHETIC,
            _both("Baseline"),
            average=False,
        ),
        Plan("table4", "Table 4: ablation, KADID-10k to authentic", _AUTHENTIC, _ABLATION, metrics=("srcc",)),
        Plan("table5", "Table 5: Swin-T, KADID-10k to authentic", _AUTHENTIC, _both("Baseline"), backbone="swin_t"),
        Plan(
            "table6",
            "Table 6: against models trained on SPAQ; ours is trained on KADID-10k",
            _AUTHENTIC[:2],
            _both("SynDR-IQA")[1:],
            notes=(
                "The printed rows of DBCNN, MUSIQ and CLIPIQA+ are models trained on SPAQ (from Wu et al. 2024).",
                "The printed row of MUSIQ looks transposed: pyiqa's benchmark of musiq-spaq has PLCC .813 and SRCC "
                ".789 on LIVEC, PLCC .753 and SRCC .680 on KonIQ-10k.",
            ),
        ),
        Plan(
            "scaling",
            "Scaling: Table 1 with more candidates, with and without a cap on the selection",
            _AUTHENTIC,
            _scaling(),
            notes=("The paper prints no such table; its rows of Table 1 have 81 candidates.",),
        ),
    )
}
