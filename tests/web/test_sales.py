"""Sales over HTTP: each deed's answer, what it costs, and every bad input refused with nothing changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from werkzeug.test import TestResponse

from licensing.core.callers import OPERATOR
from licensing.core.sales import Term
from tests.support.worlds import FSID, OTHER_FSID, Staffer, World, nodes, sell, token_of

ABSENT = "0" * 32
ORDER = {"order_number": "PO-1", "currency": "EUR"}


@dataclass(slots=True)
class Shop:
    """A world with a price list, a salesperson and a customer."""

    world: World
    seller: Staffer
    organization_id: str

    def sale(self, **changes: Any) -> dict[str, Any]:
        """The body of a good sale; a member set to ... is left out."""
        body = {"organization_id": self.organization_id, "seats": 25, "months": 12, **ORDER, **changes}
        return {name: value for name, value in body.items() if value is not ...}

    def sold(self, **changes: Any) -> dict[str, Any]:
        answer = self.seller.post("/v1/licenses", self.sale(**changes))
        assert answer.status_code == 201, answer.text
        return dict(answer.get_json())

    def wait(self, days: int) -> None:
        """Days pass; the salesperson signs in again."""
        self.world.clock.advance(days=days)
        self.seller = self.world.again(self.seller)

    def license_id(self) -> str:
        return str(self.sold()["license"]["license_id"])


@pytest.fixture
def shop(world: World) -> Shop:
    manager, today = world.sign_in("manager"), world.clock.time.date().isoformat()
    for path, row in (
        ("/v1/prices", {"currency": "EUR", "node_year_minor": 120_000, "valid_from": today}),
        ("/v1/prices/volume", {"min_seats": 11, "percent": 10, "valid_from": today}),
    ):
        assert manager.post(path, row).status_code == 200
    buyer = world.house.organizations.create(OPERATOR, "Buyer AG", "DE", None, None)
    return Shop(world, world.sign_in("sales", discount_limit=10), buyer.id)


def assert_refused(shop: Shop, path: str, body: object, status: int, code: str) -> None:
    before = shop.world.rows()

    answer = shop.seller.post(path, body)

    assert (answer.status_code, answer.get_json()["code"]) == (status, code), answer.text
    assert shop.world.rows() == before


def test_a_sale_is_charged_by_the_list_and_recorded_with_its_order(shop: Shop) -> None:
    done = shop.sold(discount_percent=10)

    assert done["charge"]["amount_minor"] == 2_430_000
    [issuance] = shop.seller.get(f"/v1/licenses/{done['license']['license_id']}").get_json()["issuances"]
    assert {name: issuance[name] for name in ("kind", "order_number", "amount_minor", "currency", "support")} == {
        "kind": "sold",
        "order_number": "PO-1",
        "amount_minor": 2_430_000,
        "currency": "EUR",
        "support": "business",
    }
    assert issuance["salesperson"] == shop.seller.id
    assert done["warnings"] == ["Nobody was written to: the customer has no contact."]


BAD_SALES: dict[str, tuple[dict[str, Any], int, str]] = {
    "seats 0": ({"seats": 0}, 422, "INVALID_FIELDS"),
    "seats negative": ({"seats": -1}, 422, "INVALID_FIELDS"),
    "seats 2^63": ({"seats": 2**63}, 422, "INVALID_FIELDS"),
    "seats text": ({"seats": "10"}, 422, "INVALID_FIELDS"),
    "seats true": ({"seats": True}, 422, "INVALID_FIELDS"),
    "seats null": ({"seats": None}, 422, "INVALID_FIELDS"),
    "term 0": ({"months": 0}, 422, "INVALID_FIELDS"),
    "term 14": ({"months": 14}, 422, "INVALID_FIELDS"),
    "end before start": ({"months": ..., "start": "2026-03-01", "ends_on": "2026-02-28"}, 422, "TERM_REFUSED"),
    "end at start": ({"months": ..., "start": "2026-03-01", "ends_on": "2026-03-01"}, 422, "TERM_REFUSED"),
    "end in the past": ({"months": ..., "ends_on": "2025-12-31"}, 422, "TERM_REFUSED"),
    "over before sold": ({"months": 1, "start": "2025-06-01"}, 422, "TERM_REFUSED"),
    "end too late": ({"months": ..., "ends_on": "2027-03-01"}, 422, "TERM_REFUSED"),
    "start too late": ({"start": "2026-06-01"}, 422, "TERM_REFUSED"),
    "no such day": ({"start": "2026-02-30"}, 422, "INVALID_FIELDS"),
    "two lengths": ({"ends_on": "2026-12-31"}, 422, "INVALID_FIELDS"),
    "currency unknown": ({"currency": "XTS"}, 422, "PRICE_UNKNOWN"),
    "currency of small letters": ({"currency": "eur"}, 422, "INVALID_FIELDS"),
    "discount 101": ({"discount_percent": 101}, 422, "INVALID_FIELDS"),
    "discount negative": ({"discount_percent": -1}, 422, "INVALID_FIELDS"),
    "discount above the limit": ({"discount_percent": 11}, 409, "APPROVAL_REQUIRED"),
    "no order": ({"order_number": ...}, 422, "INVALID_FIELDS"),
    "order of NUL": ({"order_number": "a\x00"}, 422, "INVALID_FIELDS"),
    "order with a lone surrogate": ({"order_number": "\ud888"}, 400, "MALFORMED"),
    "support not offered": ({"support": "community"}, 422, "SUPPORT_NOT_OFFERED"),
    "support unknown": ({"support": "=1+1"}, 422, "SUPPORT_NOT_OFFERED"),
    "bind to no cluster": ({"bind": []}, 422, "INVALID_FIELDS"),
    "bind to what is none": ({"bind": ["x"]}, 422, "INVALID_FIELDS"),
    "bind twice": ({"bind": [FSID, FSID]}, 422, "INVALID_FIELDS"),
    "bind to any and one": ({"bind": ["*", FSID]}, 422, "INVALID_FIELDS"),
    "np seats negative": ({"np_seats": -1}, 422, "INVALID_FIELDS"),
    "organisation absent": ({"organization_id": ABSENT}, 404, "NOT_FOUND"),
    "co-term with nothing": ({"months": ..., "co_term_with": ABSENT}, 404, "NOT_FOUND"),
    "an amount of one's own": ({"amount_minor": 1}, 422, "INVALID_FIELDS"),
    "an approval of one's own": ({"approved_by": "me"}, 422, "INVALID_FIELDS"),
}


@pytest.mark.parametrize(("changes", "status", "code"), BAD_SALES.values(), ids=BAD_SALES)
def test_a_bad_sale_is_refused(shop: Shop, changes: dict[str, Any], status: int, code: str) -> None:
    assert_refused(shop, "/v1/licenses", shop.sale(**changes), status, code)


def test_a_second_license_for_the_same_clusters_and_time_is_refused(shop: Shop) -> None:
    shop.sold(bind=[FSID])

    assert_refused(shop, "/v1/licenses", shop.sale(), 409, "LICENSE_OVERLAP")
    assert_refused(shop, "/v1/licenses", shop.sale(bind=[OTHER_FSID, FSID]), 409, "LICENSE_OVERLAP")
    shop.sold(bind=[OTHER_FSID])


def test_licenses_share_an_end(shop: Shop) -> None:
    first = shop.sold(bind=[FSID], months=6)["license"]

    second = shop.sold(bind=[OTHER_FSID], months=..., co_term_with=first["license_id"])

    assert second["license"]["expires_at"] == first["expires_at"]
    assert second["charge"]["amount_minor"] == 1_338_904  # 181 days


def test_another_organisations_trial_is_not_converted(shop: Shop) -> None:
    trial = shop.world.trial()["license_id"]

    assert_refused(shop, f"/v1/licenses/{trial}/conversion", shop.sale(), 404, "NOT_FOUND")


def test_a_paid_license_is_not_converted_and_a_trial_neither_renewed_nor_resized_nor_transferred(shop: Shop) -> None:
    paid, trial = shop.license_id(), shop.world.trial()["license_id"]
    renewal = shop.sale(organization_id=...)
    transfer = {"organization_id": shop.organization_id, "reason": "x"}

    assert_refused(shop, f"/v1/licenses/{paid}/conversion", shop.sale(), 409, "LICENSE_STATE")
    assert_refused(shop, f"/v1/licenses/{trial}/renewals", renewal, 409, "LICENSE_STATE")
    assert_refused(shop, f"/v1/licenses/{trial}/seats", {"seats": 8, **ORDER}, 409, "LICENSE_STATE")
    assert_refused(shop, f"/v1/licenses/{trial}/transfer", transfer, 409, "LICENSE_STATE")


@pytest.mark.parametrize("start", ["old_end", "today", "2026-12-24", None])
def test_a_renewal_starts_at_the_old_end_today_or_on_a_given_day(shop: Shop, start: str | None) -> None:
    license_id = shop.license_id()
    shop.wait(days=360)

    answer = shop.seller.post(f"/v1/licenses/{license_id}/renewals", shop.sale(organization_id=..., start=start))

    ends = {"today": "2028-01-10T12:00:00Z", "2026-12-24": "2027-12-24T00:00:00Z"}
    assert answer.get_json()["license"]["expires_at"] == ends.get(start or "", "2028-01-15T12:00:00Z")


def test_more_seats_need_an_order_and_fewer_do_not(shop: Shop) -> None:
    path = f"/v1/licenses/{shop.license_id()}/seats"

    assert_refused(shop, path, {"seats": 26}, 422, "INVALID_FIELDS")
    fewer = shop.seller.post(path, {"seats": 24}).get_json()

    assert (fewer["charge"], fewer["license"]["seats"]) == (None, 24)


@pytest.mark.parametrize("seats", [0, -1, 2**63, "10", True])
def test_a_reduction_below_one_seat_is_refused(shop: Shop, seats: object) -> None:
    assert_refused(shop, f"/v1/licenses/{shop.license_id()}/seats", {"seats": seats}, 422, "INVALID_FIELDS")


def test_a_reduction_below_the_peak_warns_and_the_old_issue_is_listed_as_revoked(shop: Shop) -> None:
    license_id = shop.license_id()
    shop.world.check_in(token_of(shop.world, license_id), nodes(20))

    done = shop.seller.post(f"/v1/licenses/{license_id}/seats", {"seats": 19}).get_json()

    assert [warning for warning in done["warnings"] if "20 nodes" in warning]
    assert len(shop.world.rows()["revocation"]) == 1


def test_non_production_seats_are_granted_beside_the_others(shop: Shop) -> None:
    done = shop.seller.post(f"/v1/licenses/{shop.license_id()}/seats", {"np_seats": 5}).get_json()

    assert (done["license"]["seats"], done["license"]["np_seats"], done["charge"]) == (25, 5, None)


def revoked_by_two(shop: Shop, license_id: str) -> TestResponse:
    """The answer to a revocation of what somebody else has suspended."""
    assert shop.seller.post(f"/v1/licenses/{license_id}/suspension", {"reason": "not paid"}).status_code == 200
    return manager(shop).post(f"/v1/licenses/{license_id}/revocation", {"reason": "never paid"})


STATE_DEEDS = ("suspension", "revocation", "reissue", "transfer", "seats", "renewals", "conversion")


@pytest.mark.parametrize("path", STATE_DEEDS)
def test_nothing_is_done_to_a_revoked_license(shop: Shop, path: str) -> None:
    license_id = shop.license_id()
    assert revoked_by_two(shop, license_id).status_code == 200
    heir = shop.world.house.organizations.create(OPERATOR, "Heir", "DE", None, None).id
    bodies: dict[str, object] = {
        "transfer": {"organization_id": heir, "reason": "x"},
        "seats": {"seats": 30, **ORDER},
        "renewals": shop.sale(organization_id=...),
        "conversion": shop.sale(),
    }

    assert_refused(shop, f"/v1/licenses/{license_id}/{path}", bodies.get(path, {"reason": "x"}), 409, "LICENSE_STATE")


def test_a_suspended_license_is_not_suspended_again_nor_an_active_one_reinstated(shop: Shop) -> None:
    path = f"/v1/licenses/{shop.license_id()}"

    assert_refused(shop, f"{path}/reinstatement", {"reason": "x"}, 409, "LICENSE_STATE")
    assert shop.seller.post(f"{path}/suspension", {"reason": "x"}).get_json()["license"]["status"] == "suspended"
    assert_refused(shop, f"{path}/suspension", {"reason": "x"}, 409, "LICENSE_STATE")


def test_a_transfer_hands_over_the_license_with_its_clusters(shop: Shop) -> None:
    license_id = shop.license_id()
    old = token_of(shop.world, license_id)
    shop.world.check_in(old, nodes(5))
    heir = shop.world.house.organizations.create(OPERATOR, "Heir SE", "AT", None, None).id

    done = shop.seller.post(
        f"/v1/licenses/{license_id}/transfer", {"organization_id": heir, "reason": "merger"}
    ).get_json()

    answer = shop.world.check_in(old, nodes(5)).get_json()
    assert (done["license"]["organization_id"], done["license"]["seq"]) == (heir, 2)
    assert (answer["code"], answer["license_file"]["human"]["organization"]) == ("VALID", "Heir SE")
    shown = shop.seller.get(f"/v1/licenses?organization={heir}").get_json()["licenses"]
    assert [license["license_id"] for license in shown] == [license_id]
    assert_refused(
        shop, f"/v1/licenses/{license_id}/transfer", {"organization_id": heir, "reason": "x"}, 409, "ORGANIZATION_STATE"
    )


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "=HYPERLINK(1)", "{{7*7}}", "'; DROP TABLE license; --"])
def test_names_that_look_like_code_are_kept_literally(shop: Shop, name: str) -> None:
    heir = shop.world.house.organizations.create(OPERATOR, name, "DE", None, None).id

    license_id = shop.sold(organization_id=heir)["license"]["license_id"]

    assert shop.seller.get(f"/v1/licenses/{license_id}").get_json()["organization"] == name


Undo = Callable[[Shop, str], None]


def manager(shop: Shop) -> Staffer:
    return shop.world.sign_in("manager")


def test_a_voided_first_sale_revokes_its_license(shop: Shop) -> None:
    sold = shop.sold()
    token = token_of(shop.world, sold["license"]["license_id"])
    shop.seller.post(f"/v1/licenses/{sold['license']['license_id']}/suspension", {"reason": "typed twice"})

    done = manager(shop).post(f"/v1/issuances/{sold['serial']}/void", {"reason": "typed twice"}).get_json()

    assert done["license"]["status"] == "revoked"
    assert shop.world.check_in(token, nodes(5)).get_json()["code"] == "REVOKED"
    assert shop.world.house.audit.run().findings == []
    shop.sold()  # the way is free again


def test_a_voided_conversion_gives_the_trial_back(shop: Shop) -> None:
    trial = shop.world.trial()
    organization_id = shop.seller.get(f"/v1/licenses/{trial['license_id']}").get_json()["organization_id"]
    body = shop.sale(organization_id=organization_id)
    converted = shop.seller.post(f"/v1/licenses/{trial['license_id']}/conversion", body).get_json()

    done = manager(shop).post(f"/v1/issuances/{converted['serial']}/void", {"reason": "not ordered"}).get_json()

    assert (done["license"]["edition"], done["license"]["seats"], done["license"]["seq"]) == ("trial", 4, 3)
    assert shop.world.house.audit.run().findings == []


def test_sales_are_voided_from_the_last_back(shop: Shop) -> None:
    sold, boss = shop.sold(), manager(shop)
    license_id = sold["license"]["license_id"]
    grown = shop.seller.post(f"/v1/licenses/{license_id}/seats", {"seats": 30, **ORDER}).get_json()

    early = boss.post(f"/v1/issuances/{sold['serial']}/void", {"reason": "x"})
    later = boss.post(f"/v1/issuances/{grown['serial']}/void", {"reason": "x"})
    again = boss.post(f"/v1/issuances/{grown['serial']}/void", {"reason": "x"})
    alone = boss.post(f"/v1/issuances/{sold['serial']}/void", {"reason": "x"})
    shop.seller.post(f"/v1/licenses/{license_id}/suspension", {"reason": "x"})
    first = boss.post(f"/v1/issuances/{sold['serial']}/void", {"reason": "x"})

    assert [answer.status_code for answer in (early, later, again, alone, first)] == [409, 200, 409, 409, 200]
    assert later.get_json()["license"]["seats"] == 25
    assert first.get_json()["license"]["status"] == "revoked"
    assert shop.world.house.audit.run().findings == []


def test_a_sale_is_refunded_up_to_what_was_paid(shop: Shop) -> None:
    sold, boss = shop.sold(), manager(shop)
    path, total = f"/v1/issuances/{sold['serial']}/refunds", sold["charge"]["amount_minor"]

    statuses = [
        boss.post(path, {"amount_minor": amount, "reason": "x"}).status_code
        for amount in (total + 1, total - 1, 2, 1, 1)
    ]

    assert statuses == [422, 201, 422, 201, 422]
    shown = shop.seller.get(f"/v1/licenses/{sold['license']['license_id']}").get_json()
    assert [(each["kind"], each["amount_minor"]) for each in shown["issuances"]][1:] == [
        ("refunded", total - 1),
        ("refunded", 1),
    ]
    assert {each["refers_to"] for each in shown["issuances"][1:]} == {sold["serial"]}
    assert shop.world.house.audit.run().findings == []


def test_sales_do_not_undo_and_what_is_no_sale_is_not_found(shop: Shop) -> None:
    sold, boss = shop.sold(), manager(shop)
    trial = shop.world.trial()
    [issuance] = shop.seller.get(f"/v1/licenses/{trial['license_id']}").get_json()["issuances"]

    assert shop.seller.post(f"/v1/issuances/{sold['serial']}/void", {"reason": "x"}).status_code == 403
    absent = boss.post(f"/v1/issuances/{ABSENT}/void", {"reason": "x"})
    other = boss.post(f"/v1/issuances/{issuance['serial']}/void", {"reason": "x"})

    assert (absent.status_code, other.status_code) == (404, 404)
    assert absent.get_json()["detail"] == other.get_json()["detail"]


def test_an_early_renewal_keeps_the_days_that_were_paid(shop: Shop) -> None:
    sold = shop.sold()["license"]
    shop.wait(days=365 - 92)

    answer = shop.seller.post(f"/v1/licenses/{sold['license_id']}/renewals", shop.sale(organization_id=...))

    assert answer.get_json()["license"]["expires_at"] == "2028-01-15T12:00:00Z"
    assert answer.get_json()["charge"]["amount_minor"] == 2_700_000


def test_the_command_lines_sales_are_seen_by_the_staff(shop: Shop) -> None:
    standing = sell(shop.world)
    shop.world.house.sales.renew(OPERATOR, standing.license_id, Term(30, 13, start=shop.world.clock.time), None)

    shown = shop.seller.get(f"/v1/licenses/{standing.license_id}").get_json()

    assert [(each["kind"], each["salesperson"]) for each in shown["issuances"]] == [("sold", None), ("renewed", None)]
