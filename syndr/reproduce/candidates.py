"""Which pool pictures DDCUp may choose from: the authors' 81, or a draw of as many."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from syndr.reproduce.plan import CANDIDATES
from syndr.samples import Samples
from syndr.sources import seeded_draw

_NAMES = """
grasshopper-765066 red-robin-226578 white-horse-1244825 sand-1580928 cat-542930
vils-hult-600426 fountain-958269 athletics-659276 owl-62703 africa-379378
african-buffalo-1651281 easter-1278805 rope-1313242 eat-638075 autumn-landscape-1788766
panther-chameleon-1160969 africa-1027922 wild-mallow-1495643 place-setting-1058984
palm-1571411 teenage-girl-1440772 sea-1132262 water-lily-842618 petrified-345875
berries-971197 africa-1680402 scheffelhaus-850750 sand-sculpture-585994
white-tail-deer-902531 painted-lady-1694475 clock-373550 hajj-66983 pine-394246
august-the-strong-534468 avocado-684109 woman-423901 iguana-706227 coast-1432386
flowers-956716 water-level-579796 roll-599696 pico-del-teide-375871 flowers-21708
animal-216859 bare-kremplinge-1798465 car-1609173 clouds-803886 cat-937253
ecuador-298395 tomatoes-786227 cuckoo-574790 pilots-1620029 cedar-1390935
tractor-1695363 russia-103561 saint-malo-1326317 wood-736694 sandals-4563
landscape-1200456 bicycle-21814 beach-1248881 flowers-671189 avalanche-lake-1744439
beach-1230729 balloon-232793 phuket-1364142 gazebo-1732984 dragonfly-1222691
steering-wheel-1753132 agriculture-215848 rocky-mountain-elk-938505 bratislava-1569438
africa-1170179 dahlia-1642465 ibiza-1612493 aston-martin-101127 pond-1744278
chorin-456771 hendrik-conscience-1641314 wild-rose-1450533 cup-1091095
"""

#: KADIS-700k names of the authors' candidates, in their order. How they were drawn is nowhere said.
AUTHORS_CANDIDATES = tuple(_NAMES.split())


@dataclass(frozen=True)
class Candidates:
    """A candidate list, written beside the results.

    Attributes:
        path: The list: id and path of each candidate.
        count: How many there are.
        words: How they were found, for protocols.
    """

    path: Path
    count: int
    words: str


def has_authors_candidates(pool: Samples) -> bool:
    """Tell whether a pool holds all of the authors' candidates."""
    known = pool.row_of
    return all(name in known for name in AUTHORS_CANDIDATES)


def choose_candidates(pool: Samples, size: int | None, seed: int) -> tuple[Samples, str] | None:
    """Choose candidates from a pool: the authors' 81 first if all are there, then a seeded draw; or the whole pool.

    Larger lists hold the smaller ones.

    Args:
        pool: The pool; ids are names without a suffix, as those of KADIS-700k are.
        size: How many; None for the whole pool.
        seed: Seed of the draw.

    Returns:
        The candidates and how they were chosen, in words; None when the pool holds fewer than ``size``.
    """
    pool = pool.columns("id", "path")
    if size is None:
        return pool, f"all {len(pool):,} pictures of the pool"
    if size > len(pool):
        return None
    if size < CANDIDATES or not has_authors_candidates(pool):
        return seeded_draw(pool, size, seed), f"{size:,} drawn from {len(pool):,} pictures with seed {seed}"
    authors = pool.by_id(AUTHORS_CANDIDATES)
    if size == CANDIDATES:
        return authors, "the authors' 81"
    theirs = set(AUTHORS_CANDIDATES)
    others = pool.take([row for row, name in enumerate(pool.ids) if name not in theirs])
    drawn = seeded_draw(others, size - CANDIDATES, seed)
    return authors.concat(drawn), f"the authors' 81 and {len(drawn):,} drawn from the pool with seed {seed}"


def write_candidates(pool: Samples, size: int | None, seed: int, folder: Path) -> Candidates | None:
    """Choose candidates and write the list; None when the pool holds too few."""
    chosen = choose_candidates(pool, size, seed)
    if chosen is None:
        return None
    samples, words = chosen
    path = folder / f"candidates-{size or 'all'}.csv"
    samples.write(path)
    return Candidates(path, len(samples), words)
