"""The maps of a run: what was kept and dropped, selected and rejected, in the space that was looked at."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest
from report.fake_run import picture
from report.parsed import assert_self_contained

from syndr.downsample import DRCDown
from syndr.errors import StoreError
from syndr.features import FeatureStore
from syndr.report import Map, render, run_page
from syndr.report.distortions import distortion_name
from syndr.report.sections import maps
from syndr.samples import Samples
from syndr.tables import THINNING_FEATURES, write_thinning_features


@pytest.fixture
def mapped(run):
    """A run that kept features: of thinning, of the references and of the pool."""
    draw = np.random.default_rng(0)
    members, pool = (Samples.read(run / name) for name in ("clusters.parquet", "selection.parquet"))
    ids = [name for name, number in zip(members.ids, members["cluster"], strict=True) if number >= 0][:300]
    thinning = DRCDown().fit(draw.normal(size=(300, 8)) * 1e6, ids=ids).result_
    write_thinning_features(thinning, run / THINNING_FEATURES)
    references = Samples.from_columns(id=[f"ref{n}" for n in range(12)])
    for name, table in (("references", references), ("pool", pool.columns("id", "path"))):
        rows = draw.normal(size=(len(table), 8)).astype(np.float32)
        FeatureStore.create(run / "features" / name, table, rows)
    return run


def drawn_maps(folder, **options):
    page = run_page(folder, places="pca", **options)
    assert_self_contained(render(page))
    (blocks,) = [part.blocks for part in page.sections if part.title == "Map"]
    return [block for block in blocks if isinstance(block, Map)]


def test_points_are_what_the_tables_say_of_their_ids(mapped):
    samples, pool = drawn_maps(mapped, thumbnails=lambda rows: [picture("JPEG")] * len(rows))
    members, table = Samples.read(mapped / "clusters.parquet"), Samples.read(mapped / "samples.parquet")
    fate, quality, reference, distortion, _ = samples.colourings
    assert fate.values == ["kept" if stays else "dropped" for stays in members.by_id(samples.names)["kept"]]
    known = table.by_id(samples.names)
    assert quality.values == pytest.approx(known["quality"])
    assert reference.values == known["reference"].tolist()
    assert distortion.values == [distortion_name(number) for number in known["type"]]
    sizes = {row["cluster"]: row for row in pq.read_table(mapped / "cluster_sizes.parquet").to_pylist()}
    for number, said in zip(members.by_id(samples.names)["cluster"], samples.details, strict=True):
        row = sizes[number]
        assert said == (
            f"cluster {number}: {row['kept']} of {row['size']} kept" if row["size"] > 1 else "alone in its cluster"
        )

    selection = Samples.read(mapped / "selection.parquet")
    fates = dict(zip(selection.ids, selection["reason"], strict=True))
    assert len(pool.names) == 12 + 260
    assert pool.colourings[0].values == [fates.get(name, "training reference") for name in pool.names]
    assert np.isnan(pool.colourings[1].values).sum() == 12
    assert set(pool.pictures) == set(range(12, 272))
    assert "PCA" in pool.note


def test_too_many_points_are_drawn_from_and_that_is_said(mapped, monkeypatch):
    monkeypatch.setattr(maps.drawn, "__defaults__", (100, 0))
    monkeypatch.setattr(maps, "POINTS", 90)
    samples, pool = drawn_maps(mapped)
    assert (len(samples.names), len(pool.names)) == (100, 12 + 78)
    assert f"A draw of 100 of {len(Samples.read(mapped / 'clusters.parquet')):,} samples" in samples.note
    assert "A draw of 90 of 272 pictures" in pool.note
    again, _ = drawn_maps(mapped)
    assert again.names == samples.names


def test_damaged_features_are_named(mapped):
    (mapped / THINNING_FEATURES).write_bytes(b"PK junk")
    with pytest.raises(StoreError, match=THINNING_FEATURES):
        run_page(mapped, places="pca")
    for rows in (np.ones((2, 4)), np.ones(3)):
        np.savez(mapped / THINNING_FEATURES, ids=np.array(["a", "b", "c"]), features=rows)
        with pytest.raises(StoreError, match=r"3 ids for features of shape \(.*\); run the training again"):
            run_page(mapped, places="pca")
