"""Every block as HTML: complete, escaped, self-contained."""

from __future__ import annotations

import base64

import numpy as np
import pytest
from report.fake_run import HOSTILE, picture
from report.parsed import Parsed, assert_self_contained

from syndr.errors import InputError
from syndr.report import Bars, Facts, Gallery, Histogram, Page, Picture, Plot, Section, Table, Text, render, write
from syndr.report.page import data_uri, format_cell


def one(*blocks, title="A page"):
    return Page(title, "subtitle", [Section("A section", blocks)])


def everything(text):
    """A page with this text in every place that takes one."""
    blocks = [
        Text(text),
        Text(text, warning=True),
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
        Bars([text], [3], text, parts=[1], part_label=text, whole_label=text, errors=[(2, 4)]),
        Plot([1, 2], [3, 4], text, text, text, joined=True),
        Plot([1, 2], [3, 4], text, text, text, diagonal=True),
        Gallery([Picture(picture("PNG"), text, mark=text, faded=True), Picture(None, text)], text),
    ]
    return Page(text, text, [Section(text, blocks), Section(text, blocks)])


def test_a_page_with_every_block_is_self_contained():
    html = render(everything("plain"))
    page = assert_self_contained(html)
    assert "http:" not in html
    assert "https:" not in html
    assert page.all("section") == [{"id": "section-1"}, {"id": "section-2"}]
    assert [link["href"] for link in page.all("a")] == ["#section-1", "#section-2"]
    assert len(page.all("svg")) == 8
    (policy,) = [meta["content"] for meta in page.all("meta") if "http-equiv" in meta]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


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


def test_highlighted_rows_are_marked_and_long_tables_scroll():
    short = Parsed(render(one(Table(["n"], [(n,) for n in range(30)], "short", highlighted=frozenset({3, 7})))))
    assert [row.get("class") == "marked" for row in short.all("tr")[1:]] == [n in (3, 7) for n in range(30)]
    assert not short.all("div", "tall")
    assert len(Parsed(render(one(Table(["n"], [(n,) for n in range(31)], "long")))).all("div", "tall")) == 1


def test_empty_blocks_render():
    page = one(
        Table(["a", "b"], [], "no rows"),
        Facts({}),
        Histogram([], "no values", "x"),
        Bars([], [], "no bars"),
        Plot([], [], "no points", "x", "y"),
        Gallery([], "no pictures"),
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
        (0.0, "0.0000"),
        (1234.56789, "1,234.5679"),
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


@pytest.mark.parametrize(("kind", "mime"), [("PNG", "image/png"), ("JPEG", "image/jpeg")])
def test_pictures_travel_inside_the_page(kind, mime):
    image = picture(kind)
    (element,) = Parsed(render(one(Gallery([Picture(image, "red")], "pictures")))).all("img")
    assert element["src"] == f"data:{mime};base64,{base64.b64encode(image).decode()}"
    assert element["alt"] == "red"


@pytest.mark.parametrize("image", [b"", b"GIF89a", b"<svg onload='alert(1)'/>", picture("BMP")])
def test_other_bytes_are_refused(image):
    with pytest.raises(InputError, match="PNG or JPEG"):
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
