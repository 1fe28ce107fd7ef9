"""The tutorial does what its page says, on a set whose result is known."""

import subprocess
import sys
from pathlib import Path

import numpy as np

TUTORIAL = Path(__file__).resolve().parents[2] / "examples" / "tutorial.py"


def test_it_leaves_a_thinned_set_and_a_report(tmp_path):
    rng = np.random.default_rng(3)
    apart = np.eye(8)
    X = np.concatenate([np.repeat(apart[:2], 60, axis=0), apart[2:]])  # two clusters of 60, six alone
    X += rng.normal(0, 1e-3, X.shape)
    np.save(tmp_path / "X.npy", X.astype(np.float32))
    np.save(tmp_path / "y.npy", np.full(len(X), 5.0))
    done = subprocess.run(
        [sys.executable, str(TUTORIAL), "X.npy", "y.npy", "kept.npy", "report.html"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    kept = np.load(tmp_path / "kept.npy")
    assert len(kept) == 30 + 30 + 6
    assert (kept < 60).sum() == 30 and (kept >= 120).sum() == 6
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.lstrip().startswith("<!doctype html>") and "66" in page and "What was thinned" in page and "60" in page
