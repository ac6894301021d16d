"""Webhooks: programs elsewhere are told of each deed in the ledger, at least once, in its order as far as they answer.

Nothing is written when a deed is done: what there is to tell follows from the ledger, and each webhook has a number up
to which it was told. A message is made when it is sent. Its signature is that of Standard Webhooks
(standard-webhooks.md, "Signature scheme"): HMAC-SHA256 with a secret that the database does not have.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from base64 import b64encode
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Protocol

from standardwebhooks import Webhook as Signature

from licensing.core.callers import Caller
from licensing.core.errors import InvalidFields, NotFound, SetupRefused, WebhookState
from licensing.core.ledger import Kind
from licensing.core.webhooks import KEPT, OLD_SECRET_GOOD, RETRIES, TEST_TYPE, TYPES, DeliveryState, Target, read_url
from licensing.storage import events, webhooks
from licensing.storage.database import Database
from licensing.storage.ledger import Issuance
from licensing.storage.ledger import size as ledger_size
from licensing.storage.sealing import new_file
from licensing.storage.webhooks import TEST_LEAF, Delivery, Due, Webhook
from licensing.system import System, random_bytes

log = logging.getLogger(__name__)

NO_WEBHOOK = "There is no such webhook."
MAX_WEBHOOKS = 20
"""More that stand at once would make each wait for the others."""
PAUSE_SECONDS = 0.5
TOLD_AT_ONCE, SENT_AT_ONCE = 500, 20
HANDOVER = timedelta(minutes=5)
"""A message taken by a worker that died is due again after this."""
MASTER_BYTES = 32
GONE = 410
_FIELDS = (
    *("serial", "kind", "license_id", "organization_id", "edition", "tier", "seats", "effective_at", "recorded_at"),
    *("support", "order_number", "amount_minor", "currency", "salesperson_id", "quote_id", "refers_to"),
    *("starts_at", "ends_at"),
)


class NotDelivered(Exception):
    """The message did not arrive this time; why, for a person."""


class Post(Protocol):
    """How a message leaves."""

    def __call__(self, target: Target, headers: Mapping[str, str], body: bytes) -> int:
        """The status that the target answered; raises NotDelivered. No redirect is followed."""


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A webhook with a secret that was made now, as `whsec_…`; it is shown nowhere else."""

    webhook: Webhook
    secret: str = field(repr=False)


