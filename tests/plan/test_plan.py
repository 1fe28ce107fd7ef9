"""Plans are plain arithmetic on rates; these tests do it again by hand."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndr.errors import InputError
from syndr.plan import Machines, Rate, Rates, plan, read_rates
from syndr.plan.units import duration, size


def rate(value):
    return Rate(value, "unit", "somewhere")


RATES = Rates(
    machine="two cores", dims=2048, features_cpu=rate(10.0), features_gpu=rate(1000.0), search_linear=rate(1e-4),
    search_quadratic=rate(4e-10), search_quadratic_labels=rate(1e-10), search_gpu=rate(100.0), thin=rate(1e-5),
    pictures_cpu=rate(20.0), engine_overhead=rate(1.25),
)  # fmt: skip


def stages(rows=1_000_000, dims=2048, machines=None, **how):
    made = plan(rows, dims, machines or Machines(1, 64, 0, 256e9), RATES, **how)
    return {stage.name: stage for stage in made.stages}


def test_one_machine():
    found = stages()
    assert found["features"].seconds == pytest.approx(1e6 / (10 * 64))
    assert found["search"].seconds == pytest.approx((1e6 * 1e-4 + 1e12 * 1e-10) / 64)
    assert found["thin"].seconds == pytest.approx(10)
    assert found["features"].disk == 1e6 * 2048 * 4
    assert found["search"].network == 0
    assert found["search"].memory == pytest.approx(1e6 * (136 + 16 + 2048 + 16 + 28))


def test_what_changes_the_search():
    plain = stages()["search"]
    assert stages(labels=False)["search"].seconds == pytest.approx((100 + 400) / 64)
    assert stages(dims=1024)["search"].seconds == pytest.approx((50 + 100) / 64)
    on_gpu = stages(machines=Machines(1, 16, 1, 256e9))["search"]
    assert on_gpu.seconds == pytest.approx(100 / 16 + 100 / 100)
    assert RATES.search_gpu in on_gpu.rests_on
    many = stages(machines=Machines(4, 256, 0, 256e9))["search"]
    assert many.seconds == pytest.approx(100 / 256 + 100 * 1.25 / 256)
    assert many.network > 0 and RATES.engine_overhead in many.rests_on
    tight = stages(rows=10**9, machines=Machines(4, 256, 0, 64e9))["search"]
    assert tight.disk > 0 and any("spills" in said for said in tight.assumes)
    assert plain.disk == 0


def test_pictures_and_advice():
    made = plan(1000, 2048, Machines(1, 2, 0, 16e9), RATES, made=400)
    assert made.stages[-1].name == "synthesize"
    assert made.stages[-1].seconds == pytest.approx(400 / 40)
    assert made.bites_at == pytest.approx(1e-4 / 1e-10)
    assert "features takes longer" in made.advice[0]
    large = plan(10**9, 2048, Machines(1, 64, 0, 256e9), RATES, labels=False)
    assert any("give them" in said for said in large.advice)
    assert any("faiss-ivf" in said for said in large.advice)


@given(rows=st.integers(1, 10**9), dims=st.integers(1, 4096), nodes=st.integers(1, 64), gpus=st.integers(0, 64))
def test_more_rows_never_cost_less(rows, dims, nodes, gpus):
    machines = Machines(nodes, 16 * nodes, gpus, 64e9)
    for few, many in zip(*(stages(count, dims, machines, made=count).values() for count in (rows, 2 * rows)),
                         strict=True):  # fmt: skip
        for name in ("seconds", "memory", "disk", "network"):
            assert 0 <= getattr(few, name) <= getattr(many, name)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rows": 0}, "rows and dims from 1 on"),
        ({"dims": 0}, "rows and dims from 1 on"),
        ({"picture_bytes": 0.0}, "rows and dims from 1 on"),
    ],
)
def test_what_cannot_be_planned(change, message):
    with pytest.raises(InputError, match=message):
        stages(**change)


@pytest.mark.parametrize("bad", [(0, 1, 0, 1.0), (1, 0, 0, 1.0), (1, 1, -1, 1.0), (1, 1, 0, 0.0), (2, 1, 0, 1.0)])
def test_machines_that_cannot_be(bad):
    with pytest.raises(InputError):
        Machines(*bad)


def test_the_shipped_rates_say_where_they_come_from():
    rates = read_rates()
    named = [getattr(rates, name) for name in Rates.__struct_fields__ if name not in ("machine", "dims")]
    assert all(each.source and each.value > 0 for each in named)


def test_rates_of_one_s_own(tmp_path):
    path = tmp_path / "rates.json"
    path.write_bytes(msgspec.json.encode(RATES))
    assert read_rates(path) == RATES
    with pytest.raises(InputError, match="absent.json: not a file of rates"):
        read_rates(tmp_path / "absent.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"dims": 0}))
    with pytest.raises(InputError, match="rates must be above 0: dims"):
        read_rates(path)


def test_times_and_sizes_as_people_say_them():
    assert [duration(value) for value in (0.123, 100, 600, 86_400, 10**6)] == [
        "0.12 s",
        "100 s",
        "10 min",
        "24 h",
        "12 days",
    ]
    assert [size(value) for value in (0, 2100, 5e6, 7.36e9, 2e12)] == ["-", "2.1 kB", "5 MB", "7.4 GB", "2 TB"]
