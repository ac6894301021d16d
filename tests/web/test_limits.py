"""What a network, license, customer or mailbox may do in a day: the last time, and once more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from licensing.core import throttle
from licensing.core.callers import OPERATOR
from licensing.core.throttle import Limit
from licensing.storage import sessions
from tests.support import portal
from tests.support.worlds import FSID, OTHER_FSID, UID, World, nodes, registration, sell, token_of

HERE = "127.0.0.1"
Act = Callable[[], Any]


def registering(world: World) -> tuple[Limit, Act]:
    [limit] = throttle.of_registrations(HERE, "address:x")
    return limit, lambda: world.register("jane@acme.example")


def registering_a_domain(world: World) -> tuple[Limit, Act]:
    _, limit = throttle.of_registrations("192.0.2.1", "domain:acme.example")
    return limit, lambda: world.register("joe@mail.acme.example")


def registering_on_a_page(world: World) -> tuple[Limit, Act]:
    [limit] = throttle.of_registrations(HERE, "address:x")
    form = {**registration(), "accept_terms": "on"}
    headers = {"Origin": world.house.settings.public_url}
    return limit, lambda: world.client.post("/trial", data=form, headers=headers)


def asking_for_a_link(world: World) -> tuple[Limit, Act]:
    headers = {"Origin": world.house.settings.public_url}
    form = {"email": "jane@acme.example"}
    return throttle.of_portal_links(HERE), lambda: world.client.post("/licenses", data=form, headers=headers)


def a_new_cluster(world: World) -> tuple[Limit, Act]:
    standing = sell(world)
    token = token_of(world, standing.license_id)
    fsids = iter([FSID, OTHER_FSID])
    return throttle.of_new_clusters(standing.license_id), lambda: world.check_in(token, nodes(3), fsid=next(fsids))


def activating(world: World) -> tuple[Limit, Act]:
    standing = sell(world)
    headers = {"authorization": f"Bearer {token_of(world, standing.license_id)}"}
    body = {"v": 1, "fsid": FSID, "kube_system_uid": UID, "nodes": 4}
    return throttle.of_activations(standing.license_id), lambda: world.post("/v1/activations", body, **headers)


def exporting(world: World) -> tuple[Limit, Act]:
    portal.customer(world, portal.JANE)
    browser = portal.signed_in(world, portal.JANE)
    return throttle.of_exports(portal.JANE), lambda: browser.get("/licenses/privacy/export")


def asking_for_a_quote(world: World) -> tuple[Limit, Act]:
    license_id = portal.customer(world, portal.JANE).license_id
    browser = portal.signed_in(world, portal.JANE)

    def ask() -> Any:
        form = {"once": world.house.system.new_id(), "deed": "quote", "seats": "50"}
        answer = browser.post(f"/licenses/{license_id}/quote-requests", data=form)
        for waiting in world.house.quote_requests.page(OPERATOR, 1):  # only one waits at a time
            world.house.quote_requests.settle(OPERATOR, waiting.request.id)
        return answer

    return throttle.of_quote_requests(license_id), ask


LIMITED = [
    asking_for_a_quote,
    registering,
    registering_a_domain,
    registering_on_a_page,
    asking_for_a_link,
    a_new_cluster,
    activating,
    exporting,
]


@pytest.mark.parametrize("prepare", LIMITED)
def test_the_last_one_is_done_and_the_next_one_waits(
    world: World, prepare: Callable[[World], tuple[Limit, Act]]
) -> None:
    limit, act = prepare(world)
    with world.house.database.write() as session:
        sessions.add_failures(session, [limit.subject] * (limit.failures - 1), world.clock())

    last = act()
    before = world.rows()
    refused = act()

    assert (last.status_code < 400, refused.status_code) == (True, 429), last.text
    assert 0 < int(refused.headers["Retry-After"]) <= limit.window.total_seconds()
    assert world.rows() == before
