"""`licensing report`: the tables of docs/reports.md, the rows behind them, and their upkeep."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar

import click

from licensing.bootstrap import House
from licensing.cli import inputs, output
from licensing.cli.houses import open_current_house
from licensing.core import money, periods
from licensing.core.callers import OPERATOR
from licensing.core.cohorts import WITHIN
from licensing.core.errors import ReportsDiffer
from licensing.core.explanations import cursor
from licensing.core.funnels import By, Step
from licensing.core.journeys import Signal
from licensing.core.leads import MAX_WEIGHT, REASONS
from licensing.core.movements import What
from licensing.core.periods import Every, Period
from licensing.services.explanations import Page
from licensing.services.reports import Report

Command = TypeVar("Command", bound=Callable[..., object])

_PERIOD = (
    click.option("--from", "first", type=inputs.DAY, help="First day (UTC); else twelve months are told."),
    click.option("--to", "end", type=inputs.DAY, help="First day that is not told any more (UTC); else tomorrow."),
)
_ROWS = (
    click.option("--explain", is_flag=True, help="List the rows behind the figure."),
    click.option("--after", metavar="NEXT", help="Go on behind the rows that were listed."),
    click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 1_000)),
)
_FUNNEL = ("name", *Step, "converted_share")
_COHORTS = ("month", "registered", "converted", *(f"share_{days}" for days in WITHIN), "median_days")
_SIGNALS = {str(signal.name).lower(): signal for signal in Signal}


def _words(words: type[StrEnum]) -> click.Choice[str]:
    """A choice of an enumeration's words; click would take its names."""
    return click.Choice([word.value for word in words])


@click.group()
def report() -> None:
    """What turns trials into customers, by tier."""


def _with(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


@report.command()
@_with(*_PERIOD)
@click.option("--by", type=_words(By), default=By.ALL.value, show_default=True, help="What the rows are.")
@click.option("--value", help="Only this row.")
@click.option("--step", type=_words(Step), default=Step.REGISTERED.value, help="Who came this far: --explain.")
@_with(*_ROWS)
@output.json_option
def funnel(by: str, value: str | None, step: str, explain: bool, as_json: bool, **words: Any) -> None:
    """How far those came who registered in a period."""
    house = open_current_house()
    of = (OPERATOR, _period(house, words), By(by), value)
    if explain:
        _tell(house.explanations.funnel(*of, Step(step), _page(words)), as_json=as_json)
    else:
        _tell(house.reports.funnel(*of), _FUNNEL, as_json=as_json)


@report.command()
@_with(*_PERIOD)
@click.option("--every", type=_words(Every), default=Every.MONTH.value, show_default=True)
@click.option("--tier", help="Of this tier only.")
@click.option("--what", type=_words(What), default=What.CONVERSION.value, help="Of this kind: --explain.")
@click.option("--currency", help="In this currency: --explain.")
@_with(*_ROWS)
@output.json_option
def conversions(
    every: str, tier: str | None, what: str, currency: str | None, explain: bool, as_json: bool, **words: Any
) -> None:
    """What was bought, renewed and lost, by tier."""
    house = open_current_house()
    days = _period(house, words)
    if explain:
        page = _page(words)
        _tell(house.explanations.movements(OPERATOR, days, [What(what)], page, tier, currency), as_json=as_json)
    else:
        _tell(house.reports.conversions(OPERATOR, days, Every(every), tier), as_json=as_json)


@report.command()
@_with(*_PERIOD)
@click.option("--every", type=_words(Every), default=Every.MONTH.value, show_default=True)
@_with(*_ROWS)
@output.json_option
def retention(every: str, explain: bool, as_json: bool, **words: Any) -> None:
    """How many seats were kept: gross without new ones, net with those that customers added."""
    house = open_current_house()
    of = (OPERATOR, _period(house, words), Every(every))
    told = house.explanations.retention(*of, _page(words)) if explain else house.reports.retention(*of)
    _tell(told, as_json=as_json)


@report.command()
@_with(*_PERIOD)
@click.option("--within", type=click.Choice([str(days) for days in WITHIN]), help="Days: --explain.")
@_with(*_ROWS)
@output.json_option
def cohorts(within: str | None, explain: bool, as_json: bool, **words: Any) -> None:
    """How many converted how soon, by the month they registered in."""
    house = open_current_house()
    days = _period(house, words)
    if explain:
        soon = None if within is None else int(within)
        _tell(house.explanations.cohort(OPERATOR, days, soon, _page(words)), as_json=as_json)
    else:
        _tell(house.reports.cohorts(OPERATOR, days), _COHORTS, as_json=as_json)


@report.command()
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 1_000))
@output.json_option
def leads(limit: int, as_json: bool) -> None:
    """The trials that are most likely to buy, and why."""
    _tell(open_current_house().reports.leads(OPERATOR, limit), as_json=as_json)


