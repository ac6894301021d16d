"""The license file: what people download, mail, and put into a Kubernetes Secret."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Protocol

from sqlalchemy.orm import Session

from licensing.core.errors import LedgerBroken, NotFound, Unauthentic
from licensing.core.licenses import License, verify_license
from licensing.core.standings import Standing
from licensing.services.signing import KeyStore
from licensing.storage import licenses

HUMAN_NOTE = "For people only: programs trust the signed parts, never this one."


class Lists(Protocol):
    """Has the revoked list: the vendor's server signs it, a relay was given it."""

    def refresh(self, session: Session, now: datetime, /) -> str:
        """The list as it must read at `now`."""


class LicenseFiles:
    """Puts together the tokens that a license file carries."""

    def __init__(self, keys: KeyStore, revoked_lists: Lists) -> None:
        self._keys = keys
        self._revoked_lists = revoked_lists

    def current(self, session: Session, standing: Standing, now: datetime) -> Mapping[str, object]:
        """The file of the license's newest issue; raises NotFound when its token was erased."""
        token = self.token(session, standing)
        license = self.license(token)
        return {
            "v": 1,
            "keys": self._keys.current().statement,
            "license": token,
            "revoked": self._revoked_lists.refresh(session, now),
            "human": _human(license),
        }

    def token(self, session: Session, standing: Standing) -> str:
        token = licenses.token(session, standing.jti)
        if token is None:
            raise NotFound("The license's token was erased.")
        return token

    def newest(self, session: Session, shown: License, standing: Standing) -> License:
        """The newest issue of the license of which `shown` is one: an old token is judged by it, too."""
        return shown if shown.jti == standing.jti else self.license(self.token(session, standing))

    def license(self, stored_token: str) -> License:
        """What a stored token says. It is verified before it is served: a flipped bit must not reach a customer."""
        try:
            return verify_license(stored_token, self._keys.current().keyring.ignoring_revocation())
        except Unauthentic as error:
            raise LedgerBroken(f"A stored token is damaged: {error.detail}") from error


def as_text(license_file: Mapping[str, object]) -> str:
    """The file as it is written to disk."""
    return json.dumps(license_file, indent=2, ensure_ascii=False) + "\n"


def _human(license: License) -> dict[str, object]:
    return {
        "note": HUMAN_NOTE,
        "organization": license.org,
        "license_id": license.lid,
        "edition": license.edition,
        "tier": license.tier,
        "seats": license.seats,
        "issued_at": _day(license.iat),
        "expires_at": None if license.exp is None else _day(license.exp),
    }


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()
