"""One customer's life from trial to revocation, through HTTP alone, on both databases.

After each step: what the DCC is told, which mails left, what the ledger holds, and what support may give.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from licensing.verifier import verify
from tests.support.worlds import Staffer, World, nodes

EMAIL = "jane@acme.example"


@dataclass(slots=True)
class Life:
    """The customer, her cluster, and the staff that deals with her."""

    world: World
    seller: Staffer
    manager: Staffer
    support: Staffer
    organization_id: str
    license_id: str
    token: str
    mails_before: int = 0

    def check_in(self, count: int) -> dict[str, Any]:
        """What the DCC is told for `count` nodes; it keeps the newer license it is handed."""
        answer = self.world.check_in(self.token, nodes(count))
        assert answer.status_code == 200, answer.text
        document = dict(answer.get_json())
        if "license_file" in document:
            self.token = str(document["license_file"]["license"])
        return document

    def wait(self, days: int) -> None:
        """Days pass; everybody signs in again."""
        self.world.clock.advance(days=days)
        self.seller, self.manager, self.support = map(self.world.again, (self.seller, self.manager, self.support))

    def new_mails(self) -> list[str]:
        """The subjects of the mails to the customer since the last call."""
        mails = self.world.mails()
        fresh, self.mails_before = mails[self.mails_before :], len(mails)
        assert {mail["To"] for mail in fresh} <= {EMAIL}
        return [str(mail["Subject"]) for mail in fresh]

    def kinds(self) -> list[str]:
        """The license's deeds by the ledger; the audit finds nothing wrong."""
        assert self.world.house.audit.run().findings == []
        shown = self.seller.get(f"/v1/licenses/{self.license_id}").get_json()
        return [issuance["kind"] for issuance in shown["issuances"]]

    def seq(self) -> int:
        """The number of the issue that the DCC holds."""
        return verify(self.token, self.world.house.keys.current().keyring).seq

    def entitled(self) -> str:
        """The support level that a caller with her address is told of."""
        answer = self.support.get(f"/v1/entitlements?email={EMAIL}")
        assert answer.status_code == 200, answer.text
        return str(answer.get_json()["support"])

    def deed(self, path: str, **body: object) -> dict[str, Any]:
        answer = self.seller.post(f"/v1/licenses/{self.license_id}/{path}", body)
        assert answer.status_code == 200, answer.text
        return dict(answer.get_json())


@pytest.fixture
def life(world: World) -> Life:
    manager = world.sign_in("manager", discount_limit=30)
    seller = world.sign_in("sales", discount_limit=10)
    today = world.clock.time.date().isoformat()
    assert (
        manager.post("/v1/prices", {"currency": "EUR", "node_year_minor": 120_000, "valid_from": today}).status_code
        == 200
    )
    assert manager.post("/v1/prices/volume", {"min_seats": 11, "percent": 10, "valid_from": today}).status_code == 200
    trial = world.trial(EMAIL)
    shown = seller.get(f"/v1/licenses/{trial['license_id']}").get_json()
    token = trial["license_file"]["license"]
    life = Life(world, seller, manager, world.sign_in("support"), shown["organization_id"], trial["license_id"], token)
    assert life.new_mails() == ["Confirm your Koor trial", "Your Koor license file"]
    return life


def test_one_customers_life(life: Life) -> None:
    the_trial_covers_four_nodes_and_not_five(life)
    quote_id = a_discount_above_the_limit_waits_for_the_manager(life)
    the_approved_quote_converts_the_trial(life, quote_id)
    more_seats_are_charged_for_the_days_that_are_left(life)
    a_renewal_with_fewer_seats_warns_the_salesperson(life)
    a_suspension_rests_the_license_and_a_reinstatement_ends_it(life)
    a_revocation_is_the_end(life)


def the_trial_covers_four_nodes_and_not_five(life: Life) -> None:
    assert life.check_in(4)["code"] == "VALID"
    answer = life.check_in(5)

    assert (answer["code"], answer["unlicensed_nodes"]) == ("OVER_LIMIT", ["node-0004"])
    assert life.new_mails() == ["A new cluster uses your Koor license"]
    assert life.kinds() == ["trial"]
    assert life.entitled() == "community"


