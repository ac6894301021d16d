"""The signer's journal and the ledger: each must have what the other has."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from licensing.cli import cli
from licensing.core.errors import KeyUnusable, LedgerBroken
from licensing.services.journal_audit import UNDER_WAY_SECONDS, compare
from licensing.services.signer_journal import SignerJournal, read_journal
from tests.support.worlds import World, sell
from tests.test_signer import desk, key_of, license_input, listening, served_by


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "signer.journal"


@pytest.fixture
def shop(world: World, path: Path, tmp_path: Path) -> Iterator[World]:
    """A shop whose signer writes the journal at `path`."""
    with signed_at(world, path, tmp_path / "s") as shop:
        yield shop


@contextmanager
def signed_at(world: World, path: Path, socket: Path) -> Iterator[World]:
    world.house.keys.current()
    with listening(socket, desk(world, path)), served_by(world, socket) as house:
        yield replace(world, house=house)


def findings(world: World, *paths: Path, days: int | None = None) -> list[str]:
    """What is found once nothing is under way; `days`: of that many days."""
    now = world.clock() + timedelta(seconds=UNDER_WAY_SECONDS)
    since = None if days is None else world.clock() - timedelta(days=days)
    return list(compare(world.house.database, world.house.keys, [read_journal(each) for each in paths], since, now))


def unrecorded(world: World, path: Path) -> None:
    """A broken server has a license signed and keeps it for itself."""
    desk(world, path).sign(key_of(world).kid, license_input(world, key_of(world), seats=4_000))


def test_what_was_sold_is_in_both(shop: World, path: Path) -> None:
    for _ in range(3):
        sell(shop)
        shop.clock.advance(days=1)
    shop.house.ledger.checkpoint()

    assert findings(shop, path) == []
    assert len(read_journal(path).lines) == 4


def test_a_license_that_nobody_recorded_is_found(world: World, path: Path) -> None:
    unrecorded(world, path)

    [finding] = findings(world, path)

    assert finding.startswith(f"signer.journal:1: signed by {key_of(world).kid} at 2026-01-15T12:00:00Z, and not")


def test_what_was_looked_into_before_is_left_out(world: World, path: Path) -> None:
    unrecorded(world, path)
    world.clock.advance(days=3)

    assert len(findings(world, path, days=4)) == 1
    assert findings(world, path, days=2) == []


def test_a_deed_under_way_is_not_judged_yet(world: World, path: Path) -> None:
    unrecorded(world, path)

    assert list(compare(world.house.database, world.house.keys, [read_journal(path)], None, world.clock())) == []


def test_a_deed_done_since_the_journal_was_read_is_not_judged_yet(shop: World, path: Path) -> None:
    sell(shop)
    shop.clock.advance(days=1)
    before = read_journal(path)
    sell(shop)

    assert list(compare(shop.house.database, shop.house.keys, [before], None, shop.clock())) == []
    assert findings(shop, path) == []


def test_a_license_signed_with_a_copy_of_the_key_is_found(world: World, path: Path, tmp_path: Path) -> None:
    sell(world)  # before there was a signer: no line is missing
    world.clock.advance(days=1)
    with signed_at(world, path, tmp_path / "s") as shop:
        sell(shop)
        world.clock.advance(days=1)
        with signed_at(world, tmp_path / "copy", tmp_path / "other") as thief:
            sell(thief)

        [finding] = findings(shop, path)
        assert finding.endswith(f": signed by {key_of(world).kid}, and in no journal")
        assert findings(shop, path, tmp_path / "copy") == []


@pytest.mark.parametrize("changed", ["taken out", "altered", "swapped"])
def test_a_journal_that_was_tampered_with_is_found(shop: World, path: Path, changed: str) -> None:
    for _ in range(4):
        sell(shop)
    lines = path.read_bytes().splitlines(keepends=True)
    if changed == "taken out":
        del lines[1]
    elif changed == "altered":
        seconds, kid, _, before = lines[1].split()
        lines[1] = b" ".join([seconds, kid, b"0" * 64, before]) + b"\n"
    else:
        lines[1:3] = reversed(lines[1:3])
    path.write_bytes(b"".join(lines))

    assert any("does not follow the line before" in each for each in findings(shop, path))


def test_a_line_cut_off_in_a_crash_breaks_nothing(shop: World, path: Path) -> None:
    sell(shop)
    path.write_bytes(path.read_bytes() + b"1768478400 TEST-lic")
    journal = SignerJournal(path)
    journal.append(1, "x", "count=1")

    assert findings(shop, path) == []
    assert [line.number for line in read_journal(path).lines] == [1, 3]


def test_a_line_that_is_being_written_is_not_read(shop: World, path: Path) -> None:
    sell(shop)
    path.write_bytes(path.read_bytes()[:-1])

    assert read_journal(path).lines == []
    assert read_journal(path).broken == []


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_the_command_tells_each_finding(world: World, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unrecorded(world, path)
    settings = world.house.settings
    monkeypatch.setenv("LICENSING_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("LICENSING_KEYS_DIR", str(settings.keys_dir))
    monkeypatch.setenv("LICENSING_DATABASE_URL", settings.database_url)
    words = ["ledger", "audit", "--journal", str(path), "--json"]

    found = CliRunner().invoke(cli, words)
    settled = CliRunner().invoke(cli, [*words, "--since", "2026-01-16"])

    assert isinstance(found.exception, LedgerBroken)
    assert "signer.journal:1: signed by" in found.stderr
    assert settled.exit_code == 0, settled.output
    assert json.loads(settled.stdout)["journal_lines"] == 1


def test_a_journal_that_can_not_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(KeyUnusable, match="can't be read"):
        read_journal(tmp_path)