class Webhooks:
    """Webhooks, and what is sent to them. `master` is the file that secrets follow from; `plain` lets `http` pass."""

    def __init__(self, database: Database, system: System, post: Post, master: Path, *, plain: bool) -> None:
        self._database = database
        self._system = system
        self._post = post
        self._master = master
        self._plain = plain

    def create(self, caller: Caller, url: str, kinds: Collection[Kind], first_leaf: int | None) -> NewSecret:
        """A webhook that is told of the `kinds` of deed, all if there is none, from the ledger's leaf `first_leaf` on
        (None: from now on). Raises InvalidFields, WebhookState where there are MAX_WEBHOOKS.
        """
        read_url(url, plain=self._plain)
        now, id = self._system.now(), self._system.new_id()
        secret = self._secret(id, 1, make=True)
        with self._database.write() as session:
            if sum(each.revoked_at is None for each in webhooks.every(session)) >= MAX_WEBHOOKS:
                raise WebhookState(f"There are {MAX_WEBHOOKS} webhooks; revoke one first.")
            start = _start(ledger_size(session), first_leaf)
            made = Webhook(id, url, tuple(k for k in Kind if k in kinds), start, 1, _hash(secret), None, caller.id, now)
            webhooks.add(session, made)
            events.add(session, caller.id, "webhook.created", id, now, {"first_leaf": start})
        return NewSecret(made, _spelled(secret))

    def every(self) -> Sequence[Webhook]:
        """All webhooks, the newest first; those that were revoked, too."""
        with self._database.read() as session:
            return webhooks.every(session)

    def show(self, id: str) -> Webhook:
        """Raises NotFound."""
        with self._database.read() as session:
            return _existing(webhooks.find(session, id))

    def deliveries(
        self, id: str, state: DeliveryState | None, before: int | None, limit: int
    ) -> list[tuple[Delivery, Issuance | None]]:
        """Its newest messages about leaves below `before`, with their deeds; of one state, or of all. NotFound."""
        with self._database.read() as session:
            _existing(webhooks.find(session, id))
            return webhooks.page(session, id, state, before, limit)

    def rotate(self, caller: Caller, id: str) -> NewSecret:
        """A new secret; the old one signs beside it for OLD_SECRET_GOOD. Raises NotFound, WebhookState."""
        now = self._system.now()
        with self._database.write() as session:
            webhook = _standing(webhooks.lock(session, id))
            generation = webhook.generation + 1
            secret = self._secret(id, generation, make=True)
            webhooks.rotate(session, id, generation, _hash(secret), now)
            events.add(session, caller.id, "webhook.rotated", id, now)
        changed = replace(webhook, generation=generation, secret_hash=_hash(secret), rotated_at=now)
        return NewSecret(changed, _spelled(secret))

    def revoke(self, caller: Caller, id: str) -> Webhook:
        """Nothing is sent any more. One that was revoked stays as it was. Raises NotFound."""
        now = self._system.now()
        with self._database.write() as session:
            webhook = _existing(webhooks.lock(session, id))
            if webhook.revoked_at is not None:
                return webhook
            webhooks.revoke(session, id, now)
            events.add(session, caller.id, "webhook.revoked", id, now)
            return replace(webhook, revoked_at=now)

    def replay(self, caller: Caller, id: str, first_leaf: int) -> Webhook:
        """All from the leaf on is told again. Raises NotFound, WebhookState, InvalidFields for a leaf to come."""
        now = self._system.now()
        with self._database.write() as session:
            webhook = _standing(webhooks.lock(session, id))
            start = min(webhook.next_leaf, _start(ledger_size(session), first_leaf))
            webhooks.rewind(session, id, start)
            events.add(session, caller.id, "webhook.replayed", id, now, {"first_leaf": start})
            return replace(webhook, next_leaf=start)

    def retry(self, caller: Caller, id: str) -> int:
        """What was given up is sent again; how many messages that are. Raises NotFound, WebhookState."""
        now = self._system.now()
        with self._database.write() as session:
            _standing(webhooks.lock(session, id))
            again = webhooks.requeue_dead(session, id, now)
            events.add(session, caller.id, "webhook.retried", id, now, {"messages": again})
            return again

    def test(self, caller: Caller, id: str) -> None:
        """A message about nothing is on its way; how it fares stands with the others. Raises NotFound, WebhookState."""
        now = self._system.now()
        with self._database.write() as session:
            _standing(webhooks.lock(session, id))
            webhooks.queue(session, id, [TEST_LEAF], now)
            events.add(session, caller.id, "webhook.tested", id, now)

    def run(self, stop: Event) -> None:
        """Tells until `stop` is set. It has a thread of its own: who answers slowly holds up no mail."""
        while not stop.wait(PAUSE_SECONDS):
            try:
                self.deliver()
            except Exception:  # whatever happens to one round, the next message must still leave
                log.exception("webhooks could not be told")

    def deliver(self) -> int:
        """Whatever is new is queued, and what is due is sent; how many messages arrived."""
        with self._database.read() as session:
            ids = webhooks.with_work(session, self._system.now())
        return sum(map(self._deliver, ids))

    def forget_old(self) -> None:
        """What arrived, or was given up, long ago can't be looked at any more."""
        with self._database.write() as session:
            webhooks.forget_before(session, self._system.now() - KEPT)

    def _deliver(self, id: str) -> int:
        now = self._system.now()
        with self._database.write() as session:
            webhook = webhooks.lock(session, id)
            if webhook is None or webhook.revoked_at is not None:
                return 0
            webhooks.queue_new(session, webhook, now, TOLD_AT_ONCE)
            taken = webhooks.take_due(session, id, now, now + HANDOVER, SENT_AT_ONCE)
        for number, due in enumerate(taken):
            try:
                status = self._send(webhook, due)
            except NotDelivered as error:
                self._postpone(webhook, due, str(error), [each.leaf_idx for each in taken[number + 1 :]])
                return number
            with self._database.write() as session:
                webhooks.delivered(session, id, due.leaf_idx, self._system.now())
                if status == GONE:
                    webhooks.revoke(session, id, self._system.now())
                    events.add(session, f"webhook:{id[-8:]}", "webhook.gone", id, self._system.now())
                    return number
        return len(taken)

    def _send(self, webhook: Webhook, due: Due) -> int:
        """The answer's status: a success, or GONE."""
        now = self._system.now()
        body = _message(due, now)
        sent = {"webhook-id": f"msg_{_id_of(due, now)}", "webhook-timestamp": str(int(now.timestamp()))}
        signed = " ".join(
            Signature(secret).sign(sent["webhook-id"], now.replace(tzinfo=UTC), body)
            for secret in self._secrets(webhook, now)
        )
        headers = {**sent, "webhook-signature": signed, "content-type": "application/json"}
        try:
            target = read_url(webhook.url, plain=self._plain)
        except InvalidFields as error:
            raise NotDelivered(" ".join(error.errors["url"])) from error
        status = self._post(target, headers, body.encode())
        if not 200 <= status < 300 and status != GONE:
            raise NotDelivered(
                f"It answered {status}." + (" Redirects are not followed." if status // 100 == 3 else "")
            )
        return status

    def _postpone(self, webhook: Webhook, due: Due, problem: str, others: Sequence[int]) -> None:
        """The message is tried again later, and those behind it wait as long: who does not answer is not asked more."""
        now = self._system.now()
        retry_at = now + RETRIES[due.tries - 1] if due.tries <= len(RETRIES) else None
        log.warning("webhook %s was not told of leaf %d (try %d): %s", webhook.id, due.leaf_idx, due.tries, problem)
        with self._database.write() as session:
            webhooks.failed(session, webhook.id, due.leaf_idx, problem, retry_at, now)
            webhooks.put_back(session, webhook.id, others, now + RETRIES[0])

    def _secrets(self, webhook: Webhook, now: datetime) -> list[bytes]:
        """What signs now, the newest first. Raises NotDelivered where the server's file is not the one it was."""
        generations = [webhook.generation]
        if webhook.rotated_at is not None and now - webhook.rotated_at < OLD_SECRET_GOOD:
            generations.append(webhook.generation - 1)
        try:
            secrets = [self._secret(webhook.id, generation) for generation in generations]
        except SetupRefused as error:
            raise NotDelivered(error.detail) from error
        if not hmac.compare_digest(_hash(secrets[0]), webhook.secret_hash):
            raise NotDelivered(f"This server's {self._master.name} is another one than made the secret.")
        return secrets

    def _secret(self, id: str, generation: int, *, make: bool = False) -> bytes:
        """The secret of a webhook; with `make`, the file it follows from is made if it is missing. SetupRefused."""
        try:
            if make and not self._master.exists():
                with new_file(self._master) as file:
                    file.write(random_bytes(MASTER_BYTES).hex().encode())
            master = bytes.fromhex(self._master.read_text("ascii"))
        except (OSError, ValueError) as error:
            raise SetupRefused(f"{self._master.name} can't be read or made: see docs/webhooks.md.") from error
        if len(master) < MASTER_BYTES:
            raise SetupRefused(f"{self._master.name} must hold {MASTER_BYTES} bytes in hexadecimal.")
        return hmac.digest(master, f"webhook {id} {generation}".encode(), "sha256")


def _message(due: Due, now: datetime) -> str:
    """The body: `type`, `timestamp` and `data` (standard-webhooks.md, "Payload structure")."""
    deed = due.issuance
    kind = TEST_TYPE if deed is None else TYPES[deed.kind]
    at = now if deed is None else deed.recorded_at
    data = {} if deed is None else {"leaf": due.leaf_idx, **{name: _plain(getattr(deed, name)) for name in _FIELDS}}
    return json.dumps({"type": kind, "timestamp": _plain(at), "data": data}, separators=(",", ":"))


def _plain(value: object) -> object:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else value


def _id_of(due: Due, now: datetime) -> str:
    return f"test_{int(now.timestamp())}" if due.issuance is None else due.issuance.serial


def _start(size: int, first_leaf: int | None) -> int:
    if first_leaf is not None and first_leaf > size:
        raise InvalidFields({"first_leaf": [f"The ledger has {size} leaves."]})
    return size if first_leaf is None else first_leaf


def _existing(webhook: Webhook | None) -> Webhook:
    if webhook is None:
        raise NotFound(NO_WEBHOOK)
    return webhook


def _standing(webhook: Webhook | None) -> Webhook:
    found = _existing(webhook)
    if found.revoked_at is not None:
        raise WebhookState("The webhook is revoked.")
    return found


def _spelled(secret: bytes) -> str:
    return f"whsec_{b64encode(secret).decode()}"


def _hash(secret: bytes) -> str:
    return hashlib.sha256(secret).hexdigest()
