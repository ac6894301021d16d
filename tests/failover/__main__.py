"""Fails over several times and prints what each cost; exits 1 when anything acknowledged was lost or it took long."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click

from tests.failover.play import play

MOST_SECONDS = 15


@click.command()
@click.option("--times", default=3, show_default=True, help="Failovers, each on a pair of its own.")
@click.option("--clients", default=4, show_default=True)
@click.option("--seconds", default=5.0, show_default=True, help="Load before and after each.")
def main(times: int, clients: int, seconds: float) -> None:
    bad = 0
    for number in range(times):
        with tempfile.TemporaryDirectory(prefix="licensing-failover-") as name:
            done = play(Path(name), clients, seconds)
        good = done.is_good and done.away_seconds <= MOST_SECONDS
        bad += not good
        click.echo(
            f"{number + 1}: {done.before} acknowledged before, {done.after} after; away {done.away_seconds:.1f} s;"
            f" lost {done.lost}, doubled {done.doubled}, findings {len(done.findings)}; unanswered {done.refused}"
        )
    click.echo(f"{times} failovers, {bad} bad")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
