"""`/licenses`, as a customer without scripts uses it, and as somebody who means no good does."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
import segno
from PIL import Image
from werkzeug.test import TestResponse

from licensing.core.activations import check_code
from licensing.core.callers import OPERATOR
from licensing.core.licenses import read_license_file
from licensing.services.organizations import Person
from licensing.settings import Settings
from licensing.web.portal.access import PORTAL_COOKIE
from tests.support.portal import JANE, JOE, cluster, customer, secret_of, signed_in
from tests.support.worlds import FSID, ORIGIN, OTHER_FSID, UID, Browser, World, browser, make_world, nodes, sell
from tests.web.test_sign_in_pages import assert_page, assert_sent_to

ABSENT = "0" * 32
EVIL = "<script>alert(1)</script>"
MAX_BYTES = 100_000
REQUEST = {"v": 1, "fsid": OTHER_FSID, "kube_system_uid": UID, "nodes": 25}


def send(world: World, client: Browser, path: str, **form: str) -> TestResponse:
    return client.post(path, data={"once": world.house.system.new_id(), **form})


def deeds(license_id: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Every form of a visitor that changes something."""
    yield f"/licenses/{license_id}/clusters/{FSID}/release", {"deed": f"release-{FSID}"}
    yield f"/licenses/{license_id}/quote-requests", {"deed": "quote", "seats": "50"}
    yield f"/licenses/{license_id}/invitations", {"deed": "invite", "name": "Kim", "email": "kim@acme.example"}
    yield "/licenses/privacy/news", {"wanted": "on"}
    yield "/licenses/privacy/erasure", {"deed": "erase"}


def pages(license_id: str) -> list[str]:
    """Every page of a visitor."""
    own = f"/licenses/{license_id}"
    return [own, f"{own}/file", f"{own}/activation", "/licenses/privacy", "/licenses/privacy/export"]


def silent(world: World) -> str:
    """The id of a license with a cluster that may be released."""
    own = customer(world)
    cluster(world, own.license_id)
    world.clock.advance(days=2)
    return own.license_id


def test_a_customer_comes_in_looks_around_and_leaves(world: World) -> None:
    own = customer(world)
    client = browser(world)
    assert_page(client.get("/licenses"))
    assert_page(client.post("/licenses", data={"email": JANE}))
    link = f"/licenses/enter?token={world.link_token()}"
    before = world.rows()
    assert_page(client.get(link))
    assert world.rows() == before  # what a mail scanner does consumes nothing

    entered = client.post("/licenses/enter", data={"token": world.link_token()})

    assert_sent_to(entered, "/licenses")
    cookie = entered.headers["Set-Cookie"]
    assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/licenses"} <= set(cookie.split("; "))
    assert f'href="/licenses/{own.license_id}"' in client.get("/licenses").text
    for path in pages(own.license_id):
        answer = client.get(path)
        assert answer.status_code == 200
        assert len(answer.data) < MAX_BYTES
        if answer.content_type.startswith("text/html"):
            assert_page(answer)
    assert_sent_to(client.post("/licenses/sign-out"), "/licenses?done=signed-out")
    assert client.get_cookie(PORTAL_COOKIE, path="/licenses") is None
    assert "You are signed out." in client.get("/licenses?done=signed-out").text


def test_a_cookie_is_not_tied_to_tls_where_there_is_none(settings: Settings) -> None:
    world = make_world(replace(settings, public_url="http://127.0.0.1:8080"))
    customer(world)
    world.house.portal.ask(JANE)
    token, origin = world.link_token(), {"Origin": "http://127.0.0.1:8080"}

    answer = world.client.post("/licenses/enter", data={"token": token}, headers=origin)

    assert "Secure" not in answer.headers["Set-Cookie"]
    world.house.database.close()


def test_known_and_unknown_addresses_get_the_same_bytes(world: World) -> None:
    customer(world)

    answers = [browser(world).post("/licenses", data={"email": email}) for email in [JANE, JOE] * 5]

    assert len({(answer.status_code, answer.data) for answer in answers}) == 1
    assert (
        len(
            {
                str(sorted(set(answer.headers) - {("X-Request-Id", answer.headers["X-Request-Id"])}))
                for answer in answers
            }
        )
        == 1
    )


