"""`licensing doctor`: is this installation well, and what does it need?"""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from licensing.cli import output
from licensing.cli.houses import open_house
from licensing.core.errors import Refusal
from licensing.services.doctor import Finding, State


@click.command()
@output.json_option
def doctor(as_json: bool) -> None:
    """Look at settings, folders, database, keys, ledger, clock, mail and worker; exits 1 when something is wrong."""
    try:
        findings = open_house().doctor.examine()
    except Refusal as refusal:
        findings = [Finding("settings", State.PROBLEM, refusal.detail)]
    output.show_list("findings", ("part", "state", "says"), map(asdict, findings), as_json=as_json)
    if any(finding.state is State.PROBLEM for finding in findings):
        sys.exit(1)
