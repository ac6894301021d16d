"""`licensing milestones`: what is to be reached by a day, and how it stands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import click

from licensing.cli import inputs, output
from licensing.cli.houses import open_current_house
from licensing.core.callers import OPERATOR
from licensing.core.milestones import MAX_TARGET, Aim
from licensing.services.milestones import Standings

COLUMNS = ("milestone_id", "name", "counts_from", "day", "kind", "target", "attained", "missing", "status", "a_week")
_COUNTING = ("kind", "at", "organization", "organization_id", "seats", "serial")


@click.group()
def milestones() -> None:
    """Targets for new customers and enterprise deals, by day."""


@milestones.command("list")
@output.json_option
def list_milestones(as_json: bool) -> None:
    """List all milestones and how they stand."""
    found = open_current_house().milestones.every(OPERATOR)
    output.show_list("targets", COLUMNS, [row for each in found for row in _rows(each)], as_json=as_json)


@milestones.command()
@click.argument("milestone_id")
@output.json_option
def show(milestone_id: str, as_json: bool) -> None:
    """List the customers that count for a milestone."""
    counting = open_current_house().milestones.show(OPERATOR, milestone_id)
    if not as_json:
        output.show_list("targets", COLUMNS, _rows(counting.standings), as_json=False)
    rows: list[Mapping[str, object]] = [
        {
            "kind": aim,
            "at": output.moment(each.at),
            "organization": each.organization,
            "organization_id": each.customer,
            "seats": each.seats,
            "serial": each.serial,
        }
        for aim, behind in counting.behind.items()
        for each in behind
    ]
    output.show_list("customers", _COUNTING, rows, as_json=as_json)


@milestones.command("set")
@click.argument("name")
@click.option("--from", "counts_from", type=inputs.DAY, required=True, help="First day that counts (UTC).")
@click.option("--day", type=inputs.DAY, required=True, help="Last day that counts (UTC).")
@click.option("--new-customers", type=click.IntRange(1, MAX_TARGET), help="First purchases to be reached.")
@click.option("--enterprise-deals", type=click.IntRange(1, MAX_TARGET), help="Customers to grow beyond 10 seats.")
@output.json_option
def set_milestone(
    name: str,
    counts_from: datetime,
    day: datetime,
    new_customers: int | None,
    enterprise_deals: int | None,
    as_json: bool,
) -> None:
    """Set the milestone NAME."""
    wanted = {Aim.NEW_CUSTOMERS: new_customers, Aim.ENTERPRISE_DEALS: enterprise_deals}
    targets = {aim: target for aim, target in wanted.items() if target is not None}
    standings = open_current_house().milestones.set(OPERATOR, name, counts_from, day, targets)
    output.show_list("targets", COLUMNS, _rows(standings), as_json=as_json)


@milestones.command()
@click.argument("milestone_id")
def remove(milestone_id: str) -> None:
    """Remove a milestone."""
    open_current_house().milestones.remove(OPERATOR, milestone_id)
    click.echo("The milestone is removed.")


def _rows(standings: Standings) -> list[Mapping[str, object]]:
    milestone = standings.milestone
    return [
        {
            "milestone_id": milestone.id,
            "name": milestone.name,
            "counts_from": milestone.counts_from.date().isoformat(),
            "day": milestone.day.date().isoformat(),
            "kind": each.aim,
            "target": each.target,
            "attained": each.attained,
            "missing": each.missing,
            "status": each.status,
            "a_week": each.per_week,
        }
        for each in standings.targets
    ]
