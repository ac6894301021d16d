"""`licensing ledger`: audit, checkpoint, prove."""

from __future__ import annotations

from pathlib import Path

import click

from licensing.cli import output
from licensing.cli.houses import open_current_house
from licensing.core.checkpoints import verifier_key
from licensing.core.errors import LedgerBroken
from licensing.services.checkpoint_copies import notes_in


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
@click.option("--anew", is_flag=True, help="Verify every signature, those that an earlier audit found good, too.")
@output.json_option
def audit(places: tuple[Path, ...], anew: bool, as_json: bool) -> None:
    """Prove the whole ledger: tree, checkpoints, issuances, records, tokens and licenses against each other."""
    house = open_current_house()
    outside = [named for place in places for named in notes_in(place)]
    with output.progress("auditing") as progress:
        report = house.audit.run(progress, outside, anew=anew)
    output.show(
        {
            "leaves": report.leaves,
            "licenses": report.licenses,
            "signatures": report.signatures,
            "checkpoint": report.checkpoint_size,
            "outside_checkpoints": len(outside),
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
