"""Act two: the license key is stolen, forgeries appear, and the key is replaced and revoked."""

from __future__ import annotations

import json
from typing import Any

from licensing.core.keys import Purpose
from licensing.core.tokens import TokenType, assemble, header_segment, signing_input
from licensing.storage import keyfiles
from tests.years.play import Dcc, Play

ANOTHER_FSID = "99999999-2222-4333-8444-555555555555"
UNKNOWN_LICENSE, UNKNOWN_ISSUANCE = "e" * 32, "f" * 32
STOLEN_SEATS, NODES = 1_000, 200
NOT_FOUND = "NOT_FOUND restricted"
KEY_REVOKED = "UNAUTHENTIC KEY_REVOKED"


def play_theft(play: Play) -> None:
    """Leaves `first` holding its trial under a key that nobody stole."""
    first = play.clients["first"]
    play.at("2027-04-08 12:00")
    stolen = _active_key(play)
    invented, copied = _forgers(play, first, stolen)
    _forgeries(play, invented, copied)
    _replace_key(play, first, stolen)
    invented.alone(NODES, "the forgery, where no newer statement was seen", "VALID", KEY_REVOKED, "forged")
    invented.fetch_keys()
    invented.alone(NODES, "the forgery, once the newer statement was seen", KEY_REVOKED)


def _active_key(play: Play) -> str:
    keys = play.server.cli("keys", "list")["keys"]
    [kid] = [key["kid"] for key in keys if key["purpose"] == Purpose.LICENSE and key["state"] == "active"]
    return str(kid)


def _forgers(play: Play, first: Dcc, kid: str) -> tuple[Dcc, Dcc]:
    """Two clusters with forgeries of a thousand seats: of a license nobody issued, and of the customer's own."""
    genuine = first.claims()
    larger = {**genuine, "koor": {**genuine["koor"], "seats": STOLEN_SEATS}}
    unknown = {**larger, "jti": UNKNOWN_ISSUANCE, "koor": {**larger["koor"], "lid": UNKNOWN_LICENSE}}
    return (
        play.dcc("invented", _forged_file(play, kid, unknown), ANOTHER_FSID),
        play.dcc("copied", _forged_file(play, kid, larger), first.fsid),
    )


def _forged_file(play: Play, kid: str, claims: dict[str, Any]) -> str:
    """A license file as only the thief of the key can make it."""
    folder = play.server.data / "keys"
    private = keyfiles.read_private(keyfiles.private_path(folder, kid), None)
    signed = signing_input(header_segment(kid, TokenType.LICENSE), claims)
    license = assemble(signed, private.sign(signed.encode("ascii")))
    return json.dumps({"v": 1, "keys": play.server.get("/.well-known/koor-keys")[1], "license": license})


def _forgeries(play: Play, invented: Dcc, copied: Dcc) -> None:
    invented.alone(NODES, "the license key is stolen: a license that nobody issued", "VALID", NOT_FOUND, "forged")
    copied.unheard(NODES, "a copy of the trial with 1000 seats", "VALID", NOT_FOUND, "forged")
    copied.online(NODES, "the copy, once it has heard the answer", NOT_FOUND)
    log = play.server.log()
    for dcc in (invented, copied):
        license_id = dcc.license_id()
        rang = f"alarm signature-without-leaf: license {license_id}" in log
        play.fact(f"an alarm rang for license {license_id[:8]}…", holds=rang)


def _replace_key(play: Play, first: Dcc, stolen: str) -> None:
    play.server.cli("keys", "new", "license")
    play.server.cli("keys", "rotate", "license")
    play.server.cli("keys", "retire", stolen, "--revoke")
    first.online(4, "the stolen key is revoked; the trial is not issued anew yet", KEY_REVOKED, "VALID", "key-revoked")
    play.server.cli("licenses", "reissue", first.license_id(), "--reason", "the key was stolen")
    play.at("2027-04-08 12:05")
    first.online(4, "the next check-in brings the new issue", "VALID")
