"""`licensing signer`: the process that has the private keys."""

from __future__ import annotations

import logging
import pwd
import signal
from pathlib import Path
from threading import Thread

import click

from licensing.core.checkpoints import origin
from licensing.core.errors import KeyUnusable, SetupRefused
from licensing.core.keys import Purpose
from licensing.key_store import open_keys
from licensing.services.signer_desk import A_MINUTE, SignerDesk
from licensing.services.signer_journal import SignerJournal
from licensing.settings import read_settings
from licensing.signer import SignerServer
from licensing.system import System, clock_in

PURPOSES = [purpose.value for purpose in Purpose]


@click.command()
@click.option("--socket", "path", required=True, type=click.Path(path_type=Path), help="Where to listen.")
@click.option("--journal", type=click.Path(path_type=Path), help="By default `signer.journal` in the data folder.")
@click.option("--user", "users", multiple=True, help="A user who may ask, beside this process's own; repeat it.")
@click.option("--purpose", "purposes", multiple=True, type=click.Choice(PURPOSES), help="Sign these only; repeat it.")
@click.option("--limit", "limits", multiple=True, help="PURPOSE=N signatures a minute; repeat it.")
def signer(
    path: Path, journal: Path | None, users: tuple[str, ...], purposes: tuple[str, ...], limits: tuple[str, ...]
) -> None:
    """Sign for servers on this machine that have no private key: they set LICENSING_SIGNER=unix:PATH."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    settings = read_settings()
    if (settings.signer or "").startswith("unix:"):
        raise SetupRefused("LICENSING_SIGNER is for the servers: the signer itself has the keys.")
    keys = open_keys(settings)
    keys.current()
    desk = SignerDesk(
        keys,
        _open_journal(journal or settings.data_dir / "signer.journal"),
        System().now if settings.clock_file is None else clock_in(settings.clock_file),
        origin(settings.public_url),
        [Purpose(each) for each in purposes or PURPOSES],
        {**A_MINUTE, **dict(map(_limit, limits))},
    )
    server = SignerServer(path, desk, [_user(name) for name in users])
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: Thread(target=server.shutdown).start())
    click.echo(f"signing   {path}")
    with server:
        server.serve_forever()
    desk.close()
    path.unlink(missing_ok=True)


def _open_journal(path: Path) -> SignerJournal:
    try:
        return SignerJournal(path)
    except OSError as error:
        raise KeyUnusable(f"The signer's journal {path} can't be written: {error.strerror}.") from error


def _user(name: str) -> int:
    try:
        return int(name) if name.isdecimal() else pwd.getpwnam(name).pw_uid
    except KeyError as error:
        raise click.UsageError(f"There is no user {name}.") from error


def _limit(text: str) -> tuple[Purpose, int]:
    purpose, _, number = text.partition("=")
    if purpose not in PURPOSES or not number.isdecimal():
        raise click.UsageError(f"--limit takes PURPOSE=N, not {text!r}.")
    return Purpose(purpose), int(number)
