"""The console's licenses: looked through, sold, renewed, resized, undone; and previews that say the same before."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
from werkzeug.test import TestResponse

from licensing.core.callers import OPERATOR
from licensing.core.sales import Purchase, Term
from licensing.services.organizations import Person
from tests.support.worlds import FSID, OTHER_FSID, Staffer, World, nodes, sell, token_of
from tests.web.staff_routes import ABSENT, customer, paid, suspended, trial

EVIL = '"><script>alert(1)</script>'
ORDER = {"order_number": "PO-7", "currency": "EUR", "discount_percent": "0"}


@pytest.fixture
def seller(world: World) -> Staffer:
    return world.sign_in("sales", discount_limit=10)


@pytest.fixture
def manager(world: World) -> Staffer:
    return world.sign_in("manager", discount_limit=50)


def send(world: World, staffer: Staffer, path: str, **form: str) -> TestResponse:
    return staffer.client.post(path, data={"once": world.house.system.new_id(), **form})


def total(text: str) -> str:
    """The total that a preview tells."""
    found = re.search(r"Total, without taxes</th><td>([^<]+)</td>", text)
    return "" if found is None else found[1]


def charged(world: World, license_id: str) -> int | None:
    """What the license's newest deed was charged."""
    return world.house.licenses.show(OPERATOR, license_id).issuances[-1].amount_minor


def seats_of(world: World, license_id: str) -> int:
    return world.house.licenses.standing(OPERATOR, license_id).seats


def test_what_does_not_exist_is_not_found(world: World, manager: Staffer) -> None:
    _, license_id, _ = paid(world)
    for path in ("", "/renewal", "/conversion", "/seats", "/file", "/clusters", f"/clusters/{FSID}"):
        assert manager.get(f"/console/licenses/{ABSENT}{path}").status_code == 404, path
    assert manager.get(f"/console/licenses/new?organization={ABSENT}").status_code == 404
    assert manager.get(f"/console/licenses/{license_id}/clusters/{FSID}").status_code == 404
    assert manager.get(f"/console/licenses/{license_id}/clusters/nothing").status_code == 404
    assert manager.get(f"/console/licenses/{license_id}/sales/{ABSENT}").status_code == 404
    assert send(world, manager, f"/console/licenses/{ABSENT}/suspension", reason="?").status_code == 404


def test_a_sale_of_another_license_is_not_undone_through_this_one(world: World, manager: Staffer) -> None:
    _, mine, _ = paid(world)
    _, _, other = paid(world)
    before = world.rows()["issuance"]

    for deed in ("void", "refund"):
        path = f"/console/licenses/{mine}/sales/{other}/{deed}"
        assert send(world, manager, path, reason="?", amount_minor="1").status_code == 404

    assert world.rows()["issuance"] == before


def test_names_that_would_be_scripts_are_text(world: World, manager: Staffer) -> None:
    customer(world)  # prices
    buyer = world.house.organizations.create(OPERATOR, EVIL, "DE", None, Person("a@b.example", EVIL)).id
    done = world.house.sales.sell(OPERATOR, buyer, Term(25, 12), Purchase(EVIL, "EUR"))
    assert done.standing is not None
    license_id = done.standing.license_id
    world.post(
        "/v1/checkins",
        {
            "cluster": {"fsid": FSID, "kube_system_uid": FSID, "name": EVIL, "dcc_version": "0.6.0"},
            "nodes": ["<b>node</b>"],
            "nonce": "n",
        },
        authorization=f"Bearer {token_of(world, license_id)}",
    )
    base = f"/console/licenses/{license_id}"

    paths = ("", "/renewal", "/seats", "/clusters", f"/clusters/{FSID}", f"/sales/{done.serial}")
    pages = [manager.get(base + path).text for path in paths]
    pages.append(manager.get("/console/licenses").text)
    pages.append(manager.get(f"/console/licenses/new?organization={buyer}&seats={EVIL}").text)
    pages.append(send(world, manager, f"{base}/renewal", seats=EVIL, **ORDER).text)
    pages.append(send(world, manager, f"{base}/renewal/preview", seats=EVIL, bind=EVIL, **ORDER).text)

    for each in pages:
        assert "<script>alert" not in each
        assert "<b>node" not in each


