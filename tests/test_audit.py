"""The audit finds what somebody with all rights did to the database; the ledger's tables refuse everybody else."""

from __future__ import annotations

import os
import shutil
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from licensing.core.callers import OPERATOR
from licensing.core.checkpoints import read_note
from licensing.core.errors import Busy, LedgerBroken
from licensing.core.ledger import leaf_hash, verify_inclusion
from licensing.services import audit as service
from licensing.storage.ledger import APPEND_ONLY
from tests.support.worlds import World, make_settings, make_world, sell

Tamper = Callable[[World, str], tuple[str, ...]]


@pytest.fixture
def license_id(world: World) -> str:
    """A world with a history: sold, renewed, another revoked, trials, and a published checkpoint."""
    standing = sell(world)
    world.house.sales.resize(OPERATOR, standing.license_id, 30, None, None)
    world.house.licenses.revoke(OPERATOR, sell(world).license_id, "not paid")
    for number in range(3):
        world.trial(f"it@trial{number}.example")
    world.house.ledger.checkpoint()
    return standing.license_id


def as_administrator(world: World, *statements: str) -> None:
    """Runs statements with the guards of the tables taken off."""
    with world.house.database.engine.begin() as connection:
        for table in APPEND_ONLY:
            if world.house.database.is_sqlite:
                for guard in ("no_update", "no_delete", "no_replace"):
                    connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_{guard}"))
            else:
                connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
        for statement in statements:
            connection.execute(text(statement))


def findings(world: World) -> list[str]:
    return world.house.audit.run().findings


@pytest.fixture(params=["by itself", "by processes"])
def audited(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[World], list[str]]:
    """The findings of an audit that is done at once, or by processes that each look at parts of four leaves."""
    if request.param == "by itself":
        return findings
    monkeypatch.setattr(service, "LEVELS", 2)
    monkeypatch.setattr(service, "CHUNK", 4)
    monkeypatch.setattr(service, "TOGETHER", 2)
    return lambda world: world.house.audit.run(processes=2).findings


def test_an_untouched_ledger_has_no_findings(world: World, license_id: str) -> None:
    report = world.house.audit.run()

    assert (report.findings, report.leaves, report.licenses) == ([], 11, 5)
    assert report.checkpoint_size == 11


