"""The command that counts what a large set would cost: plan."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from syndr.cli.console import Json, show, table
from syndr.plan import Machines, Plan, Rate, Rates, Stage, read_rates
from syndr.plan import plan as make_plan
from syndr.plan.units import duration, size

_CORES_FOR_GPU = 16  # of a machine, for each of its GPUs


def plan(
    rows: Annotated[int, typer.Option(help="Pictures, and rows of features.", min=1)],
    dims: Annotated[int, typer.Option(help="Features of a row.", min=1)] = 2048,
    gpus: Annotated[int, typer.Option(help="GPUs of all machines together.", min=0)] = 0,
    cpus: Annotated[
        int | None,
        typer.Option(help=f"Cores of all machines together; by default {_CORES_FOR_GPU} for each GPU, or 64."),
    ] = None,
    nodes: Annotated[int | None, typer.Option(help="Machines; by default one for 8 GPUs.", min=1)] = None,
    memory: Annotated[float, typer.Option(help="Memory of a machine in GB.")] = 256.0,
    labels: Annotated[bool, typer.Option(help="Whether rows have labels.")] = True,
    picture: Annotated[float, typer.Option(help="Size of a picture file in kB.")] = 60.0,
    made: Annotated[int, typer.Option(help="Distorted pictures to be written as files.", min=0)] = 0,
    rates: Annotated[
        Path | None, typer.Option(help="Rates of your own machines, as JSON; by default those measured here.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what a large set would cost: time, memory, disk and network of each stage, from measured rates.

    Example: `syndr plan --rows 100000000 --dims 2048 --gpus 8`
    """
    found = read_rates(rates)
    machines = Machines(
        nodes=nodes or max(1, -(-gpus // 8)),
        cpus=cpus or (gpus * _CORES_FOR_GPU or 64),
        gpus=gpus,
        memory=memory * 1e9,
    )
    made_plan = make_plan(rows, dims, machines, found, labels, picture * 1e3, made)
    result = {"machines": asdict(machines), "rates_of": found.machine, **_plain(made_plan)}
    show(
        result,
        as_json,
        table(
            ["stage", "time", "memory per machine", "disk", "network"],
            [_row(stage) for stage in made_plan.stages],
            f"{rows:,} rows of {dims:,} dims on {machines.nodes} machine(s): {machines.cpus} cores, {gpus} GPUs",
        ),
        f"The search's quadratic part outweighs its linear part from {_number(made_plan.bites_at)} rows on, and the "
        f"features from {_number(made_plan.outgrows_at)} on.",
        *(f"- {each}" for each in made_plan.advice),
        f"Rates (of {found.machine} where measured):",
        *_sources(made_plan, found),
        "Assumed besides:",
        *(f"- {stage.name}: {assumption}" for stage in made_plan.stages for assumption in stage.assumes),
    )


def _row(stage: Stage) -> tuple[str, ...]:
    return stage.name, duration(stage.seconds), size(stage.memory), size(stage.disk), size(stage.network)


def _sources(made: Plan, rates: Rates) -> list[str]:
    name_of = {getattr(rates, name): name for name in Rates.__struct_fields__ if name not in ("machine", "dims")}
    used = dict.fromkeys(rate for stage in made.stages for rate in stage.rests_on)
    return [f"- {name_of[rate]}: {_said(rate)}" for rate in used]


def _said(rate: Rate) -> str:
    return f"{rate.value:.3g} {rate.unit}; {'measured' if rate.measured else 'ASSUMED, not measured'}: {rate.source}"


def _plain(made: Plan) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(made)
    return plain


def _number(rows: float) -> str:
    return f"{float(f'{rows:.2g}'):,.0f}"


COMMANDS = (plan,)