def test_the_list_is_filtered_and_paged_and_its_csv_holds_the_same(
    world: World, seller: Staffer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sold = [paid(world)[1] for _ in range(3)]
    _, free = trial(world)
    world.house.licenses.suspend(OPERATOR, sold[0], "?")
    monkeypatch.setattr("licensing.web.console.license_lists.ROWS", 2)

    def listed(query: str) -> list[str]:
        text = seller.get(f"/console/licenses?format=csv&{query}").text
        return [row["license_id"] for row in csv.DictReader(io.StringIO(text))]

    assert listed("") == [free, *reversed(sold)]
    assert listed("edition=trial") == [free]
    assert listed("state=suspended") == [sold[0]]
    assert listed("state=active&edition=pro") == [sold[2], sold[1]]
    assert listed("tier=medium_enterprise&edition=pro") == [*reversed(sold)]
    assert listed("tier=large_enterprise") == []
    assert listed("days=30") == []
    assert listed("days=366") == sold
    first = seller.get("/console/licenses?days=366").text
    more = re.search(r'<a href="([^"]+)" rel="next">', first)
    assert more is not None
    second = seller.get(more[1].replace("&amp;", "&")).text
    assert (sold[0] in first, sold[2] in first, sold[2] in second) == (True, False, True)
    world.clock.advance(days=370)
    seller = world.again(seller)
    assert listed("state=ended&days=10") == sold[1:]
    assert listed("state=ended&days=1") == []


@pytest.mark.parametrize("query", ["days=0", "state=gone", "edition=1", "after=nothing", "format=xml", "days=x"])
def test_a_filter_that_can_not_be_taken_is_told(seller: Staffer, query: str) -> None:
    assert seller.get(f"/console/licenses?{query}").status_code == 422


def test_a_license_shows_its_clusters_deeds_and_file(world: World, seller: Staffer) -> None:
    _, license_id, serial = paid(world)
    world.check_in(token_of(world, license_id), nodes(7))

    shown = seller.get(f"/console/licenses/{license_id}").text

    assert "7 of 25 used" in shown
    assert f"/console/licenses/{license_id}/clusters/{FSID}" in shown
    assert serial in shown
    assert "Pro Bundle sold" in shown
    assert "30,000.00 EUR" in shown
    file = seller.get(f"/console/licenses/{license_id}/file")
    assert json.loads(file.text)["human"]["license_id"] == license_id
    assert "koor-license.json" in file.headers["Content-Disposition"]


def test_the_preview_tells_what_the_sale_then_costs_and_writes_nothing(world: World, seller: Staffer) -> None:
    buyer = customer(world)
    path, form = f"/console/licenses/new?organization={buyer}", {"seats": "25", **ORDER, "discount_percent": "10"}
    before = world.rows()

    preview = send(world, seller, path.replace("?", "/preview?"), **form).text

    assert world.rows() == before
    assert total(preview) == "27,000.00 EUR"
    assert "medium enterprise" in preview
    answer = send(world, seller, path, **form)
    assert answer.status_code == 303
    shown = seller.get(answer.headers["Location"]).text
    assert "The license is issued" in shown
    assert "27,000.00 EUR" in shown


def test_a_preview_without_an_order_number_or_seats_says_what_it_can(world: World, seller: Staffer) -> None:
    path = f"/console/licenses/new/preview?organization={customer(world)}"

    assert "As soon as there is a number" in send(world, seller, path, currency="EUR").text
    assert total(send(world, seller, path, currency="EUR", seats="25").text) == "30,000.00 EUR"
    assert "Seats: Must be 1 to" in send(world, seller, path, currency="EUR", seats="0").text
    assert "There is no price in USD" in send(world, seller, path, currency="USD", seats="25").text


def test_a_preview_is_for_pages_of_ours_alone(world: World, seller: Staffer) -> None:
    path = f"/console/licenses/new/preview?organization={customer(world)}"

    answer = seller.client.post(path, data={"once": "1", "seats": "25"}, headers={"Origin": "https://evil.example"})

    assert answer.status_code == 403
    assert "Term starts" not in answer.text


def test_above_the_limit_the_preview_leads_to_a_quote_and_the_sale_is_refused(world: World, seller: Staffer) -> None:
    buyer = customer(world)
    path, form = f"/console/licenses/new?organization={buyer}", {"seats": "25", **ORDER, "discount_percent": "11"}

    preview = send(world, seller, path.replace("?", "/preview?"), **form).text
    answer = send(world, seller, path, **form)

    assert "11 percent is above the limit of 10. A manager must approve" in preview
    assert f"/console/quotes/new?organization={buyer}" in preview
    assert answer.status_code == 409
    assert 'value="PO-7"' in answer.text
    assert "Have a quote approved." in answer.text


def test_an_overlap_is_told_before_and_refused_after(world: World, seller: Staffer) -> None:
    buyer, license_id, _ = paid(world)
    path = f"/console/licenses/new?organization={buyer}"

    assert license_id in send(world, seller, path.replace("?", "/preview?"), seats="5", **ORDER).text
    assert send(world, seller, path, seats="5", **ORDER).status_code == 409


def test_without_a_script_the_page_itself_shows_what_is_typed_into_its_address(world: World, seller: Staffer) -> None:
    buyer = customer(world)

    shown = seller.get(f"/console/licenses/new?organization={buyer}&seats=25&currency=EUR&months=6&once=1").text

    assert total(shown) == "15,000.00 EUR"
    assert 'value="25"' in shown


def test_a_trial_is_converted(world: World, seller: Staffer) -> None:
    customer(world)  # prices
    _, license_id = trial(world)
    path = f"/console/licenses/{license_id}/conversion"
    assert "becomes a paid license under the same id" in seller.get(path).text

    preview = send(world, seller, f"{path}/preview", seats="5", **ORDER).text
    answer = send(world, seller, path, seats="5", **ORDER)

    assert total(preview) == "6,000.00 EUR"
    assert "The trial is a paid license now." in seller.get(answer.headers["Location"]).text
    assert charged(world, license_id) == 600_000


def test_a_renewal_is_previewed_with_its_term_and_warns_of_fewer_seats_than_the_peak(
    world: World, seller: Staffer
) -> None:
    _, license_id, _ = paid(world)
    world.check_in(token_of(world, license_id), nodes(7))
    world.clock.advance(days=300)
    seller = world.again(seller)
    path = f"/console/licenses/{license_id}/renewal"
    assert total(seller.get(path).text) == "30,000.00 EUR"  # as many seats as it has

    preview = send(world, seller, f"{path}/preview", seats="5", start="", **ORDER).text
    answer = send(world, seller, path, seats="5", start="", **ORDER)

    warning = "had 7 nodes at their peak; it has 5 seats now"
    assert warning in preview
    shown = seller.get(answer.headers["Location"]).text
    assert "The license is renewed" in shown
    assert warning in shown
    assert warning not in seller.get(f"/console/licenses/{license_id}").text
    assert charged(world, license_id) == 600_000


def test_a_renewal_of_an_ended_license_can_start_at_its_old_end(world: World, seller: Staffer) -> None:
    license_id = sell(world, months=2).license_id
    customer(world)  # prices
    end = world.house.licenses.standing(OPERATOR, license_id).ends_at
    world.clock.advance(days=75)

    answer = send(
        world, world.again(seller), f"/console/licenses/{license_id}/renewal", seats="25", start="old_end", **ORDER
    )

    assert answer.status_code == 303
    assert end is not None
    assert world.house.licenses.standing(OPERATOR, license_id).ends_at == end.replace(year=end.year + 1)


def test_more_seats_cost_what_the_preview_says_and_fewer_cost_nothing(world: World, seller: Staffer) -> None:
    _, license_id, _ = paid(world)
    path = f"/console/licenses/{license_id}/seats"

    preview = send(world, seller, f"{path}/preview", seats="30", np_seats="0", **ORDER).text
    assert total(preview) == "6,000.00 EUR"
    assert send(world, seller, path, seats="30", np_seats="0", **ORDER).status_code == 303
    assert charged(world, license_id) == 600_000

    fewer = {"seats": "10", "np_seats": "2", "currency": "EUR", "order_number": ""}
    assert "Nothing is charged" in send(world, seller, f"{path}/preview", **fewer).text
    assert send(world, seller, path, **fewer).status_code == 303
    assert charged(world, license_id) is None
    assert seats_of(world, license_id) == 10


def test_more_seats_need_an_order(world: World, seller: Staffer) -> None:
    _, license_id, _ = paid(world)

    answer = send(world, seller, f"/console/licenses/{license_id}/seats", seats="30", np_seats="0", currency="EUR")

    assert answer.status_code == 422
    assert "An order is needed" in answer.text
    assert seats_of(world, license_id) == 25


def test_a_license_is_suspended_reinstated_and_reissued_and_revoked_by_another(
    world: World, seller: Staffer, manager: Staffer
) -> None:
    _, license_id, _ = paid(world)
    base = f"/console/licenses/{license_id}"

    for path, says in (
        ("/suspension", "The license is suspended."),
        ("/reinstatement", "The license stands again."),
        ("/reissue", "The license is issued anew"),
        ("/suspension", "The license is suspended."),
    ):
        answer = send(world, seller, base + path, reason="as she asked")
        assert says in seller.get(answer.headers["Location"]).text
    own = send(world, seller, base + "/revocation", reason="as she asked", deed="revoke")
    revoked = send(world, manager, base + "/revocation", reason="as she asked")

    assert own.status_code == 403
    assert "You suspended the license; somebody else must end it." in own.text
    assert "The license is revoked." in manager.get(revoked.headers["Location"]).text
    assert "Reinstate the license" not in seller.get(base).text


def test_a_license_that_is_not_suspended_says_how_it_is_revoked(world: World, seller: Staffer) -> None:
    _, license_id, _ = paid(world)

    page = seller.get(f"/console/licenses/{license_id}").text

    assert "To revoke the license takes two people" in page
    assert "Revoke the license" not in page


def test_a_deed_without_a_reason_is_refused_and_its_form_stays_open(world: World, seller: Staffer) -> None:
    _, license_id, _ = suspended(world)

    answer = send(world, seller, f"/console/licenses/{license_id}/revocation", deed="revoke", reason="")

    assert answer.status_code == 422
    assert '<details class="deed" id="revoke" open>' in answer.text
    assert "Please fill this in." in answer.text


def test_a_license_is_transferred(world: World, seller: Staffer) -> None:
    _, license_id, _ = paid(world)
    heir = customer(world)
    path = f"/console/licenses/{license_id}/transfer"

    assert send(world, seller, path, reason="sold", organization_id=ABSENT, deed="transfer").status_code == 404
    answer = send(world, seller, path, reason="sold", organization_id=heir)

    assert "belongs to the other organisation now" in seller.get(answer.headers["Location"]).text
    assert world.house.licenses.standing(OPERATOR, license_id).organization_id == heir


def test_a_warning_that_nobody_was_written_to_is_shown_after_the_deed(world: World, seller: Staffer) -> None:
    customer(world)  # prices
    buyer = world.house.organizations.create(OPERATOR, "Quiet AG", "DE", None, None).id

    answer = send(world, seller, f"/console/licenses/new?organization={buyer}", seats="5", **ORDER)

    assert "Nobody was written to" in seller.get(answer.headers["Location"]).text


def test_managers_refund_and_void_a_sale_and_others_are_not_offered_to(
    world: World, seller: Staffer, manager: Staffer
) -> None:
    _, license_id, serial = paid(world)
    path = f"/console/licenses/{license_id}/sales/{serial}"
    assert "Void this sale" not in seller.get(path).text

    assert "30,000.00 EUR, all that is left" in manager.get(path).text
    answer = send(world, manager, f"{path}/refund", amount_minor="3000001", reason="too much", deed="refund")
    assert answer.status_code == 422
    assert 'value="3000001"' in answer.text
    answer = send(world, manager, f"{path}/refund", amount_minor="1000000", reason="late")
    shown = manager.get(answer.headers["Location"]).text
    assert "The refund is recorded." in shown
    assert "-10,000.00 EUR" in shown
    assert "20,000.00 EUR, all that is left" in manager.get(path).text
    alone = send(world, manager, f"{path}/void", reason="never ordered", deed="void")
    assert (alone.status_code, "takes two people" in alone.text) == (409, True)
    send(world, seller, f"/console/licenses/{license_id}/suspension", reason="never ordered")
    answer = send(world, manager, f"{path}/void", reason="never ordered")

    shown = manager.get(answer.headers["Location"]).text
    assert "The sale is voided" in shown
    assert '<span class="badge bad">void</span>' in shown
    assert "Void this sale" not in manager.get(path).text


def test_clusters_are_placed_reset_and_released(world: World, seller: Staffer) -> None:
    _, license_id, _ = paid(world)
    world.check_in(token_of(world, license_id), nodes(3))
    world.check_in(token_of(world, license_id), nodes(2), fsid=OTHER_FSID)
    path = f"/console/licenses/{license_id}/clusters/{FSID}"
    assert "3 in use, 3 granted" in seller.get(path).text

    for deed, form, says in (
        ("/non-production", {"granted": "on"}, "counts against the seats for non-production"),
        ("/non-production", {}, "counts as a production cluster"),
        ("/reset", {}, "may be pinned to a new client"),
        ("/release", {}, "The cluster's seats are free.".replace("'", "&#39;")),
    ):
        answer = send(world, seller, path + deed, reason="as she asked", **form)
        assert answer.status_code == 303, answer.text
        assert says in seller.get(answer.headers["Location"]).text

    listed = seller.get(f"/console/licenses/{license_id}/clusters?format=csv").text
    assert [row["fsid"] for row in csv.DictReader(io.StringIO(listed))] == [OTHER_FSID]


def test_a_license_of_many_clusters_stays_a_small_page(world: World, seller: Staffer) -> None:
    _, license_id, _ = paid(world)
    token = token_of(world, license_id)
    for number in range(60):
        world.check_in(token, nodes(1), fsid=f"{number:08x}-5f3a-4d0e-9a55-0e6f0b7f2d11")

    shown = seller.get(f"/console/licenses/{license_id}").text
    every = seller.get(f"/console/licenses/{license_id}/clusters").text

    assert "All 60 clusters" in shown
    assert len(shown.encode()) < 100_000
    assert "clusters?start=50" in every
    rest = seller.get(f"/console/licenses/{license_id}/clusters?start=50").text
    assert rest.count("/clusters/") == 10
    assert seller.get(f"/console/licenses/{license_id}/clusters?start=x").status_code == 422


def test_an_auditor_reads_and_is_offered_nothing_to_change(world: World) -> None:
    buyer, license_id, serial = paid(world)
    world.check_in(token_of(world, license_id), nodes(3))
    auditor = world.sign_in("auditor")

    for path in ("", f"/clusters/{FSID}", f"/sales/{serial}"):
        shown = auditor.get(f"/console/licenses/{license_id}{path}")
        assert shown.status_code == 200
        assert 'class="deed"' not in shown.text
        assert f"/console/organizations/{buyer}" not in shown.text
