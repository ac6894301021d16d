"""What stands in the reports' tables, and the pictures of the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from markupsafe import Markup

from licensing.core import money
from licensing.core.cohorts import WITHIN, CohortLine, CurvePoint
from licensing.core.conversions import MovementLine
from licensing.core.funnels import By, FunnelLine, Step
from licensing.core.journeys import NOT_KNOWN
from licensing.core.movements import ADDING, REMOVING, What
from licensing.core.retention import RetentionLine
from licensing.services.reports import Report
from licensing.web.console import charts
from licensing.web.console.charts import OTHERS, Part
from licensing.web.console.report_words import STEPS, UNKNOWN, WHATS, row_words, words

ON_THE_WAY = [step for step in Step if step is not Step.DIRECT]
GROSS, NET = "kept (gross)", "with what was added (net)"


class FunnelRow(NamedTuple):
    """A row of the funnel as people call it; `counts` are by step, `shares` likewise where there are any."""

    value: str
    name: str
    counts: dict[str, int]
    shares: dict[str, float | None]


@dataclass(slots=True)
class Sum:
    """Movements added up; `amounts` are minor units by currency."""

    movements: int = 0
    seats: int = 0
    amounts: dict[str, int] = field(default_factory=dict)

    def add(self, line: MovementLine) -> None:
        self.movements += line.movements
        self.seats += line.seats
        if line.currency:
            self.amounts[line.currency] = self.amounts.get(line.currency, 0) + line.amount_minor

    def change(self, what: What) -> str:
        """`+40` seats, or `-12`; nothing for what moves none."""
        return f"{self.seats:+,}" if what in ADDING else f"{-self.seats:+,}" if what in REMOVING else ""

    @property
    def paid(self) -> str:
        """`30,000.00 EUR, 100.00 USD`."""
        return ", ".join(money.spelled(minor, currency) for currency, minor in sorted(self.amounts.items()) if minor)


Sums = dict[str, dict[str, Sum]]


def funnel_lines(report: Report, by: By) -> list[FunnelRow]:
    """The funnel's rows."""
    return [_funnel_row(by, FunnelLine._make(line)) for line in report.lines]


def _funnel_row(by: By, line: FunnelLine) -> FunnelRow:
    counts = {step.value: int(getattr(line, step)) for step in Step}
    shares = {step.value: getattr(line, f"{step}_share", None) for step in Step}
    return FunnelRow(line.value, row_words(by, line.value, line.name), counts, shares)


def funnel_picture(lines: Sequence[FunnelRow], by: By, tiers: Sequence[str]) -> Markup:
    """A bar for each step; by anything else than all, with a colour for each row: for tiers, always the same."""
    whole = {step: sum(line.counts[step] for line in lines) for step in ON_THE_WAY}
    if not whole[Step.REGISTERED]:
        return Markup("")
    told = {
        STEPS[step]: f"{count:,} · {charts.percent(count / whole[Step.REGISTERED])}" for step, count in whole.items()
    }
    says = f"Funnel: {', '.join(f'{step} {says}' for step, says in told.items())}"
    groups = ["everybody"] if by is By.ALL else _funnel_groups(lines, by, tiers)
    parts = {(STEPS[step], group): 0 for step in ON_THE_WAY for group in groups}
    for line in lines:
        group = line.name if line.name in groups else groups[-1] if by is By.ALL else OTHERS
        for step in ON_THE_WAY:
            parts[STEPS[step], group] += line.counts[step]
    quiet = (OTHERS, UNKNOWN.get(by, ""))
    return charts.bars([Part(*key, count) for key, count in parts.items()], list(told), told, says, quiet)


def _funnel_groups(lines: Sequence[FunnelRow], by: By, tiers: Sequence[str]) -> list[str]:
    """The rows in the order of their colours; who is not known is the last."""
    known = {line.name: line.counts[Step.REGISTERED] for line in lines if line.value != NOT_KNOWN}
    in_order = [words(tier) for tier in tiers if words(tier) in known]
    groups = in_order if by is By.TIER else charts.groups_of(known)
    return [*groups, UNKNOWN[by]] if any(line.value == NOT_KNOWN for line in lines) else groups


def movement_lines(report: Report) -> list[MovementLine]:
    return [MovementLine._make(line) for line in report.lines]


