"""`licensing ledger`: audit, checkpoint, prove."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from licensing.cli import output
from licensing.cli.houses import open_current_house
from licensing.cli.inputs import DAY
from licensing.core.checkpoints import verifier_key
from licensing.core.errors import LedgerBroken
from licensing.services.audit import PROCESSES
from licensing.services.checkpoint_copies import notes_in
from licensing.services.journal_audit import compare
from licensing.services.signer_journal import read_journal


@click.group()
def ledger() -> None:
    """The append-only ledger of issuances."""


@ledger.command()
@click.option(
    "--checkpoint",
    "places",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="A note that was kept elsewhere, or a folder of them; may be repeated.",
)
@click.option("--anew", is_flag=True, help="Look closely at everything, what an earlier audit found good, too.")
@click.option(
    "--journal",
    "files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A signer's journal: what it signed must be recorded. Name all of them.",
)
@click.option(
    "--since", type=DAY, help="Compare what the journals say from that day on; their chains are proved whole."
)
@output.json_option
def audit(places: tuple[Path, ...], anew: bool, files: tuple[Path, ...], since: datetime | None, as_json: bool) -> None:
    """Prove the whole ledger: tree, checkpoints, issuances, records, tokens and licenses against each other."""
    house = open_current_house()
    now, journals = house.system.now(), list(map(read_journal, files))
    outside = [named for place in places for named in notes_in(place)]
    with output.progress("auditing") as progress:
        report = house.audit.run(progress, outside, anew=anew, processes=PROCESSES)
    if journals:
        report.findings += compare(house.database, house.keys, journals, since, now)
    output.show(
        {
            "leaves": report.leaves,
            "licenses": report.licenses,
            "signatures": report.signatures,
            "checkpoint": report.checkpoint_size,
            "outside_checkpoints": len(outside),
            "journal_lines": sum(len(journal.lines) for journal in journals),
            "findings": report.findings if as_json else len(report.findings),
        },
        as_json=as_json,
    )
    if report.findings:
        for finding in report.findings:
            click.echo(f"finding: {finding}", err=True)
        raise LedgerBroken(f"The audit has {len(report.findings)} findings.")


@ledger.command()
def checkpoint() -> None:
    """Sign a checkpoint of all leaves and print it (a C2SP signed note)."""
    click.echo(open_current_house().ledger.checkpoint().note, nl=False)


@ledger.command()
@click.argument("name")
def prove(name: str) -> None:
    """Print the proof (C2SP tlog-proof) that the issuance or license NAME is in the ledger."""
    click.echo(open_current_house().ledger.prove(name), nl=False)


@ledger.command()
def vkey() -> None:
    """Print the log's verifier key, as signed-note tools take it."""
    house = open_current_house()
    for x in house.keys.current().log_keys():
        click.echo(verifier_key(house.ledger.origin, x))
