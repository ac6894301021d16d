"""`licensing backup` and `licensing restore`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from licensing.bootstrap import open_restoring
from licensing.cli import output
from licensing.cli.houses import open_current_house
from licensing.cli.inputs import shown_by
from licensing.core.errors import BackupRefused
from licensing.services.checkpoint_copies import notes_in
from licensing.services.dual_control import Person
from licensing.services.restoring import Rollback
from licensing.settings import read_settings
from licensing.storage import sealing

FILE = click.Path(dir_okay=False, path_type=Path)
passphrase_option = click.option("--passphrase-file", type=FILE, help="A file with the passphrase instead.")


@click.command()
@click.argument("out", type=FILE)
@click.option("--recipient", "recipients", multiple=True, help="Who may open it: age1…; may be repeated.")
@passphrase_option
@output.json_option
def backup(out: Path, recipients: tuple[str, ...], passphrase_file: Path | None, as_json: bool) -> None:
    """Write an encrypted backup of database, keys and high-water file to OUT; it is restored once before it is done."""
    if bool(recipients) == (passphrase_file is not None):
        raise click.UsageError("Give --recipient, or --passphrase-file.")
    seal = (
        sealing.for_recipients(recipients)
        if passphrase_file is None
        else sealing.with_passphrase(_read(passphrase_file).strip())
    )
    made = open_current_house().backups.make(out, seal)
    output.show(
        {
            "file": str(made.file),
            "sha256": made.sha256,
            "made_at": output.seconds(made.manifest.made_at),
            "leaves": made.manifest.size,
            "root": made.manifest.root,
            "rows": sum(made.manifest.rows.values()),
            "left_out": list(made.manifest.left_out),
        },
        as_json=as_json,
    )


@click.command()
@click.argument("file", type=FILE)
@click.option("--identity", type=FILE, help="The file of age-keygen that opens it.")
@passphrase_option
@click.option("--checkpoint", "places", multiple=True, type=click.Path(path_type=Path), help="A note kept elsewhere.")
@click.option("--without-checkpoint", is_flag=True, help="Restore though nothing tells how large the ledger was.")
@click.option(
    "--accept-rollback", "people", multiple=True, metavar="EMAIL", help="Who accepts an older ledger; two are needed."
)
@output.json_option
def restore(
    file: Path,
    identity: Path | None,
    passphrase_file: Path | None,
    places: tuple[Path, ...],
    without_checkpoint: bool,
    people: tuple[str, ...],
    as_json: bool,
) -> None:
    """Restore FILE into an empty installation, proved against checkpoints that were kept elsewhere."""
    if (identity is None) == (passphrase_file is None):
        raise click.UsageError("Give --identity, or --passphrase-file.")
    opens = (
        sealing.identities(_read(identity))
        if identity is not None
        else sealing.with_passphrase(_read(passphrase_file).strip()).open
    )
    notes = [named for place in places for named in notes_in(place)]
    restoring = open_restoring(read_settings(), lambda rollback: _ask(rollback, people))
    done = restoring.restore(file, opens, notes, unproved=without_checkpoint)
    lost = None if done.rollback is None else done.rollback.published - done.rollback.restored
    output.show(
        {
            "made_at": output.seconds(done.manifest.made_at),
            "leaves": done.manifest.size,
            "root": done.manifest.root,
            "checkpoints": done.checkpoints,
            "lost_leaves": lost,
            "left_out": list(done.manifest.left_out),
        },
        as_json=as_json,
    )


def _ask(rollback: Rollback, people: Sequence[str]) -> list[Person]:
    """What each of the people shows, asked for at the terminal."""
    if people:
        click.echo(
            f"The backup has {rollback.restored} leaves, the last of {output.moment(rollback.last_leaf_at)};"
            f" {rollback.published} were published. What was done since is lost.",
            err=True,
        )
    return shown_by(people)


def _read(file: Path | None) -> str:
    try:
        return "" if file is None else file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BackupRefused(f"The file {file} can't be read.") from error
