"""Webhooks: told of every deed, signed, tried again, and never lured to where they must not go."""

from __future__ import annotations

import hmac
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook as Signature
from standardwebhooks import WebhookVerificationError

from licensing.core.callers import OPERATOR
from licensing.core.errors import InvalidFields, NotFound, Refusal, SetupRefused, WebhookState
from licensing.core.ledger import Kind
from licensing.core.prices import Price
from licensing.core.sales import Purchase, Term
from licensing.core.webhooks import KEPT, OLD_SECRET_GOOD, RETRIES, DeliveryState, read_url
from licensing.posting import Poster
from licensing.services import webhooks as service
from licensing.services.webhooks import MAX_WEBHOOKS, TOLD_AT_ONCE, NotDelivered, Webhooks
from licensing.settings import PRODUCTION, Settings
from tests.support.receivers import Receiver, certificate_for, receiving
from tests.support.worlds import World, make_world, sell

DAY = 86_400


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def told(world: World, receiver: Receiver, *kinds: Kind, first_leaf: int | None = None) -> tuple[str, str]:
    """A webhook that tells the receiver: id and secret."""
    made = world.house.webhooks.create(OPERATOR, receiver.url, kinds, first_leaf)
    return made.webhook.id, made.secret


def delivered(world: World, times: int = 10) -> int:
    """How many messages arrive in so many rounds."""
    return sum(world.house.webhooks.deliver() for _ in range(times))


def states(world: World, id: str) -> list[tuple[DeliveryState, int, str | None]]:
    """State, tries and last problem of its messages, the newest first."""
    found = world.house.webhooks.deliveries(id, None, None, 100)
    return [(each.state, each.tries, each.last_error) for each, _ in found]


def verified(secret: str, request: tuple[str, dict[str, str], bytes], at: float) -> Any:
    """The message, if it is authentic; as a receiver's library sees it, at the moment when it was sent."""
    _, headers, body = request
    sent = int(headers["webhook-timestamp"])
    assert sent == int(at)
    fresh = {**headers, "webhook-timestamp": str(int(time.time()))}
    expected = Signature(secret).sign(headers["webhook-id"], datetime.fromtimestamp(sent, UTC), body.decode())
    assert any(hmac.compare_digest(each, expected) for each in headers["webhook-signature"].split(" "))
    with pytest.raises(WebhookVerificationError):  # another moment has another signature
        Signature(secret).verify(body, fresh)
    return expected


def test_every_deed_is_told_in_order_signed_and_without_a_person(world: World, receiver: Receiver) -> None:
    _, secret = told(world, receiver)
    world.house.prices.put(OPERATOR, Price("EUR", 120_000, world.clock().replace(hour=0)))
    license_id = world.trial()["license_id"]
    organization = world.house.licenses.show(OPERATOR, str(license_id)).standing.organization_id
    world.house.sales.convert(OPERATOR, str(license_id), organization, Term(25, 12), Purchase("PO-7", "EUR"))
    world.house.licenses.revoke(OPERATOR, str(license_id), "the end")

    assert delivered(world) == 3

    _, converted, revoked = receiver.messages()
    assert [each["type"] for each in receiver.messages()] == ["license.trial", "license.converted", "license.revoked"]
    assert (converted["data"]["license_id"], converted["data"]["organization_id"]) == (license_id, organization)
    assert converted["data"]["order_number"] == "PO-7"
    assert (converted["data"]["seats"], converted["data"]["edition"]) == (25, "pro")
    assert converted["timestamp"] == "2026-01-15T12:00:00Z"
    assert revoked["data"]["leaf"] == converted["data"]["leaf"] + 1
    for request in receiver.requests:
        verified(secret, request, world.clock().timestamp())
        assert request[0] == "/hook?from=koor"
        assert b"jane" not in request[2].lower()
        assert b"acme" not in request[2].lower()
    ids = [headers["webhook-id"] for _, headers, _ in receiver.requests]
    assert ids == [f"msg_{each['data']['serial']}" for each in receiver.messages()]


