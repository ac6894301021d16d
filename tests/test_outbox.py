"""Mails leave at least once, through a real SMTP server, and never inside a request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import select

from licensing.services.outbox import RETRIES
from licensing.settings import Settings
from licensing.storage import outbox as storage
from tests.support.servers import free_port
from tests.support.smtp import Mailbox, MailServer, running_mail_server
from tests.support.worlds import World, body_of, make_world


@pytest.fixture
def smtp() -> Iterator[MailServer]:
    with running_mail_server() as server:
        yield server


@pytest.fixture
def mailbox(smtp: MailServer) -> Mailbox:
    return smtp.mailbox


@pytest.fixture
def mailing(settings: Settings, smtp: MailServer) -> Iterator[World]:
    """A world whose mails go to that server."""
    world = make_world(replace(settings, mail_url=smtp.url))
    yield world
    world.house.database.close()


def outbox(world: World) -> list[tuple[object, ...]]:
    return world.rows()["outbox"]


def test_a_mail_reaches_the_server_with_link_and_text(mailing: World, mailbox: Mailbox) -> None:
    mailing.register(name="Zoë Müller")

    assert mailbox.mails == []
    assert mailing.house.outbox.deliver_due() == 1
    assert mailing.house.outbox.deliver_due() == 0
    [mail] = mailbox.mails
    assert (mail["To"], mail["From"]) == ("jane@acme.example", "Koor <licenses@koor.example>")
    assert mail["Message-ID"].endswith("@koor.example>")


def test_a_license_travels_as_an_attachment(world: World) -> None:
    world.trial()

    mail = world.mails()[-1]

    [attachment] = mail.iter_attachments()
    assert attachment.get_filename() == "koor-license.json"
    assert "kubectl" in body_of(mail)


@pytest.mark.parametrize("refusal", ["451 try later", "550 no such user"])
def test_a_mail_that_is_refused_is_tried_again_with_the_same_id(mailing: World, mailbox: Mailbox, refusal: str) -> None:
    mailbox.refusal = refusal
    mailing.register()
    assert mailing.house.outbox.deliver_due() == 0
    assert mailing.house.outbox.deliver_due() == 0  # not due yet
    mailbox.refusal = None
    mailing.clock.advance(seconds=RETRIES[0].total_seconds())

    assert mailing.house.outbox.deliver_due() == 1


def test_a_server_that_is_gone_after_it_took_the_mail_gets_it_twice_with_one_id(
    mailing: World, mailbox: Mailbox
) -> None:
    mailbox.drops = True
    mailing.register()
    assert mailing.house.outbox.deliver_due() == 0
    mailbox.drops = False
    mailing.clock.advance(seconds=RETRIES[0].total_seconds())

    assert mailing.house.outbox.deliver_due() == 1
    first, second = mailbox.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Subject"] == second["Subject"]


def test_a_server_that_says_nothing_is_left_after_a_while(
    mailing: World, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("licensing.mail.SMTP_TIMEOUT_SECONDS", 0.3)
    mailbox.stalls = 60
    mailing.register()

    assert mailing.house.outbox.deliver_due() == 0
    [row] = outbox(mailing)
    assert "SMTPServerDisconnected" in str(row)
    mailbox.stalls = 0
    mailing.clock.advance(seconds=RETRIES[0].total_seconds())
    assert mailing.house.outbox.deliver_due() == 1


def test_a_server_that_is_down_loses_nothing_and_is_given_up_visibly(settings: Settings) -> None:
    world = make_world(replace(settings, mail_url=f"smtp://127.0.0.1:{free_port()}"))
    assert world.register().status_code == 202
    for pause in RETRIES:
        assert world.house.outbox.deliver_due() == 0
        world.clock.advance(seconds=pause.total_seconds())
    [waiting] = outbox(world)
    assert waiting[6] is not None

    assert world.house.outbox.deliver_due() == 0

    [dead] = outbox(world)
    assert dead[6] is None
    assert dead[9] is not None
    world.house.database.close()


def test_a_worker_that_is_to_stop_begins_no_other_mail_and_gives_back_what_it_took(
    mailing: World, mailbox: Mailbox
) -> None:
    for number in range(3):
        mailing.register(email=f"jane@customer{number}.example")

    assert mailing.house.outbox.deliver_due(lambda: len(mailbox.mails) == 1) == 1
    assert len(mailbox.mails) == 1
    assert mailing.house.outbox.deliver_due() == 2
    assert len({mail["To"] for mail in mailbox.mails}) == 3
    with mailing.house.database.read() as session:
        assert set(session.scalars(select(storage.OutboxRow.tries))) == {1}


def test_a_mail_whose_worker_died_is_due_again(world: World) -> None:
    world.register()
    now = world.clock()
    with world.house.database.write() as session:
        world.clock.advance(minutes=5)
        assert len(storage.take_due(session, now, world.clock(), 10)) == 1

    assert world.house.outbox.deliver_due() == 1


def test_a_worker_goes_on_after_a_failure(world: World) -> None:
    world.register()
    (world.house.settings.data_dir / "ledger.highwater").write_text("nonsense")

    world.house.worker.tick()

    assert len(world.mails()) == 2  # hers, and the admin's of the alarm that rang


def test_a_name_can_add_no_header(mailing: World, mailbox: Mailbox) -> None:
    assert mailing.register(name="Jane\r\nBcc: all@acme.example").status_code == 422
    assert mailing.register("jane@acme.example\r\nBcc: x@y.example").status_code == 422
    assert outbox(mailing) == []
