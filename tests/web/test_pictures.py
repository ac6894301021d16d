"""Pictures: shapes and words and nothing else, whatever the data says."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from licensing.web.console import charts
from licensing.web.console.charts import Part
from licensing.web.pictures import QUIET, TONES, drawn

EVIL = '<script>alert(1)</script><img src=x onerror="alert(1)">'
ELEMENTS = {"svg", "g", "line", "path", "rect", "text", "tspan"}
MOST_BYTES = 40_000
LIGHT, DARK = "#ffffff", "#18202a"
"""What pictures stand on: --card of app.css."""


def spec(**changes: Any) -> dict[str, Any]:
    bar: dict[str, Any] = {
        "data": {"values": [{"at": "a", "count": 1}]},
        "mark": "bar",
        "encoding": {"x": {"field": "at"}, "y": {"field": "count", "type": "quantitative"}},
    }
    return {**bar, **changes}


def elements(picture: str) -> list[Element]:
    return list(ElementTree.fromstring(picture).iter())


PICTURES = {
    "bars": lambda: charts.bars([Part("a", EVIL, 2), Part("a", "b", 1)], ["a"], {"a": EVIL}, EVIL),
    "columns": lambda: charts.columns(
        [Part("2026-01", EVIL, 2), Part("2026-02", "b", -1)], ["2026-01", "2026-02"], EVIL
    ),
    "heat map": lambda: charts.heat_map([(EVIL, "30 days", 0.5)], ["30 days"], [EVIL], EVIL),
    "curve": lambda: charts.curve([(0, 0.0), (7, 0.4), (30, 0.6)], 30, EVIL),
    "lines": lambda: charts.lines(
        [("2026-01", EVIL, 0.9), ("2026-02", EVIL, 1.1)], ["2026-01", "2026-02"], [EVIL], EVIL
    ),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_has_shapes_and_words_and_nothing_that_runs_or_looks_by_itself(name: str) -> None:
    picture = str(PICTURES[name]())

    found = elements(picture)
    assert {each.tag for each in found} <= ELEMENTS
    names = {name for each in found for name in each.attrib}
    assert not names & {"style", "id", "href", "clip-path", "filter"}
    assert not [name for name in names if name.startswith(("on", "{"))]
    assert "url(" not in picture
    assert "<script" not in picture
    assert "<img" not in picture


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_says_in_words_what_it_shows(name: str) -> None:
    root = elements(str(PICTURES[name]()))[0]

    assert root.get("role") == "img"
    assert root.get("aria-label") == EVIL
    assert root.get("viewBox")


def test_words_of_a_picture_take_the_pages_colour() -> None:
    words = [each for each in elements(str(PICTURES["bars"]())) if each.tag == "text"]

    assert words
    assert not [each for each in words if each.get("fill")]


def test_the_same_data_is_drawn_once() -> None:
    assert drawn(spec(), "a bar") is drawn(spec(), "a bar")
    assert drawn(spec(), "a bar") is not drawn(spec(), "another bar")


def test_what_can_not_be_drawn_is_no_picture() -> None:
    assert drawn({"mark": "nonsense"}, "") == ""


def test_a_picture_asks_no_address() -> None:
    assert drawn(spec(data={"url": "https://example.com/data.json"}), "") == ""


@pytest.mark.parametrize("months", [1, 12, 120])
def test_a_picture_stays_small(months: int) -> None:
    order = [f"{2020 + month // 12}-{month % 12 + 1:02}" for month in range(months)]
    groups = [f"group {number}" for number in range(len(TONES))]
    parts = [Part(at, group, number + 1) for at in order for number, group in enumerate(groups)]

    pictures = [
        charts.columns(parts, order, "columns"),
        charts.heat_map([(at, group, 0.1) for at in order for group in groups], groups, order, "cells"),
        charts.lines([(at, group, 0.9) for at in order for group in groups[:2]], order, groups[:2], "lines"),
        charts.curve([(day, day / 4000) for day in range(30 * months)], None, "curve"),
    ]

    assert max(len(picture.encode()) for picture in pictures) < MOST_BYTES


@pytest.mark.parametrize("tone", [*TONES, QUIET])
def test_every_colour_stands_out_by_day_and_by_night(tone: str) -> None:
    assert min(contrast(tone, LIGHT), contrast(tone, DARK)) >= 3


def test_a_group_beyond_the_colours_is_one_of_the_others() -> None:
    counts = {f"group {number}": number for number in range(10)}

    groups = charts.groups_of(counts)

    assert groups == ["group 9", "group 8", "group 7", "group 6", "group 5", charts.OTHERS]


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, 1.4.11."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