@pytest.mark.parametrize("email", ["", "jane", "a@b@c", f"{EVIL}@acme.example", "jane@acme.example\nBcc: x@y.example"])
def test_what_is_no_address_is_told_beside_the_field(world: World, email: str) -> None:
    before = world.rows()

    answer = browser(world).post("/licenses", data={"email": email})

    assert_page(answer, 422)
    assert 'aria-invalid="true"' in answer.text
    assert world.rows() == before


def test_a_session_that_was_left_is_worth_nothing_to_who_stole_it(world: World) -> None:
    own = customer(world)
    client = signed_in(world)
    thief = browser(world)
    thief.set_cookie(PORTAL_COOKIE, client.get_cookie(PORTAL_COOKIE, path="/licenses").value, path="/licenses")  # type: ignore[union-attr]
    assert thief.get(f"/licenses/{own.license_id}").status_code == 200

    client.post("/licenses/sign-out")

    assert_sent_to(thief.get(f"/licenses/{own.license_id}"), "/licenses")
    assert "Send me a link" in thief.get("/licenses").text
    assert thief.get_cookie(PORTAL_COOKIE, path="/licenses") is None


def test_signing_in_gives_a_secret_that_nobody_could_have_planted(world: World) -> None:
    customer(world)
    customer(world, JOE, "Other")
    planted = secret_of(world, JOE)
    client = browser(world)
    client.set_cookie(PORTAL_COOKIE, planted, path="/licenses")
    world.house.portal.ask(JANE)

    client.post("/licenses/enter", data={"token": world.link_token()})

    assert client.get_cookie(PORTAL_COOKIE, path="/licenses").value != planted  # type: ignore[union-attr]
    stale = browser(world)
    stale.set_cookie(PORTAL_COOKIE, planted, path="/licenses")
    assert "Send me a link" in stale.get("/licenses").text


@pytest.mark.parametrize("token", ["", "x" * 43, "x" * 5_000, EVIL])
def test_a_link_that_is_not_ours_opens_nothing_and_runs_nothing(world: World, token: str) -> None:
    client = browser(world)
    before = world.rows()

    assert_page(client.get("/licenses/enter", query_string={"token": token}))
    answer = client.post("/licenses/enter", data={"token": token})

    assert_page(answer, 400)
    assert "Set-Cookie" not in answer.headers
    assert world.rows() == before


def test_a_used_and_an_old_link_say_so(world: World) -> None:
    customer(world)
    secret_of(world)
    used = world.link_token()
    world.house.portal.ask(JANE)
    world.clock.advance(minutes=30)

    answers = [browser(world).post("/licenses/enter", data={"token": each}) for each in (used, world.link_token())]

    for answer in answers:
        assert_page(answer, 410)


def test_a_stranger_is_sent_to_the_way_in(world: World) -> None:
    license_id = silent(world)
    for client in (browser(world), browser(world)):
        client.set_cookie(PORTAL_COOKIE, "x" * 43, path="/licenses")
        before = world.rows()
        for path in pages(license_id):
            assert_sent_to(client.get(path), "/licenses")
        for path, form in [*deeds(license_id), ("/licenses/sign-out", {}), (f"/licenses/{license_id}/activation", {})]:
            assert_sent_to(send(world, client, path, **form), "/licenses")
        assert world.rows() == before


def test_a_session_of_staff_opens_no_portal_and_the_portal_no_console(world: World) -> None:
    license_id = silent(world)

    assert_sent_to(world.sign_in("manager").get(f"/licenses/{license_id}"), "/licenses")
    thief = browser(world, secret_of(world))
    assert_sent_to(thief.get("/console/organizations"), "/sign-in")


def test_a_form_from_another_page_or_without_its_hidden_field_changes_nothing(world: World) -> None:
    license_id = silent(world)
    client = signed_in(world)
    before = world.rows()

    for path, form in deeds(license_id):
        foreign = [
            client.post(path, data={"once": "1", **form}, headers={"Origin": origin})
            for origin in ("https://evil.example", "null", f"{ORIGIN}.evil.example")
        ]
        assert [answer.status_code for answer in foreign] == [403] * 3, path
        assert client.post(path, data=form).status_code == 422, path
    for path in ("/licenses", "/licenses/enter", "/licenses/sign-out", f"/licenses/{license_id}/activation"):
        data = {"email": JANE, "token": world.link_token(), "request": json.dumps(REQUEST)}
        assert client.post(path, data=data, headers={"Origin": "https://evil.example"}).status_code == 403, path

    assert world.rows() == before