LAST = "(SELECT max(idx) FROM ledger_leaf)"
NEWEST = "(SELECT jti FROM license WHERE id = '{id}')"
OTHER = "(SELECT token FROM license_token WHERE license_id <> '{id}' ORDER BY jti LIMIT 1)"
EIGHT = {
    "token replaced": [f"UPDATE license_token SET token = {OTHER} WHERE jti = {NEWEST}"],
    "row deleted": [f"DELETE FROM issuance WHERE serial = {NEWEST}"],
    "row and leaf deleted": [
        f"DELETE FROM ledger_leaf WHERE idx = (SELECT leaf_idx FROM issuance WHERE serial = {NEWEST})",
        f"DELETE FROM issuance WHERE serial = {NEWEST}",
    ],
    "last five cut off": [
        "DELETE FROM license_token WHERE jti IN (SELECT serial FROM issuance WHERE leaf_idx >= 6)",
        "DELETE FROM license WHERE id IN (SELECT license_id FROM issuance WHERE leaf_idx >= 6)",
        "DELETE FROM issuance_record WHERE serial IN (SELECT serial FROM issuance WHERE leaf_idx >= 6)",
        "DELETE FROM issuance WHERE leaf_idx >= 6",
        "DELETE FROM ledger_node WHERE (idx + 1) * (1 << level) > 6",
        "DELETE FROM ledger_leaf WHERE idx >= 6",
        "DELETE FROM ledger_checkpoint WHERE size > 6",
    ],
    "leaf altered": ["UPDATE ledger_leaf SET body = (SELECT body FROM ledger_leaf WHERE idx = 5) WHERE idx = 6"],
    "leaf altered and its nodes dropped, to be built anew": [
        "UPDATE ledger_leaf SET body = (SELECT body FROM ledger_leaf WHERE idx = 5) WHERE idx = 6",
        "DELETE FROM ledger_node",
    ],
    "two leaves swapped": [
        "UPDATE ledger_leaf SET idx = 900 WHERE idx = 5",
        "UPDATE ledger_leaf SET idx = 5 WHERE idx = 6",
        "UPDATE ledger_leaf SET idx = 6 WHERE idx = 900",
    ],
    "row inserted without a leaf": [
        "INSERT INTO issuance (serial, leaf_idx, kind, kid, signed_hash, record_hash, effective_at, recorded_at)"
        " SELECT 'ffffffffffffffffffffffffffffffff', 99, kind, kid, signed_hash, record_hash, effective_at, recorded_at"
        " FROM issuance WHERE leaf_idx = 6"
    ],
}
"""What whoever can write the database would do to a sale, each of which must be found."""
MANIPULATIONS = {
    "a token replaced": ["UPDATE license_token SET token = token || 'A' WHERE jti = " + NEWEST],
    "a token deleted": ["DELETE FROM license_token WHERE jti = " + NEWEST],
    "a record altered": ["UPDATE issuance_record SET salt = record WHERE serial = " + NEWEST],
    "a record deleted": ["DELETE FROM issuance_record WHERE serial = " + NEWEST],
    "an issuance deleted": ["DELETE FROM issuance WHERE serial = " + NEWEST],
    "an issuance's seats changed": ["UPDATE issuance SET seats = 3 WHERE serial = " + NEWEST],
    "an issuance dated back": ["UPDATE issuance SET effective_at = 1 WHERE serial = " + NEWEST],
    "an issuance of another kind": ["UPDATE issuance SET kind = 'trial' WHERE serial = " + NEWEST],
    "the last leaf and its issuance deleted": [
        f"DELETE FROM issuance WHERE leaf_idx = {LAST}",
        f"DELETE FROM ledger_leaf WHERE idx = {LAST}",
    ],
    "a leaf altered": ["UPDATE ledger_leaf SET body = (SELECT body FROM ledger_leaf WHERE idx = 5) WHERE idx = 6"],
    "a leaf altered and its nodes dropped": [
        "UPDATE ledger_leaf SET body = (SELECT body FROM ledger_leaf WHERE idx = 5) WHERE idx = 6",
        "DELETE FROM ledger_node WHERE level > 0",
    ],
    "two leaves swapped": [
        "UPDATE ledger_leaf SET idx = 900 WHERE idx = 5",
        "UPDATE ledger_leaf SET idx = 5 WHERE idx = 6",
        "UPDATE ledger_leaf SET idx = 6 WHERE idx = 900",
    ],
    "a leaf in the middle deleted": ["DELETE FROM ledger_leaf WHERE idx = 6"],
    "the last issuance twice": [
        "ALTER TABLE issuance RENAME TO kept",
        "CREATE TABLE issuance AS SELECT * FROM kept",
        f"INSERT INTO issuance SELECT * FROM kept WHERE leaf_idx = {LAST}",
    ],
    "a node altered": [
        "UPDATE ledger_node SET hash = (SELECT hash FROM ledger_node WHERE level = 0 AND idx = 1)"
        " WHERE level = 1 AND idx = 1"
    ],
    "the checkpoint altered": ["UPDATE ledger_checkpoint SET note = replace(note, '11', '12')"],
    "a license with more seats": ["UPDATE license SET seats = 9000 WHERE id = '{id}'"],
    "a license with a later end": ["UPDATE license SET ends_at = ends_at + 1 WHERE id = '{id}'"],
    "a license of an older issue": ["UPDATE license SET seq = seq - 1 WHERE id = '{id}'"],
    "a license made up after another": [
        "CREATE TEMPORARY TABLE made_up AS SELECT * FROM license WHERE id = '{id}'",
        "UPDATE made_up SET id = 'ffffffffffffffffffffffffffffffff'",
        "INSERT INTO license SELECT * FROM made_up",
    ],
    "a license made up before all others": [
        "CREATE TEMPORARY TABLE made_up AS SELECT * FROM license WHERE id = '{id}'",
        "UPDATE made_up SET id = ''",
        "INSERT INTO license SELECT * FROM made_up",
    ],
    "a suspension without a leaf": ["UPDATE license SET suspended_at = 1 WHERE id = '{id}'"],
    "a revocation undone": ["UPDATE license SET revoked_at = NULL"],
    "a revocation without a leaf": ["UPDATE license SET revoked_at = 1 WHERE id = '{id}'"],
}


@pytest.mark.parametrize("statements", EIGHT.values(), ids=EIGHT)
def test_each_of_the_eight_manipulations_of_a_ledger_is_found(
    world: World, license_id: str, audited: Callable[[World], list[str]], statements: list[str]
) -> None:
    assert audited(world) == []
    as_administrator(world, *(statement.replace("{id}", license_id) for statement in statements))

    assert audited(world) != []


@pytest.mark.parametrize("statements", MANIPULATIONS.values(), ids=MANIPULATIONS)
def test_a_manipulation_is_found(
    world: World, license_id: str, audited: Callable[[World], list[str]], statements: list[str]
) -> None:
    assert audited(world) == []  # what was found good then is remembered
    as_administrator(world, *(statement.replace("{id}", license_id) for statement in statements))

    assert audited(world) != []


