"""The customers' book over HTTP: made, found, changed, merged; a person erased and the ledger whole."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from licensing.core.callers import OPERATOR, Permission
from licensing.core.sales import Term
from tests.support.worlds import Staffer, World, sell, standing, token_of

ABSENT = "0" * 32


@pytest.fixture
def seller(world: World) -> Staffer:
    return world.sign_in("sales")


def made(seller: Staffer, name: str = "Acme GmbH", **changes: Any) -> str:
    answer = seller.post("/v1/organizations", {"name": name, "country": "DE", **changes})
    assert answer.status_code == 201, answer.text
    return str(answer.get_json()["organization_id"])


def found(seller: Staffer, query: str) -> list[str]:
    answer = seller.client.get("/v1/organizations", query_string={"q": query})
    assert answer.status_code == 200, answer.text
    return [each["name"] for each in answer.get_json()["organizations"]]


def shown(seller: Staffer, id: str) -> dict[str, Any]:
    return dict(seller.get(f"/v1/organizations/{id}").get_json())


def test_a_customer_is_made_and_shown(seller: Staffer) -> None:
    contact = {"email": "Jane@Acme.example", "name": "Jane"}

    id = made(seller, domain="Bücher.example", contact=contact)

    document = shown(seller, id)
    assert (document["name"], document["domain"]) == ("Acme GmbH", "xn--bcher-kva.example")
    assert [(each["email"], each["name"]) for each in document["contacts"]] == [("Jane@acme.example", "Jane")]
    assert [event["action"] for event in document["events"]] == ["organization.created"]


@pytest.mark.parametrize(
    "query", ["acme", "Acme Gmb", "amce", "acme-storage.example", "acme-storge", "jane@acme", "a", "ACME GMBH"]
)
def test_a_customer_is_found_by_name_domain_and_address(seller: Staffer, query: str) -> None:
    made(seller, "Bosch")
    made(seller, domain="acme-storage.example", contact={"email": "jane@acme.example", "name": "Jane"})

    assert found(seller, query)[0] == "Acme GmbH"


def test_the_best_comes_first_and_strangers_not_at_all(seller: Staffer) -> None:
    for name in ("Acme Holding", "Acme", "Acne Studios", "Bosch"):
        made(seller, name)

    names = found(seller, "acme hold")

    assert names[:2] == ["Acme Holding", "Acme"]
    assert "Bosch" not in names
    assert found(seller, "zzzz") == found(seller, "") == found(seller, "%' OR 1=1 --") == []


def test_trials_are_found_too_and_a_new_name_replaces_the_old(world: World, seller: Staffer) -> None:
    world.trial("it@umbrella.example", organization="Umbrella")
    [id] = [each["organization_id"] for each in seller.get("/v1/organizations").get_json()["organizations"]]

    changed = seller.patch(f"/v1/organizations/{id}", {"name": "Globex", "domain": "globex.example"})

    assert changed.get_json()["name"] == "Globex"
    assert found(seller, "globex") == ["Globex"]
    assert found(seller, "umbrella") == ["Globex"]  # by its contact's address
    assert shown(seller, id)["events"][-1]["details"] == {"changed": ["domain", "name"]}


def test_many_customers_are_searched_through_the_index(world: World, seller: Staffer) -> None:
    with world.house.database.joined():
        for number in range(300):
            world.house.organizations.create(OPERATOR, f"Customer number {number}", "DE", None, None)
    made(seller, "Needle & Sons")

    assert found(seller, "neddle")[0] == "Needle & Sons"
    listed = seller.client.get("/v1/organizations", query_string={"q": "customer", "limit": 7}).get_json()
    assert len(listed["organizations"]) == 7


def test_customers_are_listed_newest_first_and_page_by_page(seller: Staffer) -> None:
    ids = [made(seller, f"Customer {number}") for number in range(3)]

    first = seller.get("/v1/organizations?limit=2").get_json()["organizations"]
    rest = seller.get(f"/v1/organizations?before={first[-1]['organization_id']}").get_json()["organizations"]

    assert [each["organization_id"] for each in (*first, *rest)] == ids[::-1]


def test_a_merged_customer_keeps_its_history_and_is_found_under_the_other(world: World, seller: Staffer) -> None:
    survivor = made(seller, "Acme GmbH", contact={"email": "jane@acme.example", "name": "Jane"})
    duplicate = made(seller, "ACME Storage", contact={"email": "joe@acme.example", "name": "Joe"})
    license_id = standing(world.house.sales.sell(OPERATOR, duplicate, Term(5, 12), None)).license_id
    issuances, tokens = world.rows()["issuance"], world.rows()["license_token"]

    merged = seller.post(f"/v1/organizations/{duplicate}/merge", {"into": survivor})

    assert merged.get_json()["organization_id"] == survivor
    document = shown(seller, duplicate)
    assert (document["organization_id"], document["merged"]) == (survivor, [duplicate])
    assert [each["license_id"] for each in document["licenses"]] == [license_id]
    assert [each["name"] for each in document["contacts"]] == ["Jane", "Joe"]
    assert found(seller, "acme storage") == ["Acme GmbH"]
    assert [each["name"] for each in seller.get("/v1/organizations").get_json()["organizations"]] == ["Acme GmbH"]
    assert (world.rows()["issuance"], world.rows()["license_token"]) == (issuances, tokens)
    assert world.house.audit.run().findings == []


def test_sales_to_a_merged_customer_go_to_the_survivor(world: World, seller: Staffer) -> None:
    survivor, duplicate = made(seller, "Acme GmbH"), made(seller, "ACME")
    seller.post(f"/v1/organizations/{duplicate}/merge", {"into": survivor})

    sold = standing(world.house.sales.sell(OPERATOR, duplicate, Term(5, 12), None))

    assert sold.organization_id == survivor


def test_what_can_not_be_merged_is_refused(world: World, seller: Staffer) -> None:
    one, two, three = (made(seller, name) for name in ("One", "Two", "Three"))
    assert seller.post(f"/v1/organizations/{two}/merge", {"into": one}).status_code == 200
    before = world.rows()

    cases = [(one, one, 409), (two, one, 409), (three, two, 409), (one, ABSENT, 404), (ABSENT, one, 404)]
    statuses = [seller.post(f"/v1/organizations/{a}/merge", {"into": b}).status_code for a, b, _ in cases]

    assert statuses == [status for _, _, status in cases]
    assert world.rows() == before
    assert seller.post(f"/v1/organizations/{one}/merge", {"into": three}).status_code == 200
    assert shown(seller, two)["organization_id"] == three


def test_two_that_are_merged_into_each_other_at_once_stay_one(world: World, seller: Staffer) -> None:
    one, two = made(seller, "One"), made(seller, "Two")
    sellers = [world.sign_in("sales") for _ in range(2)]

    with ThreadPoolExecutor(2) as pool:
        statuses = list(
            pool.map(
                lambda job: job[0].post(f"/v1/organizations/{job[1]}/merge", {"into": job[2]}).status_code,
                [(sellers[0], one, two), (sellers[1], two, one)],
            )
        )

    assert sorted(statuses) == [200, 409]


def test_an_erased_person_is_nowhere_and_the_ledger_is_whole(world: World, seller: Staffer) -> None:
    boss = world.sign_in("manager")
    trial = world.trial("jane.roe@gmail.com", name="Jane Roe", organization="Roe")
    world.register("jane.roe+list@gmail.com", name="Jane Roe")
    link = world.link_token()
    other = made(seller, "Other", contact={"email": "janeroe@gmail.com", "name": "Jane Roe"})
    world.register("jane.roe@gmail.com", name="Jane Roe")
    id = seller.get(f"/v1/licenses/{trial['license_id']}").get_json()["organization_id"]
    [contact] = shown(seller, id)["contacts"]
    serial = seller.get(f"/v1/licenses/{trial['license_id']}").get_json()["issuances"][0]["serial"]
    world.mails()

    path = f"/v1/organizations/{id}/contacts/{contact['contact_id']}/erasure"
    answer = boss.post(path, {"issuances": [serial]})

    assert answer.status_code == 200, answer.text
    everything = repr(world.rows()).lower()
    for trace in ("jane.roe", "janeroe", "jane roe"):
        assert trace not in everything
    assert world.house.audit.run().findings == []
    kinds = [row for row in world.rows()["issuance"] if "erased" in row]
    assert len(kinds) == 3
    assert shown(seller, other)["contacts"] == []
    assert world.confirm(token=link).status_code == 410
    assert shown(seller, id)["contacts"] == []
    assert boss.post(path, {}).status_code == 404
    assert world.check_in(trial["license_file"]["license"], ["a"]).get_json()["code"] == "VALID"


def test_an_erased_person_gets_no_second_trial_and_no_mail_that_was_on_its_way(world: World, seller: Staffer) -> None:
    trial = world.trial("jane.roe@gmail.com", name="Jane Roe", organization="Roe")
    sent = len(world.mails())
    world.register("jane.roe@gmail.com")
    id = seller.get(f"/v1/licenses/{trial['license_id']}").get_json()["organization_id"]
    [contact] = shown(seller, id)["contacts"]

    path = f"/v1/organizations/{id}/contacts/{contact['contact_id']}/erasure"
    assert world.sign_in("manager").post(path, {}).status_code == 200

    assert len(world.mails()) == sent
    world.register("jane.roe@gmail.com")
    assert "has a Koor license already" in str(world.mails()[-1]["Subject"])


def test_an_erasure_takes_records_of_this_customer_alone(world: World, seller: Staffer) -> None:
    boss = world.sign_in("manager")
    foreign = world.house.licenses.show(OPERATOR, sell(world).license_id).issuances[0].serial
    id = made(seller, contact={"email": "jane@acme.example", "name": "Jane"})
    [contact] = shown(seller, id)["contacts"]
    before = world.rows()

    answer = boss.post(f"/v1/organizations/{id}/contacts/{contact['contact_id']}/erasure", {"issuances": [foreign]})

    assert (answer.status_code, answer.get_json()["code"]) == (422, "INVALID_FIELDS")
    assert world.rows() == before


def test_a_confined_key_sees_its_own_customer_alone(world: World, seller: Staffer) -> None:
    own, other = made(seller, "Acme Own"), made(seller, "Acme Other")
    scopes = [Permission.CUSTOMERS_READ, Permission.CUSTOMERS_WRITE]
    key = world.house.api_keys.create(OPERATOR, "portal", scopes, 30, own).key
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "k"}

    for query in ("?q=acme", ""):
        listed = world.client.get(f"/v1/organizations{query}", headers=headers).get_json()["organizations"]
        assert [each["organization_id"] for each in listed] == [own]
    assert world.client.get(f"/v1/organizations/{other}", headers=headers).status_code == 404
    body = {"name": "X", "country": "DE"}
    assert world.client.post("/v1/organizations", json=body, headers=headers).status_code == 403
    merge = world.client.post(f"/v1/organizations/{own}/merge", json={"into": other}, headers=headers)
    assert merge.status_code == 403


@pytest.mark.parametrize("way", ["organization", "email", "license"])
def test_support_is_told_what_a_caller_may_ask_for(world: World, seller: Staffer, way: str) -> None:
    id = made(seller, contact={"email": "jane@acme.example", "name": "Jane"})
    license_id = standing(world.house.sales.sell(OPERATOR, id, Term(25, 12), None)).license_id
    value = {"organization": id, "email": "Jane+x@ACME.example", "license": license_id}[way]

    answer = world.sign_in("support").client.get("/v1/entitlements", query_string={way: value}).get_json()

    assert (answer["support"], answer["organization"]) == ("business", "Acme GmbH")
    assert "telephone in business hours" in answer["covers"]
    assert [(each["license_id"], each["counts"]) for each in answer["licenses"]] == [(license_id, True)]


def test_whoever_is_no_customer_is_not_found_and_a_question_is_one(world: World) -> None:
    support = world.sign_in("support").client
    queries = [{"organization": ABSENT}, {"email": "nobody@nowhere.example"}, {"license": ABSENT}, {"license": "\x00"}]

    absent = [support.get("/v1/entitlements", query_string=query) for query in queries]
    wrong = [
        support.get("/v1/entitlements", query_string=query)
        for query in ({}, {"email": "x"}, {"organization": ABSENT, "license": ABSENT})
    ]

    assert {answer.status_code for answer in absent} == {404}
    assert len({answer.get_json()["detail"] for answer in absent[:3]}) == 1
    assert {answer.status_code for answer in wrong} == {422}


def test_a_suspension_and_an_end_take_the_support_away(world: World, seller: Staffer) -> None:
    license_id = sell(world).license_id
    assert token_of(world, license_id)

    def told() -> tuple[str, str]:
        answer = world.sign_in("support").get(f"/v1/entitlements?license={license_id}").get_json()
        return answer["support"], answer["because"]

    assert told()[0] == "business"
    world.house.licenses.suspend(OPERATOR, license_id, "x")
    assert told() == ("community", "The license is suspended.")
    world.house.licenses.reinstate(OPERATOR, license_id, "x")
    world.clock.advance(days=365 + 29)
    assert "overdue" in told()[1]
    world.clock.advance(days=1)
    assert told()[0] == "community"
