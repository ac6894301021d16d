"""Imports: what was sold before is in the book as if it had always been, or not at all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert

from licensing.core.callers import OPERATOR, Caller
from licensing.core.errors import Forbidden, ImportRefused
from licensing.core.ledger import NOTHING_SIGNED, Kind
from licensing.core.sales import Term
from licensing.services.imports import Summary
from licensing.storage.ledger import Issuance, IssuanceRow, from_row
from licensing.storage.tiers import TierRow
from licensing.verifier import verify
from tests.support.worlds import START, World, token_of

HEADER = "organization,country,email,seats,start,end,sold_on,order_number,amount,currency,support,kind"
OVER = "Acme GmbH,DE,it@acme.example,25,2024-01-11,2025-01-11,2024-01-11,A-1,1200.00,EUR,,"
RUNNING = "acme  GMBH,de,it@acme.example,25,2025-06-01,2026-06-01,2025-05-20,A-2,1300.50,EUR,,renewed"
OTHER = "Beta SA,FR,ops@beta.example,5,2025-02-01,2026-02-01,2025-01-30,B-1,,,,sold"


def file(*lines: str, header: str = HEADER) -> bytes:
    return "\n".join((header, *lines, "")).encode()


def line(**changes: str) -> str:
    """A running line with other cells."""
    values = dict(zip(HEADER.split(","), OTHER.split(","), strict=True)) | changes
    return ",".join(values.values())


def imported(world: World) -> list[Issuance]:
    with world.house.database.read() as session:
        rows = session.query(IssuanceRow).filter_by(kind=Kind.IMPORTED).order_by(IssuanceRow.leaf_idx)
        return [from_row(row) for row in rows]


def assert_refused(world: World, data: bytes, *numbers: int) -> None:
    before = world.rows()

    for attempt in (world.house.imports.check, world.house.imports.apply):
        with pytest.raises(ImportRefused) as refused:
            attempt(OPERATOR, data)
        assert [number for number, _ in refused.value.problems] == list(numbers)

    assert world.rows() == before


def test_a_check_changes_nothing_and_says_what_applying_does(world: World) -> None:
    before = world.rows()

    checked = world.house.imports.check(OPERATOR, file(OVER, RUNNING, OTHER))

    assert checked == Summary(2, 0, 2, 1, {"EUR": 250_050})
    assert world.rows() == before
    assert world.house.imports.apply(OPERATOR, file(OVER, RUNNING, OTHER)) == checked


def test_running_terms_are_signed_and_those_over_are_leaves_alone(world: World) -> None:
    world.house.imports.apply(OPERATOR, file(OVER, RUNNING, OTHER))

    over, running, other = imported(world)
    assert (over.license_id, over.signed_hash) == (None, NOTHING_SIGNED)
    assert over.organization_id == running.organization_id != other.organization_id
    assert (over.order_number, over.amount_minor, over.currency) == ("A-1", 120_000, "EUR")
    assert [each.effective_at.date().isoformat() for each in (over, running)] == ["2024-01-11", "2025-05-20"]
    assert {each.recorded_at for each in (over, running, other)} == {START}
    assert running.license_id is not None
    license = verify(token_of(world, running.license_id), world.house.keys.current().keyring)
    assert (license.seats, license.tier, license.support) == (25, running.tier, running.support)
    assert world.house.licenses.show(OPERATOR, license.lid).standing.ends_at is not None


def test_nobody_gets_a_mail_and_the_audit_finds_nothing(world: World) -> None:
    world.house.imports.apply(OPERATOR, file(OVER, RUNNING, OTHER))

    assert world.mails() == []
    assert world.house.audit.run().findings == []


def test_a_customer_who_is_known_is_joined_and_gets_the_new_address(world: World) -> None:
    known = world.house.organizations.create(OPERATOR, "ACME GmbH", "DE", None, None)

    summary = world.house.imports.apply(OPERATOR, file(OVER))

    assert (summary.new_customers, summary.known_customers) == (0, 1)
    shown = world.house.organizations.show(OPERATOR, known.id)
    assert [contact.email for contact in shown.contacts] == ["it@acme.example"]
    assert imported(world)[0].organization_id == known.id


def test_what_was_imported_can_be_renewed_refunded_and_voided(world: World) -> None:
    world.house.imports.apply(OPERATOR, file(OVER, RUNNING))
    over, running = imported(world)

    world.house.sales.refund(OPERATOR, over.serial, 1, "kindness")
    world.house.sales.void(OPERATOR, over.serial, "never paid")
    world.house.sales.renew(OPERATOR, str(running.license_id), Term(30, 12, start=START), None)

    assert world.house.audit.run().findings == []


def test_an_order_that_the_ledger_has_is_refused(world: World) -> None:
    world.house.imports.apply(OPERATOR, file(OVER))

    assert_refused(world, file(OTHER, OVER), 3)


def test_a_running_term_beside_a_license_of_the_same_time_is_refused(world: World) -> None:
    world.house.imports.apply(OPERATOR, file(OTHER))

    assert_refused(world, file(line(order_number="B-2")), 2)
    world.house.imports.apply(OPERATOR, file(line(order_number="B-2", start="2026-02-01", end="2026-03-01")))


def test_two_names_of_one_customer_are_one(world: World) -> None:
    one, two = (world.house.organizations.create(OPERATOR, name, "FR", None, None).id for name in ("Beta SA", "Beta"))
    world.house.organizations.merge(OPERATOR, two, one)

    assert_refused(world, file(OTHER, line(organization="Beta", order_number="B-2")), 3)
    assert world.house.imports.check(OPERATOR, file(OTHER)).known_customers == 1


def test_a_file_that_is_applied_twice_is_refused_line_by_line(world: World) -> None:
    world.house.imports.apply(OPERATOR, file(OVER, line(organization="Gamma", start="2024-01-11", end="2025-01-11")))

    assert_refused(world, file(OVER, line(organization="Gamma", start="2024-01-11", end="2025-01-11")), 2, 3)


def test_of_two_imports_of_one_file_at_once_one_is_taken(world: World) -> None:
    def apply(_: int) -> bool:
        try:
            world.house.imports.apply(OPERATOR, file(OVER, RUNNING, OTHER))
        except ImportRefused:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(apply, range(4)))

    assert sorted(taken) == [False, False, False, True]
    assert len(imported(world)) == 3
    assert world.house.audit.run().findings == []


@pytest.mark.parametrize(
    "changes",
    [
        {"seats": "0"},
        {"seats": "-1"},
        {"seats": "10x"},
        {"seats": str(2**63)},
        {"seats": "٣"},
        {"country": "GER"},
        {"country": ""},
        {"email": "nobody"},
        {"organization": ""},
        {"organization": "x" * 201},
        {"start": "2025-02-30"},
        {"start": "01.02.2025"},
        {"end": "2025-02-01"},
        {"end": "2026-03-06"},
        {"sold_on": "2026-01-16"},
        {"sold_on": "2019-12-31"},
        {"kind": "trial"},
        {"support": "gold"},
        {"currency": "EUR"},
        {"amount": "-1", "currency": "EUR"},
        {"order_number": "x" * 81},
        {"order_number": ""},
        {"organization": "Be\x00ta"},
        {"organization": "Be\x1bta"},
        {"start": "2026-06-01", "end": "2026-12-01"},
    ],
    ids=str,
)
def test_a_line_that_can_not_be_is_named_and_nothing_is_taken(world: World, changes: dict[str, str]) -> None:
    assert_refused(world, file(OVER, line(**changes)), 3)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        file(),
        file(OTHER).replace(b"Beta", b"B\xe9ta"),
        file(OTHER).replace(b"Beta", b"\xed\xa0\x80"),
        file(OTHER, header=HEADER.replace("seats", "nodes")),
        file(OTHER, header=HEADER.replace("kind", "colour")),
    ],
    ids=["empty", "a header alone", "latin-1", "a lone surrogate", "a column missing", "a column unknown"],
)
def test_a_file_that_is_none_is_refused(world: World, data: bytes) -> None:
    before = world.rows()

    with pytest.raises(ImportRefused):
        world.house.imports.apply(OPERATOR, data)

    assert world.rows() == before


def test_every_bad_line_is_named_not_only_the_first(world: World) -> None:
    assert_refused(world, file(line(seats="0"), OVER, line(country="X"), OVER), 2, 3, 4, 5)


def test_a_byte_order_mark_is_fine_and_a_formula_is_only_text(world: World) -> None:
    world.house.imports.apply(OPERATOR, b"\xef\xbb\xbf" + file(line(organization="=1+1")))

    assert [found.name for found in world.house.organizations.page(OPERATOR, "", 10)] == ["=1+1"]


def test_the_tier_is_that_of_the_day_it_was_sold(world: World) -> None:
    with world.house.database.write() as session:
        session.execute(
            insert(TierRow),
            [
                {
                    "name": "medium_enterprise",
                    "valid_from": datetime(2025, 1, 1, tzinfo=UTC),
                    "edition": "pro",
                    "min_seats": 26,
                    "max_seats": None,
                    "support": "business",
                }
            ],
        )

    world.house.imports.apply(OPERATOR, file(OVER, RUNNING))

    assert [issuance.tier for issuance in imported(world)] == ["medium_enterprise", "entry"]


def test_the_sales_of_2024_fill_its_first_milestone(world: World) -> None:
    sales = [
        line(
            organization=f"Customer {number}",
            seats=seats,
            start="2024-01-10",
            end="2025-01-10",
            sold_on="2024-01-10",
            order_number=f"M-{number}",
            email=f"it@customer{number}.example",
        )
        for number, seats in enumerate(("3", "11", "10"))
    ]

    world.house.imports.apply(OPERATOR, file(*sales))

    until = datetime(2024, 1, 11, tzinfo=UTC)
    counted = [issuance for issuance in imported(world) if issuance.effective_at < until]
    assert len({issuance.organization_id for issuance in counted}) == 3
    assert [issuance.tier for issuance in counted].count("medium_enterprise") == 1
    assert {issuance.recorded_at for issuance in counted} == {START}


def test_who_may_not_sell_may_not_import(world: World) -> None:
    before = world.rows()

    with pytest.raises(Forbidden):
        world.house.imports.apply(Caller("staff:x", frozenset()), file(OVER))

    assert world.rows() == before
