"""Bring your own embeddings: a thinned set, and a report that says what went and why."""

import sys
from pathlib import Path

import numpy as np

import syndr
from syndr.report import Facts, Page, Section, Table, write

embeddings, quality = sys.argv[1:3]  # .npy files: (rows, dims) numbers, and (rows,) scores from 0 to 10
out = Path(sys.argv[3])  # a folder for the results
X, y = np.load(embeddings, mmap_mode="r"), np.load(quality)
found = syndr.DRCDown(distance=0.1, label_gap=1.0, min_keep=20, random_state=0).fit(X, y).result_
out.mkdir(parents=True, exist_ok=True)
np.save(out / "kept.npy", found.kept)

largest = np.argsort(-found.sizes)[:10]
clusters = Table(
    ["cluster", "members", "kept", "largest distance", "label span"],
    [(c, found.sizes[c], found.sizes_kept[c], found.largest_distance[c], found.label_span[c]) for c in largest],
    "The largest clusters; a largest distance far above 0.1 means that unlike images hang together in a chain",
)
counts = Facts({"rows": len(X), "kept": len(found.kept), "dropped": len(found.dropped)}, headline=True)
write(Page("What was thinned", embeddings, [Section("Result", [counts, clusters])]), out / "report.html")
