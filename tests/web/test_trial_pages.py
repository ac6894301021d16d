"""The pages of a trial: a form, a mail, a button, and a page that gets a person running."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from licensing.core.encoding import b64url, read_token_json, unb64url
from licensing.core.throttle import PER_MAILBOX
from licensing.storage.registrations import RegistrationRow
from tests.support.worlds import Browser, World, body_of, browser, sell, token_in

FORM = {
    "name": "Jane Doe",
    "email": "jane@acme.example",
    "organization": "Acme GmbH",
    "country": "DE",
    "expected_nodes": "6",
    "accept_terms": "on",
}
NO_FORM = (
    (b"", "application/x-www-form-urlencoded", 400),
    (b"token=%ff%fe", "application/x-www-form-urlencoded", 400),
    (b"&".join(b"a=%d" % number for number in range(9_000)), "application/x-www-form-urlencoded", 400),
    (b"token=" + b"x" * 100_000, "application/x-www-form-urlencoded", 413),
    (b"--x\r\nnonsense", "multipart/form-data; boundary=x", 400),
    (b"--x", "multipart/form-data", 400),
    (b'{"token":"x"}', "application/json", 400),
)


class _Fields(HTMLParser):
    """The values of a page's inputs, and what its paragraphs of class error say."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.errors: list[str] = []
        self._in_error = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self._in_error = tag == "p" and found.get("class") == "error" and "hidden" not in found
        if tag == "input":
            self.values[str(found.get("name"))] = found.get("value") or ""

    def handle_data(self, data: str) -> None:
        if self._in_error and data.strip():
            self.errors.append(data.strip())


def registered(world: World, **changes: str) -> Browser:
    """A browser that has sent the form and is on the way to the next page."""
    client = browser(world)
    answer = client.post("/trial", data=FORM | changes)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/trial/sent"), answer.text
    return client


def test_a_person_registers_confirms_and_is_shown_how_to_start(world: World) -> None:
    client = registered(world)

    sent = client.get("/trial/sent")
    confirmed = client.post("/trial/confirm", data={"token": world.link_token()})
    start = client.get(confirmed.headers["Location"])

    assert "jane@acme.example" in sent.text
    assert confirmed.status_code == 303
    license_id = confirmed.headers["Location"].split("/")[2]
    assert confirmed.headers["Location"] == f"/licenses/{license_id}/start"
    assert start.status_code == 200
    for needed in (
        "4 storage nodes",
        "no end date",
        "create secret generic koor-license",
        "helm upgrade --install",
        "https://kb.example.com",
        "https://community.example.com",
        "<svg",
    ):
        assert needed in start.text
    assert client.get(f"/licenses/{license_id}/file").get_json()["license"] in start.text


def test_the_start_page_stays_where_it_is_and_the_link_does_not_work_twice(world: World) -> None:
    client = registered(world)
    token = world.link_token()
    there = client.post("/trial/confirm", data={"token": token}).headers["Location"]

    again = browser(world).post("/trial/confirm", data={"token": token})

    assert [client.get(there).status_code for _ in range(2)] == [200, 200]
    assert (again.status_code, again.mimetype) == (410, "text/html")
    assert browser(world).get(there).headers["Location"] == "/licenses"


def test_the_code_of_the_mail_does_the_same(world: World) -> None:
    client = registered(world)

    wrong = client.post("/trial/code", data={"code": "BBBB-BBBB"})
    right = client.post("/trial/code", data={"code": world.code().lower().replace("-", " ")})

    assert (wrong.status_code, wrong.mimetype) == (400, "text/html")
    assert "wrong or no longer valid" in wrong.text
    assert right.status_code == 303
    assert right.headers["Location"].endswith("/start")