def test_a_webhook_is_told_of_what_it_asked_for_and_from_where_it_asked(world: World, receiver: Receiver) -> None:
    world.trial()
    sell(world)
    told(world, receiver, Kind.SOLD, first_leaf=0)
    sell(world)
    world.trial("joe@other.example")

    assert delivered(world) == 2
    assert {each["type"] for each in receiver.messages()} == {"license.sold"}


def test_the_past_is_not_told_unless_it_is_asked_for(world: World, receiver: Receiver) -> None:
    sell(world)
    told(world, receiver)

    assert delivered(world) == 0
    assert receiver.requests == []


def test_the_house_s_own_deeds_are_told_to_nobody(world: World, receiver: Receiver) -> None:
    told(world, receiver, first_leaf=0)

    assert delivered(world) == 0
    assert world.house.ledger.page(None, None, 10)  # the keys' deeds are there


def test_a_failed_message_is_tried_again_later_and_those_behind_it_keep_their_order(
    world: World, receiver: Receiver
) -> None:
    id, _ = told(world, receiver)
    receiver.statuses = [500, 503]
    for _ in range(3):
        sell(world)

    assert delivered(world) == 0
    assert [state for state, _, _ in states(world, id)] == [DeliveryState.WAITING] * 3
    assert [tries for _, tries, _ in states(world, id)] == [0, 0, 1]
    assert states(world, id)[2][2] == "It answered 500."
    assert len(receiver.requests) == 1  # who does not answer is not asked again at once

    world.clock.advance(seconds=RETRIES[0].total_seconds())
    assert delivered(world) == 0
    world.clock.advance(seconds=RETRIES[1].total_seconds())
    assert delivered(world) == 3

    leaves = [each["data"]["leaf"] for each in receiver.messages()]
    assert leaves == [leaves[0]] * 3 + [leaves[0] + 1, leaves[0] + 2]
    assert len({headers["webhook-id"] for _, headers, _ in receiver.requests[:3]}) == 1  # a receiver can tell


def test_a_message_is_given_up_after_the_last_try_seen_and_sent_again_when_asked(
    world: World, receiver: Receiver
) -> None:
    id, _ = told(world, receiver)
    receiver.statuses = [500] * (len(RETRIES) + 1)
    sell(world)
    for wait in (*RETRIES, RETRIES[0]):
        assert delivered(world, 1) == 0
        world.clock.advance(seconds=wait.total_seconds())

    assert states(world, id) == [(DeliveryState.DEAD, len(RETRIES) + 1, "It answered 500.")]
    assert delivered(world) == 0
    assert "1 messages to webhooks were given up" in world.house.health.warnings()["webhooks"]
    assert world.house.metrics.figures().messages == {"waiting": 0, "dead": 1}

    assert world.house.webhooks.retry(OPERATOR, id) == 1
    assert delivered(world) == 1
    assert states(world, id) == [(DeliveryState.DELIVERED, 1, None)]
    assert "webhooks" not in world.house.health.warnings()


def test_everything_from_a_leaf_on_is_told_again_with_the_ids_it_had(world: World, receiver: Receiver) -> None:
    id, _ = told(world, receiver)
    for _ in range(3):
        sell(world)
    assert delivered(world) == 3
    second = receiver.messages()[1]["data"]["leaf"]

    world.house.webhooks.replay(OPERATOR, id, second)

    assert delivered(world) == 2
    ids = [headers["webhook-id"] for _, headers, _ in receiver.requests]
    assert ids[3:] == ids[1:3]


def test_more_deeds_than_are_told_at_once_are_all_told(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "TOLD_AT_ONCE", 2)
    monkeypatch.setattr(service, "SENT_AT_ONCE", 2)
    told(world, receiver, first_leaf=0)
    for _ in range(5):
        sell(world)

    assert delivered(world, 20) == 5
    leaves = [each["data"]["leaf"] for each in receiver.messages()]
    assert leaves == sorted(leaves)
    assert TOLD_AT_ONCE > 2


