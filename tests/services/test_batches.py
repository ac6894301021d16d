"""Batches: every line is a sale like any other, once; a bad line stops all of them before the first."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from licensing.cli import cli
from licensing.core.callers import OPERATOR
from licensing.core.errors import ImportRefused
from licensing.core.sales import Term
from licensing.services.organizations import Person
from licensing.storage.schema import METADATA
from licensing.verifier import verify
from tests.support.worlds import World, body_of, make_world, sell, token_of

HEADER = "organization,country,email,name,seats,months,order_number"


def file_of(*lines: str) -> bytes:
    return "\n".join([HEADER, *lines, ""]).encode()


def file_of_many(count: int) -> bytes:
    return file_of(*(f"Buyer {n} AG,DE,it@buyer-{n}.example,IT,{1 + n % 300},12,PO-{n}" for n in range(count)))


def count(world: World, table: str) -> int:
    return len(world.rows()[table])


WRITTEN = (
    *("organization", "organization_gram", "contact", "event", "license", "license_token", "issuance"),
    *("issuance_record", "ledger_leaf", "outbox"),
)


def test_a_line_writes_the_rows_of_a_sale(world: World) -> None:
    house, before = world.house, world.rows()
    with house.database.joined():
        buyer = house.organizations.create(
            OPERATOR, "Bücher-Straße AG", "DE", None, Person("It+X@buyer.example", "Jane")
        )
        house.sales.sell(OPERATOR, buyer.id, Term(25, 12), None)
    sold = world.rows()

    house.batches.run(OPERATOR, file_of("Bücher-Straße AG,de,It+X@buyer.example,Jane,25,12,"))

    rows = world.rows()
    for table in WRITTEN:
        by_sale = [row for row in sold[table] if row not in before[table]]
        by_batch = [row for row in rows[table] if row not in sold[table]]
        assert shape(world, table, by_batch) == shape(world, table, by_sale), table
        assert by_batch


def shape(world: World, table: str, rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Rows without what differs from one sale to the next: ids, hashes, what is signed, and how a mail has its file."""
    columns = house_columns(table)
    varying = {"id", "idx", "leaf_idx", "serial", "jti", "organization_id", "license_id", "signed_hash", "record_hash"}
    varying |= {"salt", "record", "body", "token", "subject" if table == "event" else "", "attachments"}
    kept = [index for index, name in enumerate(columns) if name not in varying]
    return sorted((tuple(row[index] for index in kept) for row in rows), key=repr)


def house_columns(table: str) -> list[str]:
    return [column.name for column in METADATA.tables[table].columns]


def test_the_private_record_says_what_a_sale_says(world: World) -> None:
    world.house.batches.run(OPERATOR, file_of("Buyer AG,DE,it@buyer.example,IT,25,12,PO-7"))

    (issuance,) = world.house.licenses.show(OPERATOR, license_ids(world)[0]).issuances
    assert (issuance.kind, issuance.order_number, issuance.amount_minor, issuance.currency) == (
        "sold",
        "PO-7",
        None,
        None,
    )
    assert world.house.audit.run().findings == []


def test_every_line_is_a_license_that_verifies_and_an_audit_finds_nothing(world: World) -> None:
    sell(world)  # the ledger is not empty before

    finished = world.house.batches.run(OPERATOR, file_of_many(57), chunk=10)

    keyring = world.house.keys.current().keyring
    licenses = [verify(token_of(world, id), keyring) for id in license_ids(world)]
    batch = finished.batch
    assert (finished.issued, batch.rows_done, batch.rows_total, batch.finished_at) == (57, 57, 57, world.clock())
    assert sorted(license.seats for license in licenses) == sorted([25, *(1 + n for n in range(57))])
    assert world.house.audit.run().findings == []


def test_a_buyer_of_a_batch_is_found_by_a_search(world: World) -> None:
    world.house.batches.run(OPERATOR, file_of("Müller Storage GmbH,DE,jane@other.example,,5,12,"))

    for query in ("mueller", "muller", "other.example"):
        assert [found.name for found in world.house.organizations.search(OPERATOR, query, 5)] == ["Müller Storage GmbH"]


def test_the_mail_brings_the_file_that_is_current_when_it_leaves(world: World) -> None:
    world.house.batches.run(OPERATOR, file_of("Buyer AG,DE,it@buyer.example,,25,12,"))
    (license_id,) = license_ids(world)
    again = world.house.licenses.reissue(OPERATOR, license_id, "new key")

    first, second = world.mails()

    files = [next(mail.iter_attachments()).get_content() for mail in (first, second)]
    assert first["To"] == "it@buyer.example"
    assert "Hello Buyer AG" in body_of(first)
    assert files[0] == files[1]
    assert verify(json.loads(files[0])["license"], world.house.keys.current().keyring).jti == again.serial


