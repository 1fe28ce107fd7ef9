"""The page in a real browser: nothing is asked of a network, nothing fails, and everything answers to the keyboard."""

from __future__ import annotations

import os
import shutil

import numpy as np
import pytest
from report.fake_run import HOSTILE, picture

from syndr.report import Cards, Classes, Histogram, Map, Page, Plot, Scale, Section, Table, Text, write
from syndr.report.blocks import Card, Folded, Picture

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = os.environ.get("SYNDR_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here")

ROWS = [(f"{HOSTILE}{n:03d}", (n * 37) % 100, None if n == 5 else n / 7) for n in range(100)]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    draw = np.random.default_rng(0)
    x, y = draw.normal(size=(2, 40))
    blocks = [
        Table(["name", "number", "share"], ROWS, "A table", decimals=2),
        Histogram([1.0, 1.2, 3.0], "A histogram", "x", bins=4, markers=[(2.0, "here")], unit="things"),
        Plot([0, 1, 2], [3, 2, 1], "A curve", "epoch", "loss", joined=True),
        Cards([Card("A card", 1, 2, ["a fact"], [Picture(picture("JPEG"), HOSTILE, "dropped", gone=True)])], "Cards"),
        Map(
            x, y, [f"{HOSTILE}{n}" for n in range(40)], "A map",
            [Classes("Fate", ["kept", "dropped"] * 20, {"kept": "kept"}), Scale("Quality", y)], {0: picture("WEBP")},
        ),
        Folded("Folded", [Text("inside")]),
    ]  # fmt: skip
    path = tmp_path_factory.mktemp("page") / "report.html"
    write(Page(HOSTILE, "", [Section("One", blocks), Section("Two", [Text("end")])]), path)
    return path.as_uri()


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def shared(browser, address):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.faults, page.asked = [], []
    page.on("console", lambda message: page.faults.append(message.text))
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on("dialog", lambda dialog: (page.faults.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: page.asked.append(request.url))
    page.goto(address)
    yield page
    page.close()


@pytest.fixture
def page(shared, address):
    shared.reload()
    yield shared
    assert shared.faults == []
    assert {url.split(":")[0] for url in shared.asked if url != address} <= {"data"}


def column(page, at):
    return page.locator("[data-table] tbody tr").evaluate_all(
        "(rows, at) => rows.map(row => row.cells[at].textContent)", at
    )


def test_markup_in_data_is_text_in_the_browser_too(page):
    assert page.title() == HOSTILE
    assert page.locator("h1").text_content() == HOSTILE
    assert column(page, 0)[3] == f"{HOSTILE}003"
    assert page.locator("img[onerror], img[src=x]").count() == 0


def test_tables_sort_by_mouse_and_keyboard_and_keep_gaps_last(page):
    head = page.locator("[data-table] th").nth(1)
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    assert column(page, 1) == [str(n) for n in range(99, 74, -1)]
    head.locator("button").press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    assert column(page, 1) == [str(n) for n in range(25)]
    head.locator("button").press("Enter")
    assert head.get_attribute("aria-sort") is None
    assert column(page, 1) == [str(row[1]) for row in ROWS[:25]]
    page.locator("[data-table] th button").nth(2).click()
    last = page.locator(".pager button").nth(1)
    for _ in range(3):
        last.press("Enter")
    assert last.is_disabled()
    assert column(page, 2)[-1] == "–"
    assert column(page, 2)[0] == f"{24 / 7:.2f}"


def test_tables_search_every_row_not_only_those_shown(page):
    page.locator("input[type=search]").fill("077")
    assert column(page, 0) == [f"{HOSTILE}077"]
    assert page.locator(".controls output").first.text_content() == "1 of 100 rows"
    page.locator("input[type=search]").fill("nowhere")
    assert column(page, 0) == ["No row matches."]
    page.locator("input[type=search]").press("Escape")
    assert len(column(page, 0)) == 25


def test_charts_tell_their_numbers_under_pointer_and_arrows(page):
    histogram, curve = page.locator("[data-cursor]").all()
    histogram.locator("rect").first.hover()
    tip = histogram.locator(".tip")
    assert tip.text_content().startswith("1.0000 to 1.5000: 2 things")
    curve.locator("svg").focus()
    for key, said in (
        ("End", "epoch: 2; loss: 1"),
        ("ArrowLeft", "epoch: 1; loss: 2"),
        ("Home", "epoch: 0; loss: 3"),
    ):
        page.keyboard.press(key)
        assert curve.locator(".tip").text_content() == said
    page.keyboard.press("Escape")
    assert curve.locator(".tip").is_hidden()


def test_the_map_answers_to_keyboard_pointer_and_colours(page):
    canvas, tip = page.locator("canvas"), page.locator(".board .tip")
    canvas.focus()
    page.keyboard.press("ArrowRight")
    first = tip.locator("b").text_content()
    assert first.startswith(HOSTILE)
    assert tip.locator("span").first.text_content() in ("Fate: kept", "Fate: dropped")
    page.keyboard.press("ArrowLeft")
    assert tip.locator("b").text_content() != first
    page.keyboard.press("Escape")
    assert tip.is_hidden()

    seen = set()
    box = canvas.bounding_box()
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    for x in range(8, int(box["width"]), 16):
        for y in range(8, int(box["height"]), 48):
            page.mouse.move(box["x"] + x, box["y"] + y)
            if tip.is_visible():
                seen.add(tip.locator("b").text_content())
        if seen:
            break
    assert seen

    before = canvas.evaluate("canvas => canvas.toDataURL()")
    page.locator("fieldset input").nth(1).check(force=True)
    assert canvas.evaluate("canvas => canvas.toDataURL()") != before
    assert page.locator(".key-of-map i").count() == 1
    page.locator("fieldset input").nth(0).check(force=True)
    kept = page.locator(".key-of-map button").nth(1)
    assert kept.text_content() == "kept (20)"
    kept.press("Enter")
    assert kept.get_attribute("aria-pressed") == "true"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_needs_no_sideways_scrolling(browser, address, scheme):
    phone = browser.new_page(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    phone.goto(address)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    colour = phone.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(int(part) for part in colour[4:-1].split(",")) < 384) == (scheme == "dark")
    phone.close()


def test_paper_shows_what_the_screen_folds_away(page):
    assert page.get_by_text("inside").is_hidden()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.get_by_text("inside").is_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.get_by_text("inside").is_hidden()
