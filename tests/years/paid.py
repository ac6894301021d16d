"""Act three: the trial becomes a paid license, shares its seats, shrinks, ends, is renewed, and is revoked."""

from __future__ import annotations

from tests.support.worlds import OTHER_FSID, OTHER_UID
from tests.years.play import Dcc, Play
from tests.years.trial import rotate_working_keys

BETA_FSID = "22222222-2222-4333-8444-555555555555"


def play_paid(play: Play) -> None:
    """Leaves the customer's license revoked."""
    first = play.clients["first"]
    license_id = first.license_id()
    _convert(play, first, license_id)
    beta, beta_list = _revoke_another(play)
    _share(play, first)
    _double(play, first)
    _leave_list(play, beta, beta_list)
    _reduce(play, first, license_id)
    _miss_renewal(play, first)
    _renew(play, first, license_id)
    _revoke(play, first, license_id)


def _convert(play: Play, first: Dcc, license_id: str) -> None:
    play.at("2027-04-15 12:00")
    play.server.cli(
        *("licenses", "issue", "--convert", license_id),
        *("--seats", "10", "--months", "12", "--start", "2026-12-01"),
    )
    first.alone(8, "ten seats are sold, counting from December", "OVER_LIMIT", "VALID", "sold")
    first.online(8, "the old token's check-in brings the paid license", "VALID")


def _revoke_another(play: Play) -> tuple[Dcc, str]:
    """Another customer, whose short license is revoked at once, and the revoked list that says so."""
    buyer = ("--organization", "Beta AG", "--email", "beta@beta.example")
    license_id, file = play.license_file("issue", *buyer, "--seats", "8", "--months", "1")
    beta = play.dcc("beta", file, BETA_FSID)
    play.server.cli("licenses", "revoke", license_id, "--reason", "not paid")
    beta.fetch_revoked()
    beta.alone(8, "another customer's short license is revoked at once", "REVOKED")
    return beta, play.server.get("/v1/revoked")[1]


def _share(play: Play, first: Dcc) -> None:
    play.at("2027-05-01 12:00")
    first.online(8, "eight of ten seats are taken", "VALID")
    site = play.dcc("site", first.file(), OTHER_FSID)
    site.unheard(8, "a second site with eight more nodes", "VALID", "OVER_LIMIT", "pool")
    site.online(8, "the second site is told: two seats were left", "OVER_LIMIT")
    first.online(8, "the first site keeps its seats", "VALID")


def _double(play: Play, first: Dcc) -> None:
    play.at("2027-06-01 12:00")
    first.online(8, "the cluster, before its copy starts", "VALID")
    twin = play.dcc("twin", first.file(), uid=OTHER_UID)
    twin.unheard(8, "a copy of the whole cluster is started", "VALID", "DUPLICATE_CLUSTER", "double")
    for day in ("2027-06-08", "2027-06-15", "2027-06-22", "2027-06-29"):
        play.at(f"{day} 12:00")
        first.online(8, "the cluster that came first", "VALID")
        twin.online(8, "its copy", "DUPLICATE_CLUSTER")
    play.at("2027-07-01 11:59:59")
    twin.online(8, "its copy, 30 days less one second", "DUPLICATE_CLUSTER")
    play.at("2027-07-01 12:00:00")
    twin.online(4, "its copy after 30 days, at the floor", "DUPLICATE_CLUSTER")
    twin.online(8, "its copy after 30 days, above the floor", "DUPLICATE_CLUSTER restricted")
    first.online(8, "the cluster that came first works on", "VALID")


def _leave_list(play: Play, beta: Dcc, old_list: str) -> None:
    play.at("2027-07-20 12:00")
    play.server.wait_for("a list without the entry", lambda: play.server.get("/v1/revoked")[1] != old_list)
    beta.fetch_revoked()
    ended, revoked = "EXPIRED restricted", "REVOKED restricted"
    beta.alone(8, "a revoked license has left the list, long after its end", ended, revoked, "off-the-list")


def _reduce(play: Play, first: Dcc, license_id: str) -> None:
    play.at("2027-08-10 12:00")
    play.server.cli("licenses", "resize", license_id, "--seats", "9")
    first.fetch_revoked()
    first.alone(8, "one seat less: the list is here, the new license is not", "REVOKED", "VALID", "reduced")
    first.online(8, "the check-in brings the smaller license", "VALID")


def _miss_renewal(play: Play, first: Dcc) -> None:
    play.at("2027-11-15 12:00")
    rotate_working_keys(play)
    first.online(8, "another year, another rotation", "VALID")
    first.fetch_revoked()
    play.at("2027-11-30 23:59:59")
    first.online(8, "the last second of the contract", "VALID")
    play.at("2027-12-01 00:00:00")
    first.online(8, "the contract has ended, nobody renewed", "EXPIRED_GRACE")
    play.at("2027-12-30 23:59:59")
    first.online(8, "the last second of the 30 days after it", "EXPIRED_GRACE")
    play.at("2027-12-31 00:00:00")
    first.online(8, "the 30 days are over", "EXPIRED restricted")
    first.online(5, "one node above the floor", "EXPIRED restricted")
    first.online(4, "at the floor of four nodes", "EXPIRED")


def _renew(play: Play, first: Dcc, license_id: str) -> None:
    play.at("2028-01-03 12:00")
    play.server.cli("licenses", "issue", "--renew", license_id, "--seats", "10", "--months", "12")
    first.alone(8, "the contract is renewed", "EXPIRED restricted", "VALID", "renewed")
    first.online(8, "the expired token's check-in brings the renewal", "VALID")


def _revoke(play: Play, first: Dcc, license_id: str) -> None:
    play.at("2028-01-06 12:00")
    play.server.cli("licenses", "revoke", license_id, "--reason", "charged back")
    first.alone(8, "the license is revoked", "VALID", "REVOKED", "revoked")
    first.fetch_revoked()
    first.alone(8, "the client has read the revoked list", "REVOKED")
    play.at("2028-02-05 11:59:59")
    first.online(8, "30 days after the revocation, less one second", "REVOKED")
    play.at("2028-02-05 12:00:00")
    first.online(8, "30 days after the revocation", "REVOKED restricted")
    first.online(5, "one node above the floor", "REVOKED restricted")
    first.online(4, "at the floor: whoever has paid once keeps four nodes", "REVOKED")