def test_processes_find_what_one_would(world: World, license_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "LEVELS", 1)
    monkeypatch.setattr(service, "CHUNK", 2)
    audit = world.house.audit
    for statements in (
        [],
        ["UPDATE license SET seats = 9000 WHERE id = '{id}'"],
        ["UPDATE issuance SET seats = 3 WHERE serial = " + NEWEST],
        ["DELETE FROM ledger_leaf WHERE idx = 6"],
    ):
        as_administrator(world, *(statement.replace("{id}", license_id) for statement in statements))
        assert audit.run(processes=3, anew=True) == audit.run(anew=True)
    assert "leaf 6: missing" in findings(world)
    assert not [each for each in findings(world) if each.startswith("node")]  # of what stands above nothing is said


def test_an_audit_of_which_a_process_dies_says_nothing(
    world: World, license_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> NoReturn:
        os._exit(1)

    assert findings(world) == []
    file = world.house.settings.data_dir / "audit.verified"
    good = file.read_text()
    with monkeypatch.context() as patched:
        patched.setattr(service, "_licenses", die)
        with pytest.raises(Busy):
            world.house.audit.run(processes=2)

    assert file.read_text() == good
    assert findings(world) == []


def test_a_signature_is_verified_once_and_anew_when_asked(world: World, license_id: str) -> None:
    audit = world.house.audit
    first = audit.run()
    assert first.signatures == 6  # five licenses, one of them resized

    assert audit.run().signatures == 0
    sell(world)
    assert audit.run().signatures == 7  # the hash of its neighbours covers the new one, too
    assert audit.run(anew=True).signatures == 7


@pytest.mark.parametrize("content", ["", "nonsense", "0" * 64])
def test_whatever_the_file_of_good_signatures_says_a_bad_one_is_found(
    world: World, license_id: str, content: str
) -> None:
    assert findings(world) == []
    file = world.house.settings.data_dir / "audit.verified"
    good = file.read_text()
    as_administrator(world, f"UPDATE license_token SET token = token || 'A' WHERE jti = {NEWEST.format(id=license_id)}")

    assert any("signature" in each for each in findings(world))
    assert file.read_text() != good
    file.write_text(content)
    assert any("signature" in each for each in findings(world))
    file.write_text(good)
    assert any("signature" in each for each in findings(world))


def test_a_ledger_of_several_subtrees_is_audited_level_by_level(
    world: World, license_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "LEVELS", 1)
    monkeypatch.setattr(service, "CHUNK", 2)
    monkeypatch.setattr(service, "TOGETHER", 1)
    report = world.house.audit.run()
    assert (report.findings, report.leaves, report.signatures) == ([], 11, 6)

    as_administrator(
        world,
        "UPDATE ledger_node SET hash = (SELECT hash FROM ledger_node WHERE level = 0 AND idx = 1) WHERE level = 3",
    )
    assert "node 3/0: not what its leaves make" in findings(world)


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ("UPDATE license SET jti = 'ff' WHERE id = '{id}'", "its newest issuance is not in the ledger"),
        ("UPDATE license SET signed_hash = 'ff' WHERE id = '{id}'", "its newest issuance is not in the ledger"),
        ("UPDATE license_token SET seq = 9 WHERE jti = " + NEWEST, "its row is at seq 2, its newest token at 9"),
        ("UPDATE license SET seats = 9 WHERE id = '{id}'", "its row differs from its newest token in seats"),
        (
            "UPDATE license SET revoked_at = 1 WHERE id = '{id}'",
            "its row and the ledger disagree on whether it is revoked",
        ),
        (
            "UPDATE license SET suspended_at = 1 WHERE id = '{id}'",
            "its row and the ledger disagree on whether it is suspended",
        ),
    ],
)
def test_what_was_done_to_a_license_is_named(world: World, license_id: str, statement: str, finding: str) -> None:
    assert findings(world) == []
    as_administrator(world, statement.replace("{id}", license_id))

    assert findings(world) == [f"license {license_id}: {finding}"]


def test_licenses_that_were_suspended_and_reinstated_have_no_findings(world: World, license_id: str) -> None:
    licenses = world.house.licenses
    for _ in range(2):
        licenses.suspend(OPERATOR, license_id, "not paid")
        assert findings(world) == []
        licenses.reinstate(OPERATOR, license_id, "paid")
        assert findings(world) == []


