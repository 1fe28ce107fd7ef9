"""DRCDown's two keep rules and its draw, as plain loops."""

from __future__ import annotations

from oracle.hashing import mix, xxh64


def size_kept_released(size, least):
    """The authors' code: if L > T keep max(T, int(L / 2))."""
    if size > least:
        return max(least, int(size / 2))
    return size


def size_kept_paper(size, least):
    """Algorithm 3, line 12: only if L / 2 > T, then max(floor(L / 2), T)."""
    if size / 2 > least:
        return max(size // 2, least)
    return size


def keep(labels, ids, rule, least, seed, epoch):
    """Rows kept: from each cluster those whose ids hash smallest, equal hashes by id."""
    size_kept = {"released": size_kept_released, "paper": size_kept_paper}[rule]
    clusters = {}
    for row, label in enumerate(labels):
        clusters.setdefault(int(label), []).append(row)
    kept = []
    for rows in clusters.values():
        drawn = sorted(rows, key=lambda row: (xxh64(ids[row].encode(), mix(seed, epoch)), ids[row]))
        kept += drawn[: size_kept(len(rows), least)]
    return sorted(kept)