def test_opening_the_mails_link_consumes_nothing(world: World) -> None:
    registered(world)
    token = world.link_token()
    before = world.rows()

    pages = [world.client.get(f"/trial/confirm?token={token}") for _ in range(3)]
    world.client.head(f"/trial/confirm?token={token}")

    assert world.rows() == before
    assert all(page.status_code == 200 for page in pages)
    assert all(page.headers["Cache-Control"] == "no-store" for page in pages)
    assert pages[0].text.count("<button") == 1


def test_who_has_a_license_already_is_led_to_it(world: World) -> None:
    license_id = world.trial()["license_id"]
    client = registered(world, organization="Acme again")

    confirmed = client.post("/trial/confirm", data={"token": world.link_token()})

    assert confirmed.headers["Location"] == f"/licenses/{license_id}/start"


def test_a_colleague_is_told_on_paper_only(world: World) -> None:
    world.trial()
    client = registered(world, email="joe@acme.example")

    assert client.get("/trial/sent").status_code == 200
    assert token_in(world.mails()[-2]) is None


def test_a_mail_can_be_had_again_and_both_links_work_the_newest_code_alone(world: World) -> None:
    client = registered(world)
    first_link, first_code = world.link_token(), world.code()

    again = client.post("/trial/again")

    assert again.headers["Location"] == "/trial/sent?done=mail-again"
    assert world.link_token() != first_link
    assert client.post("/trial/code", data={"code": first_code}).status_code == 400
    assert client.post("/trial/confirm", data={"token": first_link}).status_code == 303


def test_asking_again_says_the_same_to_everybody(world: World) -> None:
    known, unknown, done = registered(world), browser(world), registered(world, email="joe@other.example")
    done.post("/trial/confirm", data={"token": world.link_token()})
    unknown.set_cookie("koor_trial", b64url(b"nobody@nowhere.example"), path="/trial")
    mails = len(world.mails())

    answers = [client.post("/trial/again") for client in (known, unknown, done)]

    assert len({(answer.status_code, answer.headers["Location"], answer.text) for answer in answers}) == 1
    assert len(world.mails()) == mails + 1


def test_a_mailbox_is_written_to_a_few_times_only(world: World) -> None:
    for _ in range(PER_MAILBOX):
        client = registered(world)
    mails = len(world.mails())

    refused = client.post("/trial", data=FORM | {"email": "JANE@acme.example"})
    quiet = client.post("/trial/again")

    assert (refused.status_code, quiet.status_code) == (429, 303)
    assert len(world.mails()) == mails
    world.clock.advance(minutes=15)
    registered(world)
    assert len(world.mails()) == mails + 1


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("name", " ", "Please fill this in."),
        ("email", "jane@", "Must be an e-mail address."),
        ("email", "jane@mailinator.com", None),
        ("organization", "x" * 201, "Must have 1 to 200 characters."),
        ("country", "Germany", "Must have 2 to 2 characters."),
        ("expected_nodes", "many", "Must be a whole number."),
        ("expected_nodes", "0", "Must be 1 to 1000000."),
    ],
)
def test_a_form_that_is_refused_keeps_what_was_typed(world: World, name: str, typed: str, said: str | None) -> None:
    before = world.rows()

    answer = browser(world).post("/trial", data=FORM | {name: typed})

    assert (answer.status_code, answer.mimetype) == (422, "text/html")
    shown = _Fields(answer.text)
    if name != "country":
        assert shown.values[name] == typed
    assert shown.values["organization" if name != "organization" else "name"] != ""
    assert said is None or shown.errors == [said]
    assert world.rows() == before


def test_the_terms_have_to_be_accepted_and_news_need_not(world: World) -> None:
    refused = browser(world).post("/trial", data={name: FORM[name] for name in FORM if name != "accept_terms"})
    registered(world)
    registered(world, email="joe@other.example", news="on")

    assert refused.status_code == 422
    assert "The terms must be accepted." in refused.text
    with world.house.database.read() as session:
        assert list(session.scalars(select(RegistrationRow.news).order_by(RegistrationRow.id))) == [False, True]


