"""The client: one loop that looks at the license file, counts, checks in and judges; its face never waits for it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from licensing.client.answers import BadAnswer, take, take_keys, take_list
from licensing.client.clusters import Cluster, ClusterAway
from licensing.client.exchange import Exchange, Failed, Instance, check_in_body
from licensing.client.face import GATED, Counts
from licensing.client.holding import Holding, hold
from licensing.client.requests import write_request
from licensing.client.schedule import Schedule
from licensing.client.state import SEED_BYTES, State, Store, StoreAway, read_state, write_state
from licensing.client.system import ClientSystem
from licensing.core.encoding import b64url
from licensing.verifier import License, RootKey, Verdict, evaluate

MAX_FILE_BYTES = 1_048_576
NONCE_BYTES = 16


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the face shows, replaced as a whole."""

    verdict: Verdict | None = None
    license: License | None = None
    counts: Counts = field(default_factory=Counts)
    cluster: Cluster | None = None
    nodes: Sequence[str] = ()
    daily: tuple[tuple[str, int], ...] = ()


class Client:
    """One cluster's license. `run` in a thread of its own; everything else may be called from any thread, at any time.

    `file` is where a person puts the license file, and is followed; `server` None means that nothing is ever sent.
    `nodes` names the storage nodes and `cluster` says which Ceph cluster this is: both may fail at any time, with
    ClusterAway or any other exception, and then what they said last stays. `store` keeps the state. Raises ValueError
    for a `server` that is no URL: nothing else stops it.
    """

    def __init__(
        self,
        *,
        file: Path,
        server: str | None,
        roots: Sequence[RootKey],
        nodes: Callable[[], list[str]],
        cluster: Callable[[], Cluster],
        store: Store,
        system: ClientSystem | None = None,
        ca: Path | None = None,
        log: logging.Logger | None = None,
    ) -> None:
        self._file = file
        self._exchange = Exchange(server, ca) if server else None
        self._roots = tuple(roots)
        self._list_nodes = nodes
        self._read_cluster = cluster
        self._store = store
        self._system = system or ClientSystem()
        self._log = log or logging.getLogger(__name__)
        self._schedule = Schedule(self._system)
        self._saved: State | None = None
        self._state = State(self._system.random(SEED_BYTES))
        self._content: bytes | None = None
        self._refused: bytes | None = None
        self._holding = Holding()
        self._nodes: list[str] | None = None
        self._cluster: Cluster | None = None
        self._counts = Counts()
        self._shown = _Shown()

    # The face.

    def status(self) -> Verdict | None:
        """What the license is worth now; None without a license, which restricts nobody."""
        return self._shown.verdict

    def license(self) -> License | None:
        """The license in force."""
        return self._shown.license

    def allows(self, action: str) -> bool:
        """Whether the action may be done."""
        verdict = self._shown.verdict
        return verdict is None or not verdict.restricted or action not in GATED

    def counts(self) -> Counts:
        """The counters since the start."""
        return self._shown.counts

    def request(self) -> bytes:
        """The activation request of this cluster: what a site without a connection carries to the server."""
        shown = self._shown
        license_id = None if shown.license is None else shown.license.lid
        return write_request(shown.cluster, shown.nodes, shown.daily, license_id)

    # The loop.

    def run(self, stop: Event) -> None:
        """Does what is due until `stop` is set, whatever goes wrong."""
        while not stop.is_set():
            stop.wait(self.step())

    def step(self) -> float:
        """Does what is due now; the seconds until the next thing is."""
        schedule = self._schedule
        for due, deed in (
            (schedule.look, self._look),
            (schedule.count, self._count),
            (schedule.call, self._check_in),
            (schedule.judge, self._judge),
        ):
            if due():
                try:
                    deed()
                except ClusterAway as error:
                    self._log.warning("the storage nodes can't be counted now: %s", error)
                except Exception:  # what is called may be anybody's code, and a license stops no program
                    self._log.exception("the license client goes on")
        return schedule.pause()

    def check_in_soon(self) -> None:
        """Lets the next step check in, whatever the back-off was."""
        self._schedule.call_at_once()

    def _look(self) -> None:
        """Loads the state, once that is possible, and follows the license file."""
        if self._saved is None:
            self._load()
        try:
            with self._file.open("rb") as opened:
                content = opened.read(MAX_FILE_BYTES + 1)
        except OSError:
            return
        if content not in (self._content, self._refused):
            self._follow(content)

    def _load(self) -> None:
        try:
            document = self._store.load()
        except StoreAway as error:
            self._log.warning("the license client's state can't be read yet: %s", error)
            return
        self._state = self._saved = read_state(document, lambda: self._system.random(SEED_BYTES))
        self._hold()

    def _follow(self, content: bytes) -> None:
        """Takes over another content of the file, unless it proves nothing while another is in force."""
        followed = hold(content, replace(self._state, license_file=None), self._roots)
        if len(content) > MAX_FILE_BYTES or (followed.license is None and self._holding.token is not None):
            self._log.warning("the license file %s does not verify: what was in force stays", self._file)
            self._refused = content
            return
        self._content, self._refused = content, None
        self._hold()
        self._schedule.call_soon()

    def _hold(self) -> None:
        self._holding = hold(self._content, self._state, self._roots)
        self._state = self._holding.remembered_in(self._state)
        self._schedule.judge_now()

    def _count(self) -> None:
        """Asks for cluster and nodes; another set of nodes is told to the server, after a moment's calm."""
        self._cluster = self._read_cluster()
        nodes = sorted(set(self._list_nodes()))
        if self._nodes is not None and nodes != self._nodes:
            self._schedule.call_after_change()
        self._nodes = nodes
        self._state = self._state.counted(len(nodes), self._system.now())
        self._schedule.judge_now()

    def _check_in(self) -> None:
        self._schedule.idle()
        if self._exchange is None or self._holding.token is None:
            return
        self._schedule.judge_now()
        try:
            self._count()
        except ClusterAway as error:  # what was counted last is told again
            self._log.warning("the storage nodes can't be counted now: %s", error)
        except Exception:
            self._log.exception("the storage nodes can't be counted now")
        try:
            wait = self._exchanged(self._exchange, self._holding.token)
        except Failed as error:
            self._failed(error.code, error.retry_after)
        except BadAnswer as error:
            self._failed(str(error))
        except StoreAway:
            self._failed("STORE_AWAY")
        except Exception:
            self._log.exception("the check-in went wrong")
            self._failed("INTERNAL")
        else:
            now = int(self._system.now().timestamp())
            self._state = replace(self._state, last_checkin=now)
            self._counts = replace(self._counts, checkins=self._counts.checkins + 1, last_failure=None)
            self._schedule.called(wait)

    def _failed(self, code: str, retry_after: int | None = None) -> None:
        self._log.warning("the check-in failed: %s", code)
        self._counts = replace(self._counts, failures=self._counts.failures + 1, last_failure=code)
        self._schedule.failed(retry_after)

    def _exchanged(self, exchange: Exchange, token: str) -> int | None:
        """One check-in, its answer taken over: the seconds until the next. Raises Failed, BadAnswer, StoreAway."""
        cluster, nodes = self._cluster, self._nodes
        if cluster is None or nodes is None:
            raise Failed("NOT_COUNTED")
        number = self._next_number()
        instance = Instance(Ed25519PrivateKey.from_private_bytes(self._state.seed))
        nonce = b64url(self._system.random(NONCE_BYTES))
        answer = exchange.check_in(token, check_in_body(cluster.member(), nodes, nonce, instance), instance, number)
        self._state = take_keys(self._state, answer, self._roots)
        try:
            self._state = take(self._state, self._content, answer, self._roots, nonce, cluster.fsid)
        finally:
            self._hold()
        if self._schedule.list_is_due():
            self._fetch_list(exchange)
        return self._holding.lease.next if self._holding.lease is not None else None

    def _next_number(self) -> int:
        """A number never used with the key before: it is kept before it is used. Raises StoreAway."""
        if self._saved is None:
            raise StoreAway("the state was not read yet")
        self._state = replace(self._state, number=self._state.number + 1)
        self._save()
        return self._state.number

    def _fetch_list(self, exchange: Exchange) -> None:
        try:
            self._state = take_list(self._state, exchange.revoked(), self._holding)
        except Failed as error:
            self._log.warning("the revoked list did not come: %s", error)
            return
        self._schedule.list_came()
        self._hold()

    def _judge(self) -> None:
        """Says what the license is worth now, and keeps what the next judgement needs."""
        now, cluster, holding = self._system.now(), self._cluster, self._holding
        nodes = self._nodes or []
        self._schedule.judged()
        known = holding.circumstances(cluster.fsid if cluster is not None else None, self._state)
        verdict = None
        if holding.license is not None and known is not None:
            verdict = evaluate(holding.license, holding.lease, len(nodes), now, known)
            kept = int(now.timestamp()) if verdict.over_since is None else self._state.compliant_at
            self._state = replace(self._state, over_since=verdict.over_since, compliant_at=kept)
        self._counts = replace(self._counts, nodes=len(nodes), last_checkin=self._state.last_checkin)
        self._shown = _Shown(verdict, holding.license, self._counts, cluster, nodes, self._state.daily)
        if self._saved is not None and not self._state.is_much_as(self._saved):
            try:
                self._save()
            except StoreAway as error:
                self._log.warning("the license client's state can't be written now: %s", error)

    def _save(self) -> None:
        self._store.save(write_state(self._state))
        self._saved = self._state