def test_a_foreign_license_and_none_are_the_same_page(world: World) -> None:
    silent(world)
    foreign = customer(world, JOE, "Other").license_id
    cluster(world, foreign, fsid=FSID)
    world.clock.advance(days=2)
    client = signed_in(world)
    before = world.rows()

    def answers(license_id: str) -> list[tuple[int, str]]:
        own = f"/licenses/{license_id}"
        got = [client.get(path) for path in (own, f"{own}/file", f"{own}/activation")]
        got += [send(world, client, path, **form) for path, form in list(deeds(license_id))[:3]]
        got.append(send(world, client, f"{own}/activation", request=json.dumps(REQUEST)))
        return [(answer.status_code, answer.text) for answer in got]

    assert answers(foreign) == answers(ABSENT)
    assert {status for status, _ in answers(foreign)} == {404}
    assert world.rows() == before


def test_a_form_that_is_sent_twice_does_its_deed_once(world: World) -> None:
    license_id = silent(world)
    client = signed_in(world)

    for path, form in list(deeds(license_id))[:3]:
        first, second = (client.post(path, data={"once": "1" * 32 + str(len(path)), **form}) for _ in range(2))
        assert first.status_code == second.status_code == 303, (path, second.text)
        assert first.headers["Location"] == second.headers["Location"]

    rows = world.rows()
    assert (len(rows["quote_request"]), len(rows["contact"]), rows["cluster"]) == (1, 2, [])


def test_what_strangers_wrote_runs_nowhere(world: World) -> None:
    name = f'{EVIL}"><img src=x onerror=alert(1)>'
    own = customer(world, JANE, name)
    world.house.organizations.add_contact(OPERATOR, own.organization_id, Person(JOE, name))
    reported = {"fsid": FSID, "kube_system_uid": UID, "name": name, "dcc_version": "1"}
    token = str(world.house.licenses.file(OPERATOR, own.license_id)["license"])
    assert world.check_in(token, ["a"], cluster=reported).status_code == 200
    world.clock.advance(days=2)
    client = signed_in(world, JOE)
    path = f"/licenses/{own.license_id}"

    answers = [client.get(each) for each in ("/licenses", path, f"{path}/activation", "/licenses/privacy")]
    answers += [
        send(world, client, f"{path}/invitations", deed="invite", name=name, email=name),
        send(world, client, f"{path}/quote-requests", deed="quote", seats=name, note="\0" + name),
        send(world, client, f"{path}/activation", request=name),
    ]

    assert [answer.status_code for answer in answers] == [200] * 4 + [422] * 3
    for answer in answers:
        assert EVIL not in answer.text
        assert "<img" not in answer.text


def test_a_refused_form_keeps_what_was_typed_and_opens_where_it_was(world: World) -> None:
    own = customer(world)
    client = signed_in(world)

    answer = send(world, client, f"/licenses/{own.license_id}/quote-requests", deed="quote", seats="4", note="Hello")

    assert_page(answer, 422)
    assert 'value="4"' in answer.text
    assert ">Hello</textarea>" in answer.text
    assert "Must be 5 to 100000." in answer.text
    assert '<details class="deed" id="quote" open>' in answer.text


def test_a_waiting_request_is_told_instead_of_its_form(world: World) -> None:
    own = customer(world)
    client = signed_in(world)
    path = f"/licenses/{own.license_id}"

    asked = send(world, client, f"{path}/quote-requests", deed="quote", seats="50", note="two\r\nlines")

    assert_sent_to(asked, f"{path}?done=asked")
    assert "You asked for a quote of 50 seats" in client.get(path).text
    [waiting] = world.house.quote_requests.page(OPERATOR, 1)
    assert waiting.request.note == "two lines"
    again = send(world, client, f"{path}/quote-requests", deed="quote", seats="60")
    assert_page(again, 409)
    assert "waits already" in again.text


