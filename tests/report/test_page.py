"""Every block as HTML: complete, escaped, self-contained."""

from __future__ import annotations

import base64
import json
import re

import numpy as np
import pytest
from report.fake_run import HOSTILE, picture
from report.parsed import Parsed, assert_self_contained

from syndr.errors import InputError
from syndr.report import (
    Bars,
    Card,
    Cards,
    Classes,
    Facts,
    Folded,
    Gallery,
    Histogram,
    Map,
    Page,
    Picture,
    Plot,
    Scale,
    Section,
    Share,
    Table,
    Text,
    Verdict,
    render,
    write,
)
from syndr.report.cells import format_cell
from syndr.report.data import FIRST_ROWS, map_data, table_data
from syndr.report.page import data_uri


def one(*blocks, title="A page"):
    return Page(title, "subtitle", [Section("A section", blocks)])


def map_colours(text):
    return [Classes(text, [text, None], {text: "kept"}), Scale(text, [0.5, np.nan])]


def everything(text):
    """A page with this text in every place that takes one."""
    blocks = [
        Text(text),
        Text(text, warning=True, heading=text),
        Facts({text: text}),
        Facts({text: text}, headline=True),
        Table([text, "number"], [(text, 1), (text, 2)], text, note=text, highlighted=frozenset({0})),
        Histogram(
            [1.0, 2.0, 2.5, np.nan],
            text,
            text,
            markers=[(1.5, text)],
            highlighted=[True, False, True, False],
            highlighted_label=text,
            unit=text,
        ),
        Bars([text], [3], text, parts=[1], part_label=text, whole_label=text, errors=[(2, 4)], x_label=text),
        Plot([1, 2], [3, 4], text, text, text, joined=True),
        Plot([1, 2], [3, 4], text, text, text, diagonal=True),
        Gallery([Picture(picture("PNG"), text, mark=text, gone=True, detail=text), Picture(None, text)], text),
        Verdict(text, text, [Share(text, 3, "kept"), Share(text, 1, "gone")], [text]),
        Cards([Card(text, 3, 4, [text], [Picture(picture("WEBP"), text)], text)], text, text),
        Folded(text, [Text(text)]),
        Map([0, 1], [0, 1], [text, text], text, map_colours(text), {0: picture("JPEG")}, text, [text, ""]),
    ]
    return Page(text, text, [Section(text, blocks), Section(text, blocks)])


def test_a_page_with_every_block_is_self_contained():
    html = render(everything("plain"))
    page = assert_self_contained(html)
    assert "http:" not in html
    assert "https:" not in html
    assert page.all("section") == [{"id": "section-1"}, {"id": "section-2"}]
    assert [link["href"] for link in page.all("a", "skip")] == ["#section-1"]
    assert [link["href"] for link in page.all("a")][1:] == ["#section-1", "#section-2"]
    assert len(page.all("svg")) == 10
    (policy,) = [meta["content"] for meta in page.all("meta") if "http-equiv" in meta]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-")


def test_markup_in_data_stays_text_everywhere():
    hostile, plain = Parsed(render(everything(HOSTILE))), Parsed(render(everything("plain")))
    assert_self_contained(render(everything(HOSTILE)))
    # The same elements with the same attributes: nothing that came in as text became markup.
    assert [(tag, sorted(names)) for tag, names in hostile.elements] == [
        (tag, sorted(names)) for tag, names in plain.elements
    ]
    shown = " ".join(HOSTILE.split())
    assert sum(text.count(shown) for text in hostile.texts) == sum(text.count("plain") for text in plain.texts)
    assert sum(value.count(HOSTILE) for value in hostile.values()) == sum(v.count("plain") for v in plain.values())
    assert "49" not in " ".join(hostile.texts)


def test_addresses_in_data_do_not_become_links():
    page = assert_self_contained(render(everything("https://example.org/a.png")))
    assert all(link["href"].startswith("#") for link in page.all("a"))


def test_columns_of_numbers_and_nothing_else_are_set_flush_right():
    rows = [("a", 1, 0.5, None, "1", True), ("b", np.int64(1234567), np.float32(-2), 3, 2, False)]
    page = Parsed(render(one(Table(["text", "int", "float", "gaps", "mixed", "truth"], rows, "caption", decimals=2))))
    flush = ["number" in cell.get("class", "") for cell in page.all("td")]
    assert flush == [False, True, True, True, False, False] * 2
    assert ["number" in cell.get("class", "") for cell in page.all("th")] == flush[:6]
    start = page.texts.index("truth") + 1
    assert page.texts[start:-1] == ["a", "1", "0.50", "–", "1", "yes", "b", "1,234,567", "−2.00", "3", "2", "no"]


def test_highlighted_rows_are_marked():
    page = Parsed(render(one(Table(["n"], [(n,) for n in range(8)], "short", highlighted=frozenset({3, 7})))))
    assert [row.get("class") == "marked" for row in page.all("tr")[1:]] == [n in (3, 7) for n in range(8)]
    assert not page.all("script")[:-1]