def test_a_license_that_is_put_back_to_what_was_found_good_is_found(world: World, license_id: str) -> None:
    """Its row is known from the audit before; what was done since is not in it."""
    deeds: list[Callable[[], object]] = [
        lambda: world.house.sales.resize(OPERATOR, license_id, 40, None, None),
        lambda: world.house.licenses.suspend(OPERATOR, license_id, "not paid"),
        lambda: world.house.licenses.revoke(OPERATOR, license_id, "never paid"),
    ]
    for deed in deeds:
        as_administrator(world, "CREATE TABLE kept AS SELECT * FROM license")
        assert findings(world) == []
        deed()
        columns = ("seats", "seq", "jti", "signed_hash", "suspended_at", "revoked_at", "version")
        kept = ", ".join(f"{name} = (SELECT {name} FROM kept WHERE id = license.id)" for name in columns)
        now = ", ".join(f"{name} = (SELECT {name} FROM now WHERE id = license.id)" for name in columns)
        as_administrator(world, "CREATE TABLE now AS SELECT * FROM license", f"UPDATE license SET {kept}")

        assert [each for each in findings(world) if each.startswith(f"license {license_id}")]
        as_administrator(world, f"UPDATE license SET {now}", "DROP TABLE now", "DROP TABLE kept")
    assert findings(world) == []


@pytest.mark.parametrize("processes", [1, 2])
def test_what_is_done_during_an_audit_is_no_finding(
    world: World, license_id: str, monkeypatch: pytest.MonkeyPatch, processes: int
) -> None:
    monkeypatch.setattr(service, "LEVELS", 1)
    monkeypatch.setattr(service, "CHUNK", 2)
    monkeypatch.setattr(service, "ROUND", 1)
    licenses, sold = world.house.licenses, sell(world).license_id

    def sell_and_resize() -> None:
        sell(world)
        world.house.sales.resize(OPERATOR, sold, 40, None, None)

    def revoke() -> None:
        licenses.revoke(OPERATOR, sold, "never paid")
        world.house.ledger.checkpoint()

    meanwhile = {2: sell_and_resize, 12: revoke}

    def deeds(done: int, total: int) -> None:
        meanwhile.pop(done, lambda: None)()

    report = world.house.audit.run(deeds, processes=processes)

    assert (report.findings, report.leaves, meanwhile) == ([], 12, {})
    assert world.house.audit.run().findings == []


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("statement", ["DELETE FROM {table}", "UPDATE {table} SET {column} = {column}"])
def test_the_ledgers_tables_refuse_every_change(world: World, license_id: str, table: str, statement: str) -> None:
    column = {"ledger_leaf": "body", "ledger_node": "hash", "ledger_checkpoint": "note", "issuance": "tier"}[table]
    before = world.rows()

    with pytest.raises(DBAPIError, match="append-only"), world.house.database.engine.begin() as connection:
        connection.execute(text(statement.format(table=table, column=column)))

    assert world.rows() == before


def test_the_ledgers_tables_refuse_to_be_emptied_or_overwritten(world: World, license_id: str) -> None:
    before = world.rows()
    overwrite = "INSERT OR REPLACE INTO ledger_leaf (idx, body) VALUES (0, 'x')"
    statement = overwrite if world.house.database.is_sqlite else "TRUNCATE ledger_leaf"

    with pytest.raises(DBAPIError, match="append-only"), world.house.database.engine.begin() as connection:
        connection.execute(text(statement))

    assert world.rows() == before


def test_a_database_that_is_older_than_it_was_is_found_from_outside(sqlite_template: Path, tmp_path: Path) -> None:
    shutil.copytree(sqlite_template, tmp_path, dirs_exist_ok=True)
    database = tmp_path / "licensing.sqlite3"
    yesterday = database.read_bytes()
    world = make_world(make_settings(tmp_path, f"sqlite:///{database}"))
    sell(world)
    world.house.ledger.checkpoint()
    world.house.database.close()
    for file in tmp_path.glob("licensing.sqlite3*"):
        file.unlink()
    database.write_bytes(yesterday)

    restored = make_world(world.house.settings)

    assert any("gone" in finding for finding in findings(restored))
    assert restored.client.get("/readyz").get_json()["problems"].keys() == {"ledger"}
    with pytest.raises(LedgerBroken):
        restored.house.ledger.checkpoint()
    restored.house.database.close()


def test_a_proof_leads_from_a_license_to_the_checkpoint(world: World, license_id: str) -> None:
    proof = world.house.ledger.prove(license_id)

    head, _, note = proof.partition("\n\n")
    kind, index_line, *hashes = head.split("\n")
    checkpoint = read_note(note, world.house.keys.current().log_keys())
    index = int(index_line.removeprefix("index "))
    body = next(bytes(row[1]) for row in world.rows()["ledger_leaf"] if row[0] == index)  # type: ignore[call-overload]
    steps = [b64decode(step) for step in hashes]
    assert kind == "c2sp.org/tlog-proof@v1"
    assert verify_inclusion(leaf_hash(body), index, checkpoint.size, steps, checkpoint.root)
