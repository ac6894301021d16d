"""Pictures: a Vega-Lite specification becomes a drawing that stands in a page.

A drawing has shapes and words and nothing else: no script, no style, no links, no ids; so it needs nothing that the
pages' policy forbids. Its words and lines take their colours from app.css, by night as by day.

The only user of vl_convert, which must not be used before a process forks: its threads would not come along.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import groupby
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import vl_convert
from markupsafe import Markup

log = logging.getLogger(__name__)

TONES = ("#3b7fc4", "#d07a1f", "#2f9e6e", "#9a63c4", "#c85a7c", "#1f97a8")
"""Colours that stand out from a white and from a dark page (3:1 and more); neighbours differ in lightness, too."""
QUIET = "#8592a0"
MAX_KEPT = 256

_CONFIG: Mapping[str, Any] = {
    "font": "DejaVu Sans",
    "view": {"stroke": None},
    "axis": {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "domain": False, "ticks": False},
    "axisX": {"labelAngle": 0, "labelOverlap": "greedy", "labelSeparation": 8, "labelPadding": 6},
    "axisY": {"labelPadding": 8, "labelLimit": 220},
    "legend": {"orient": "top", "direction": "horizontal", "labelFontSize": 12, "labelLimit": 260, "title": None},
    "text": {"fontSize": 12},
}
_ELEMENTS = frozenset({"g", "line", "path", "rect", "text", "tspan"})
_PLACES = frozenset({"d", "x", "y", "x1", "x2", "y1", "y2", "width", "height", "transform"})
_LOOKS = _PLACES | frozenset(
    {
        *("fill", "fill-opacity", "opacity", "stroke", "stroke-dasharray", "stroke-opacity", "stroke-width"),
        *("font-size", "font-weight", "text-anchor"),
    }
)
_PLAIN = frozenset({("opacity", "1"), ("stroke-width", "0"), ("transform", "translate(0,0)")})
"""What is so anyway."""
_UNSEEN = ("background", "foreground")
_ROLE = re.compile(r"role-axis-(?:grid|domain|tick)")
_FRACTION = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")


def drawn(specification: Mapping[str, Any], says: str) -> Markup:
    """The drawing, for those who don't see it in the words `says`; empty when it can't be made.

    The same specification is drawn once. Data stands in it as values: a drawing never asks for an address.
    """
    try:
        return _drawn(json.dumps(specification, sort_keys=True), says)
    except ValueError as error:
        log.error("a picture can't be drawn: %s", error)
        return Markup("")


@lru_cache(MAX_KEPT)
def _drawn(specification: str, says: str) -> Markup:
    config = {**_CONFIG, "aria": False, "background": None, "padding": 4}
    whole = vl_convert.vegalite_to_svg(specification, config=config, allowed_base_urls=[])
    return Markup(_plain(ElementTree.fromstring(whole), says))  # noqa: S314, S704 - our own drawing, made plain here


def _plain(root: Element, says: str) -> str:
    """The drawing with what _ELEMENTS and _LOOKS name."""
    size = {name: root.get(name, "") for name in ("width", "height", "viewBox")}
    plain = Element("svg", {"role": "img", "aria-label": says, **size})
    plain.extend(_joined(_children(root)))
    return ElementTree.tostring(plain, encoding="unicode")


def _children(element: Element) -> Iterator[Element]:
    """What is seen of the element's children; a group that only holds others gives way to them."""
    for child in element:
        name = child.tag.rpartition("}")[2]
        if name not in _ELEMENTS or child.get("class") in _UNSEEN:
            continue
        looks, inner = _looks(child, name), list(_joined(_children(child)))
        if name == "g" and (not looks or not inner):
            yield from inner
            continue
        kept = Element(name, looks)
        kept.text = child.text
        kept.extend(inner)
        yield kept


def _joined(elements: Iterable[Element]) -> Iterator[Element]:
    """The same, with paths that follow one another and look alike as one."""
    for (name, looks), run in groupby(elements, lambda each: (each.tag, _without_place(each))):
        alike = list(run)
        if name != "path" or "transform" in looks:
            yield from alike
            continue
        alike[0].set("d", "".join(each.get("d", "") for each in alike))
        yield alike[0]


def _without_place(element: Element) -> dict[str, str]:
    return {name: value for name, value in element.items() if name != "d"}


def _looks(element: Element, name: str) -> dict[str, str]:
    looks = {
        look: _FRACTION.sub(_short, value) if look in _PLACES else value
        for look, value in element.items()
        if look in _LOOKS and (look, value) not in _PLAIN
    }
    if name == "text":
        looks.pop("fill", None)  # words have the page's colour
    if role := _ROLE.search(element.get("class", "")):
        looks["class"] = role[0]
    return looks


def _short(number: re.Match[str]) -> str:
    """A tenth of a pixel is fine enough."""
    return f"{float(number[0]):.1f}".removesuffix(".0")
