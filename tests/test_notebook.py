"""How results show themselves in a notebook."""

from __future__ import annotations

import numpy as np
import pytest
from report.parsed import Parsed

from syndr import DDCUp, DRCDown, generalization_bound
from syndr.evaluation import bootstrap_interval, measure
from syndr.notebook import card, curve


@pytest.fixture(scope="module")
def results():
    draw = np.random.default_rng(0)
    rows = np.repeat(draw.normal(size=(4, 8)), 30, axis=0) + draw.normal(0, 1e-3, (120, 8))
    thinning = DRCDown().fit(rows).result_
    selection = DDCUp().select(draw.normal(size=(9, 8)), draw.normal(size=(30, 8)))
    quality = draw.normal(5, 1, 50)
    noisy = quality + draw.normal(size=50)
    return {
        f"DRCDown dropped {len(thinning.dropped)} of 120 rows": thinning,
        f"DDCUp selected {len(selection.indices)} of 30 candidates": selection,
        "Theorem 1": generalization_bound(sizes=[3, 1]),
        "Agreement over 50 images": measure(noisy, quality),
        "95% interval over images": bootstrap_interval(noisy, quality, resamples=50),
    }


def test_every_result_is_a_piece_of_html_with_its_numbers(results):
    for said, result in results.items():
        page = Parsed(result._repr_html_())
        assert any(said in text for text in page.texts), (said, page.texts)
    thinning = next(iter(results.values()))
    assert str(len(thinning.kept)) in Parsed(thinning._repr_html_()).texts
    assert not page.all("script")


def test_training_shows_its_loss():
    from syndr.training.loop import TrainingResult
    from syndr.training.state import EpochLog

    log = tuple(EpochLog(epoch, 2.0 / (epoch + 1), 90, 10, 1.5, 0.5) for epoch in range(4))
    page = Parsed(TrainingResult(log, ())._repr_html_())
    assert "2.0000 → 0.5000" in page.texts
    assert page.all("polyline")[0]["points"].split() == ["4.0,4.0", "101.3,38.7", "198.7,50.2", "296.0,56.0"]
    assert "–" in Parsed(TrainingResult((), ())._repr_html_()).texts


def test_markup_stays_text():
    hostile = "<script>alert(1)</script>\"'&"
    page = Parsed(
        card(hostile, {hostile: hostile, "none": float("nan")}, [(hostile, 2, "red")]) + curve([1, 2], hostile)
    )
    assert not page.all("script")
    assert page.texts == [hostile, hostile, hostile, "none", "–"]