def test_a_worker_that_died_loses_nothing(world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    told(world, receiver)
    sell(world)

    class Died(BaseException):
        pass

    def die(*_: object) -> int:
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr(world.house.webhooks, "_post", die)
        with pytest.raises(Died):
            world.house.webhooks.deliver()

    assert delivered(world) == 0  # somebody may be at it
    world.clock.advance(minutes=5)
    assert delivered(world) == 1


def test_two_workers_tell_each_deed_once(world: World, receiver: Receiver) -> None:
    told(world, receiver)
    other = make_world(world.house.settings)
    for _ in range(4):
        sell(world)

    assert sum(each.house.webhooks.deliver() for each in (world, other, world, other)) == 4
    assert len(receiver.requests) == 4
    other.house.database.close()


def test_one_that_does_not_answer_holds_up_no_other(world: World, receiver: Receiver) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        dead = world.house.webhooks.create(OPERATOR, f"http://127.0.0.1:{closed.getsockname()[1]}/", [], None)
        told(world, receiver)
        sell(world)

        assert delivered(world) == 1
    assert (
        states(world, dead.webhook.id)[0][2]
        == f"ConnectionRefusedError from 127.0.0.1:{closed_port(dead.webhook.url)}."
    )


def closed_port(url: str) -> str:
    return url.rpartition(":")[2].rstrip("/")


def test_one_that_is_gone_for_good_is_told_nothing_more(world: World, receiver: Receiver) -> None:
    id, _ = told(world, receiver)
    receiver.statuses = [410]
    sell(world)
    sell(world)

    assert delivered(world) == 0
    assert world.house.webhooks.show(id).revoked_at is not None
    assert len(receiver.requests) == 1


def test_a_revoked_webhook_is_told_nothing(world: World, receiver: Receiver) -> None:
    id, _ = told(world, receiver)
    receiver.statuses = [500]
    sell(world)
    delivered(world)
    world.house.webhooks.revoke(OPERATOR, id)
    sell(world)
    world.clock.advance(days=1)

    assert delivered(world) == 0
    assert len(receiver.requests) == 1
    assert [state for state, _, _ in states(world, id)] == [DeliveryState.DEAD]
    assert "webhooks" not in world.house.health.warnings()


def test_an_old_secret_signs_beside_the_new_one_for_a_day(world: World, receiver: Receiver) -> None:
    id, old = told(world, receiver)
    new = world.house.webhooks.rotate(OPERATOR, id).secret
    assert new != old
    sell(world)
    delivered(world)
    world.clock.advance(seconds=OLD_SECRET_GOOD.total_seconds() - 1)
    sell(world)
    delivered(world)
    at = world.clock().timestamp()
    for secret in (old, new):
        verified(secret, receiver.requests[1], at)

    world.clock.advance(seconds=1)
    sell(world)
    delivered(world)
    assert len(receiver.requests[2][1]["webhook-signature"].split(" ")) == 1
    verified(new, receiver.requests[2], world.clock().timestamp())


def test_a_test_is_about_nothing(world: World, receiver: Receiver) -> None:
    id, secret = told(world, receiver, Kind.SOLD)
    world.house.webhooks.test(OPERATOR, id)

    assert delivered(world) == 1
    assert receiver.messages() == [{"type": "webhook.test", "timestamp": "2026-01-15T12:00:00Z", "data": {}}]
    verified(secret, receiver.requests[0], world.clock().timestamp())
    world.clock.advance(seconds=1)
    world.house.webhooks.test(OPERATOR, id)
    assert delivered(world) == 1
    assert receiver.requests[0][1]["webhook-id"] != receiver.requests[1][1]["webhook-id"]


def test_the_database_alone_can_t_sign(world: World, receiver: Receiver) -> None:
    _, secret = told(world, receiver)
    rows = repr(world.rows())

    assert secret not in rows
    assert secret.removeprefix("whsec_") not in rows
    master = world.house.settings.webhook_secret_file
    assert master.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", ["11" * 32, "", "nonsense", "11" * 31, None])
def test_a_server_without_the_file_that_secrets_follow_from_tells_nobody(
    world: World, receiver: Receiver, content: str | None
) -> None:
    id, _ = told(world, receiver)
    master = world.house.settings.webhook_secret_file
    master.unlink()
    if content is not None:
        master.write_text(content)
    sell(world)

    assert delivered(world) == 0
    assert receiver.requests == []
    assert "webhook.secret" in str(states(world, id)[0][2])
    assert delivered(world) == 0


def test_a_folder_that_can_t_be_written_is_told(world: World, tmp_path: Path) -> None:
    missing = Webhooks(
        world.house.database, world.house.system, Poster(()), tmp_path / "nowhere" / "webhook.secret", plain=True
    )

    before = world.rows()
    with pytest.raises(SetupRefused):
        missing.create(OPERATOR, "https://crm.example.com/", [], None)
    assert world.rows() == before


def test_what_arrived_is_forgotten_after_a_month(world: World, receiver: Receiver) -> None:
    id, _ = told(world, receiver)
    sell(world)
    delivered(world)
    world.clock.advance(seconds=KEPT.total_seconds())
    world.house.webhooks.forget_old()
    assert len(states(world, id)) == 1
    world.clock.advance(seconds=1)
    world.house.webhooks.forget_old()
    assert states(world, id) == []


def test_refusals_change_nothing(world: World, receiver: Receiver) -> None:
    house = world.house.webhooks
    id, _ = told(world, receiver)
    gone, _ = told(world, receiver)
    house.revoke(OPERATOR, gone)
    size = len(world.rows()["ledger_leaf"])
    for _ in range(MAX_WEBHOOKS - 1):
        told(world, receiver)
    before = world.rows()
    deeds: list[tuple[type[Refusal], Any]] = [
        (WebhookState, lambda: told(world, receiver)),
        (InvalidFields, lambda: house.create(OPERATOR, "https://127.1/", [], None)),
        (InvalidFields, lambda: house.replay(OPERATOR, id, size + 1)),
        (NotFound, lambda: house.show("0" * 32)),
        (NotFound, lambda: house.deliveries("0" * 32, None, None, 1)),
        *(
            (refusal, partial(deed, OPERATOR, which, *more))
            for refusal, which in ((NotFound, "0" * 32), (WebhookState, gone))
            for deed, more in ((house.rotate, ()), (house.retry, ()), (house.test, ()), (house.replay, (0,)))
        ),
        (NotFound, lambda: house.revoke(OPERATOR, "0" * 32)),
    ]
    for refusal, deed in deeds:
        with pytest.raises(refusal):
            deed()
        assert world.rows() == before


def test_a_redirect_is_not_followed(world: World, receiver: Receiver) -> None:
    id, _ = told(world, receiver)
    receiver.statuses = [302]
    sell(world)

    assert delivered(world) == 0
    assert [path for path, _, _ in receiver.requests] == ["/hook?from=koor"]
    assert states(world, id)[0][2] == "It answered 302. Redirects are not followed."


def test_without_leave_nothing_of_this_machine_is_reached(settings: Settings, receiver: Receiver) -> None:
    world = make_world(replace(settings, webhook_networks=()))
    id, _ = told(world, receiver)
    sell(world)

    assert delivered(world) == 0
    assert receiver.requests == []
    assert "is not on the internet" in str(states(world, id)[0][2])
    world.house.database.close()


def test_in_production_messages_are_encrypted(settings: Settings, receiver: Receiver) -> None:
    world = make_world(replace(settings, mode=PRODUCTION))

    with pytest.raises(InvalidFields):
        told(world, receiver)
    world.house.database.close()


def resolving(*addresses: str) -> Any:
    """What resolves every name to these addresses."""
    return lambda _, port, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses]