def test_a_cluster_that_is_alive_has_no_button_and_is_not_released(world: World) -> None:
    own = customer(world)
    cluster(world, own.license_id)
    client = signed_in(world)
    path = f"/licenses/{own.license_id}"
    assert "/release" not in client.get(path).text

    answer = send(world, client, f"{path}/clusters/{FSID}/release", deed=f"release-{FSID}")

    assert_page(answer, 409)
    assert "may be alive" in answer.text
    assert len(world.rows()["cluster"]) == 1


def test_the_license_file_is_a_download(world: World) -> None:
    own = customer(world)

    answer = signed_in(world).get(f"/licenses/{own.license_id}/file")

    assert answer.headers["Content-Disposition"] == 'attachment; filename="koor-license.json"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert read_license_file(answer.data).license == world.house.licenses.file(OPERATOR, own.license_id)["license"]


def test_a_long_list_of_clusters_goes_on_where_it_stopped(world: World) -> None:
    own = customer(world)
    client = signed_in(world)
    for number in range(51):
        fsid = f"8b3c1f5e-5f3a-4d0e-9a55-{number:012}"
        cluster(world, own.license_id, 1, fsid=fsid, uid=f"{UID}{number}")
    path = f"/licenses/{own.license_id}"

    first, second = client.get(path), client.get(f"{path}?start=50")

    assert f'href="{path}?start=50"' in first.text
    assert [answer.text.count('<span class="code quiet small">8b3c1f5e') for answer in (first, second)] == [50, 1]
    for odd in ("x", "-1", "9" * 30, "٣"):
        assert client.get(path, query_string={"start": odd}).status_code == 200
    assert len(first.data) < MAX_BYTES


@pytest.mark.parametrize(("nodes", "code"), [(25, "VALID"), (26, "OVER_LIMIT"), (["a", "b"], "VALID")])
def test_a_request_of_a_cluster_without_a_connection_is_answered(world: World, nodes: object, code: str) -> None:
    own = customer(world)
    client = signed_in(world)
    document = json.dumps({**REQUEST, "nodes": nodes, "lid": own.license_id})
    path = f"/licenses/{own.license_id}/activation"
    before = world.rows()["cluster"]

    pasted = client.post(path, data={"request": document})
    uploaded = client.post(path, data={"file": (io.BytesIO(document.encode()), "request.json"), "request": ""})

    for answer in (pasted, uploaded):
        assert_page(answer)
        assert f"<strong>{code}</strong>" in answer.text
        assert f'href="/licenses/{own.license_id}/file"' in answer.text
        assert check_code(json.loads(document)) in answer.text
    assert world.rows()["cluster"] == before


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "Choose the request file"),
        ("not json", "Is not strict JSON."),
        ('{"v":1,"v":1}', "Is not strict JSON."),
        ("[" * 100_000, "Is not strict JSON."),
        ("[]", "Is not a JSON object."),
        (json.dumps({**REQUEST, "v": 2}), "v: Must be 1 to 1."),
        (json.dumps({**REQUEST, "v": True}), "v: Must be a whole number."),
        (json.dumps({**REQUEST, "fsid": "x" * 36}), "fsid: Must be a UUID."),
        (json.dumps({**REQUEST, "nodes": -1}), "nodes: Must be 0 to 10000."),
        (json.dumps({**REQUEST, "nodes": True}), "nodes: Must be a list of node names."),
        (json.dumps({**REQUEST, "nodes": ["a", "a"]}), "nodes: Must not name a node twice."),
        (json.dumps({**REQUEST, "lid": ABSENT}), "The request is for another license."),
        (json.dumps({**REQUEST, EVIL: 1}), "Unknown field."),
        (json.dumps({**REQUEST, "kube_system_uid": "x" * 270_000}), "Must have at most 256 KiB."),
    ],
    ids=range(14),
)
def test_a_request_that_is_none_is_refused_with_the_reason(world: World, text: str, told: str) -> None:
    own = customer(world)
    client = signed_in(world)
    path = f"/licenses/{own.license_id}/activation"

    pasted = client.post(path, data={"request": text})
    uploaded = client.post(path, data={"file": (io.BytesIO(text.encode()), "request.json")})

    for answer in (pasted, uploaded):
        assert_page(answer, 422)
        assert told in answer.text
        assert EVIL not in answer.text
        assert len(answer.data) < MAX_BYTES


