"""What the reports' pictures show: Vega-Lite specifications, made of the same lines as the tables under them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from licensing.web.pictures import QUIET, TONES, drawn

Row = Mapping[str, object]
Specification = dict[str, Any]

WIDTH, HEIGHT, BAR = 660, 260, 30
_WHOLE, _SHARE = {"format": ",d", "tickMinStep": 1}, {"labelExpr": "format(100 * datum.value, '~r') + ' %'"}
_ORDER = {"field": "rank", "type": "quantitative"}
OTHERS = "others"
MOST_COHORTS, MOST_POINTS, MOST_DOTS = 36, 120, 36


class Part(NamedTuple):
    """Some of a bar: how much of the bar at `at` is of `group`. Less than nothing hangs below the line."""

    at: str
    group: str
    size: int


def bars(
    parts: Sequence[Part], order: Sequence[str], words: Mapping[str, str], says: str, quiet: Collection[str] = ()
) -> Markup:
    """Bars from left to right, one for each of `order` under the one before; `words` stand at their ends.

    The groups `quiet` are there, but not what it is about.
    """
    whole = {at: sum(part.size for part in parts if part.at == at) for at in order}
    ends = [{"at": at, "count": count, "says": words[at]} for at, count in whole.items()]
    where = {"field": "at", "type": "nominal", "sort": list(order), "title": None}
    longest = max(whole.values(), default=0) * 1.22  # the words need room, too
    size = {"field": "count", "type": "quantitative", "title": None, "axis": None, "scale": {"domainMax": longest}}
    filled: Row = {
        "data": {"values": _values(parts)},
        "mark": {"type": "bar", "height": {"band": 0.72}},
        "encoding": {"y": where, "x": {**size, "stack": "zero"}, "color": _colours(parts, quiet), "order": _ORDER},
    }
    told: Row = {
        "data": {"values": ends},
        "mark": {"type": "text", "align": "left", "dx": 8},
        "encoding": {"y": where, "x": size, "text": {"field": "says"}},
    }
    return drawn({"width": WIDTH, "height": {"step": BAR + 8}, "layer": [filled, told]}, says)


def columns(parts: Sequence[Part], order: Sequence[str], says: str) -> Markup:
    """Columns in time, one for each of `order`."""
    specification: Specification = {
        "data": {"values": _values(parts)},
        "mark": {"type": "bar", "width": {"band": 0.72}},
        "encoding": {
            "x": {"field": "at", "type": "ordinal", "scale": {"domain": list(order)}, "title": None},
            "y": {"field": "count", "type": "quantitative", "title": None, "axis": _WHOLE, "stack": "zero"},
            "color": _colours(parts),
            "order": _ORDER,
        },
    }
    return drawn({"width": WIDTH, "height": HEIGHT, **specification}, says)


def heat_map(shares: Iterable[tuple[str, str, float]], across: Sequence[str], down: Sequence[str], says: str) -> Markup:
    """A cell for each share, deeper for more; what is not known yet has none. The last MOST_COHORTS rows."""
    rows = list(down[-MOST_COHORTS:])
    values = [
        {"down": one, "across": other, "share": share, "says": percent(share)}
        for one, other, share in shares
        if one in rows
    ]
    band = {"grid": False, "title": None}
    placed = {
        "y": {"field": "down", "type": "ordinal", "scale": {"domain": rows}, "axis": band},
        "x": {
            "field": "across",
            "type": "ordinal",
            "scale": {"domain": list(across)},
            "axis": {**band, "orient": "top"},
        },
    }
    depth = {"field": "share", "type": "quantitative", "legend": None, "scale": {"range": [0.06, 0.55], "zero": True}}
    cell = {"mark": {"type": "rect", "color": TONES[0]}, "encoding": {"fillOpacity": depth}}
    told = {"mark": "text", "encoding": {"text": {"field": "says"}}}
    specification: Specification = {"data": {"values": values}, "encoding": placed, "layer": [cell, told]}
    return drawn({"width": WIDTH, "height": {"step": 26}, **specification}, says)


def curve(points: Sequence[tuple[int, float]], median: int | None, says: str) -> Markup:
    """A share that grows in steps, day by day; a line where half is reached."""
    values = [{"day": day, "share": share} for day, share in _thinned(points)]
    placed = {
        "x": {"field": "day", "type": "quantitative", "title": "days since the registration", "axis": {"grid": False}},
        "y": {"field": "share", "type": "quantitative", "title": None, "axis": _SHARE},
    }
    area = {"type": "area", "interpolate": "step-after", "fillOpacity": 0.15, "color": TONES[0]}
    line = {"type": "line", "interpolate": "step-after", "strokeWidth": 2.5, "color": TONES[0]}
    layers: list[Row] = [{"mark": area}, {"mark": line}]
    if median is not None:
        half = {"data": {"values": [{"day": median}]}, "mark": {"type": "rule", "color": QUIET, "strokeDash": [4, 4]}}
        layers.append({**half, "encoding": {"x": {"field": "day", "type": "quantitative"}, "y": None}})
    specification: Specification = {"data": {"values": values}, "encoding": placed, "layer": layers}
    return drawn({"width": WIDTH, "height": HEIGHT, **specification}, says)


def lines(shares: Iterable[tuple[str, str, float]], order: Sequence[str], groups: Sequence[str], says: str) -> Markup:
    """A line through time for each group, and one where nothing changed."""
    values = [{"at": at, "group": group, "share": share} for at, group, share in shares]
    placed = {
        "x": {"field": "at", "type": "ordinal", "scale": {"domain": list(order)}, "title": None},
        "y": {
            "field": "share",
            "type": "quantitative",
            "title": None,
            "axis": {**_SHARE, "tickCount": 6},
            "scale": {"zero": False},
        },
        "color": {"field": "group", "type": "nominal", "scale": {"domain": list(groups), "range": list(TONES)}},
    }
    dotted = {"size": 50, "filled": True, "opacity": 1} if len(order) <= MOST_DOTS else False
    through = {"type": "line", "strokeWidth": 2.5, "point": dotted}
    whole: Row = {
        "data": {"values": [{"share": 1}]},
        "mark": {"type": "rule", "color": QUIET, "strokeDash": [4, 4]},
        "encoding": {"y": {"field": "share", "type": "quantitative"}},
    }
    layers: list[Row] = [{"data": {"values": values}, "mark": through, "encoding": placed}, whole]
    return drawn({"width": WIDTH, "height": HEIGHT, "layer": layers}, says)


def percent(share: float) -> str:
    """`12.5 %`."""
    return f"{100 * share:.1f} %"


def groups_of(counts: Mapping[str, int]) -> list[str]:
    """The groups that get a colour of their own, the greatest first: those beyond are OTHERS."""
    ordered = sorted(counts, key=lambda name: (-counts[name], name))
    return ordered if len(ordered) <= len(TONES) else [*ordered[: len(TONES) - 1], OTHERS]


def _colours(parts: Sequence[Part], quiet: Collection[str] = ()) -> Row:
    """Groups in the order in which they come first; a single one needs no words for its colour."""
    groups = _groups(parts)
    tones = iter(TONES)
    own = [QUIET if group in quiet else next(tones, QUIET) for group in groups]
    colour = {"field": "group", "type": "nominal", "scale": {"domain": groups, "range": own}}
    return {**colour, "legend": None} if len(groups) < 2 else colour


def _values(parts: Sequence[Part]) -> list[Row]:
    """The parts, group by group as in _colours."""
    rank = {group: number for number, group in enumerate(_groups(parts))}
    ranked = sorted(parts, key=lambda part: rank[part.group])
    return [{"at": at, "group": group, "count": size, "rank": rank[group]} for at, group, size in ranked]


def _groups(parts: Sequence[Part]) -> list[str]:
    return list(dict.fromkeys(part.group for part in parts))


def _thinned(points: Sequence[tuple[int, float]]) -> Sequence[tuple[int, float]]:
    """At most MOST_POINTS, the first and the last among them."""
    every = -(-len(points) // MOST_POINTS)
    return points if every <= 1 else [*points[:-1:every], points[-1]]
