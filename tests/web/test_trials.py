"""Registering for a trial and confirming it, as a person does."""

from __future__ import annotations

import json

import pytest

from licensing.core.trials import CODE_TRIES
from licensing.verifier import open_license_file, read_root
from tests.support.worlds import World, body_of


def test_a_trial_is_confirmed_by_the_link_of_its_mail(world: World) -> None:
    answer = world.register()

    assert answer.status_code == 202
    confirmed = world.confirm()
    assert confirmed.status_code == 201
    body = confirmed.get_json()
    assert set(body) == {"license_id", "edition", "tier", "seats", "issued_at", "expires_at", "license_file"}
    assert (body["edition"], body["tier"], body["seats"], body["expires_at"]) == ("trial", "trial", 4, None)
    assert body["issued_at"] == "2026-01-15T12:00:00Z"


def test_the_license_file_is_verified_offline(world: World) -> None:
    text = json.dumps(world.trial()["license_file"])
    root = read_root(json.loads((world.house.settings.keys_dir / "root.jwk").read_text()))

    opened = open_license_file(text, [root])

    assert opened.license.seats == 4
    assert opened.license.org == "Acme GmbH"
    assert opened.revoked is not None


def test_a_trial_is_confirmed_by_the_code_of_its_mail(world: World) -> None:
    world.register()

    answer = world.confirm(email="Jane@Acme.example", code=world.code().lower().replace("-", " "))

    assert answer.status_code == 201


def test_a_link_works_once(world: World) -> None:
    world.register()
    token = world.link_token()
    world.confirm(token=token)

    answer = world.confirm(token=token)

    assert (answer.status_code, answer.get_json()["code"]) == (410, "LINK_USED")


@pytest.mark.parametrize(("minutes", "status"), [(59.98, 201), (60, 410)])
def test_a_link_lives_for_an_hour(world: World, minutes: float, status: int) -> None:
    world.register()
    token = world.link_token()
    world.clock.advance(minutes=minutes)

    assert world.confirm(token=token).status_code == status


@pytest.mark.parametrize(("minutes", "status"), [(9.98, 201), (10, 400)])
def test_a_code_lives_for_ten_minutes(world: World, minutes: float, status: int) -> None:
    world.register()
    code = world.code()
    world.clock.advance(minutes=minutes)

    assert world.confirm(email="jane@acme.example", code=code).status_code == status


@pytest.mark.parametrize(("wrong", "status"), [(CODE_TRIES - 1, 201), (CODE_TRIES, 400)])
def test_a_code_may_be_tried_five_times(world: World, wrong: int, status: int) -> None:
    world.register()
    code = world.code()
    for _ in range(wrong):
        assert world.confirm(email="jane@acme.example", code="BBBB-BBBB").get_json()["code"] == "CODE_REFUSED"

    assert world.confirm(email="jane@acme.example", code=code).status_code == status


def test_a_wrong_code_and_an_unknown_address_are_told_alike(world: World) -> None:
    world.register()

    known = world.confirm(email="jane@acme.example", code="BBBB-BBBB").get_json()
    unknown = world.confirm(email="joe@nowhere.example", code="BBBB-BBBB").get_json()

    assert {**known, "request_id": ""} == {**unknown, "request_id": ""}


def test_everyone_gets_the_same_answer_to_a_registration(world: World) -> None:
    first = world.register()
    world.confirm()

    again = [world.register(), world.register("joe@acme.example"), world.register("eve@elsewhere.example")]

    assert all((answer.status_code, answer.data) == (202, first.data) for answer in again)


@pytest.mark.parametrize("email", ["jane@acme.example", "JANE@ACME.EXAMPLE", "jane+dcc@acme.example"])
def test_the_same_person_gets_her_license_back(world: World, email: str) -> None:
    license_id = world.trial()["license_id"]

    world.register(email)

    mail = world.mails()[-1]
    assert mail["To"] == "jane@acme.example"
    [attachment] = mail.iter_attachments()
    assert json.loads(attachment.get_content())["human"]["license_id"] == license_id
    answer = world.confirm()
    assert (answer.status_code, answer.get_json()["license_id"]) == (200, license_id)


def test_a_colleague_is_told_how_to_be_invited_and_the_holder_who_asked(world: World) -> None:
    world.trial()
    already = len(world.mails())

    world.register("joe@mail.acme.example", name="Joe")

    mails = {mail["To"]: body_of(mail) for mail in world.mails()[already:]}
    assert set(mails) == {"joe@mail.acme.example", "jane@acme.example"}
    assert "invite you" in mails["joe@mail.acme.example"]
    assert "jane" not in mails["joe@mail.acme.example"].lower()
    assert "joe@mail.acme.example" in mails["jane@acme.example"]


def test_of_two_colleagues_who_both_registered_the_first_to_confirm_has_the_trial(world: World) -> None:
    world.register("jane@acme.example")
    jane = world.link_token()
    world.register("joe@acme.example")
    joe = world.link_token()
    world.confirm(token=joe)
    before = world.rows()

    answer = world.confirm(token=jane)

    assert (answer.status_code, answer.get_json()["code"]) == (409, "TRIAL_EXISTS")
    assert world.rows() == before


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("jane.doe@gmail.com", "janedoe@gmail.com"),
        ("jane@gmail.com", "jane+2@googlemail.com"),
        ("jane@bücher.example", "jane@xn--bcher-kva.example"),
    ],
)
def test_one_mailbox_has_one_trial(world: World, first: str, second: str) -> None:
    license_id = world.trial(first)["license_id"]

    world.register(second)

    assert world.confirm().get_json()["license_id"] == license_id


def test_strangers_on_a_shared_domain_have_a_trial_each(world: World) -> None:
    first = world.trial("jane@gmail.com")

    second = world.trial("joe@gmail.com")

    assert first["license_id"] != second["license_id"]
    assert first["license_file"]["human"]["organization"] == ""


def test_a_disposable_address_is_refused(world: World) -> None:
    before = world.rows()

    answer = world.register("jane@mailinator.com")

    assert (answer.status_code, answer.get_json()["code"]) == (422, "DISPOSABLE_ADDRESS")
    assert world.rows() == before


def test_a_retry_with_the_same_key_gets_the_same_bytes(world: World) -> None:
    world.register()
    body = {"token": world.link_token()}
    first = world.post("/v1/trials/confirm", body, idempotency_key="k-1")
    world.clock.advance(days=2)

    again = world.post("/v1/trials/confirm", body, idempotency_key="k-1")

    assert (again.status_code, again.data) == (first.status_code, first.data)
    assert world.post("/v1/trials/confirm", body, idempotency_key="k-2").status_code == 410
