"""Any arguments to the native module: a result or a refusal, never a crash, a hang or an unbounded allocation.

``tests/campaigns/fuzz.sh`` does the same for as long as it is told to, under AddressSanitizer too.
"""

from __future__ import annotations

import inspect

import pytest
from hostile_native import CALLS, REFUSED
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syndr import _native

# Without arguments; and those that work on what they made themselves, for Ray's workers.
OTHERS = {"kernels", "explain_lost_pages", "prepared_rows", "BlockJoin", "JoinedRows"}


def test_every_function_is_attacked():
    there = {name for name, value in vars(_native).items() if callable(value) and not name.startswith("_")}
    assert set(CALLS) == there - OTHERS
    assert inspect.isbuiltin(_native.thin)


@pytest.mark.parametrize("name", CALLS)
def test_any_arguments(name, bounded):
    function, drawn = CALLS[name]

    @settings(max_examples=80, suppress_health_check=list(HealthCheck))
    @given(st.tuples(*drawn))
    def attack(arguments):
        try:
            function(*arguments)
        except REFUSED as error:
            assert str(error)

    attack()