def test_news_can_be_stopped_as_easily_as_asked_for(world: World) -> None:
    client = registered(world, news="on")
    client.post("/trial/confirm", data={"token": world.link_token()})

    asked_for = client.get("/licenses/privacy").text
    stopped = client.post("/licenses/privacy/news", data={"once": "a" * 32}, follow_redirects=True).text
    again = client.post("/licenses/privacy/news", data={"once": "b" * 32, "wanted": "on"}, follow_redirects=True).text

    assert "we may write to you about more" in asked_for
    assert "We write to you about your licenses only.</p>" in stopped
    assert "we may write to you about more" in again


@pytest.mark.parametrize("path", ["/trial", "/trial/again", "/trial/code", "/trial/confirm"])
@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
def test_a_form_of_another_page_does_nothing(world: World, path: str, origin: str) -> None:
    client = registered(world)
    token, code = world.link_token(), world.code()
    before = world.rows()

    answer = client.post(path, data=FORM | {"token": token, "code": code}, headers={"Origin": origin})

    assert answer.status_code == 403
    assert world.rows() == before


@pytest.mark.parametrize("path", ["/trial", "/trial/code", "/trial/confirm"])
def test_a_form_that_is_none_does_nothing(world: World, path: str) -> None:
    client = registered(world)
    before = world.rows()

    for data, content_type, status in NO_FORM:
        answer = client.post(path, data=data, content_type=content_type)
        assert answer.status_code in (status, 422 if status == 400 else status), content_type
        assert len(answer.headers["X-Request-Id"]) == 32

    assert world.rows() == before


def test_a_link_that_is_not_ours_does_nothing(world: World) -> None:
    before = world.rows()

    for token in ("", "x", "\x00", "'; DROP TABLE license; --", "é", "{{'qz'*3}}", "x" * 60_000):
        answer = browser(world).post("/trial/confirm", data={"token": token})
        assert (answer.status_code, answer.mimetype) == (400, "text/html")
        assert "qzqzqz" not in answer.text

    assert world.rows() == before


@pytest.mark.parametrize("cookie", ["", "%%%", "bm9uc2Vuc2U", "////", "PHNjcmlwdD4", "_-8"])
def test_a_mailbox_that_is_none_leads_to_the_form(world: World, cookie: str) -> None:
    client = browser(world)
    client.set_cookie("koor_trial", cookie, path="/trial")

    assert client.get("/trial/sent").headers["Location"] == "/trial"
    assert client.post("/trial/again").status_code in (303, 400, 422)
    assert client.post("/trial/code", data={"code": "BBBB-BBBB"}).status_code in (303, 400)


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</pre><svg onload=x>"]
)
def test_the_start_page_shows_a_name_with_markup_inert(world: World, name: str) -> None:
    client = registered(world, organization=name)
    there = client.post("/trial/confirm", data={"token": world.link_token()}).headers["Location"]

    page = client.get(there)

    assert name not in page.text
    assert "&lt;" in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_nobody_sees_the_start_page_of_others(world: World) -> None:
    client = registered(world)
    client.post("/trial/confirm", data={"token": world.link_token()})

    assert client.get(f"/licenses/{sell(world).license_id}/start").status_code == 404


def test_the_picture_holds_the_license_alone(world: World) -> None:
    client = registered(world)
    there = client.post("/trial/confirm", data={"token": world.link_token()}).headers["Location"]

    page: TestResponse = client.get(there)

    license = client.get(f"{there.removesuffix('/start')}/file").get_json()["license"]
    claims = read_token_json(unb64url(license.split(".")[1]))
    assert isinstance(claims, dict)
    assert claims["koor"]["seats"] == 4
    assert len(license) < 2_953  # what a QR code of level L holds at most
    assert len(page.data) < 100_000


def test_the_mail_says_what_the_pages_say(world: World) -> None:
    registered(world)

    assert "type this code where you registered" in body_of(world.mails()[-1])
