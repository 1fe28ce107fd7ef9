from __future__ import annotations

import pytest
from database_layouts import StandIns


@pytest.fixture(scope="session")
def stand_ins(tmp_path_factory):
    """Pictures of 2 x 2 pixels."""
    return StandIns(tmp_path_factory.mktemp("stand-ins"))
