"""Two customers who have more of everything than any other: what a page costs at its longest."""

from __future__ import annotations

from uuid import UUID

from flask import Flask

from licensing.bootstrap import House
from licensing.core.callers import OPERATOR
from licensing.core.periods import day_of
from licensing.core.prices import Price
from licensing.core.sales import Purchase, Term
from licensing.services.organizations import Person
from licensing.services.quotes import Wish

CURRENCY = "EUR"
PEOPLE, LICENSES, DEEDS, QUOTES, CLUSTERS, NODES, KEYS = 30, 120, 120, 120, 60, 1_000, 30


def load(house: House, app: Flask) -> None:
    """There are the two: one has licenses, people, deeds and quotes, the other a license with many clusters."""
    house.prices.put(OPERATOR, Price(CURRENCY, 120_000, day_of(house.system.now())))
    person = Person("it@giant.example", "Gillian Giant")
    with house.database.joined():
        giant = house.organizations.create(OPERATOR, "Giant Storage SE", "DE", "giant.example", person).id
        for number in range(PEOPLE):
            house.organizations.add_contact(OPERATOR, giant, Person(f"p{number}@giant.example", f"Person {number}"))
        busy, *_ = [_license(house, giant, number) for number in range(LICENSES)]
        for number in range(DEEDS):
            house.licenses.reissue(OPERATOR, busy, f"the file was lost for the {number}th time")
        for number in range(QUOTES):
            house.quotes.make(OPERATOR, Wish(giant, None, False, Term(number + 1, 12), CURRENCY, number % 9))
        for number in range(KEYS):
            house.api_keys.create(OPERATOR, f"CRM {number}", ["customers.read"], 30, None)
        wide = house.organizations.create(OPERATOR, "Wide Storage BV", "NL", "wide.example", person).id
        license_id = _sold(house, wide, Term(2_000, 12))
    _check_in(house, app, license_id)
    house.webhooks.create(OPERATOR, "https://crm.example.invalid/hook", [], 0)
    house.webhooks.deliver()  # to nowhere: hundreds of messages wait


def _license(house: House, organization_id: str, number: int) -> str:
    # Two of one customer must be for different clusters.
    return _sold(house, organization_id, Term(2_000, 12, bind=(_fsid(number),)))


def _sold(house: House, organization_id: str, term: Term) -> str:
    done = house.sales.sell(OPERATOR, organization_id, term, Purchase("PO-1", CURRENCY))
    if done.standing is None:
        raise LookupError("a sale has a license")
    return done.standing.license_id


def _check_in(house: House, app: Flask, license_id: str) -> None:
    """The first cluster has 1,000 nodes, the others 10 each."""
    token = house.licenses.file(OPERATOR, license_id)["license"]
    client = app.test_client()
    for number in range(CLUSTERS):
        nodes = [f"storage-node-{each:05}.rook-ceph.giant.example" for each in range(10 if number else NODES)]
        uid = str(UUID(int=number + 1_000))
        cluster = {"fsid": _fsid(number), "kube_system_uid": uid, "name": f"prod {number}", "dcc_version": "0.6.0"}
        body = {"cluster": cluster, "nodes": nodes, "nonce": "n-1"}
        answer = client.post("/v1/checkins", json=body, headers={"Authorization": f"Bearer {token}"})
        if answer.status_code != 200:
            raise LookupError(answer.text)


def _fsid(number: int) -> str:
    return str(UUID(int=number + 1))
