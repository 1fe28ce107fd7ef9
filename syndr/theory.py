"""Theorem 1 of the paper: the generalization bound for clustered synthetic data, term by term."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from syndr.errors import InputError
from syndr.notebook import card


@dataclass(frozen=True)
class Bound:
    """The terms of Theorem 1 for one data set.

    Attributes:
        m: Number of clusters ("diverse samples").
        n: Number of samples.
        eta: Redundancy heterogeneity, the mean of 1/k over the clusters' sizes k; in (0, 1].
        delta: The bound holds with probability at least ``1 - delta``.
        rademacher_term: Twice the given Rademacher complexity, or None when it was not given.
        sample_term: ``sqrt(2 L / n)`` with ``L = log(2 / delta)``.
        heterogeneity_term_printed: ``sqrt(eta L / (8 m))``, as the paper prints it.
        heterogeneity_term_corrected: ``sqrt(eta L / (2 m))``, twice the printed one: a variance of at most
            1/(4k) in Bernstein's inequality gives this constant.
        cluster_term: ``2 L / (3 m)``.
    """

    m: int
    n: int
    eta: float
    delta: float
    rademacher_term: float | None
    sample_term: float
    heterogeneity_term_printed: float
    heterogeneity_term_corrected: float
    cluster_term: float

    @property
    def total_printed(self) -> float:
        """The sum with the third term as printed; without the Rademacher term when that was not given."""
        return self._rest + self.heterogeneity_term_printed

    @property
    def total_corrected(self) -> float:
        """The sum with the third term as corrected; without the Rademacher term when that was not given."""
        return self._rest + self.heterogeneity_term_corrected

    def _repr_html_(self) -> str:
        names = ("m", "n", "eta", "delta", "rademacher_term", "sample_term", "heterogeneity_term_printed",
                 "heterogeneity_term_corrected", "cluster_term", "total_printed", "total_corrected")  # fmt: skip
        return card("Theorem 1, term by term", {name: getattr(self, name) for name in names})

    @property
    def _rest(self) -> float:
        return (self.rademacher_term or 0.0) + self.sample_term + self.cluster_term


def generalization_bound(
    groups: npt.ArrayLike | None = None,
    *,
    sizes: npt.ArrayLike | None = None,
    delta: float = 0.05,
    rademacher: float | None = None,
) -> Bound:
    """Evaluate the bound of Theorem 1 for a data set that falls into clusters.

    The bound describes a data set; it does not justify thinning one. Removing samples from a cluster lowers
    both n and k, so it raises eta and every term that depends on them.

    Args:
        groups: The cluster of each sample, shape (n,): integers or strings, such as ``DRCDown.labels_`` or the
            reference image of each sample.
        sizes: Instead of ``groups``: the number of samples in each cluster, shape (m,), integers >= 1.
        delta: Probability that the bound fails, in (0, 1).
        rademacher: Rademacher complexity of the hypothesis class on m samples, >= 0. Its term is left out of
            the sum when it is not given.

    Returns:
        The numbers and terms of the bound, for qualities scaled to [0, 1].

    Raises:
        InputError: When not exactly one of ``groups`` and ``sizes`` is given, there are no samples, or an
            argument is out of its range.

    Source: paper, section 3.2, Theorem 1.
    """
    if groups is not None and sizes is None:
        k = _sizes_of_groups(groups)
    elif sizes is not None and groups is None:
        k = _checked_sizes(sizes)
    else:
        raise InputError("generalization_bound needs exactly one of groups and sizes")
    if not 0.0 < delta < 1.0:
        raise InputError(f"delta must lie strictly between 0 and 1, not {delta}")
    if rademacher is not None and not 0.0 <= rademacher < np.inf:
        raise InputError(f"rademacher must be finite and not negative, not {rademacher}")
    m, n = len(k), int(k.sum())
    eta = float(np.mean(1.0 / k))
    log_term = float(np.log(2.0 / delta))
    return Bound(
        m=m,
        n=n,
        eta=eta,
        delta=delta,
        rademacher_term=None if rademacher is None else 2.0 * rademacher,
        sample_term=float(np.sqrt(2.0 * log_term / n)),
        heterogeneity_term_printed=float(np.sqrt(eta * log_term / (8.0 * m))),
        heterogeneity_term_corrected=float(np.sqrt(eta * log_term / (2.0 * m))),
        cluster_term=2.0 * log_term / (3.0 * m),
    )


def _sizes_of_groups(groups: npt.ArrayLike) -> npt.NDArray[np.int64]:
    labels = np.asarray(groups)
    if labels.ndim != 1 or labels.size == 0:
        raise InputError(f"groups must hold one label per sample, at least one; its shape is {labels.shape}")
    if labels.dtype.kind == "i":
        labels = labels[labels >= 0]  # DRCDown numbers rows without a direction -1: they are in no cluster
        if labels.size == 0:
            raise InputError("groups must hold at least one sample that is in a cluster")
    if labels.dtype.kind == "f":
        raise InputError("groups must be integers or strings; floating-point labels can hide NaN and rounding")
    try:
        counts = np.unique(labels, return_counts=True)[1]
    except TypeError as error:
        raise InputError(f"groups must be all integers or all strings, none missing: {error}") from error
    return counts.astype(np.int64)


def _checked_sizes(sizes: npt.ArrayLike) -> npt.NDArray[np.int64]:
    counts = np.asarray(sizes)
    if counts.ndim != 1 or counts.size == 0 or counts.dtype.kind not in "iu":
        raise InputError(f"sizes must be a list of integers, at least one; got {counts.dtype} {counts.shape}")
    if counts.min() < 1:
        raise InputError(f"sizes must be >= 1; cluster {int(counts.argmin())} has size {int(counts.min())}")
    return counts.astype(np.int64)
