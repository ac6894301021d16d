"""The Python client beside hostile answers, damaged states and silent clusters: nothing of it restricts anybody."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from licensing.client import exchange
from licensing.client.client import Client
from licensing.client.clusters import Cluster
from licensing.client.face import GATED
from licensing.client.state import read_state
from licensing.client.system import ClientSystem
from licensing.core.activations import check_code
from licensing.core.callers import OPERATOR
from licensing.core.encoding import canonical_json
from licensing.core.keys import Purpose
from licensing.core.licenses import license_claims
from licensing.core.sales import Term
from licensing.services.license_files import as_text
from licensing.verifier import Code, open_license_file
from tests.client.middlemen import Middleman, Reply, middleman
from tests.client.scenes import MemoryStore
from tests.support.worlds import FSID, OTHER_FSID, UID, World, convert, make_settings, make_world, nodes, sell, token_of

HALF_A_DAY = 43_200


@dataclass(slots=True)
class Site:
    """A client, the vendor behind a middleman, and all that a test may move."""

    vendor: World
    man: Middleman
    file: Path
    store: MemoryStore
    now: datetime
    monotonic: float = 0.0
    names: list[str] | Exception | None = None
    cluster: Cluster | Exception = field(default_factory=lambda: Cluster(FSID, UID))
    client: Client | None = None

    def start(self, *, server: bool = True) -> Client:
        self.client = Client(
            file=self.file,
            server=self.man.url if server else None,
            roots=self.vendor.house.keys.roots(),
            nodes=self._nodes,
            cluster=self._cluster,
            store=self.store,
            system=ClientSystem(now=lambda: self.now, monotonic=lambda: self.monotonic),
        )
        self.client.step()
        return self.client

    def pass_(self, seconds: float) -> Client:
        """Time passes, and what is due is done at its end."""
        assert self.client is not None
        self.monotonic += seconds
        self.now += timedelta(seconds=seconds)
        self.vendor.clock.time = self.now
        self.client.step()
        self.client.step()
        return self.client

    def put(self, license_id: str) -> None:
        self.file.write_text(as_text(self.vendor.house.licenses.file(OPERATOR, license_id)))

    def _nodes(self) -> list[str]:
        if isinstance(self.names, Exception):
            raise self.names
        return nodes(9) if self.names is None else self.names

    def _cluster(self) -> Cluster:
        if isinstance(self.cluster, Exception):
            raise self.cluster
        return self.cluster


@pytest.fixture
def site(sqlite_template: Path, tmp_path: Path) -> Iterator[Site]:
    """A license of 25 seats at a site whose server is one middleman away."""
    folder = tmp_path / "vendor"
    shutil.copytree(sqlite_template, folder)
    vendor = make_world(make_settings(folder, f"sqlite:///{folder / 'licensing.sqlite3'}"))
    with middleman(vendor) as man:
        site = Site(vendor, man, tmp_path / "koor-license.json", MemoryStore(), vendor.clock.time)
        site.put(sell(vendor, seats=25).license_id)
        yield site
    vendor.house.database.close()


def shown(client: Client) -> tuple[Code | None, bool]:
    """The code, and whether everything is allowed."""
    status = client.status()
    return (None if status is None else status.code), all(map(client.allows, GATED))


def other_lease(site: Site, fsid: str) -> str:
    """A lease that the vendor signs for somebody else."""
    other = sell(site.vendor, seats=3).license_id
    return str(site.vendor.check_in(token_of(site.vendor, other), nodes(9), fsid=fsid).get_json()["lease"])


def unsigned(reply: Reply) -> Reply:
    lease = str(reply.members().get("lease", ""))
    return reply.with_members(lease=lease.rpartition(".")[0] + "." + "A" * 86)


def with_lease(lease: str, reply: Reply) -> Reply:
    return reply.with_members(lease=lease)


def remember(leases: list[str], reply: Reply) -> Reply:
    if reply.headers["Content-Type"] == "application/json":
        leases.append(reply.members()["lease"])
    return reply


def wait(seconds: str, _: Reply) -> Reply:
    return Reply(503, b"", {"Retry-After": seconds})


def replace_body(reply: Reply, body: bytes) -> Reply:
    return Reply(reply.status, body, reply.headers)


# What an answer may be


def test_a_good_answer_is_taken_over(site: Site) -> None:
    client = site.start()

    site.pass_(61)

    assert (shown(client), client.counts().checkins, client.counts().failures) == ((Code.VALID, True), 1, 0)
    state = read_state(site.store.document, lambda: b"")
    assert (state.number, state.lease is not None, state.keys is not None, state.revoked is not None) == (
        1,
        True,
        True,
        True,
    )
    assert site.man.asked == ["/v1/checkins", "/v1/revoked"]


ANSWERS: dict[str, tuple[Any, str]] = {
    "no JSON": (lambda reply: replace_body(reply, b"<html>login</html>"), "BAD_ANSWER"),
    "a list": (lambda reply: replace_body(reply, b"[]"), "BAD_ANSWER"),
    "twice a name": (lambda reply: replace_body(reply, b'{"lease":"a","lease":"b"}'), "BAD_ANSWER"),
    "empty": (lambda reply: replace_body(reply, b"{}"), "BAD_LEASE_NOT_A_TOKEN"),
    "no lease": (lambda reply: reply.with_members(lease=None), "BAD_LEASE_NOT_A_TOKEN"),
    "a number": (lambda reply: reply.with_members(lease=7), "BAD_LEASE_NOT_A_TOKEN"),
    "unsigned": (unsigned, "BAD_LEASE_BAD_SIGNATURE"),
    "keys as lease": (lambda reply: reply.with_members(lease=reply.members()["keys"]), "BAD_LEASE_UNKNOWN_HEADER"),
    "strange": (lambda reply: reply.with_members(license_file={"v": 1, "keys": "", "license": ""}), "BAD_LICENSE_FILE"),
    "a license that is text": (lambda reply: reply.with_members(license_file="x"), "BAD_LICENSE_FILE"),
    "huge": (lambda reply: replace_body(reply, b'{"a":"' + b"x" * exchange.MAX_ANSWER_BYTES + b'"}'), "BAD_ANSWER"),
    "moved": (lambda reply: Reply(302, b"", {"Location": "http://127.0.0.1:1/"}), "HTTP_302"),
    "broken": (lambda reply: Reply(500, b"<h1>", {}), "HTTP_500"),
    "a hostile code": (lambda reply: Reply(400, b'{"code":"x\\n<b>"}', {}), "HTTP_400"),
    "refused": (lambda reply: Reply(409, b'{"code":"INSTANCE_MISMATCH"}', {}), "INSTANCE_MISMATCH"),
    "too many": (lambda reply: Reply(429, b'{"code":"TOO_MANY_TRIES"}', {"Retry-After": "30"}), "TOO_MANY_TRIES"),
    "cut off": (lambda reply: Reply(200, reply.body[:-1], {}), "BAD_ANSWER"),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
def test_a_hostile_answer_changes_nothing_and_is_counted(site: Site, name: str) -> None:
    site.man.tamper, why = ANSWERS[name]
    client = site.start()

    site.pass_(61)

    counts = client.counts()
    assert (shown(client), counts.checkins, counts.failures, counts.last_failure) == ((Code.VALID, True), 0, 1, why)
    state = read_state(site.store.document, lambda: b"")
    assert (state.lease, state.license_file, state.last_checkin) == (None, None, None)


def test_a_lease_of_another_license_cluster_or_question_changes_nothing(site: Site) -> None:
    client = site.start()
    leases: list[str] = []
    for lease in (other_lease(site, FSID), other_lease(site, OTHER_FSID)):
        site.man.tamper = partial(with_lease, lease)
        site.pass_(HALF_A_DAY * 2)
        assert client.counts().last_failure == "BAD_LEASE"
    site.man.tamper = partial(remember, leases)
    site.pass_(HALF_A_DAY * 2)
    assert client.counts().checkins == 1

    site.man.tamper = lambda reply: reply.with_members(lease=leases[0])
    site.pass_(HALF_A_DAY * 2)

    assert (client.counts().last_failure, client.counts().checkins, shown(client)) == (
        "BAD_LEASE",
        1,
        (Code.VALID, True),
    )


def test_another_customers_license_file_in_an_answer_is_refused(site: Site) -> None:
    foreign = dict(site.vendor.house.licenses.file(OPERATOR, sell(site.vendor, seats=90).license_id))
    site.man.tamper = lambda reply: reply.with_members(license_file=foreign)
    client = site.start()

    site.pass_(61)

    status = client.status()
    assert status is not None
    assert (status.seats, client.counts().last_failure) == (25, "BAD_LICENSE_FILE")


def test_newer_keys_are_taken_from_an_answer_that_is_otherwise_bad(site: Site) -> None:
    client = site.start()
    site.vendor.house.key_management.new(Purpose.LEASE)
    site.man.tamper = lambda reply: reply.with_members(lease=None) if "lease" in reply.members() else reply

    site.pass_(61)

    state = read_state(site.store.document, lambda: b"")
    assert (client.counts().last_failure, state.keys) == (
        "BAD_LEASE_NOT_A_TOKEN",
        site.vendor.house.keys.current().statement,
    )


def test_a_dripping_server_holds_nobody_for_long(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "TIMEOUT_SECONDS", 1)
    site.man.tamper = lambda reply: Reply(200, reply.body, {}, drip=0.05)
    client = site.start()

    site.pass_(61)

    assert (client.counts().last_failure, shown(client)) == ("BAD_ANSWER", (Code.VALID, True))


# Pauses


def test_failures_double_the_pause_up_to_six_hours(site: Site) -> None:
    site.man.tamper = lambda reply: Reply(500, b"", {})
    client = site.start()
    failures, tried = 0, []

    for _ in range(3 * 1_440):
        site.pass_(60)
        if client.counts().failures > failures:
            failures = client.counts().failures
            tried.append(site.monotonic)

    pauses = [later - earlier for earlier, later in pairwise(tried)]
    assert pauses[0] <= 120
    assert all(60 * 2**place * 0.8 <= pause <= 60 * 2**place * 1.2 + 60 for place, pause in enumerate(pauses[:8]))
    assert all(6 * 3_600 * 0.8 <= pause <= 6 * 3_600 * 1.2 + 60 for pause in pauses[9:])


def test_the_servers_wish_to_wait_is_kept_and_has_a_bound(site: Site) -> None:
    client = site.start()
    for wish, before, after in (("7200", 7_000, 7_300), ("999999", 5 * 3_600, 7 * 3_600)):
        site.man.tamper = partial(wait, wish)
        client.check_in_soon()
        site.pass_(1)
        failures = client.counts().failures
        site.pass_(before)
        assert client.counts().failures == failures
        site.pass_(after - before)
        assert client.counts().failures == failures + 1


def test_a_changed_set_of_nodes_is_told_after_a_calm_minute(site: Site) -> None:
    client = site.start()
    site.pass_(61)

    site.names = nodes(7)
    site.pass_(301)
    assert client.counts().checkins == 1
    site.pass_(61)

    assert (client.counts().checkins, site.man.seen[-1]["nodes"]) == (2, nodes(7))


# What a site may do to its client


def test_without_a_file_nothing_is_restricted_and_nothing_sent(site: Site) -> None:
    site.file.unlink()
    client = site.start()

    site.pass_(HALF_A_DAY * 3)

    assert (shown(client), client.license(), site.man.asked) == ((None, True), None, [])


def test_without_a_server_nothing_is_ever_sent(site: Site) -> None:
    client = site.start(server=False)

    site.pass_(HALF_A_DAY * 3)

    assert (shown(client), site.man.asked) == ((Code.VALID, True), [])


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff" * 100, b'{"v":1,"keys":"a","license":"b"}', b"x" * 1_048_577])
def test_a_bad_file_leaves_what_was_in_force(site: Site, content: bytes) -> None:
    client = site.start()
    site.pass_(61)

    site.file.write_bytes(content)
    site.pass_(HALF_A_DAY)

    assert (shown(client), client.counts().failures) == ((Code.VALID, True), 0)
    site.file.unlink()
    site.pass_(31)
    assert shown(client) == (Code.VALID, True)


def test_a_file_of_another_license_is_a_persons_wish(site: Site) -> None:
    client = site.start()
    site.pass_(61)
    other = sell(site.vendor, seats=3).license_id

    site.put(other)
    site.pass_(31)
    site.pass_(61)

    license = client.license()
    assert license is not None
    assert (license.lid, shown(client)) == (other, (Code.OVER_LIMIT, True))


def test_an_older_file_takes_nothing_back(site: Site) -> None:
    client = site.start()
    license = client.license()
    assert license is not None
    older = site.file.read_bytes()
    site.pass_(61)
    site.vendor.house.sales.resize(OPERATOR, license.lid, 40, None, None)
    site.pass_(HALF_A_DAY * 2)

    site.file.write_bytes(older + b"\n")
    site.pass_(31)

    status = client.status()
    assert status is not None
    assert status.seats == 40


def test_uncounted_nodes_are_never_told_as_none(site: Site) -> None:
    site.names = RuntimeError("the API is away")
    client = site.start()
    site.pass_(61)
    assert (client.counts().last_failure, site.man.asked, shown(client)) == ("NOT_COUNTED", [], (Code.VALID, True))

    site.names = nodes(9)
    site.pass_(HALF_A_DAY)
    site.names = RuntimeError("the API is away")
    site.pass_(HALF_A_DAY * 2)

    assert (client.counts().nodes, site.man.seen[-1]["nodes"]) == (9, nodes(9))


def test_an_unknown_cluster_is_asked_for_again(site: Site) -> None:
    site.cluster = RuntimeError("no CephCluster yet")
    client = site.start()
    site.pass_(61)
    assert client.counts().last_failure == "NOT_COUNTED"

    site.cluster = Cluster(FSID, UID)
    site.pass_(HALF_A_DAY)

    assert client.counts().checkins == 1


# The state


@pytest.mark.parametrize("document", [b"", b"null", b"[]", b"{", b'{"v":2}', b"\xff", b'{"v":1}', b"9" * 2_000_000])
def test_a_damaged_state_is_begun_anew(site: Site, document: bytes) -> None:
    site.store.document = document
    client = site.start()

    site.pass_(61)

    assert (shown(client), client.counts().checkins) == ((Code.VALID, True), 1)


@pytest.mark.parametrize("name", ["license_file", "lease", "keys", "revoked", "newest_iat", "over_since", "daily"])
def test_a_damaged_piece_of_the_state_is_dropped_alone(site: Site, name: str) -> None:
    site.start()
    site.pass_(61)
    assert site.store.document is not None
    good = json.loads(site.store.document)

    values: tuple[object, ...] = (None, 7, -1, "x", [], {}, [{"day": "2026-02-30", "nodes": 1}], 2**60)
    for value in values:
        site.store.document = canonical_json({**good, name: value})
        client = site.start()
        assert (shown(client), client.counts().failures) == ((Code.VALID, True), 0)


@pytest.mark.parametrize("value", [None, 7, "x", {}, {"seed": "AAAA", "number": 1}, {"seed": "A" * 43, "number": -1}])
def test_a_damaged_key_is_made_anew_and_the_server_says_that_it_is_not_the_old_one(site: Site, value: object) -> None:
    site.start()
    site.pass_(61)
    assert site.store.document is not None
    site.store.document = canonical_json({**json.loads(site.store.document), "instance": value})

    client = site.start()
    site.pass_(61)

    assert (shown(client), client.counts().last_failure) == ((Code.VALID, True), "INSTANCE_MISMATCH")


def test_a_state_out_of_reach_is_waited_for_and_never_begun_anew(site: Site) -> None:
    site.start()
    site.pass_(61)
    site.store.away = True

    client = site.start()
    site.pass_(61)
    assert (shown(client), client.counts().last_failure, len(site.man.seen)) == ((Code.VALID, True), "STORE_AWAY", 1)
    site.store.away = False
    site.pass_(HALF_A_DAY)

    assert client.counts().checkins == 1
    assert site.man.seen[0]["instance_key"] == site.man.seen[1]["instance_key"]


def test_a_number_is_kept_before_it_is_used(site: Site) -> None:
    client = site.start()
    site.pass_(61)
    site.store.away = True

    site.pass_(HALF_A_DAY * 2)

    assert (client.counts().last_failure, len(site.man.seen)) == ("STORE_AWAY", 1)
    site.store.away = False
    site.pass_(HALF_A_DAY)
    numbers = [int(headers["Koor-Instance"].split()[0]) for headers in site.man.headers]
    assert sorted(set(numbers)) == numbers


def test_a_client_that_goes_on_writes_its_state_once_an_hour_at_most(site: Site) -> None:
    site.start()
    site.pass_(61)
    before = len(site.store.saved)

    for _ in range(600):
        site.pass_(60)

    assert len(site.store.saved) - before <= 10 + 4


# Keys


def test_after_a_theft_a_client_exchanges_its_license_and_a_forged_one_is_refused(site: Site) -> None:
    vendor, client = site.vendor, site.start()
    site.pass_(61)
    license = client.license()
    assert license is not None
    stolen = vendor.house.keys.current().key(Purpose.LICENSE)
    claims = license_claims(license._replace(seats=1_000, seq=license.seq + 1), "https://licenses.example.com")
    forged = {**json.loads(site.file.read_text()), "license": stolen.sign(stolen.signing_input(claims))}
    vendor.house.key_management.new(Purpose.LICENSE)
    vendor.house.key_management.rotate(Purpose.LICENSE)
    vendor.house.licenses.reissue(OPERATOR, license.lid, "the key was stolen")
    vendor.house.key_management.retire(stolen.kid, revoke=True)

    site.pass_(HALF_A_DAY * 2)
    assert shown(client) == (Code.VALID, True)
    fresh = client.license()
    assert fresh is not None
    assert (fresh.seq, fresh.seats) == (license.seq + 1, 25)
    site.file.write_text(json.dumps(forged))
    site.pass_(31)

    status = client.status()
    assert status is not None
    assert status.seats == 25


def test_a_license_under_a_revoked_key_is_shown_until_it_is_exchanged(site: Site) -> None:
    vendor, client = site.vendor, site.start()
    site.pass_(61)
    license = client.license()
    assert license is not None
    stolen = vendor.house.keys.current().key(Purpose.LICENSE)
    vendor.house.key_management.new(Purpose.LICENSE)
    vendor.house.key_management.rotate(Purpose.LICENSE)
    vendor.house.key_management.retire(stolen.kid, revoke=True)
    site.pass_(HALF_A_DAY * 2)
    assert (shown(client), client.license(), client.counts().failures) == ((None, True), None, 0)

    vendor.house.licenses.reissue(OPERATOR, license.lid, "the key was stolen")
    site.pass_(HALF_A_DAY * 2)

    assert (shown(client), client.counts().failures) == ((Code.VALID, True), 0)


# The loop and the activation request


def test_the_loop_stops_when_told(site: Site) -> None:
    client, stop = site.start(), threading.Event()
    thread = threading.Thread(target=client.run, args=(stop,))
    thread.start()

    stop.set()
    thread.join(10)

    assert not thread.is_alive()


@pytest.mark.parametrize("url", ["", "ftp://x", "https://", "licenses.example", "https://x/?a=1", "https://x/#a"])
def test_a_server_that_is_no_url_is_refused_at_once(site: Site, url: str) -> None:
    if not url:
        return
    with pytest.raises(ValueError, match="URL"):
        exchange.Exchange(url)


def test_the_request_is_answered_by_the_server_with_the_same_check_code(site: Site) -> None:
    client = site.start(server=False)
    site.pass_(61)
    request = json.loads(client.request())
    license = client.license()
    assert license is not None

    answer = site.vendor.post("/v1/activations", request, authorization=f"Bearer {token_of(site.vendor, license.lid)}")

    body = answer.get_json()
    assert (answer.status_code, body["code"], body["request_code"]) == (200, "VALID", check_code(request))
    carried = open_license_file(json.dumps(body["license_file"]), site.vendor.house.keys.roots())
    assert carried.license.lid == license.lid


def test_a_conversion_reaches_a_client_that_checks_in(site: Site) -> None:
    vendor = site.vendor
    trial_id = str(vendor.trial()["license_id"])
    site.put(trial_id)
    client = site.start()
    site.pass_(61)
    assert shown(client)[0] is Code.OVER_LIMIT

    convert(vendor, trial_id, Term(25, 12))
    site.pass_(HALF_A_DAY * 2)

    assert shown(client) == (Code.VALID, True)
