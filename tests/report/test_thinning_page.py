"""The report of a thinning alone, from Python and from the command line."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from pictures import write_scenes
from report.fake_run import HOSTILE, picture
from report.parsed import assert_self_contained
from report.reading import only, texts

from syndr import DRCDown
from syndr.errors import InputError
from syndr.report import Cards, Map, Verdict, render, thinning_page
from syndr.report.distortions import distortion_name
from syndr.samples import Samples


@pytest.fixture(scope="module")
def fitted():
    draw = np.random.default_rng(0)
    X = np.repeat(draw.normal(size=(6, 12)), [40, 25, 1, 1, 30, 3], axis=0)
    X = X + draw.normal(0, 1e-3, X.shape)
    X[0] = 0
    ids = [f"{HOSTILE}{row:03d}" for row in range(100)]
    quality = draw.uniform(4.6, 5.4, 100)
    samples = Samples.from_columns(
        id=ids[::-1], quality=quality[::-1], path=[f"{row}.png" for row in range(100)], reference=["r"] * 100,
        type=[10] * 100, level=[5] * 100,
    )  # fmt: skip
    return DRCDown(on_bad_rows="set_aside").fit(X, quality, ids), samples


#: A name that a file may have, and that would be markup in a page that did not escape it.
_HOSTILE_FILE = "<script>alert(1)<img src=x onerror='alert(2)'>\".png"


def sections(page):
    return {section.title: section.blocks for section in page.sections}


def test_it_says_how_many_were_dropped_from_where_and_why(fitted):
    drcdown, samples = fitted
    page = thinning_page(drcdown, samples, lambda rows: [picture("JPEG")] * len(rows), places="pca")
    assert_self_contained(render(page))
    parts = sections(page)
    assert list(parts) == ["In short", "Clusters", "Map", "Labels", "Theorem 1"]
    found = drcdown.result_
    verdict = only(parts["In short"], Verdict)
    assert verdict.figure == f"{len(found.dropped)} of 100"
    assert [(part.number, part.tone) for part in verdict.parts] == [
        (len(found.kept), "kept"), (len(found.dropped), "gone"), (1, "other"),
    ]  # fmt: skip
    assert "keeps half of them, but at least 20" in verdict.reasons[0]

    (cards,) = [block for block in parts["Clusters"] if isinstance(block, Cards)]
    assert [card.size for card in cards.items] == [39, 30, 25, 3]
    of_name = dict(zip(found.ids, range(100), strict=True))
    for card in cards.items:
        number = int(card.title.split()[1])
        assert card.size - card.kept == (found.labels[found.dropped] == number).sum()
        for shown in card.pictures:
            row = of_name[shown.caption]
            assert found.labels[row] == number
            assert (
                shown.detail
                == f"{distortion_name(10)}, level 5, quality {samples.by_id([shown.caption])['quality'][0]:.1f}"
            )
            assert shown.mark == ("dropped" if row in found.dropped else "kept")
            assert shown.gone == (row in found.dropped)

    plan = only(parts["Map"], Map)
    assert len(plan.names) == 99
    fate, quality, *_ = plan.colourings
    assert fate.values == ["dropped" if of_name[name] in found.dropped else "kept" for name in plan.names]
    assert quality.values == pytest.approx(samples.by_id(plan.names)["quality"])


def test_embeddings_alone_have_a_report_too():
    X = np.random.default_rng(0).normal(size=(30, 4))
    parts = sections(thinning_page(DRCDown().fit(X), places="pca"))
    assert list(parts) == ["In short", "Clusters", "Map", "Theorem 1"]
    assert "qualities differ" not in texts(parts["Clusters"])
    with pytest.raises(InputError, match="call fit"):
        thinning_page(DRCDown())


def test_the_command_line_writes_it_with_pictures(tmp_path, monkeypatch, capsys):
    from syndr.cli import main

    write_scenes(tmp_path / "pool", 3, height=64, width=64)
    scene = next(path for path in sorted((tmp_path / "pool").iterdir()) if path.suffix == ".png")
    scene.rename(scene.with_name(_HOSTILE_FILE))
    names = sorted(path.name for path in (tmp_path / "pool").iterdir())
    names = [name for name in names if name.endswith(".png")]
    np.savez(tmp_path / "x.npz", ids=np.array(names), features=np.ones((len(names), 4), dtype=np.float32))
    command = [
        "syndr",
        "downsample",
        str(tmp_path / "x.npz"),
        "-o",
        str(tmp_path / "t.csv"),
        "--json",
        "--min-keep",
        "1",
    ]
    command += ["--pictures", str(tmp_path / "pool")]
    monkeypatch.setattr("sys.argv", command)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "give --report too" in capsys.readouterr().err
    monkeypatch.setattr("sys.argv", [*command, "--report", str(tmp_path / "r.html")])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert json.loads(capsys.readouterr().out)["report"] == str(tmp_path / "r.html")
    html = (tmp_path / "r.html").read_text(encoding="utf-8")
    page = assert_self_contained(html)
    assert _HOSTILE_FILE in page.texts  # as a name below its picture, not as markup
    assert not [element for element in page.all("img") if "onerror" in element]
    assert "<strong>2 of 3</strong>" in re.sub(r"\s+", " ", html)
    assert html.count('src="data:image/webp') == 3
