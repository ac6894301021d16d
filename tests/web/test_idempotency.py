"""Asking twice: the same bytes, one deed; another body, another answer; and nothing kept of what was refused."""

from __future__ import annotations

from threading import Event, Thread
from typing import Any

import pytest

from licensing.core.callers import OPERATOR
from licensing.core.errors import IdempotencyConflict, InProgress, LicenseState
from licensing.services.idempotency import Once, Rendered
from tests.support.worlds import Staffer, World
from tests.web.staff_routes import ORDER, customer, paid


def sale(organization_id: str, **changes: Any) -> dict[str, Any]:
    return {"organization_id": organization_id, "seats": 25, "months": 12, **ORDER, **changes}


@pytest.fixture
def seller(world: World) -> Staffer:
    return world.sign_in("sales")


def test_the_same_key_and_request_get_the_same_bytes_and_nothing_happens_again(world: World, seller: Staffer) -> None:
    body = sale(customer(world))
    first = seller.post("/v1/licenses", body, key="k")
    before = world.rows()
    world.clock.advance(minutes=30)

    again = seller.post("/v1/licenses", body, key="k")

    assert (again.status_code, again.data) == (first.status_code, first.data) == (201, first.data)
    assert {**world.rows(), "staff_session": []} == {**before, "staff_session": []}


@pytest.mark.parametrize("changes", [{"seats": 26}, {"order_number": "PO-2"}])
def test_the_same_key_with_another_body_is_refused(world: World, seller: Staffer, changes: dict[str, Any]) -> None:
    buyer = customer(world)
    seller.post("/v1/licenses", sale(buyer), key="k")
    before = world.rows()

    answer = seller.post("/v1/licenses", sale(buyer, **changes), key="k")

    assert (answer.status_code, answer.get_json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert world.rows() == before


def test_the_same_key_and_body_on_another_path_are_another_request(world: World, seller: Staffer) -> None:
    (_, one, _), (_, two, _) = paid(world), paid(world)
    seller.post(f"/v1/licenses/{one}/suspension", {"reason": "x"}, key="k")

    answer = seller.post(f"/v1/licenses/{two}/suspension", {"reason": "x"}, key="k")

    assert answer.get_json()["code"] == "IDEMPOTENCY_KEY_REUSED"


def test_keys_of_different_callers_never_meet(world: World, seller: Staffer) -> None:
    one, two = customer(world), customer(world)

    first = seller.post("/v1/licenses", sale(one), key="k")
    other = world.sign_in("sales").post("/v1/licenses", sale(two), key="k")

    assert (first.status_code, other.status_code) == (201, 201)


def test_a_refusal_is_not_kept(world: World, seller: Staffer) -> None:
    buyer = customer(world)

    refused = seller.post("/v1/licenses", sale(buyer, currency="USD"), key="k")
    accepted = seller.post("/v1/licenses", sale(buyer), key="k")

    assert (refused.status_code, accepted.status_code) == (422, 201)


@pytest.mark.parametrize(("days", "status"), [(7, 201), (8, 409)])
def test_an_answer_is_kept_for_seven_days(world: World, seller: Staffer, days: int, status: int) -> None:
    body = sale(customer(world))
    seller.post("/v1/licenses", body, key="k")
    world.clock.advance(days=days)
    world.house.worker.tick()

    again = world.again(seller).post("/v1/licenses", body, key="k")

    assert again.status_code == status  # forgotten, it is a second sale, which overlaps the first


def test_what_is_refused_within_a_deed_takes_all_of_it_back(world: World) -> None:
    before = world.rows()

    def act() -> Rendered:
        _, license_id, _ = paid(world)
        world.house.licenses.reinstate(OPERATOR, license_id, "x")
        return Rendered(200, b"never")

    with pytest.raises(LicenseState):
        world.house.idempotency.once(Once("me", "k", "h"), act)

    assert world.rows() == before


def test_a_request_that_is_still_under_way_is_told_or_waited_for(world: World) -> None:
    inside, leave = Event(), Event()
    once = world.house.idempotency.once

    def slow() -> Rendered:
        inside.set()
        assert leave.wait(10)
        return Rendered(200, b"first")

    thread = Thread(target=once, args=(Once("me", "k", "h"), slow))
    thread.start()
    assert inside.wait(10)
    if world.house.database.is_sqlite:  # one writer: the second waits for the first
        leave.set()
    else:
        with pytest.raises(InProgress):
            once(Once("me", "k", "h"), slow)
        leave.set()
        thread.join()

    assert once(Once("me", "k", "h"), slow) == Rendered(200, b"first")
    with pytest.raises(IdempotencyConflict):
        once(Once("me", "k", "other"), slow)
    thread.join()