def test_a_long_table_begins_in_the_page_and_is_whole_in_its_data():
    rows = [(n, f"</script>{n}", None if n == 2 else n / 3, n % 2 == 0) for n in range(100)]
    html = render(one(Table(["n", "text", "third", "even"], rows, "long", highlighted=frozenset({99}), decimals=2)))
    assert len(assert_self_contained(html).all("tr")) == 1 + FIRST_ROWS
    data = json.loads(re.search(r'<script type="application/json">(.*?)</script>', html).group(1))
    assert data["rows"] == 100
    assert data["marked"] == [99]
    n, text, third, even = data["columns"]
    assert (n["numbers"], n["decimals"], third["decimals"]) == (list(range(100)), 0, 2)
    assert text["texts"] == [row[1] for row in rows]
    (column,) = table_data(Table(["share"], [(0.5,)], "", column_decimals={"share": 1}))["columns"]
    assert column["decimals"] == 1
    assert third["numbers"] == [None if x is None else pytest.approx(x, rel=1e-6) for *_, x, _ in rows]
    assert even["texts"][:2] == ["yes", "no"]


def test_whole_numbers_among_others_have_no_decimals_but_are_sorted_as_numbers():
    rows = [(3608,), (0.5,), (None,)] * 5
    html = render(one(Table(["mixed"], rows, "mixed", decimals=5)))
    (column,) = json.loads(re.search(r'<script type="application/json">(.*?)</script>', html).group(1))["columns"]
    assert column["texts"][:3] == ["3,608", "0.50000", "–"]
    assert column["numbers"][:3] == [3608, 0.5, None]


def test_a_map_keeps_its_shape_and_says_what_is_unknown():
    plan = Map(
        [0.0, 4.0, 2.0], [1.0, 1.0, 3.0], ["a", "b", "c"], "map",
        [Classes("kind", ["x", None, "y"], names=("y", "x")), Scale("quality", [1.25, np.nan, 9.0])],
        {1: picture("PNG")},
    )  # fmt: skip
    data = map_data(plan, data_uri)
    assert (data["x"], data["y"], data["aspect"]) == ([0, 8191, 4096], [0, 0, 8191], 2.0)
    assert data["colourings"][0]["values"] == [1, None, 0]
    assert [entry["name"] for entry in data["colourings"][0]["classes"]] == ["y", "x"]
    assert data["colourings"][1] == {"label": "quality", "low": 1.25, "high": 9.0, "values": [1.25, None, 9.0]}
    assert list(data["pictures"]) == ["1"]


def test_empty_blocks_render():
    page = one(
        Table(["a", "b"], [], "no rows"),
        Facts({}),
        Histogram([], "no values", "x"),
        Bars([], [], "no bars"),
        Plot([], [], "no points", "x", "y"),
        Gallery([], "no pictures"),
        Cards([], "no cards"),
        Map([], [], [], "no points", []),
        Map([], [], [], "no points", [Classes("none", []), Scale("none", [])]),
        Verdict("0", "of 0"),
    )
    assert "No rows." in assert_self_contained(render(page)).texts


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (float("nan"), "–"),
        (np.float64("nan"), "–"),
        (True, "yes"),
        (np.bool_(False), "no"),
        (0, "0"),
        (-1234, "−1,234"),
        (np.uint8(7), "7"),
        (0.0, "0"),
        (9.99999, "10.0000"),
        (12.3456789, "12.346"),
        (1234.56789, "1,234.6"),
        (3608.0, "3,608.0"),
        (-123456.7, "−123,457"),
        (-0.25, "−0.2500"),
        (1e-9, "<0.0001"),
        (-0.00001, ">−0.0001"),
        (np.float32(0.5), "0.5000"),
        (float("inf"), "inf"),
        ("0.1", "0.1"),
    ],
)
def test_cells(value, text):
    assert format_cell(value) == text


@pytest.mark.parametrize(("kind", "mime"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")])
def test_pictures_travel_inside_the_page(kind, mime):
    image = picture(kind)
    (element,) = Parsed(render(one(Gallery([Picture(image, "red")], "pictures")))).all("img")
    assert element["src"] == f"data:{mime};base64,{base64.b64encode(image).decode()}"
    assert element["alt"] == "red"


@pytest.mark.parametrize("image", [b"", b"GIF89a", b"<svg onload='alert(1)'/>", picture("BMP")])
def test_other_bytes_are_refused(image):
    with pytest.raises(InputError, match="PNG, JPEG or WebP"):
        data_uri(image)


@pytest.mark.parametrize(
    "block",
    [
        lambda: Table(["a", "b"], [(1, 2), (1,)], "short row"),
        lambda: Histogram([1, 2], "mask of another length", "x", highlighted=[True]),
        lambda: Bars(["a"], [1, 2], "values"),
        lambda: Bars(["a"], [1], "parts", parts=[]),
        lambda: Bars(["a"], [1], "errors", errors=[]),
        lambda: Plot([1], [1, 2], "lengths", "x", "y"),
        lambda: Map([1], [1, 2], ["a"], "lengths", []),
        lambda: Map([1], [np.nan], ["a"], "no place", []),
        lambda: Map([1], [1], ["a"], "details", [], details=["a", "b"]),
        lambda: Map([1], [1], ["a"], "values", [Scale("s", [1, 2])]),
    ],
)
def test_blocks_that_do_not_fit_together_are_refused(block):
    with pytest.raises(InputError):
        block()


def test_write_leaves_a_whole_file_or_the_old_one(tmp_path):
    path = tmp_path / "deep" / "report.html"
    write(one(Text("first")), path)
    assert path.read_text(encoding="utf-8") == render(one(Text("first")))
    with pytest.raises(InputError):
        write(one(Gallery([Picture(b"no picture", "")], "")), path)
    assert path.read_text(encoding="utf-8") == render(one(Text("first")))
    assert [entry.name for entry in path.parent.iterdir()] == ["report.html"]
