"""Names that a package exports but imports on first use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

from syndr.errors import require


def lazy_exports(
    package: str, home: Mapping[str, str], needs: Sequence[str] = (), extra: str = ""
) -> Callable[[str], Any]:
    """Make a package's ``__getattr__`` (PEP 562).

    Args:
        package: Its dotted name.
        home: Exported name -> submodule that defines it.
        needs: Optional modules that these submodules import; an absent one is reported with the install line.
        extra: The extra that brings them.
    """

    def get(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        for module in needs:
            require(module, extra)
        return getattr(import_module(f"{package}.{home[name]}"), name)

    return get
