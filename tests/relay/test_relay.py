"""A relay for real: a process at the site, clusters that talk to it, and no vendor to be reached."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from licensing.core.callers import OPERATOR
from licensing.core.sales import Term
from licensing.verifier import Code, Reason, Unauthentic, evaluate, verify_lease
from tests.relay.sites import SECOND_FSID, Relay, Site, keyring_of
from tests.support.worlds import FSID, OTHER_UID, World, nodes, sell, token_of

SERVED = {
    ("DELETE", f"/v1/clusters/{FSID}"): 401,
    ("GET", "/"): 200,
    ("GET", "/.well-known/koor-keys"): 200,
    ("GET", "/healthz"): 200,
    ("GET", "/ledger/checkpoint"): 200,
    ("GET", "/readyz"): 200,
    ("GET", "/v1/revoked"): 200,
    ("POST", "/v1/checkins"): 401,
    ("POST", "/v1/validate"): 415,
}


def eventually(holds: Callable[[], bool]) -> None:
    """Waits until the relay has seen what was put there."""
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, "the relay did not take it in"
        time.sleep(0.1)


def token(site: Site, license_id: str) -> str:
    return token_of(site.vendor, license_id)


def test_two_clusters_share_the_seats_and_verify_their_leases(site: Site, license_id: str) -> None:
    opened = site.carry(license_id)
    with site.running() as relay:
        first = relay.check_in(token(site, license_id), nodes(15), FSID)
        second = relay.check_in(token(site, license_id), nodes(12), SECOND_FSID, uid=OTHER_UID)
        page = relay.call("GET", "/").body

    assert (first["code"], first["granted"], first["seats"]) == ("VALID", 15, 25)
    assert (second["code"], second["granted"], len(second["unlicensed_nodes"])) == ("OVER_LIMIT", 10, 2)
    for answer, fsid in ((first, FSID), (second, SECOND_FSID)):
        lease = verify_lease(answer["lease"], opened.lease_headers())
        assert (lease.lid, lease.fsid) == (license_id, fsid)
        assert lease.exp - lease.iat == 7 * 86_400
        verdict = evaluate(opened.license, lease, answer["used"], site.vendor.clock(), opened.circumstances(fsid))
        assert (verdict.code, verdict.granted) == (answer["code"], answer["granted"])
        with pytest.raises(Unauthentic) as refused:
            verify_lease(answer["lease"], keyring_of(answer, site.root).headers)
        assert refused.value.reason is Reason.UNKNOWN_HEADER
    assert "25 of 25" in page
    assert FSID in page
    assert "15 Jan 2027" in page


def test_of_many_clusters_that_want_the_last_seat_one_gets_it(site: Site, license_id: str) -> None:
    with site.running() as relay, ThreadPoolExecutor(8) as pool:
        relay.check_in(token(site, license_id), nodes(24), FSID)
        fsids = [str(UUID(int=number + 1)) for number in range(8)]
        shown = token(site, license_id)
        answers = list(pool.map(lambda fsid: relay.check_in(shown, [f"node-{fsid}"], fsid), fsids))

    assert sorted(answer["granted"] for answer in answers) == [0] * 7 + [1]


def test_a_released_cluster_frees_its_seats(site: Site, license_id: str) -> None:
    shown = token(site, license_id)
    with site.running() as relay:
        relay.check_in(shown, nodes(25), FSID)
        assert relay.check_in(shown, nodes(1), SECOND_FSID)["granted"] == 0
        assert relay.call("DELETE", f"/v1/clusters/{FSID}", token=shown).status == 204

        assert relay.check_in(shown, nodes(1), SECOND_FSID)["granted"] == 1


def test_only_what_clusters_need_is_there(site: Site, license_id: str) -> None:
    with site.running() as relay:
        answers = {route: relay.call(*route).status for route in SERVED}
        elsewhere = {
            rule.rule: relay.call("GET", rule.rule.replace("<", "").replace(">", "")).status
            for rule in site.vendor.house.app.url_map.iter_rules()
            if ("GET", rule.rule) not in SERVED and rule.rule not in ("/v1/checkins", "/v1/validate")
        }
        with_method = relay.call("POST", "/v1/trials", {"email": "jane@acme.example"}).status
        ready = relay.call("GET", "/readyz").body
        statement = relay.call("GET", "/.well-known/koor-keys").body
        listed = relay.call("GET", "/v1/revoked").body

    assert answers == SERVED
    assert {rule for rule, status in elsewhere.items() if status != 404} <= {"/v1/clusters/<fsid>"}
    assert with_method == 404
    assert ready == {"status": "ready", "warnings": {}}
    assert statement == site.vendor.house.keys.current().statement
    assert listed == site.vendor.house.revoked_lists.current(site.vendor.clock())


def test_a_cluster_with_an_older_issue_is_served_and_a_foreign_license_is_not(site: Site, vendor: World) -> None:
    sold = sell(vendor, seats=25).license_id
    older = token_of(vendor, sold)
    vendor.house.relays.name(OPERATOR, sold, site.new_key(), "x")
    site.carry(sold)
    foreign = token_of(vendor, sell_another(vendor))

    with site.running() as relay:
        assert relay.check_in(older, nodes(3), FSID)["code"] == "VALID"
        refused = relay.call("POST", "/v1/checkins", {"x": 1}, foreign[:-3])
        other = relay.call("DELETE", f"/v1/clusters/{FSID}", token=foreign)
        validated = relay.call("POST", "/v1/validate", {"license": older, "nodes": 30})

    assert refused.status in (401, 422)
    assert other.status == 404
    assert (validated.status, validated.body["code"]) == (200, "OVER_LIMIT")


def sell_another(vendor: World) -> str:
    buyer = vendor.house.organizations.create(OPERATOR, "Another", "DE", None, None)
    done = vendor.house.sales.sell(OPERATOR, buyer.id, Term(5, 12), None)
    assert done.standing is not None
    return done.standing.license_id


def test_a_renewal_is_carried_over_while_the_relay_runs(site: Site, license_id: str) -> None:
    old = token(site, license_id)
    with site.running() as relay:
        assert relay.check_in(old, nodes(30), FSID)["granted"] == 25
        site.vendor.clock.advance(days=300)
        site.clock()
        site.vendor.house.sales.renew(OPERATOR, license_id, Term(40, 12), None)
        renewed = site.carry(license_id)
        eventually(lambda: "of 40" in relay.call("GET", "/").body)

        answer = relay.check_in(old, nodes(30), FSID)

    assert (answer["code"], answer["seats"], answer["granted"]) == ("VALID", 40, 30)
    assert answer["license_file"]["license"] == token(site, license_id)
    assert renewed.license.relay is not None
    assert verify_lease(answer["lease"], renewed.lease_headers()).seq == renewed.license.seq


def test_an_older_file_takes_nothing_back(site: Site, license_id: str) -> None:
    before = site.source.read_text()
    site.vendor.house.sales.resize(OPERATOR, license_id, 30, None, None)
    site.carry(license_id)
    with site.running() as relay:
        assert "of 30" in relay.call("GET", "/").body
    site.source.write_text(before)

    with site.running() as relay:
        assert "of 30" in relay.call("GET", "/").body
        assert relay.call("GET", "/v1/revoked").body == site.vendor.house.revoked_lists.current(site.vendor.clock())


def test_a_revocation_is_carried_over_and_told_to_every_cluster(site: Site, license_id: str) -> None:
    shown = token(site, license_id)
    with site.running() as relay:
        assert relay.check_in(shown, nodes(5), FSID)["code"] == "VALID"
        site.vendor.house.licenses.revoke(OPERATOR, license_id, "unpaid")
        opened = site.carry(license_id)
        eventually(lambda: "revoked" in relay.call("GET", "/").body)
        answer = relay.check_in(shown, nodes(5), FSID)
        listed = relay.call("GET", "/v1/revoked").body

    assert (answer["code"], answer["restricted"]) == ("REVOKED", False)
    assert listed == site.vendor.house.revoked_lists.current(site.vendor.clock())
    lease = verify_lease(answer["lease"], opened.lease_headers())
    known = opened.circumstances(FSID)
    assert evaluate(opened.license, lease, 5, site.vendor.clock(), known).code is Code.REVOKED
    assert evaluate(opened.license, None, 5, site.vendor.clock(), known).code is Code.REVOKED


def test_a_refused_file_changes_nothing_and_is_shown(site: Site, license_id: str) -> None:
    with site.running() as relay:
        site.source.write_text("{}")
        eventually(lambda: "was refused" in relay.call("GET", "/").body)
        assert relay.check_in(token(site, license_id), nodes(3), FSID)["code"] == "VALID"
        site.carry(license_id)
        eventually(lambda: "was refused" not in relay.call("GET", "/").body)


def test_the_relays_own_ledger_tells_what_was_carried_and_is_proved(site: Site, license_id: str) -> None:
    with site.running() as relay:
        site.vendor.house.sales.resize(OPERATOR, license_id, 30, None, None)
        site.carry(license_id)
        eventually(lambda: "of 30" in relay.call("GET", "/").body)
        note = relay.call("GET", "/ledger/checkpoint").body

    audited = site.run("relay", "audit")

    assert note.splitlines()[0].endswith("/ledger/1")
    assert audited.returncode == 0, audited.stderr
    assert "leaves      2" in audited.stdout
    assert "findings    0" in audited.stdout


def test_a_stopped_relay_goes_on_where_it_was(site: Site, license_id: str) -> None:
    shown = token(site, license_id)
    with site.running() as relay:
        assert relay.check_in(shown, nodes(20), FSID)["granted"] == 20

    with site.running() as relay:
        assert relay.check_in(shown, nodes(10), SECOND_FSID)["granted"] == 5
        assert isinstance(relay, Relay)
