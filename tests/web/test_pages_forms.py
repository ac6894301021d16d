"""Every form there is, filled in well: what another page sends does nothing, what ours sends is done, and done once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import NamedTuple

import pytest
from werkzeug.test import TestResponse

from licensing.core.callers import OPERATOR, PERMISSIONS, Role
from licensing.core.encoding import b64url
from licensing.services.organizations import Person
from tests.support.portal import JANE, cluster, customer, secret_of
from tests.support.staff import EVE, PASSWORD, add_account
from tests.support.worlds import FSID, OTHER_FSID, UID, Browser, World, browser, registration
from tests.web.console_routes import ROUTES

ELSEWHERE = ("https://evil.example", "http://licenses.example.com", "https://licenses.example.com:8443", "null", "")
NEW_PASSWORD = "a much better one"
NEWCOMER = "jo@newcomer.example"


class Sent(NamedTuple):
    """A form that is filled in well, and the browser of who sends it."""

    client: Browser
    path: str
    form: dict[str, str]


def of_visitor(world: World, path: str = "", **form: str) -> Sent:
    """A customer at a form of her license, whose silent cluster may be released, and who may be erased."""
    held = customer(world)
    world.house.organizations.add_contact(OPERATOR, held.organization_id, Person("it@acme.example", "IT"))
    cluster(world, held.license_id)
    world.clock.advance(days=2)
    client = browser(world)
    client.set_cookie("koor_portal", secret_of(world), path="/licenses")
    own = f"/licenses/{held.license_id}" if not path.startswith("/licenses") else ""
    return Sent(client, f"{own}{path}", form)


def of_applicant(world: World, path: str, **form: str) -> Sent:
    """Somebody who has registered for a trial."""
    assert world.register(NEWCOMER).status_code == 202
    client = browser(world)
    client.set_cookie("koor_trial", b64url(NEWCOMER.encode()), path="/trial")
    return Sent(client, path, form)


def of_stranger(world: World, path: str, **form: str) -> Sent:
    return Sent(browser(world), path, form)


def of_member(world: World, path: str, **form: str) -> Sent:
    """Somebody of the staff at her account."""
    add_account(world)
    client = browser(world)
    assert client.post("/sign-in", data={"email": EVE, "password": PASSWORD}).status_code == 303
    return Sent(client, path, form)


def entering(world: World) -> Sent:
    customer(world)
    world.house.portal.ask(JANE)
    return of_stranger(world, "/licenses/enter", token=world.link_token())


def signing_in(world: World) -> Sent:
    add_account(world)
    return of_stranger(world, "/sign-in", email=EVE, password=PASSWORD)


def on_device(world: World, path: str, **form: str) -> Sent:
    """Somebody who reads a code from her screen."""
    asked = world.client.post("/v1/device/code", data={"client_id": "koor-dcc", "fsid": FSID, "cluster_name": "a"})
    return of_stranger(world, path, user_code=asked.get_json()["user_code"], **form)


def registering() -> dict[str, str]:
    return {name: str(value) for name, value in registration(email=NEWCOMER).items()}


ACTIVATION = json.dumps({"v": 1, "fsid": OTHER_FSID, "kube_system_uid": UID, "nodes": 3})
FORMS: dict[str, Callable[[World], Sent]] = {
    "portal_licenses.release": lambda world: of_visitor(world, f"/clusters/{FSID}/release"),
    "portal_licenses.ask_for_quote": lambda world: of_visitor(world, "/quote-requests", seats="50"),
    "portal_licenses.invite": lambda world: of_visitor(world, "/invitations", name="Kim", email="kim@acme.example"),
    "portal_privacy.set_news": lambda world: of_visitor(world, "/licenses/privacy/news", wanted="on"),
    "portal_privacy.erase": lambda world: of_visitor(world, "/licenses/privacy/erasure"),
    "portal_activation.judge": lambda world: of_visitor(world, "/activation", request=ACTIVATION),
    "portal_sign_in.sign_out": lambda world: of_visitor(world, "/licenses/sign-out"),
    "portal_sign_in.ask": lambda world: of_visitor(world, "/licenses", email=JANE),
    "portal_sign_in.enter": entering,
    "pages_trials.register": lambda world: of_stranger(world, "/trial", **registering()),
    "pages_trials.again": lambda world: of_applicant(world, "/trial/again"),
    "pages_trials.confirm_code": lambda world: with_code(world, of_applicant(world, "/trial/code")),
    "pages_trials.confirm": lambda world: with_link(world, of_applicant(world, "/trial/confirm")),
    "pages_devices.look_up": lambda world: on_device(world, "/device"),
    "pages_devices.refuse": lambda world: on_device(world, "/device/refusal"),
    "pages_devices.register": lambda world: on_device(world, "/device/registration", **registering()),
    "pages_sign_in.sign_in": signing_in,
    "pages_sign_in.sign_out": lambda world: of_member(world, "/sign-out"),
    "pages_sign_in.change_password": lambda world: of_member(
        world, "/account/password", old_password=PASSWORD, new_password=NEW_PASSWORD
    ),
    "pages_sign_in.second_factor": lambda world: of_member(world, "/account/second-factor"),
}
CHANGE_NOTHING = {"pages_devices.look_up"}
ONCE_ONLY = [name for name in FORMS if name.startswith(("portal_licenses.", "portal_privacy."))]


def with_code(world: World, sent: Sent) -> Sent:
    return sent._replace(form={"code": world.code()})


def with_link(world: World, sent: Sent) -> Sent:
    return sent._replace(form={"token": world.link_token()})


def whole(world: World, sent: Sent) -> Sent:
    return sent._replace(form={"once": world.house.system.new_id(), **sent.form})


def of_console(world: World, endpoint: str) -> Sent | None:
    """The console's form at somebody's who may send it; None for a page without one."""
    visit = ROUTES[endpoint](world)
    if visit.form is None:
        return None
    permission = getattr(world.house.app.view_functions[endpoint], "permission", None)
    role = next(role for role in (Role.MANAGER, Role.ADMIN) if permission in PERMISSIONS[role])
    return Sent(world.sign_in(role).client, visit.path, visit.form)


def post(sent: Sent, origin: str | None) -> TestResponse:
    """As a browser sends it from a page there, or (None) as one that does not say."""
    if origin is not None:
        return sent.client.post(sent.path, data=sent.form, headers={"Origin": origin})
    return super(Browser, sent.client).open(sent.path, method="POST", data=sent.form)


def refuses_from_elsewhere(world: World, endpoint: str, sent: Sent) -> None:
    before = world.rows()
    answers = {origin: post(sent, origin) for origin in (*ELSEWHERE, None)}
    assert {origin: answer.status_code for origin, answer in answers.items()} == dict.fromkeys(answers, 403), endpoint
    assert [answer for answer in answers.values() if "Set-Cookie" in answer.headers] == [], endpoint
    assert world.rows() == before, endpoint


def is_done_once(world: World, endpoint: str, sent: Sent) -> None:
    """It is done; the same again gets the same answer, another with the same hidden field is refused."""
    first = sent.client.post(sent.path, data=sent.form)
    assert first.status_code in (200, 303), (endpoint, first.text)
    before = world.rows()
    again = sent.client.post(sent.path, data=sent.form)
    other = sent.client.post(sent.path, data={**sent.form, "more": "x"})
    assert (again.status_code, again.headers.get("Location")) == (first.status_code, first.headers.get("Location"))
    assert other.status_code in (422, 404), (endpoint, other.text)  # 404: what its page shows is gone
    assert world.rows() == before, endpoint


def test_every_form_there_is_is_sent_here(world: World) -> None:
    app = world.house.app
    posted = {each.endpoint for each in app.url_map.iter_rules() if "POST" in (each.methods or ())}

    pages = {each for each in posted if not each.startswith("api_")}

    assert pages - set(ROUTES) == set(FORMS)


@pytest.mark.parametrize("endpoint", FORMS)
def test_a_form_of_another_page_does_nothing_and_ours_does(world: World, endpoint: str) -> None:
    sent = whole(world, FORMS[endpoint](world))

    refuses_from_elsewhere(world, endpoint, sent)
    before = world.rows()
    answer = sent.client.post(sent.path, data=sent.form)

    assert answer.status_code in (200, 303), answer.text
    assert (world.rows() == before) == (endpoint in CHANGE_NOTHING)


@pytest.mark.parametrize("endpoint", ONCE_ONLY)
def test_a_customers_deed_is_done_once(world: World, endpoint: str) -> None:
    sent = FORMS[endpoint](world)
    before = world.rows()

    assert sent.client.post(sent.path, data=sent.form).status_code == 422

    assert world.rows() == before
    if endpoint != "portal_privacy.erase":  # nobody is left to send it again
        is_done_once(world, endpoint, whole(world, sent))


def test_every_form_of_the_console_refuses_another_page_and_is_done_once(world: World) -> None:
    views = world.house.app.view_functions
    deeds = {endpoint for endpoint in ROUTES if getattr(views[endpoint], "is_page_deed", False)}

    for endpoint in ROUTES:
        sent = of_console(world, endpoint)
        if sent is not None:
            refuses_from_elsewhere(world, endpoint, whole(world, sent))
        if sent is not None and endpoint in deeds:
            is_done_once(world, endpoint, whole(world, sent))
            deeds.remove(endpoint)

    assert deeds == set()