def by_tier(lines: Iterable[MovementLine], what: What) -> Sums:
    """The movements of one kind by period and tier, and all together under the empty name."""
    return _sums((line.start, tier, line) for line in lines if line.what is what for tier in (line.tier, ""))


def by_kind(lines: Iterable[MovementLine]) -> Sums:
    """All movements by period and kind."""
    return _sums((line.start, line.what, line) for line in lines)


def _sums(lines: Iterable[tuple[str, str, MovementLine]]) -> Sums:
    sums: Sums = {}
    for start, name, line in lines:
        sums.setdefault(start, {}).setdefault(name, Sum()).add(line)
    return sums


def bought_picture(lines: Iterable[MovementLine], what: What, tiers: Sequence[str], starts: Sequence[str]) -> Markup:
    """Movements of one kind in time, a colour for each tier."""
    sums = by_tier(lines, what)
    known = [tier for tier in tiers if any(tier in found for found in sums.values())]
    others = sorted({name for found in sums.values() for name in found} - {*known, ""})
    parts = [
        Part(start, words(tier), found[tier].movements)
        for tier in [*known, *others]
        for start, found in sums.items()
        if tier in found
    ]
    if not parts:
        return Markup("")
    told = [f"{tier} {sum(part.size for part in parts if part.group == tier):,}" for tier in _groups(parts)]
    return charts.columns(parts, starts, f"{WHATS[what]} from {starts[0]} to {starts[-1]}: {', '.join(told)}")


def seats_picture(lines: Iterable[MovementLine], starts: Sequence[str]) -> Markup:
    """Seats that came, above the line, and seats that went, below it."""
    sums = by_kind(lines)
    parts = [
        Part(start, WHATS[what], -found[what].seats if what in REMOVING else found[what].seats)
        for what in What
        if what in ADDING | REMOVING
        for start, found in sums.items()
        if what in found
    ]
    if not parts:
        return Markup("")
    won, lost = (sum(part.size for part in parts if (part.size > 0) is came) for came in (True, False))
    return charts.columns(parts, starts, f"Seats from {starts[0]} to {starts[-1]}: {won:,} won, {-lost:,} lost")


def _groups(parts: Iterable[Part]) -> list[str]:
    return list(dict.fromkeys(part.group for part in parts))


def cohort_lines(report: Report) -> list[CohortLine]:
    return [CohortLine._make(line) for line in report.lines]


def cohort_picture(lines: Sequence[CohortLine]) -> Markup:
    """Which share of each month's registrations has converted how soon."""
    across = [f"{days} days" for days in WITHIN]
    shares = [
        (line.month, f"{days} days", share)
        for line in lines
        for days in WITHIN
        if (share := getattr(line, f"share_{days}")) is not None
    ]
    if not shares:
        return Markup("")
    down = [line.month for line in lines if line.share_30 is not None]
    return charts.heat_map(shares, across, down, f"Converted within 30 to 365 days, {down[0]} to {down[-1]}")


def curve_picture(report: Report, median: object) -> Markup:
    points = [CurvePoint._make(line) for line in report.lines]
    if not points:
        return Markup("")
    says = f"After {points[-1].days} days, {charts.percent(points[-1].converted)} have converted"
    return charts.curve(points, median if isinstance(median, int) else None, says)


def converted_by(report: Report, days: Iterable[int]) -> list[tuple[int, float]]:
    """The share that has converted when so many days have passed, as far as anybody was watched."""
    points = [CurvePoint._make(line) for line in report.lines]
    last = points[-1].days if points else -1
    return [(day, max(point.converted for point in points if point.days <= day)) for day in days if day <= last]


def retention_lines(report: Report) -> list[RetentionLine]:
    return [RetentionLine._make(line) for line in report.lines]


def retention_picture(lines: Sequence[RetentionLine]) -> Markup:
    """The share of seats that was kept, and what the same customers had with what they added."""
    shares = [(line.start, line.gross, line.net) for line in lines if line.gross is not None and line.net is not None]
    if not shares:
        return Markup("")
    points = [(start, GROSS, gross) for start, gross, _ in shares] + [(start, NET, net) for start, _, net in shares]
    order = [start for start, _, _ in shares]
    last = f"{charts.percent(shares[-1][1])} gross, {charts.percent(shares[-1][2])} net"
    return charts.lines(points, order, (GROSS, NET), f"Seats kept, {order[0]} to {order[-1]}; last {last}")
