"""Small damage to valid files: bytes changed, cut, doubled and moved, numbers and brackets put where they hurt."""

from __future__ import annotations

import random

from hypothesis import strategies as st

#: What parsers trip over: extreme sizes in either byte order, deep nesting, odd text, long numbers.
PAYLOADS = (
    b"\x00",
    b"\xff" * 4,
    b"\xff" * 8,
    b"\x7f" + b"\xff" * 7,
    b"\xff" * 7 + b"\x7f",
    b"\x00\x00\x00\x80",
    b"\x80" + b"\x00" * 10 + b"\xff",
    b"-1",
    b"99999999999999999999",
    b"1e999",
    b"NaN",
    b"null",
    b"{}",
    b"[]",
    b'""',
    b'"',
    b"\n",
    b",",
    b"'",
    b"[" * 3000,
    b'{"a":' * 3000,
    b"../../",
    b"/etc/passwd",
    b"\xf0\x28\x8c\x28",
    b"=1+1",
    b"(1000000000000000, 4)",
)
KINDS = ("flip", "overwrite", "insert", "cut", "remove", "double", "swap")

#: One piece of damage: its kind, two places as shares of the length, and what is put there.
Damage = tuple[str, float, float, bytes]

damages = st.lists(
    st.tuples(
        st.sampled_from(KINDS),
        st.floats(0, 1),
        st.floats(0, 1),
        st.sampled_from(PAYLOADS) | st.binary(min_size=1, max_size=8),
    ),
    min_size=1,
    max_size=4,
)


def random_damages(draw: random.Random) -> list[Damage]:
    """Draw what ``damages`` does, without hypothesis: for hours of it."""
    return [
        (
            draw.choice(KINDS),
            draw.random(),
            draw.random(),
            draw.choice(PAYLOADS) if draw.random() < 0.5 else draw.randbytes(draw.randint(1, 8)),
        )
        for _ in range(draw.randint(1, 4))
    ]


def damaged(data: bytes, damage: list[Damage]) -> bytes:
    """Give the bytes after all the damage."""
    for kind, first, second, payload in damage:
        at, other = sorted((int(first * len(data)), int(second * len(data))))
        if kind == "flip" and data:
            at = min(at, len(data) - 1)
            data = data[:at] + bytes([data[at] ^ (payload[0] or 1)]) + data[at + 1 :]
        elif kind == "overwrite":
            data = data[:at] + payload + data[at + len(payload) :]
        elif kind == "insert":
            data = data[:at] + payload + data[at:]
        elif kind == "cut":
            data = data[:at]
        elif kind == "remove":
            data = data[:at] + data[min(other, at + 64) :]
        elif kind == "double":
            data = data[:other] + data[at:other] + data[other:]
        elif kind == "swap":
            middle = (at + other) // 2
            data = data[:at] + data[middle:other] + data[at:middle] + data[other:]
    return data