def test_a_mail_whose_license_file_can_not_be_made_waits_and_others_leave(world: World) -> None:
    world.house.batches.run(OPERATOR, file_of("Buyer AG,DE,it@buyer.example,,25,12,"))
    with world.house.database.write() as session:
        session.execute(text("DELETE FROM license_token"))
    sell(world)

    mails = world.mails()

    assert [mail["To"] for mail in mails] == ["it@buyer.example"]
    assert sorted(row[8] is None for row in world.rows()["outbox"]) == [False, True]


def test_a_finished_file_issues_nothing_again(world: World) -> None:
    data = file_of_many(3)
    world.house.batches.run(OPERATOR, data)
    before = world.rows()
    world.clock.advance(days=400)

    finished = world.house.batches.run(OPERATOR, data)

    assert finished.issued == 0
    assert world.rows() == before


def test_two_runs_of_one_file_at_once_double_nothing(world: World) -> None:
    data, worlds, barrier = file_of_many(60), [world, make_world(world.house.settings)], Barrier(2)

    def run(each: World) -> int:
        barrier.wait()
        return each.house.batches.run(OPERATOR, data, chunk=5).issued

    with ThreadPoolExecutor(2) as pool:
        issued = list(pool.map(run, worlds))

    worlds[1].house.database.close()
    assert sum(issued) == 60
    assert {count(world, table) for table in ("license", "license_token", "outbox", "organization", "contact")} == {60}
    assert world.house.audit.run().findings == []


GOOD = "Buyer AG,DE,it@buyer.example,IT,25,12,PO-1"


def test_every_bad_line_is_named_and_nothing_is_issued(world: World) -> None:
    before = world.rows()
    bad = (
        ",DE,it@buyer.example,IT,25,12,",
        f"{'x' * 201},DE,it@buyer.example,IT,25,12,",
        "Buyer AG,Germany,it@buyer.example,IT,25,12,",
        "Buyer AG,DE,nobody,IT,25,12,",
        f"Buyer AG,DE,it@buyer.example,{'x' * 201},25,12,",
        "Buyer AG,DE,it@buyer.example,IT,many,12,",
        "Buyer AG,DE,it@buyer.example,IT,0,12,",
        "Buyer AG,DE,it@buyer.example,IT,100001,12,",
        "Buyer AG,DE,it@buyer.example,IT,25,14,",
        "Buyer AG,DE,it@buyer.example,IT,25,1.5,",
        f"Buyer AG,DE,it@buyer.example,IT,25,12,{'x' * 81}",
    )

    with pytest.raises(ImportRefused) as caught:
        world.house.batches.run(OPERATOR, file_of(GOOD, *bad, GOOD))

    assert [number for number, _ in caught.value.problems] == list(range(3, 3 + len(bad)))
    assert not any("buyer" in reason for _, reason in caught.value.problems)
    assert world.rows() == before


def test_the_longest_cells_and_the_largest_numbers_are_taken(world: World) -> None:
    line = f"{'x' * 200},DE,it@buyer.example,{'x' * 200},100000,13,{'x' * 80}"

    assert world.house.batches.run(OPERATOR, file_of(line, "Buyer,DE,it@buyer.example,,1,1,")).issued == 2


@pytest.fixture
def command(world: World, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs `licensing licenses issue` on the world's installation."""
    settings = world.house.settings
    monkeypatch.setenv("LICENSING_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("LICENSING_DATABASE_URL", settings.database_url)
    return lambda *words: CliRunner().invoke(cli, ["licenses", "issue", *map(str, words)], catch_exceptions=True)


def test_the_command_issues_a_file_and_says_so_when_it_was_issued_before(
    world: World, command: Any, tmp_path: Path
) -> None:
    (tmp_path / "orders.csv").write_bytes(file_of_many(5))

    first = command("--batch", tmp_path / "orders.csv", "--chunk", 2, "--json")
    second = command("--batch", tmp_path / "orders.csv", "--json")

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert [line for line in first.stderr.splitlines() if line] == [f"{n} of 5 lines issued" for n in (2, 4, 5)]
    assert [json.loads(each.stdout)["issued"] for each in (first, second)] == [5, 0]
    assert "issued before" in second.stderr
    assert count(world, "license") == 5


def test_the_command_names_bad_lines(world: World, command: Any, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_bytes(file_of(GOOD, "Buyer AG,DE,nobody,IT,5,12,"))

    result = command("--batch", tmp_path / "orders.csv")

    assert isinstance(result.exception, ImportRefused)
    assert result.stderr.splitlines() == ["line 3: email must be an e-mail address."]


@pytest.mark.parametrize(
    "words", [("--seats", "5"), ("--customer", "x"), ("--order", "PO-1"), ("--until", "2027-01-01")]
)
def test_what_the_file_says_is_not_said_by_options_too(command: Any, tmp_path: Path, words: tuple[str, str]) -> None:
    (tmp_path / "orders.csv").write_bytes(file_of(GOOD))

    assert command("--batch", tmp_path / "orders.csv", *words).exit_code == 2


def license_ids(world: World) -> list[str]:
    return [standing.license_id for standing in world.house.licenses.page(OPERATOR, "", 1_000)]
