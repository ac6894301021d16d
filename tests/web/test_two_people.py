"""What takes two people over HTTP: seats above a limit, and the end of a license. One alone changes nothing."""

from __future__ import annotations

import pytest
from werkzeug.test import TestResponse

from licensing.core.callers import OPERATOR, Permission
from licensing.core.ledger import Kind
from licensing.core.prices import Price
from licensing.storage import ledger
from tests.support.worlds import FSID, OTHER_FSID, Staffer, World
from tests.web.staff_routes import paid, suspended

ORDER = {"order_number": "PO-1", "currency": "EUR"}
REASON = {"reason": "never paid"}
LIMIT = 30


@pytest.fixture
def clerk(world: World) -> Staffer:
    """She lets a customer grow to LIMIT seats alone, in a world with prices."""
    world.house.prices.put(OPERATOR, Price("EUR", 120_000, world.clock().replace(hour=0)))
    return world.sign_in("sales", seat_limit=LIMIT)


@pytest.fixture
def buyer(world: World) -> str:
    return world.house.organizations.create(OPERATOR, "Buyer AG", "DE", None, None).id


def sell(clerk: Staffer, buyer: str, seats: int, cluster: str, **more: object) -> TestResponse:
    body = {"organization_id": buyer, "seats": seats, "months": 12, "bind": [cluster], **ORDER, **more}
    return clerk.post("/v1/licenses", body)


def quoted(clerk: Staffer, buyer: str, seats: int, cluster: str, **more: object) -> dict[str, str]:
    body = {"organization_id": buyer, "seats": seats, "months": 12, "bind": [cluster], "currency": "EUR", **more}
    return dict(clerk.post("/v1/quotes", body).get_json())


def accept(staffer: Staffer, quote: dict[str, str]) -> TestResponse:
    return staffer.post(f"/v1/quotes/{quote['quote_id']}/acceptance", {"order_number": "PO-2"})


def assert_refused(world: World, before: object, answer: TestResponse, status: int, code: str) -> None:
    assert (answer.status_code, answer.get_json()["code"]) == (status, code), answer.text
    assert world.rows() == before


def test_a_customer_grows_to_the_limit_and_no_seat_further(world: World, clerk: Staffer, buyer: str) -> None:
    assert sell(clerk, buyer, 20, FSID).status_code == 201
    before = world.rows()

    for seats, more in ((11, {}), (10, {"np_seats": 1}), (LIMIT + 1, {})):
        assert_refused(world, before, sell(clerk, buyer, seats, OTHER_FSID, **more), 409, "APPROVAL_REQUIRED")
    assert sell(clerk, buyer, 10, OTHER_FSID).status_code == 201


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("seats", {"seats": LIMIT + 1, **ORDER}),
        ("seats", {"np_seats": 11}),
        ("renewals", {"seats": LIMIT + 1, "months": 12, "start": "today", **ORDER}),
    ],
    ids=["more seats", "more that cost nothing", "a larger renewal"],
)
def test_a_license_grows_no_further_either(
    world: World, clerk: Staffer, buyer: str, path: str, body: dict[str, object]
) -> None:
    license_id = sell(clerk, buyer, 20, FSID).get_json()["license"]["license_id"]
    before = world.rows()

    assert_refused(world, before, clerk.post(f"/v1/licenses/{license_id}/{path}", body), 409, "APPROVAL_REQUIRED")


def test_a_trial_becomes_no_larger_license_than_that(world: World, clerk: Staffer) -> None:
    license_id = world.trial()["license_id"]
    owner = world.house.licenses.standing(OPERATOR, str(license_id)).organization_id
    before = world.rows()
    body = {"organization_id": owner, "seats": LIMIT + 1, "months": 12, **ORDER}

    assert_refused(world, before, clerk.post(f"/v1/licenses/{license_id}/conversion", body), 409, "APPROVAL_REQUIRED")


def test_what_does_not_grow_needs_nobody_else(world: World, clerk: Staffer, buyer: str) -> None:
    big = world.sign_in("sales", seat_limit=500)
    license_id = sell(big, buyer, 200, FSID).get_json()["license"]["license_id"]
    path = f"/v1/licenses/{license_id}"

    fewer = clerk.post(f"{path}/seats", {"seats": 199})
    renewed = clerk.post(f"{path}/renewals", {"seats": 199, "months": 12, "start": "today", **ORDER})

    assert (fewer.status_code, renewed.status_code) == (200, 200), renewed.text