def a_discount_above_the_limit_waits_for_the_manager(life: Life) -> str:
    wish = {
        "organization_id": life.organization_id,
        "license_id": life.license_id,
        "seats": 25,
        "months": 12,
        "currency": "EUR",
        "discount_percent": 20,
    }

    made = life.seller.post("/v1/quotes", wish)

    quote = made.get_json()
    assert (made.status_code, quote["state"], quote["kind"]) == (201, "pending", "converted")
    assert (quote["list_minor"], quote["volume_minor"], quote["discount_minor"]) == (3_000_000, 300_000, 540_000)
    assert quote["total_minor"] == 2_160_000
    path = f"/v1/quotes/{quote['quote_id']}"
    assert life.seller.post(f"{path}/acceptance", {"order_number": "PO-1"}).get_json()["code"] == "APPROVAL_REQUIRED"
    assert life.seller.post(f"{path}/approval", {}).status_code == 403
    approved = life.manager.post(f"{path}/approval", {}).get_json()
    assert (approved["state"], approved["decided_by"]) == ("approved", life.manager.id)
    assert life.kinds() == ["trial"]
    assert life.check_in(5)["code"] == "OVER_LIMIT"
    assert life.new_mails() == []
    return str(quote["quote_id"])


def the_approved_quote_converts_the_trial(life: Life, quote_id: str) -> None:
    accepted = life.seller.post(f"/v1/quotes/{quote_id}/acceptance", {"order_number": "PO-1"})

    document = accepted.get_json()
    assert accepted.status_code == 201, accepted.text
    assert document["license"]["license_id"] == life.license_id
    assert document["charge"] == {
        "order_number": "PO-1",
        "amount_minor": 2_160_000,
        "currency": "EUR",
        "quote_id": quote_id,
    }
    answer = life.check_in(5)
    assert (answer["code"], answer["seats"], answer["granted"], life.seq()) == ("VALID", 25, 5, 2)
    assert life.check_in(25)["code"] == "VALID"
    assert life.new_mails() == ["Your Koor license file"]
    assert life.kinds() == ["trial", "converted"]
    assert life.entitled() == "business"


def more_seats_are_charged_for_the_days_that_are_left(life: Life) -> None:
    life.wait(days=165)
    life.check_in(25)
    order = {"order_number": "PO-2", "currency": "EUR"}

    grown = life.deed("seats", seats=40, **order)

    assert grown["charge"]["amount_minor"] == round(15 * 120_000 * 200 / 365 * 0.9)
    assert life.check_in(40)["code"] == "VALID"
    assert life.seq() == 3
    assert life.new_mails() == ["Your Koor license file"]
    assert life.kinds() == ["trial", "converted", "expanded"]
    assert life.entitled() == "business"


def a_renewal_with_fewer_seats_warns_the_salesperson(life: Life) -> None:
    life.wait(days=180)
    life.check_in(40)

    renewed = life.deed("renewals", seats=30, months=12, order_number="PO-3", currency="EUR", discount_percent=10)

    assert renewed["license"]["expires_at"] == "2028-01-15T12:00:00Z"
    assert len(renewed["warnings"]) == 1
    assert "40 nodes" in renewed["warnings"][0]
    answer = life.check_in(40)
    assert (answer["code"], answer["granted"], len(answer["unlicensed_nodes"])) == ("OVER_LIMIT", 30, 10)
    assert answer["restricted"] is False
    assert life.check_in(30)["code"] == "VALID"
    assert life.seq() == 4
    assert life.new_mails() == ["Your Koor license file"]
    assert life.kinds() == ["trial", "converted", "expanded", "renewed"]
    assert life.entitled() == "business"


def a_suspension_rests_the_license_and_a_reinstatement_ends_it(life: Life) -> None:
    life.deed("suspension", reason="invoice PO-3 is not paid")

    answer = life.check_in(30)
    assert (answer["code"], answer["restricted"]) == ("SUSPENDED", False)
    assert life.entitled() == "community"
    life.deed("reinstatement", reason="paid")
    assert life.check_in(30)["code"] == "VALID"
    assert life.seq() == 4
    assert life.new_mails() == []
    assert life.kinds()[4:] == ["suspended", "reinstated"]
    assert life.entitled() == "business"


def a_revocation_is_the_end(life: Life) -> None:
    life.deed("suspension", reason="contract ended by the customer")
    refused = life.seller.post(f"/v1/licenses/{life.license_id}/revocation", {"reason": "as she wrote"})
    assert (refused.status_code, refused.get_json()["code"]) == (403, "OWN_REQUEST")
    revoked = life.manager.post(f"/v1/licenses/{life.license_id}/revocation", {"reason": "as she wrote"})
    assert (revoked.status_code, revoked.get_json()["license"]["status"]) == (200, "revoked")

    answer = life.check_in(30)
    assert (answer["code"], answer["restricted"]) == ("REVOKED", False)
    life.wait(days=31)
    assert life.check_in(30)["restricted"] is True
    assert life.check_in(4)["restricted"] is False
    assert life.new_mails() == []
    assert life.kinds()[6:] == ["suspended", "revoked"]
    assert life.entitled() == "community"
    order = {"seats": 30, "months": 12, "order_number": "PO-4", "currency": "EUR"}
    refused = life.seller.post(f"/v1/licenses/{life.license_id}/renewals", order)
    assert (refused.status_code, refused.get_json()["code"]) == (409, "LICENSE_STATE")
