"""Work on several machines, through Ray: the connection, and a bounded flow of tasks. Nothing else here knows Ray."""

from __future__ import annotations

from syndr.cluster.connection import Cluster, Engine, check_engine, connect
from syndr.cluster.flow import completed
from syndr.cluster.pool import in_order

__all__ = ["Cluster", "Engine", "check_engine", "completed", "connect", "in_order"]