@pytest.mark.parametrize("addresses", [("127.0.0.1",), ("169.254.169.254",), ("8.8.8.8", "127.0.0.1"), ("10.0.0.1",)])
def test_a_name_with_an_address_that_must_not_be_reached_is_not_called(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, addresses: tuple[str, ...]
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolving(*addresses))
    target = read_url(f"https://crm.example.com:{receiver.port}/")

    with pytest.raises(NotDelivered, match="not on the internet"):
        Poster(())(target, {}, b"{}")
    assert receiver.requests == []


def test_a_name_is_resolved_once_and_proven_by_its_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    context, trusted = certificate_for("crm.example.com", tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    asked: list[str] = []

    def resolve(host: str, port: int, **_: Any) -> Any:
        asked.append(host)
        return resolving("127.0.0.1")(host, port)

    with receiving(context) as receiver:
        post = Poster(world.house.settings.webhook_networks)
        target = read_url(f"https://crm.example.com:{receiver.port}/hook")
        with monkeypatch.context() as patched:
            patched.setattr(socket, "getaddrinfo", lambda host, port, *_, **__: resolve(host, port))
            assert post(target, {"webhook-id": "msg_1"}, b"{}") == 204
            names = [host for host in asked if host == "crm.example.com"]
            with pytest.raises(NotDelivered, match="SSLCertVerificationError"):
                post(replace(target, host="other.example.com"), {}, b"{}")
    assert names == ["crm.example.com"]
    assert len(receiver.requests) == 1
    _, headers, body = receiver.requests[0]
    assert (headers["host"], headers["webhook-id"], body) == (f"crm.example.com:{receiver.port}", "msg_1", b"{}")


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path, world: World) -> None:
    context, _ = certificate_for("127.0.0.1", tmp_path)
    with receiving(context) as receiver, pytest.raises(NotDelivered, match="SSLCertVerificationError"):
        Poster(world.house.settings.webhook_networks)(read_url(f"https://127.0.0.1:{receiver.port}/"), {}, b"{}")
    assert receiver.requests == []


