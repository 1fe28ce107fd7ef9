"""What the page says of chained clusters: the same words wherever it speaks of them."""

from __future__ import annotations

from syndr.downsample import MEASURED_MEMBERS
from syndr.report.blocks import Text
from syndr.report.clustering import CHAINED_RADII, CHAINED_SPAN, Clustering
from syndr.report.sections.wording import count, part

TITLE = "Chained clusters"
ON_A_CARD = "chained"
NOT_MEASURED = f"not measured: more than {MEASURED_MEMBERS:,} members"


def chaining_note(found: Clustering) -> list[Text]:
    """Say what chaining is and how many clusters it concerns."""
    number = int(found.chained.sum())
    unmeasured = int(found.unmeasured.sum())
    caveat = f" The largest distance inside {count(unmeasured, 'cluster')} was {NOT_MEASURED}." if unmeasured else ""
    if number == 0:
        return [Text(f"No cluster is chained: in none of them {_test(found)}.{caveat}")]
    radius = found.settings.get("distance")
    threshold = "the threshold" if radius is None else f"the threshold {radius:g}"
    return [
        Text(
            f"Members are joined directly or through others: A is near B and B is near C, but A and C may be unlike. "
            f"So the largest distance inside a cluster may exceed {threshold}, which only the distance between two "
            f"joined neighbours obeys. A cluster is called chained when {_test(found)}: here "
            f"{part(number, len(found.chained))} clusters are. They are marked below. What was dropped from them need "
            f"not resemble what was kept: look at it before you trust it, and lower the threshold where it is too wide."
            f"{caveat}",
            warning=True,
            heading=TITLE,
        )
    ]


def chaining_in_short(found: Clustering) -> list[str]:
    """Say for the summary how many of the thinned clusters are chained; nothing when none is."""
    chained = int((found.chained & (found.kept < found.size)).sum())
    if not chained:
        return []
    radius = found.settings.get("distance")
    apart = "" if radius is None else f", so two of them may be farther apart than {radius:g}"
    if chained < found.thinned:
        them = f"{chained:,} of the {found.thinned:,} thinned clusters {'is' if chained == 1 else 'are'}"
    else:
        them = "The thinned cluster is" if chained == 1 else f"All {chained:,} thinned clusters are"
    return [f"{them} chained: members are joined through others{apart}. See “{TITLE}” below."]


def _test(found: Clustering) -> str:
    radius = found.settings.get("distance")
    tests = [] if radius is None else [f"two members are more than {CHAINED_RADII * radius:g} apart"]
    if found.labelled:
        tests.append(f"qualities differ by more than {CHAINED_SPAN:g}")
    return " or ".join(tests) or "the distances and labels are known"
