"""`licensing demo`: two years of a company that does not exist, to see the reports alive."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from licensing.bootstrap import HIGH_WATER, build, migrate, open_system, set_up
from licensing.cli import inputs, output
from licensing.core.errors import SetupRefused
from licensing.core.periods import day_of
from licensing.services.demo import Demo, Played, first_day
from licensing.services.demo_people import Scene, staged
from licensing.settings import read_settings

EARLIEST = datetime(2025, 1, 1, tzinfo=UTC)
"""What was sold before its two years was sold after the first day of core.imports."""
LOOK_AT = (
    ("report funnel --from {first} --by tier", "what turns trials into customers"),
    ("report conversions --from {first} --every quarter", "what was bought, renewed and lost"),
    ("report retention --from {first} --every quarter", "how many seats were kept"),
    ("report cohorts --from {first}", "how many converted how soon"),
    ("report leads", "whom to call next"),
    ("milestones list", "what is to be reached, and how it stands"),
    ("report reconcile", "every figure is that of the ledger"),
    ("ledger audit", "and the ledger is whole"),
)


@click.command()
@click.option("--seed", type=int, default=1, show_default=True, help="Another number makes other customers.")
@click.option("--trials", type=click.IntRange(1, 20_000), default=2_500, show_default=True, help="How many register.")
@click.option("--until", type=inputs.DAY, help="First day (UTC) on which nothing has happened yet; else today.")
@output.json_option
def demo(seed: int, trials: int, until: datetime | None, as_json: bool) -> None:
    """Fill an installation that was never used with two years of a company that does not exist. Sends no mail."""
    settings = read_settings()
    if settings.in_production:
        raise SetupRefused("A production server has no past but its own: the demo is for development.")
    today = day_of(open_system(settings).now())
    end = today if until is None else until
    if not EARLIEST <= end <= today:
        raise SetupRefused(f"The demo ends from {EARLIEST.date()} on, and not after today, {today.date()}.")
    scene = Scene(first_day(end))
    house = build(settings, staged(scene))
    click.get_current_context().call_on_close(house.database.close)
    migrate(settings)
    play = Demo(house, scene)
    play.require_unused(settings.data_dir / HIGH_WATER)
    admin = set_up(house)
    with output.progress("playing two years") as progress:
        played = play.play(seed, trials, end, progress)
    accounts = {played.manager: played.one_time_password}
    if admin is not None:
        accounts[admin.email] = admin.password
    _tell(played, end, accounts, as_json=as_json)


def _tell(played: Played, end: datetime, accounts: dict[str, str], *, as_json: bool) -> None:
    funnel = played.funnel
    steps = {step: getattr(funnel, step) for step in ("registered", "confirmed", "activated", "converted")}
    days = {"from": str(played.first.date()), "to": str(end.date())}
    told = {
        **days,
        **steps,
        "bought_without_a_trial": played.direct,
        **played.customers,
        "deeds_in_the_ledger": played.deeds,
    }
    passwords = accounts if as_json else [f"{email} {password}" for email, password in accounts.items()]
    output.show({**told, "one_time_passwords": passwords}, as_json=as_json)
    if not as_json:
        click.echo("\nHave a look, here or at the pages of `licensing serve`:")
        for words, why in LOOK_AT:
            click.echo(f"  licensing {words.format(first=days['from'])}  # {why}")
