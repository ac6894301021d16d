"""`licensing import`: what was sold before. Also how a file's problems are told, for batches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from licensing.cli import output
from licensing.cli.houses import open_current_house
from licensing.core import money
from licensing.core.callers import OPERATOR
from licensing.core.csv_files import MAX_BYTES
from licensing.core.errors import ImportRefused

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("import")
@click.argument("file", type=FILE)
@click.option("--apply", "applies", is_flag=True, help="Take the lines in: all, or none.")
@output.json_option
def import_sales(file: Path, applies: bool, as_json: bool) -> None:
    """Take in what was sold before, from a CSV file; without --apply only say what would be done."""
    imports = open_current_house().imports
    data = read(file)
    with problems_told():
        summary = imports.apply(OPERATOR, data) if applies else imports.check(OPERATOR, data)
    sums = [money.spelled(minor, currency) for currency, minor in summary.sums.items()]
    output.show(
        {
            "done": "imported" if applies else "nothing yet; repeat with --apply",
            "new_customers": summary.new_customers,
            "known_customers": summary.known_customers,
            "running_licenses": summary.running,
            "sales_over": summary.over,
            "amounts": summary.sums if as_json else sums,
        },
        as_json=as_json,
    )


def read(file: Path) -> bytes:
    """The file's bytes, or enough of them to see that there are too many."""
    with file.open("rb") as stream:
        return stream.read(MAX_BYTES + 1)


@contextmanager
def problems_told() -> Iterator[None]:
    """Each line that can't be taken is told on the error stream before the refusal goes on."""
    try:
        yield
    except ImportRefused as refusal:
        for number, reason in refusal.problems:
            click.echo(f"line {number}: {reason}", err=True)
        raise
