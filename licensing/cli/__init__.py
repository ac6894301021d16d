"""Speaks the command line: one file a noun, each command one call of the same services that the web uses.

Exit codes: 0 done; 1 refused, with one line that says why; 2 the command's words are off; 3 the license was read, and
its answer is not VALID (`verify` only).
"""

from __future__ import annotations

import sys

import click

from licensing import __version__
from licensing.cli import (
    activate,
    api_keys,
    clusters,
    db,
    demo,
    imports,
    keys,
    ledger,
    milestones,
    organizations,
    quotes,
    relay,
    reports,
    sales,
    server,
    staff,
    verify,
)
from licensing.core.errors import Refusal


@click.group()
@click.version_option(__version__, prog_name="licensing")
def cli() -> None:
    """License and entitlement server of Koor's Data Control Center."""


COMMANDS: tuple[click.Command, ...] = (
    server.init,
    server.serve,
    db.db,
    demo.demo,
    keys.keys,
    organizations.organizations,
    organizations.entitlements,
    sales.licenses,
    imports.import_sales,
    clusters.clusters,
    quotes.quotes,
    quotes.prices,
    reports.report,
    milestones.milestones,
    relay.relay,
    verify.verify,
    activate.activate,
    ledger.ledger,
    api_keys.api_keys,
    staff.staff,
)
for command in COMMANDS:
    cli.add_command(command)


def main() -> None:
    """Runs the command line; a refusal is one line on the error stream and exit code 1."""
    try:
        cli(prog_name="licensing")
    except Refusal as refusal:
        click.echo(f"licensing: {refusal.detail}", err=True)
        sys.exit(1)
