"""What came of the faults, and how it is printed."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

BAD = ("lost", "changed", "unclear", "abrupt", "litter")


@dataclass
class Count:
    """What one fault did to one stage.

    Attributes:
        fault, stage, made: What, to which stage, and how.
        trials, struck: How often it was tried, and how often the command did not end well.
        lost: Files or rows that a last run did not give, and runs that could not go on.
        changed: Files that are not the undisturbed run's; also, of those under their final name, ones cut short.
        unclear: Ends without a message that says what was wrong.
        abrupt: Of ends for lack of memory, those inside the C library or another package, in its words.
        litter: Files of killed writers that are left after the last run.
        notes: What was out of order.
    """

    fault: str
    stage: str
    made: str
    trials: int = 0
    struck: int = 0
    lost: int = 0
    changed: int = 0
    unclear: int = 0
    abrupt: int = 0
    litter: int = 0
    notes: list[str] = field(default_factory=list)


def tell(count: Count) -> None:
    print(f"{count.fault:24} {count.stage:13} {count.trials:3} trials {count.struck:3} struck ", end=" ")
    print("  ".join(f"{name} {getattr(count, name)}" for name in BAD), f"({count.made})")
    for note in count.notes[:5]:
        print(f"    {note}")
    sys.stdout.flush()


def print_table(counts: list[Count]) -> None:
    """Print the sums over the stages, as the page shows them."""
    columns = ("trials", "struck", *BAD)
    print("\n| Fault | How it was made | Stages |", " | ".join(columns), "|")
    print("| --- | --- |", " | ".join(["--:"] * (1 + len(columns))), "|")
    for fault, made in dict.fromkeys((count.fault, count.made) for count in counts):
        of_it = [count for count in counts if (count.fault, count.made) == (fault, made)]
        sums = (sum(getattr(count, name) for count in of_it) for name in columns)
        print(f"| {fault} | {made} | {len(of_it)} |", " | ".join(map(str, sums)), "|")
