"""The rates that plans go by, each with where it comes from."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import msgspec

from syndr.errors import InputError


class Rate(msgspec.Struct, frozen=True):
    """One rate.

    Attributes:
        value: The number.
        unit: Of what.
        source: Which measurement, or what the assumption rests on.
        measured: Whether it was measured; an assumption otherwise.
    """

    value: float
    unit: str
    source: str
    measured: bool = True


class Rates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a plan goes by.

    Attributes:
        machine: What the measurements ran on.
        dims: Dims of the rows that were searched.
        features_cpu: Pictures that one core turns into features in a second.
        features_gpu: The same of a GPU.
        search_linear: Core seconds that the search needs for a row.
        search_quadratic: Core seconds for the square of the rows, without labels.
        search_quadratic_labels: The same with a label gap of 1 on the 0-10 scale.
        search_gpu: How many cores' share of the quadratic work a GPU does.
        thin: Core seconds that thinning needs for a row once clusters are known, the table's writing included.
        pictures_cpu: Distorted pictures that one core makes in a second.
        engine_overhead: Time on Ray's workers as a multiple of one process with as many threads.
    """

    machine: str
    dims: int
    features_cpu: Rate
    features_gpu: Rate
    search_linear: Rate
    search_quadratic: Rate
    search_quadratic_labels: Rate
    search_gpu: Rate
    thin: Rate
    pictures_cpu: Rate
    engine_overhead: Rate


def read_rates(path: str | Path | None = None) -> Rates:
    """Read rates; those that come with this package when no file is given.

    Args:
        path: A JSON file of the same form as ``syndr/plan/rates.json``, with rates of one's own machines.

    Raises:
        InputError: When the file is absent, or not of that form.
    """
    try:
        data = Path(path).read_bytes() if path is not None else files("syndr.plan").joinpath("rates.json").read_bytes()
        rates = msgspec.json.decode(data, type=Rates)
    except (OSError, msgspec.MsgspecError) as error:
        raise InputError(f"{path}: not a file of rates ({error}); give one like syndr/plan/rates.json") from error
    wrong = [
        name for name in Rates.__struct_fields__ if isinstance(rate := getattr(rates, name), Rate) and rate.value <= 0
    ]
    if wrong or rates.dims < 1:
        raise InputError(f"{path}: rates must be above 0: {', '.join(wrong) or 'dims'}")
    return rates
