"""Act one: a trial is registered, lives 14 months without a network, comes back, and outgrows its seats for a while."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from tests.support.worlds import OTHER_FSID, read_mail, registration, token_in
from tests.years.play import Dcc, Play

STALE = ("VALID KEYS_STALE", "VALID", "stale-keys")
WORKING_PURPOSES = ("lease", "revocation", "log")


def play_trial(play: Play) -> None:
    """Leaves `first` holding the trial, signed by the key of its second year."""
    file = _register(play)
    first = play.dcc("first", file)
    _first_day(play, first)
    _second_cluster(play, play.dcc("second", file, OTHER_FSID))
    old_list = play.server.get("/v1/revoked")[1]
    _months_alone(play, first)
    _back_online(play, first, old_list)
    _fifth_node(play, first)


def rotate_working_keys(play: Play) -> None:
    """The yearly rotation of all keys but the license key."""
    play.server.routine(*(["keys", step, purpose] for purpose in WORKING_PURPOSES for step in ("new", "rotate")))


def _register(play: Play) -> str:
    """The license file that the mail's link leads to."""
    server, mails = play.server, play.server.data / "mail"
    status, _ = server.post("/v1/trials", registration())
    play.fact("a trial is registered", holds=status == 202)
    server.wait_for("the mail with the link", lambda: len(list(mails.glob("*.eml"))) == 1)
    status, confirmed = server.post("/v1/trials/confirm", {"token": _link(mails)})
    play.fact("the link of the mail confirms it", holds=status == 201)
    return json.dumps(confirmed["license_file"])


def _link(mails: Path) -> str:
    [mail] = mails.glob("*.eml")
    return token_in(read_mail(mail)) or ""


def _first_day(play: Play, first: Dcc) -> None:
    first.online(4, "the trial covers four nodes", "VALID")
    behind = play.now - timedelta(days=2)
    early = "NOT_YET_VALID CLOCK_SUSPECT"
    play.compare(
        "the client's clock is two days behind", first.judge(4, behind), first.validate(4), early, "VALID", "clock"
    )


def _second_cluster(play: Play, second: Dcc) -> None:
    mismatch = "CLUSTER_MISMATCH restricted"
    second.unheard(4, "the trial is copied to a second cluster", "VALID", mismatch, "copied-trial")
    second.online(4, "the second cluster is told", mismatch)
    play.at("2026-01-22 11:59:59")
    second.alone(4, "the last second of its lease", mismatch)
    play.at("2026-01-22 12:00:00")
    second.alone(4, "its lease has run out, and nothing tells it any more", "VALID", mismatch, "copied-trial")


def _months_alone(play: Play, first: Dcc) -> None:
    for month in range(2, 13):
        play.at(f"2026-{month:02}-15 12:00")
        first.alone(4, "another month without a network", "VALID")
    _rotate(play, first)
    for month in (1, 2):
        play.at(f"2027-{month:02}-15 12:00")
        first.alone(4, "another month without a network", "VALID")
    play.at("2027-02-19 11:59:59")
    first.alone(4, "its key statement is 400 days old less one second", "VALID")
    play.at("2027-02-19 12:00:00")
    first.alone(4, "its key statement is 400 days old", *STALE)
    play.at("2027-03-15 12:00")
    first.alone(4, "14 months without a network: the trial never ends", *STALE)


def _rotate(play: Play, first: Dcc) -> None:
    statement = play.server.get("/.well-known/koor-keys")[1]
    play.server.cli("keys", "new", "license")
    play.server.cli("keys", "rotate", "license")
    rotate_working_keys(play)
    followed = play.server.get("/.well-known/koor-keys")[1]
    play.fact("all keys are rotated, and the running server follows", holds=followed != statement)
    first.alone(4, "the token of the retired key still stands", "VALID")


def _back_online(play: Play, first: Dcc, before: str) -> None:
    first.online(4, "back online: the statement is fresh, the revoked list is not", *STALE)
    play.server.wait_for("this year's revoked list", lambda: play.server.get("/v1/revoked")[1] != before)
    first.fetch_revoked()
    first.alone(4, "the client has read the revoked list, too", "VALID")
    play.at("2027-03-16 12:00")
    play.server.cli("licenses", "reissue", first.license_id(), "--reason", "a new key")
    old = first.token
    first.online(4, "the trial is issued anew, under the new key", "VALID")
    play.fact("the check-in brought the new issue", holds=first.token != old)


def _fifth_node(play: Play, first: Dcc) -> None:
    late = ("OVER_LIMIT restricted", "OVER_LIMIT", "counted-earlier")
    play.at("2027-03-20 12:00")
    first.alone(5, "a fifth node, while the network is down", "OVER_LIMIT")
    play.at("2027-03-21 12:00")
    first.online(5, "the network is back: the server counts from today", "OVER_LIMIT")
    play.at("2027-04-04 11:59:59")
    first.online(5, "15 days over the limit, less one second", "OVER_LIMIT")
    play.at("2027-04-04 12:00:00")
    first.online(5, "15 days over the limit by the client's count", *late)
    play.at("2027-04-05 11:59:59")
    first.online(5, "15 days by the server's count, less one second", *late)
    play.at("2027-04-05 12:00:00")
    first.online(5, "15 days by either count", "OVER_LIMIT restricted")
    play.at("2027-04-05 12:00:01")
    first.online(4, "one compliant check-in clears it", "VALID")
    play.at("2027-04-05 12:00:02")
    first.online(5, "a fifth node again: the 15 days begin anew", "OVER_LIMIT")
    play.at("2027-04-06 12:00")
    first.online(4, "it is removed", "VALID")