@pytest.mark.parametrize("tls", [False, True])
def test_an_answer_that_trickles_is_cut_off(
    tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch, tls: bool
) -> None:
    context, trusted = certificate_for("127.0.0.1", tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    monkeypatch.setattr("licensing.posting.SECONDS", 1)
    with receiving(context if tls else None) as receiver:
        receiver.stall = 0.2  # each byte comes long before a socket's own time limit
        target = replace(read_url(receiver.url, plain=True), tls=tls)
        began = time.monotonic()

        with pytest.raises(NotDelivered):
            Poster(world.house.settings.webhook_networks)(target, {}, b"{}")
    assert len(receiver.requests) == 1
    assert time.monotonic() - began < 30  # the whole answer takes 40 minutes


def test_a_handshake_that_never_comes_is_cut_off(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("licensing.posting.SECONDS", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        target = read_url(f"https://127.0.0.1:{silent.getsockname()[1]}/")

        with pytest.raises(NotDelivered):
            Poster(world.house.settings.webhook_networks)(target, {}, b"{}")


def test_a_name_that_means_nothing_is_told(world: World) -> None:
    with pytest.raises(NotDelivered, match="There is no host"):
        Poster(())(read_url("https://nowhere.invalid/"), {}, b"{}")


def test_tls_alone_is_spoken_to_a_tls_address(receiver: Receiver, world: World) -> None:
    target = read_url(f"https://127.0.0.1:{receiver.port}/")
    with pytest.raises(NotDelivered):
        Poster(world.house.settings.webhook_networks)(target, {"webhook-signature": "v1,x"}, b"{}")
    assert receiver.requests == []
    assert ssl.OPENSSL_VERSION
