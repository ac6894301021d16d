"""`/v1/staff`: who is let in, as what, and who no longer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from werkzeug.test import TestResponse

from licensing.core.callers import OPERATOR, Caller, Permission, Role
from licensing.core.errors import StaffState
from licensing.services.staff import Changes
from licensing.storage import events
from tests.support.staff import EVE
from tests.support.worlds import Staffer, World, browser

ABSENT = "0" * 32
BODY = {"email": EVE, "name": "Eve", "role": "sales", "discount_limit": 10}


@pytest.fixture
def admin(world: World) -> Staffer:
    return world.sign_in("admin")


def added(admin: Staffer, **changes: object) -> dict[str, Any]:
    answer = admin.post("/v1/staff", {**BODY, **changes})
    assert answer.status_code == 201, answer.text
    return dict(answer.get_json())


def owes(world: World, password: str, email: str = EVE) -> Any:
    """What she owes after signing in; None when she is refused."""
    answer = browser(world).post("/v1/sessions", json={"email": email, "password": password})
    return answer.get_json().get("owes")


def bare(staffer: Staffer) -> str:
    return staffer.id.removeprefix("staff:")


def only_admin(world: World, admin: Staffer) -> None:
    """The first admin, who came with the installation, is gone."""
    [first] = [member.id for member in world.house.staff.list() if member.email == "admin@localhost"]
    assert admin.post(f"/v1/staff/{first}/disablement", {}).status_code == 200


def assert_refused(world: World, answer: TestResponse, before: object, status: int, code: str) -> None:
    assert (answer.status_code, answer.get_json()["code"]) == (status, code), answer.text
    assert EVE not in answer.text
    assert world.rows() == before


def test_a_new_account_has_a_one_time_password(world: World, admin: Staffer) -> None:
    body = added(admin)

    assert owes(world, body.pop("one_time_password")) == ["password"]
    assert body == {
        "id": body["id"],
        "email": EVE,
        "name": "Eve",
        "role": "sales",
        "discount_limit": 10,
        "seat_limit": 1_000,
        "must_change_password": True,
        "second_factor": False,
        "created_at": "2026-01-15T12:00:00Z",
        "disabled_at": None,
    }
    assert body in admin.get("/v1/staff").get_json()["staff"]


def test_the_one_time_password_is_blank_when_asked_for_again(world: World, admin: Staffer) -> None:
    first = admin.post("/v1/staff", BODY, key="once").get_json()

    again = admin.post("/v1/staff", BODY, key="once")

    assert again.status_code == 201
    assert again.get_json() == {**first, "one_time_password": ""}
    assert first["one_time_password"] not in repr(world.rows())
    assert owes(world, first["one_time_password"]) == ["password"]


def test_an_address_has_one_account_in_whatever_case(world: World, admin: Staffer) -> None:
    added(admin)
    before = world.rows()

    assert_refused(world, admin.post("/v1/staff", {**BODY, "email": "Eve@Koor.example"}), before, 409, "STAFF_STATE")


def test_a_role_is_changed_and_its_sessions_end(world: World, admin: Staffer) -> None:
    seller = world.sign_in("sales")

    answer = admin.patch(f"/v1/staff/{bare(seller)}", {"role": "support"})

    assert answer.get_json()["role"] == "support"
    assert seller.get("/v1/licenses").status_code == 401
    assert world.again(seller).get("/v1/session").get_json()["role"] == "support"


def test_a_name_and_a_limit_are_changed_and_count_at_once(world: World, admin: Staffer) -> None:
    seller = world.sign_in("sales", discount_limit=5)

    body = admin.patch(f"/v1/staff/{bare(seller)}", {"name": "Eva", "discount_limit": 100}).get_json()
    more = admin.patch(f"/v1/staff/{bare(seller)}", {"seat_limit": 5}).get_json()

    assert (body["name"], body["role"], body["discount_limit"], body["seat_limit"]) == ("Eva", "sales", 100, 1_000)
    assert (more["name"], more["discount_limit"], more["seat_limit"]) == ("Eva", 100, 5)
    known = seller.get("/v1/session").get_json()
    assert (known["discount_limit"], known["seat_limit"]) == (100, 5)


def test_the_same_role_again_signs_nobody_out(world: World, admin: Staffer) -> None:
    seller = world.sign_in("sales")

    assert admin.patch(f"/v1/staff/{bare(seller)}", {"role": "sales"}).status_code == 200

    assert seller.get("/v1/session").status_code == 200


def test_a_reset_gives_a_new_password_and_forgets_the_second_factor(world: World, admin: Staffer) -> None:
    first = added(admin)

    body = admin.post(f"/v1/staff/{first['id']}/reset", {}).get_json()

    assert body["one_time_password"] not in ("", first["one_time_password"])
    assert (body["must_change_password"], body["second_factor"]) == (True, False)
    assert owes(world, first["one_time_password"]) is None
    assert owes(world, body["one_time_password"]) == ["password"]


def test_a_disabled_account_lets_nobody_in_until_it_is_enabled(world: World, admin: Staffer) -> None:
    member = added(admin)
    seller = world.sign_in("sales")

    assert admin.post(f"/v1/staff/{member['id']}/disablement", {}).get_json()["disabled_at"] == "2026-01-15T12:00:00Z"
    assert admin.post(f"/v1/staff/{bare(seller)}/disablement", {}).status_code == 200

    assert seller.get("/v1/session").status_code == 401
    assert owes(world, member["one_time_password"]) is None
    assert admin.post(f"/v1/staff/{member['id']}/enablement", {}).get_json()["disabled_at"] is None
    assert owes(world, member["one_time_password"]) == ["password"]


def test_what_is_so_already_is_refused(world: World, admin: Staffer) -> None:
    id = added(admin)["id"]
    before = world.rows()
    assert_refused(world, admin.post(f"/v1/staff/{id}/enablement", {}), before, 409, "STAFF_STATE")
    admin.post(f"/v1/staff/{id}/disablement", {})
    before = world.rows()

    assert_refused(world, admin.post(f"/v1/staff/{id}/disablement", {}), before, 409, "STAFF_STATE")


@pytest.mark.parametrize(("path", "body"), [("", {"role": "manager"}), ("/disablement", {}), ("/reset", {})], ids=str)
def test_nobody_does_that_to_herself(world: World, admin: Staffer, path: str, body: object) -> None:
    before = world.rows()
    send = admin.patch if not path else admin.post

    assert_refused(world, send(f"/v1/staff/{bare(admin)}{path}", body), before, 409, "STAFF_STATE")


def test_the_last_enabled_admin_stays_an_admin_whoever_asks(world: World, admin: Staffer) -> None:
    only_admin(world, admin)
    before = world.rows()

    with pytest.raises(StaffState, match="last administrator"):
        world.house.staff.disable(OPERATOR, bare(admin))
    with pytest.raises(StaffState, match="last administrator"):
        world.house.staff.change(OPERATOR, bare(admin), Changes(role=Role.SALES))

    assert world.rows() == before
    assert world.house.staff.change(OPERATOR, bare(admin), Changes(name="Ada", role=Role.ADMIN)).name == "Ada"


def test_two_admins_who_disable_each_other_at_once_do_not_both_succeed(world: World, admin: Staffer) -> None:
    only_admin(world, admin)
    other = world.sign_in("admin")
    pairs = [(f"staff:{bare(a)}", bare(b)) for a, b in ((admin, other), (other, admin))]

    def disable(pair: tuple[str, str]) -> bool:
        try:
            world.house.staff.disable(Caller(pair[0], frozenset({Permission.STAFF_MANAGE})), pair[1])
        except StaffState:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(disable, pairs)) == [False, True]


@pytest.mark.parametrize("path", ["", "/reset", "/disablement", "/enablement"])
def test_an_absent_account_is_not_found(world: World, admin: Staffer, path: str) -> None:
    before = world.rows()
    send = admin.patch if not path else admin.post

    assert_refused(world, send(f"/v1/staff/{ABSENT}{path}", {} if path else {"name": "x"}), before, 404, "NOT_FOUND")


@pytest.mark.parametrize(
    "changes",
    [
        {"email": "nobody"},
        {"email": None},
        {"name": ""},
        {"name": "x" * 201},
        {"role": "owner"},
        {"role": "SALES"},
        {"role": None},
        {"discount_limit": -1},
        {"discount_limit": 101},
        {"discount_limit": "5"},
        {"seat_limit": -1},
        {"seat_limit": 1_000_001},
        {"seat_limit": True},
        {"seat_limit": None},
        {"password": "mine"},
    ],
    ids=str,
)
def test_an_account_that_can_not_be_is_refused(world: World, admin: Staffer, changes: dict[str, object]) -> None:
    before = world.rows()

    assert_refused(world, admin.post("/v1/staff", {**BODY, **changes}), before, 422, "INVALID_FIELDS")


@pytest.mark.parametrize(
    "changes", [{}, {"role": "owner"}, {"discount_limit": 101}, {"seat_limit": -1}, {"email": EVE}], ids=str
)
def test_a_change_that_can_not_be_is_refused(world: World, admin: Staffer, changes: dict[str, object]) -> None:
    id = bare(world.sign_in("sales"))
    before = world.rows()

    assert_refused(world, admin.patch(f"/v1/staff/{id}", changes), before, 422, "INVALID_FIELDS")


@pytest.mark.parametrize("limit", [0, 100])
def test_a_limit_is_a_percentage(admin: Staffer, limit: int) -> None:
    assert added(admin, discount_limit=limit)["discount_limit"] == limit


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_only_admins_manage_the_staff(world: World, role: Role) -> None:
    staffer = world.sign_in(role)
    before = world.rows()

    assert_refused(world, staffer.get("/v1/staff"), before, 403, "FORBIDDEN")
    assert_refused(world, staffer.post("/v1/staff", BODY), before, 403, "FORBIDDEN")


def test_the_trail_tells_who_did_what_and_names_no_person(world: World, admin: Staffer) -> None:
    id = added(admin)["id"]
    admin.patch(f"/v1/staff/{id}", {"role": "manager"})
    admin.post(f"/v1/staff/{id}/reset", {})
    admin.post(f"/v1/staff/{id}/disablement", {})
    admin.post(f"/v1/staff/{id}/enablement", {})

    with world.house.database.read() as session:
        trail = events.of_subject(session, id)

    actions = ["staff.added", "staff.changed", "staff.reset", "staff.disabled", "staff.enabled"]
    assert [event.action for event in trail] == actions
    assert {event.actor for event in trail} == {admin.id}
    assert "Eve" not in repr([event.details for event in trail])
    assert trail[1].details == {"role": "manager", "discount_limit": 10, "seat_limit": 1_000}
