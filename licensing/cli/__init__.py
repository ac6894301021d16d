"""Speaks the command line: one file a noun, each command one call of the same services that the web uses.

Exit codes: 0 done; 1 refused, with one line that says why; 2 the command's words are off; 3 the license was read, and
its answer is not VALID (`verify` only).
"""

from __future__ import annotations

import sys
from importlib import import_module

import click

from licensing import __version__
from licensing.core.errors import Refusal

COMMANDS = {
    "init": "server",
    "serve": "server",
    "work": "server",
    "db": "db",
    "doctor": "doctor",
    "demo": "demo",
    "keys": "keys",
    "signer": "signer",
    "organizations": "organizations",
    "entitlements": "organizations",
    "licenses": "sales",
    "import": "imports",
    "clusters": "clusters",
    "quotes": "quotes",
    "prices": "quotes",
    "report": "reports",
    "milestones": "milestones",
    "relay": "relay",
    "agent": "agent",
    "verify": "verify",
    "activate": "activate",
    "ledger": "ledger",
    "backup": "backups",
    "restore": "backups",
    "openapi": "openapi",
    "api-keys": "api_keys",
    "webhooks": "webhooks",
    "staff": "staff",
}
"""Each command and the file it is in, which is read when the command is used: a sidecar carries no server with it."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = import_module(f"licensing.cli.{COMMANDS[name]}")
        found = (each for each in vars(module).values() if isinstance(each, click.Command) and each.name == name)
        return next(found)


@click.group(cls=_Commands)
@click.version_option(__version__, prog_name="licensing")
def cli() -> None:
    """License and entitlement server of Koor's Data Control Center."""


def main() -> None:
    """Runs the command line; a refusal is one line on the error stream and exit code 1."""
    try:
        cli(prog_name="licensing")
    except Refusal as refusal:
        click.echo(f"licensing: {refusal.detail}", err=True)
        sys.exit(1)
