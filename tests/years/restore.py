"""Act four: the database is restored from yesterday's backup, a day's licenses are missing, and it is noticed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.years.play import Dcc, Play

GAMMA_FSID = "33333333-2222-4333-8444-555555555555"
HELD_BACK = "BUSY 503"


def play_restore(play: Play) -> None:
    """Leaves everything well, 25 months after the beginning."""
    yesterday, today = play.folder / "yesterday.sqlite3", play.folder / "today.sqlite3"
    play.at("2028-02-13 12:00")
    back_up(play.server.database, yesterday)
    gamma, leaves = _lost_day(play)
    play.at("2028-02-15 12:00")
    back_up(play.server.database, today)
    _restart_on(play, yesterday)
    _broken(play, gamma, leaves)
    _restart_on(play, today)
    _well(play, gamma)


def back_up(database: Path, copy: Path) -> None:
    """A copy of a database in use, made through SQLite's own backup interface."""
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def _lost_day(play: Play) -> tuple[Dcc, tuple[int, int]]:
    """What happens on the day that will be lost: a sale. The first and last of its leaves."""
    before = play.server.cli("ledger", "audit")["leaves"]
    play.at("2028-02-14 12:00")
    buyer = ("--organization", "Gamma Ltd", "--email", "gamma@gamma.example")
    _, file = play.license_file("issue", *buyer, "--seats", "12")
    gamma = play.dcc("gamma", file, GAMMA_FSID)
    gamma.online(10, "a new customer's license", "VALID")
    play.at("2028-02-14 12:01")
    play.server.wait_for("a checkpoint of the sale", lambda: _published(play) == before + 1)
    return gamma, (before, before)


def _published(play: Play) -> int:
    """Leaves under the checkpoint that the server shows (C2SP tlog-checkpoint: the second line)."""
    return int(play.server.get("/ledger/checkpoint")[1].splitlines()[1])


def _restart_on(play: Play, copy: Path) -> None:
    play.server.stop()
    for file in play.server.data.glob("licensing.sqlite3*"):
        file.unlink()
    back_up(copy, play.server.database)
    play.server.start()


def _broken(play: Play, gamma: Dcc, leaves: tuple[int, int]) -> None:
    status, body = play.server.get("/readyz")
    play.fact("restored from yesterday: not ready, for the ledger's sake", holds=status == 503 and '"ledger"' in body)
    audit = play.server.run("ledger", "audit")
    missing = f"leaves {leaves[0]} to {leaves[1]}: published, and gone"
    play.fact("the audit fails and names the missing leaves", holds=audit.returncode == 1 and missing in audit.stderr)
    signed = play.server.run("ledger", "checkpoint")
    refused = signed.returncode == 1 and not signed.stdout and _published(play) <= leaves[0]
    play.fact("no checkpoint of the older ledger is signed", holds=refused)
    gamma.unheard(10, "the license of the lost day", "VALID", HELD_BACK, "restored")
    rang = f"alarm signature-without-leaf: license {gamma.license_id()}" in play.server.log()
    play.fact("an alarm rang for the license of the lost day", holds=rang)


def _well(play: Play, gamma: Dcc) -> None:
    play.fact("restored from today: ready", holds=play.server.get("/readyz")[0] == 200)
    play.fact("the audit finds nothing", holds=play.server.run("ledger", "audit").returncode == 0)
    gamma.online(10, "the license of the lost day is known again", "VALID")