def test_a_manager_approves_more_seats_as_she_does_a_discount(world: World, clerk: Staffer, buyer: str) -> None:
    manager = world.sign_in("manager", seat_limit=0)
    quote = quoted(clerk, buyer, LIMIT + 1, FSID)
    before = world.rows()
    assert_refused(world, before, accept(clerk, quote), 409, "APPROVAL_REQUIRED")

    approved = manager.post(f"/v1/quotes/{quote['quote_id']}/approval", {})
    sold = accept(clerk, quote)

    assert (quote["state"], approved.get_json()["state"]) == ("pending", "approved")
    assert (sold.status_code, sold.get_json()["license"]["seats"]) == (201, LIMIT + 1)


def test_two_small_quotes_of_hers_do_not_become_a_large_one(world: World, clerk: Staffer, buyer: str) -> None:
    first, second = quoted(clerk, buyer, 20, FSID), quoted(clerk, buyer, 20, OTHER_FSID)
    assert (first["state"], second["state"]) == ("open", "open")
    assert accept(clerk, first).status_code == 201
    before = world.rows()

    assert_refused(world, before, accept(clerk, second), 409, "APPROVAL_REQUIRED")
    assert accept(world.sign_in("sales", seat_limit=LIMIT), second).status_code == 201  # two people did it


@pytest.mark.parametrize("undo", [False, True], ids=["revoke", "void"])
def test_one_person_ends_no_license(world: World, undo: bool) -> None:
    """Neither one that is not suspended, nor one that she suspended herself."""
    first, second = world.sign_in("manager"), world.sign_in("manager")
    _, license_id, serial = paid(world)
    path = f"/v1/licenses/{license_id}"
    end = f"/v1/issuances/{serial}/void" if undo else f"{path}/revocation"
    before = world.rows()
    assert_refused(world, before, first.post(end, REASON), 409, "LICENSE_STATE")
    assert first.post(f"{path}/suspension", REASON).status_code == 200
    before = world.rows()
    assert_refused(world, before, first.post(end, REASON), 403, "OWN_REQUEST")

    ended = second.post(end, REASON)

    assert (ended.status_code, ended.get_json()["license"]["status"]) == (200, "revoked")
    assert world.house.audit.run().findings == []


def test_the_last_suspension_counts_and_not_one_before(world: World) -> None:
    first, second = world.sign_in("manager"), world.sign_in("sales")
    _, license_id, _ = paid(world)
    path = f"/v1/licenses/{license_id}"
    for who, deed in ((second, "suspension"), (second, "reinstatement"), (first, "suspension")):
        assert who.post(f"{path}/{deed}", REASON).status_code == 200

    assert first.post(f"{path}/revocation", REASON).get_json()["code"] == "OWN_REQUEST"
    assert second.post(f"{path}/revocation", REASON).status_code == 200


def test_who_erases_that_she_suspended_it_is_no_second_person(world: World) -> None:
    manager = world.sign_in("manager")
    buyer, license_id, _ = paid(world)
    [contact] = world.house.organizations.show(OPERATOR, buyer).contacts
    assert manager.post(f"/v1/licenses/{license_id}/suspension", REASON).status_code == 200
    with world.house.database.read() as session:
        serial = ledger.of_license(session, license_id)[-1].serial
    erasure = f"/v1/organizations/{buyer}/contacts/{contact.id}/erasure"
    assert manager.post(erasure, {"issuances": [serial]}).status_code in (200, 204)

    ended = manager.post(f"/v1/licenses/{license_id}/revocation", REASON)

    assert (ended.status_code, ended.get_json()["code"]) == (409, "LICENSE_STATE")


def test_a_machine_asks_and_a_person_ends_it(world: World) -> None:
    _, license_id, _ = suspended(world)
    made = world.house.api_keys.create(OPERATOR, "crm", [Permission.LICENSES_WRITE], 30, None)
    headers = {"Authorization": f"Bearer {made.key}", "Idempotency-Key": "1"}
    path = f"/v1/licenses/{license_id}"
    world.house.licenses.reinstate(OPERATOR, license_id, "paid")

    asked = world.client.post(f"{path}/suspension", json=REASON, headers=headers)
    alone = world.client.post(f"{path}/revocation", json=REASON, headers={**headers, "Idempotency-Key": "2"})
    ended = world.sign_in("sales").post(f"{path}/revocation", REASON)

    assert (asked.status_code, alone.status_code, ended.status_code) == (200, 403, 200)
    with world.house.database.read() as session:
        assert [each.kind for each in ledger.of_license(session, license_id)][-2:] == [Kind.SUSPENDED, Kind.REVOKED]
