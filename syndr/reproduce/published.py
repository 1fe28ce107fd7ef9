"""The numbers that the paper prints (Li et al., SynDR-IQA, tables 1 to 6), to stand beside the measured ones.

Each row is a method, then SRCC and PLCC for each target in the table's order, then their printed averages where the
table has such a column; "-" where the paper prints nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

_TABLE_1 = """
RankIQA   0.491 0.495 0.603 0.551 0.510 0.367 0.535 0.471
DBCNN     0.572 0.589 0.639 0.618 0.620 0.609 0.613 0.606
MetaIQA   0.464 0.464 0.501 0.504 0.301 0.428 0.422 0.465
HyperIQA  0.490 0.487 0.545 0.556 0.379 0.282 0.472 0.442
MUSIQ     0.517 0.524 0.554 0.573 0.575 0.600 0.549 0.566
GraphIQA  0.388 0.407 0.427 0.430 0.524 0.533 0.446 0.456
VCRNet    0.561 0.548 0.517 0.525 0.542 0.545 0.540 0.540
KGANet    0.575 -     0.528 -     -     -     -     -
CLIPIQA   0.643 0.629 0.684 0.702 0.627 0.581 0.651 0.637
CLIPIQA+  0.512 0.543 0.511 0.515 0.474 0.442 0.499 0.500
Q-Align   0.702 0.744 0.668 0.665 -     -     -     -
DANN      0.499 0.484 0.638 0.636 0.586 0.510 0.574 0.543
UCDA      0.382 0.358 0.496 0.501 0.348 0.391 0.408 0.417
RankDA    0.451 0.455 0.638 0.623 0.535 0.582 0.542 0.553
StyleAM   0.584 0.561 0.700 0.673 0.637 0.567 0.640 0.600
FreqAlign 0.618 0.588 0.748 0.721 0.674 0.708 0.680 0.673
DGQA      0.696 0.690 0.681 0.687 0.770 0.753 0.716 0.710
SynDR-IQA 0.713 0.714 0.727 0.735 0.788 0.764 0.743 0.737
"""

_TABLE_2 = """
DGQA      0.5419 0.5404 0.5810 0.5956 0.1629 0.1353 0.5393 0.5279 0.5588 0.5193 0.4470 0.4390 0.4718 0.4596
SynDR-IQA 0.5845 0.5680 0.6263 0.6342 0.1998 0.1629 0.5749 0.5552 0.5557 0.5023 0.4835 0.4691 0.5041 0.4820
"""

_TABLE_3 = """
Baseline  0.8528 0.8526 0.9173 0.8988 0.7965 0.8017 0.7077 0.7220
SynDR-IQA 0.8922 0.8974 0.9258 0.9014 0.8069 0.8092 0.7147 0.7328
"""

_TABLE_4 = """
a) 0.6958 - 0.6810 - 0.7696 - 0.7155 -
b) 0.6901 - 0.7105 - 0.7677 - 0.7228 -
c) 0.6962 - 0.6887 - 0.7793 - 0.7214 -
d) 0.7095 - 0.7107 - 0.7775 - 0.7326 -
e) 0.7119 - 0.7219 - 0.7822 - 0.7387 -
f) 0.7127 - 0.7268 - 0.7884 - 0.7426 -
"""

_TABLE_5 = """
Baseline  0.620 0.641 0.600 0.625 0.729 0.684 0.649 0.650
SynDR-IQA 0.670 0.693 0.719 0.752 0.777 0.750 0.721 0.731
"""

_TABLE_6 = """
DBCNN     0.702 0.748 0.684 0.702 0.693 0.725
MUSIQ     0.813 0.798 0.753 0.680 0.783 0.739
CLIPIQA+  0.719 0.755 0.753 0.777 0.736 0.766
SynDR-IQA 0.713 0.714 0.727 0.735 0.720 0.725
"""


@dataclass(frozen=True)
class Published:
    """A row of a printed table.

    Attributes:
        method: As printed.
        numbers: (SRCC, PLCC) for each target in the table's order, as printed; None where nothing is.
        average: The printed averages; None where the table has none.
    """

    method: str
    numbers: tuple[tuple[str | None, str | None], ...]
    average: tuple[str | None, str | None] | None


def published_rows(table: str, targets: int) -> tuple[Published, ...]:
    """Give the printed rows of a table, whose targets are so many; none for what the paper does not print."""
    rows = []
    for line in _TEXTS.get(table, "").strip().splitlines():
        method, *cells = line.split()
        values = [None if cell == "-" else cell for cell in cells]
        pairs = tuple(zip(values[::2], values[1::2], strict=True))
        rows.append(Published(method, pairs[:targets], pairs[targets] if len(pairs) > targets else None))
    return tuple(rows)


_TEXTS = {
    "table1": _TABLE_1,
    "table2": _TABLE_2,
    "table3": _TABLE_3,
    "table4": _TABLE_4,
    "table5": _TABLE_5,
    "table6": _TABLE_6,
}
