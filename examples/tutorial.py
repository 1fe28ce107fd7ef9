"""Bring your own embeddings: a thinned set, and a report that says what was dropped and why."""

import sys

import numpy as np

import syndr
from syndr.report import thinning_page, write

embeddings, labels, kept, report = sys.argv[1:5]  # three .npy files and an .html: two to read, two to write
X, y = np.load(embeddings, mmap_mode="r"), np.load(labels)  # (rows, dims), and (rows,) scores from 0 to 10
ids = [str(row) for row in range(len(X))]  # or names of your own
drcdown = syndr.DRCDown(distance=0.1, label_gap=1.0, min_keep=20, random_state=0).fit(X, y, ids)
np.save(kept, drcdown.sample_indices_)
samples = syndr.Samples.from_columns(id=ids, quality=y)  # with paths, and thumbnails, the page shows pictures too
write(thinning_page(drcdown, samples, places="pca"), report)
