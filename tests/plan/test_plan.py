"""What a plan says follows from its rates, and these from what was measured."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import msgspec
import pytest

from syndr.errors import InputError
from syndr.plan import Machines, Rate, Rates, plan, read_rates

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT))  # the benchmarks are not installed

ONE = Machines(nodes=1, cpus=10, gpus=0, memory=1e12)
ROUND = Rates(
    machine="a round one",
    dims=1000,
    features_cpu=Rate(5, "", ""),
    features_gpu=Rate(100, "", "", measured=False),
    search_linear=Rate(1e-5, "", ""),
    search_quadratic=Rate(4e-10, "", ""),
    search_quadratic_labels=Rate(1e-10, "", ""),
    search_gpu=Rate(200, "", "", measured=False),
    thin=Rate(1e-6, "", ""),
    pictures_cpu=Rate(20, "", ""),
    engine_overhead=Rate(1.25, "", ""),
)


def stages(*args, **kwargs):
    return {stage.name: stage for stage in plan(*args, **kwargs).stages}


def test_the_arithmetic():
    found = stages(1_000_000, 1000, ONE, ROUND, made=4000)
    assert found["features"].seconds == pytest.approx(1e6 / 50)
    assert found["features"].disk == pytest.approx(4e9)
    assert found["search"].seconds == pytest.approx((1e-5 * 1e6 + 1e-10 * 1e12) / 10)
    assert found["thin"].seconds == pytest.approx(1)
    assert found["synthesize"].seconds == pytest.approx(4000 / 200)
    unlabelled = stages(1_000_000, 1000, ONE, ROUND, labels=False)
    assert unlabelled["search"].seconds == pytest.approx((10 + 400) / 10)
    assert "synthesize" not in unlabelled
    assert stages(1_000_000, 2000, ONE, ROUND)["search"].seconds == pytest.approx((20 + 100) / 10)


def test_machines_share_the_work_and_pay_for_the_network():
    ten = stages(1_000_000, 1000, Machines(10, 100, 0, 1e12), ROUND)
    assert ten["search"].seconds == pytest.approx(10 / 100 + 100 / 100 * 1.25)
    assert ten["search"].network > 9e6 * 1000
    assert stages(1_000_000, 1000, ONE, ROUND)["search"].network == 0
    assert ten["search"].disk == 0
    small = stages(1_000_000, 1000, Machines(10, 100, 0, 1e8), ROUND)["search"]
    assert small.memory == 1e8 and small.disk > 0


def test_a_gpu_is_used_where_it_is_of_use():
    gpu = stages(1_000_000, 1000, Machines(1, 10, 4, 1e12), ROUND)
    assert gpu["features"].seconds == pytest.approx(1e6 / 400)
    assert gpu["search"].seconds == pytest.approx(10 / 10 + 100 / 200)  # one device
    assert ROUND.search_gpu in gpu["search"].rests_on
    many = stages(1_000_000, 1000, Machines(2, 10, 4, 1e12), ROUND)["search"]
    assert ROUND.search_gpu not in many.rests_on  # Ray's tasks are the cores'


def test_where_the_square_bites():
    found = plan(1_000_000, 1000, ONE, ROUND)
    assert found.bites_at == pytest.approx(1e5)
    at = stages(round(found.outgrows_at), 1000, ONE, ROUND)
    assert at["search"].seconds - at["search"].seconds * 0.01 <= at["features"].seconds * 1.01
    assert "features takes longer" in found.advice[0]
    assert any("divide" in each for each in plan(10**11, 1000, ONE, ROUND).advice)


@pytest.mark.parametrize(
    "wrong", [{"rows": 0}, {"dims": 0}, {"picture_bytes": 0}, {"made": -1}], ids=lambda wrong: next(iter(wrong))
)
def test_sizes_that_make_no_sense(wrong):
    with pytest.raises(InputError, match="a plan needs"):
        plan(**{"rows": 10, "dims": 10, "machines": ONE, "rates": ROUND, **wrong})


@pytest.mark.parametrize("wrong", [(0, 1, 0, 1.0), (1, 0, 0, 1.0), (1, 1, -1, 1.0), (1, 1, 0, 0.0), (4, 2, 0, 1.0)])
def test_machines_that_make_no_sense(wrong):
    with pytest.raises(InputError, match="machine"):
        Machines(*wrong)


def test_rates_of_ones_own(tmp_path):
    path = tmp_path / "rates.json"
    path.write_bytes(msgspec.json.encode(ROUND))
    assert read_rates(path) == ROUND
    path.write_text("{}")
    with pytest.raises(InputError, match=r"rates.json: not a file of rates"):
        read_rates(path)
    path.write_bytes(msgspec.json.encode(msgspec.structs.replace(ROUND, thin=Rate(0, "", ""))))
    with pytest.raises(InputError, match="above 0: thin"):
        read_rates(path)


@pytest.mark.parametrize("name", [name for name in Rates.__struct_fields__ if name not in ("machine", "dims")])
def test_the_rates_that_come_along_are_those_measured(name):
    """Within the scatter of measurements, so that measuring anew does not ask for new rates each time."""
    from benchmarks.rates import CAMPAIGN, RESULTS, rates_of

    shipped = getattr(read_rates(), name)
    if not (RESULTS / "extract.json").exists():
        pytest.skip("the extraction's results are not there")
    found = getattr(rates_of(RESULTS, CAMPAIGN), name)
    assert (shipped.unit, shipped.source, shipped.measured) == (found.unit, found.source, found.measured)
    assert shipped.value == pytest.approx(found.value, rel=0.5)
    if shipped.measured:
        assert (ROOT / shipped.source.split(":")[0]).exists()


def test_the_command(capsys, monkeypatch):
    from syndr.cli.main import main

    monkeypatch.setattr(sys, "argv", ["syndr", "plan", "--rows", "100000000", "--dims", "2048", "--gpus", "8"])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().out
    assert ended.value.code == 0
    for word in (
        "features",
        "search",
        "thin",
        "ASSUMED, not measured",
        "benchmarks/results/search.json",
        "1 machine(s)",
    ):
        assert word in said
    monkeypatch.setattr(sys, "argv", ["syndr", "plan", "--rows", "1000", "--json"])
    with pytest.raises(SystemExit):
        main()
    assert [stage["name"] for stage in json.loads(capsys.readouterr().out)["stages"]] == ["features", "search", "thin"]