def photographed(text: str, degrees: float = 7, quality: int = 60) -> bytes:
    """A QR code on a photograph that was not taken with care."""
    drawn, taken = io.BytesIO(), io.BytesIO()
    segno.make(text, error="m").save(drawn, kind="png", scale=6)
    image = Image.open(drawn).convert("L").rotate(degrees, expand=True, fillcolor=200).resize((900, 700))
    image.save(taken, "JPEG", quality=quality)
    return taken.getvalue()


def sent_photograph(world: World, data: bytes) -> TestResponse:
    own = customer(world)
    return signed_in(world).post(
        f"/licenses/{own.license_id}/activation", data={"photograph": (io.BytesIO(data), "photo.jpg")}
    )


def test_a_request_may_be_photographed(world: World) -> None:
    answer = sent_photograph(world, photographed(json.dumps(REQUEST)))

    assert answer.status_code == 200
    assert OTHER_FSID in answer.text
    assert "VALID" in answer.text


def bomb() -> bytes:
    """A small file that is a picture of 400 million pixels."""
    packed = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(packed, "PNG")
    return packed.getvalue()


@pytest.mark.parametrize(
    "data",
    [b"", b"nonsense", photographed("x")[:500], bomb(), b"<svg onload=alert(1)>", b"GIF89a" + b"\0" * 50],
    ids=["empty", "nonsense", "cut off", "bomb", "svg", "gif"],
)
def test_a_photograph_that_shows_no_code_is_refused(world: World, data: bytes) -> None:
    answer = sent_photograph(world, data)

    assert answer.status_code == 422
    assert "There is no QR code on it" in answer.text


def test_a_photographed_code_that_is_no_request_is_refused(world: World) -> None:
    answer = sent_photograph(world, photographed("https://example.com/<script>"))

    assert answer.status_code == 422
    assert "Is not strict JSON." in answer.text


def test_a_request_of_a_megabyte_is_not_read(world: World) -> None:
    own = customer(world)
    client = signed_in(world)

    answer = client.post(f"/licenses/{own.license_id}/activation", data={"request": "x" * 2_000_000})

    assert_page(answer, 413)
    assert "Must have at most 256 KiB." in answer.text


def test_a_person_takes_what_is_known_of_her_along_and_is_erased(world: World) -> None:
    world.trial(JANE)
    client = signed_in(world)
    exported = client.get("/licenses/privacy/export")
    assert exported.headers["Content-Disposition"] == 'attachment; filename="koor-my-data.json"'
    document = exported.get_json()
    assert document["contacts"][0]["email"] == JANE
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", document["mails"][0]["created_at"])

    erased = send(world, client, "/licenses/privacy/erasure", deed="erase")

    assert_sent_to(erased, "/licenses?done=erased-self")
    assert "You are erased" in client.get("/licenses?done=erased-self").text
    assert client.get_cookie(PORTAL_COOKIE, path="/licenses") is None
    assert_sent_to(client.get("/licenses/privacy"), "/licenses")


def test_an_erasure_that_is_refused_says_why(world: World) -> None:
    customer(world)
    client = signed_in(world)
    before = world.rows()

    answer = send(world, client, "/licenses/privacy/erasure", deed="erase")

    assert_page(answer, 409)
    assert "You are the only person we can write to" in answer.text
    assert world.rows() == before


def test_a_clusters_nodes_are_named_and_those_without_a_seat_are_marked(world: World) -> None:
    held = customer(world, seats=5)
    cluster(world, held.license_id, 7)
    client = signed_in(world)

    page = client.get(f"/licenses/{held.license_id}/clusters/{FSID}").text

    assert all(name in page for name in nodes(7))
    assert page.count("no seat") == 2
    for absent in (OTHER_FSID, "nonsense", "%00"):
        assert client.get(f"/licenses/{held.license_id}/clusters/{absent}").status_code == 404
    assert client.get(f"/licenses/{sell(world).license_id}/clusters/{FSID}").status_code == 404
