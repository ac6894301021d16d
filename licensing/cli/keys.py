"""`licensing keys`: root keys, working keys and the key statement."""

from __future__ import annotations

from pathlib import Path

import click

from licensing.bootstrap import open_offline_keys
from licensing.cli import output
from licensing.cli.houses import open_current_house
from licensing.cli.inputs import agreement, agreement_options
from licensing.core.errors import Malformed
from licensing.core.keys import Purpose, WorkingKey
from licensing.services.keys import ROOT_FOLDER, Step
from licensing.settings import read_settings
from licensing.storage import keyfiles

_purpose = click.argument("purpose", type=click.Choice([purpose.value for purpose in Purpose]))
_root_key = click.option(
    "--root-key", type=click.Path(path_type=Path), help="The root's private key file, where it is at hand."
)
COLUMNS = ("kid", "purpose", "state", "signs_from", "signs_until")
LISTED = (*COLUMNS, "days_left", "private_key")


@click.group()
def keys() -> None:
    """Keys: `keys/README.md` tells their life."""


@keys.group()
def root() -> None:
    """Root keys: they sign the key statement and nothing else."""


@root.command("new")
@click.option("--out", type=click.Path(path_type=Path), help="The folder; by default `root` in the keys folder.")
@output.json_option
def root_new(out: Path | None, as_json: bool) -> None:
    """Make a root key (on an offline machine). A development server's is marked TEST-."""
    settings = read_settings()
    out = out or settings.keys_dir / ROOT_FOLDER
    made = open_offline_keys(settings).new_root(out)
    files = {"private": str(keyfiles.private_path(out, made.kid)), "public": str(out / f"{made.kid}.jwk")}
    output.show({"kid": made.kid, **files}, as_json=as_json)


@keys.command("list")
@output.json_option
def list_keys(as_json: bool) -> None:
    """List the working keys of the statement in force, and warn of what must be renewed within 60 days."""
    management = open_offline_keys(read_settings())
    days = management.days()
    rows = [
        {**_row(key), "days_left": days.left.get(key.kid), "private_key": management.protection(key.kid)}
        for key in management.list()
    ]
    output.show_list("keys", LISTED, rows, as_json=as_json)
    for warning in days.warnings:
        click.echo(warning, err=True)


@keys.command()
@output.json_option
def protect(as_json: bool) -> None:
    """Encrypt every private key file anew, with the passphrase and many rounds, where that is not so yet."""
    done = open_offline_keys(read_settings()).protect()
    rows = [{"file": name, "encrypted": "now" if now else "before"} for name, now in done.items()]
    output.show_list("files", ("file", "encrypted"), rows, as_json=as_json)


@keys.command()
@_purpose
@_root_key
@output.json_option
def new(purpose: str, root_key: Path | None, as_json: bool) -> None:
    """Make the next key of PURPOSE and publish it."""
    _show_step(open_current_house().key_management.new(Purpose(purpose), root_key), as_json=as_json)


@keys.command()
@_purpose
@_root_key
@agreement_options
@output.json_option
def rotate(
    purpose: str, root_key: Path | None, emails: tuple[str, ...], break_glass: str | None, as_json: bool
) -> None:
    """Let the next key of PURPOSE sign from now on. Running servers follow by themselves."""
    agreed = agreement(emails, break_glass)
    step = open_current_house().key_management.rotate(Purpose(purpose), root_key, agreed)
    _show_step(step, as_json=as_json)


@keys.command()
@click.argument("kid")
@click.option("--revoke", is_flag=True, help="Stolen or lost: nothing that it signed stands any more.")
@_root_key
@agreement_options
@output.json_option
def retire(
    kid: str, revoke: bool, root_key: Path | None, emails: tuple[str, ...], break_glass: str | None, as_json: bool
) -> None:
    """Let the key KID sign no longer. What it signed still stands, unless it is revoked."""
    agreed = agreement(emails, break_glass)
    step = open_current_house().key_management.retire(kid, root_key, agreed, revoke=revoke)
    _show_step(step, as_json=as_json)


@keys.command()
@click.option("--sign", "unsigned", type=click.Path(path_type=Path), help="Sign this unsigned statement (offline).")
@click.option("--import", "signed", type=click.Path(path_type=Path), help="Put this signed statement in force.")
@_root_key
@agreement_options
def statement(
    unsigned: Path | None,
    signed: Path | None,
    root_key: Path | None,
    emails: tuple[str, ...],
    break_glass: str | None,
) -> None:
    """Print the key statement in force, or sign one with --root-key, or import a signed one."""
    if unsigned is not None and signed is not None:
        raise click.UsageError("--sign and --import are two steps, on two machines.")
    if unsigned is not None:
        if root_key is None:
            raise click.UsageError("--sign needs --root-key.")
        click.echo(open_offline_keys(read_settings()).sign(_read(unsigned), root_key))
    elif signed is not None:
        agreed = agreement(emails, break_glass)
        _show_step(open_current_house().key_management.install(_read(signed), agreed), as_json=False)
    else:
        click.echo(open_offline_keys(read_settings()).statement())


def _read(path: Path) -> str:
    text = keyfiles.read_text(path)
    if text is None:
        raise Malformed(f"There is no file {path}.")
    return text


def _show_step(step: Step, *, as_json: bool) -> None:
    output.show_list("keys", COLUMNS, map(_row, step.keys), as_json=as_json)
    if step.unsigned is not None:
        click.echo(
            f"Not in force yet. Carry {step.unsigned} to the root key, sign it there with"
            " `licensing keys statement --sign FILE --root-key FILE > statement.jwt`,"
            " and run here `licensing keys statement --import statement.jwt`.",
            err=True,
        )


def _row(key: WorkingKey) -> dict[str, object]:
    return {
        "kid": key.kid,
        "purpose": key.purpose,
        "state": key.state,
        "signs_from": output.seconds(key.nbf),
        "signs_until": output.seconds(key.sign_until),
    }