@report.command()
@click.option("--set", "wanted", nargs=2, type=(click.Choice(list(_SIGNALS)), click.IntRange(0, MAX_WEIGHT)))
@output.json_option
def weights(wanted: tuple[str, int] | None, as_json: bool) -> None:
    """What each signal adds to a lead's score; --set SIGNAL WEIGHT changes one."""
    reports = open_current_house().reports
    if wanted is not None:
        reports.set_weight(OPERATOR, _SIGNALS[wanted[0]], wanted[1])
    known = reports.weights()
    rows = [
        {"signal": name, "weight": known.get(signal, 0), "reason": REASONS[signal]} for name, signal in _SIGNALS.items()
    ]
    output.show_list("signals", ("signal", "weight", "reason"), rows, as_json=as_json)


@report.command()
def rebuild() -> None:
    """Count everything anew, from the ledger and the rest."""
    with output.progress("counting") as progress:
        customers = open_current_house().rollups.rebuild(progress)
    click.echo(f"{customers} customers are counted.")


@report.command()
def reconcile() -> None:
    """Recompute everything from the ledger and the rest, and name each difference; exit code 1 when there is one."""
    with output.progress("comparing") as progress:
        found = open_current_house().rollups.reconcile(progress)
    for difference in found:
        click.echo(f"difference: {difference}", err=True)
    if found:
        raise ReportsDiffer(f"The reports differ in {len(found)} places; `licensing report rebuild` counts anew.")
    click.echo("Every figure is that of the ledger.")


def _period(house: House, words: dict[str, Any]) -> Period:
    return periods.period(words["first"], words["end"], house.system.now())


def _page(words: dict[str, Any]) -> Page:
    after = words["after"]
    return Page(None if after is None else cursor(after), words["limit"])


def _tell(told: Report, columns: tuple[str, ...] | None = None, *, as_json: bool) -> None:
    """Prints the facts of a table and its lines; of the lines, people see `columns`, if not all."""
    rows = [dict(zip(told.columns, line, strict=True)) for line in told.lines]
    after = None if told.next is None else told.next.text()
    if as_json:
        document = {**told.facts, "rows": rows, "next": after}
        click.echo(json.dumps(document, indent=2, ensure_ascii=False, default=_text))
        return
    shown = {name: _text(value) for name, value in told.facts.items() if value is not None}
    output.show(shown, as_json=False)
    output.show_list("rows", columns or told.columns, map(_readable, rows), as_json=False)
    if after is not None:
        click.echo(f"More: --after {after}")


def _readable(row: dict[str, object]) -> dict[str, object]:
    cells = {name: _percent(value) if isinstance(value, float) else _text(value) for name, value in row.items()}
    if "amount_minor" in row:
        cells["amount_minor"] = money.spelled(int(str(row["amount_minor"])), str(row["currency"]))
    return cells


def _percent(value: float) -> str:
    return f"{value:.1%}"


def _text(value: object) -> object:
    if isinstance(value, datetime):
        return output.moment(value)
    return value.isoformat() if isinstance(value, date) else value
