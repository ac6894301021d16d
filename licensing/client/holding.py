"""What is in force, of the license file that a person put there and of what check-ins brought."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import ParamSpec, TypeVar

from licensing.client.state import State
from licensing.core.licenses import UnverifiedLicenseFile, read_license_file
from licensing.verifier import (
    Circumstances,
    Keyring,
    Lease,
    License,
    OpenedFile,
    RevokedList,
    RootKey,
    Unauthentic,
    lease_headers,
    open_statement,
    verify,
    verify_lease,
    verify_revoked,
)

Given = ParamSpec("Given")
Proved = TypeVar("Proved")
Dated = TypeVar("Dated", Keyring, RevokedList)


@dataclass(frozen=True, slots=True)
class Holding:
    """What a client holds, all of it verified but `token`: the license token to check in with.

    A license whose key was revoked since is in force no longer, and its token is still shown: where the license is
    honest, the answer brings a new one.
    """

    token: str | None = None
    license: License | None = None
    keyring: Keyring | None = None
    revoked: RevokedList | None = None
    lease: Lease | None = None
    keys_token: str | None = None
    revoked_token: str | None = None

    @property
    def newest_iat(self) -> int | None:
        """The newest signed time in it."""
        parts = (self.license, self.keyring, self.revoked, self.lease)
        return max((part.iat for part in parts if part is not None), default=None)

    def remembered_in(self, state: State) -> State:
        """The state, that never goes back behind the keys and the list that were seen."""
        seen = max((iat for iat in (state.newest_iat, self.newest_iat) if iat is not None), default=None)
        return replace(state, keys=self.keys_token, revoked=self.revoked_token, newest_iat=seen)

    def circumstances(self, fsid: str | None, state: State) -> Circumstances | None:
        """What an evaluation should know; None where there is no license to evaluate."""
        if self.license is None or self.keyring is None:
            return None
        return OpenedFile(self.license, self.keyring, self.revoked).circumstances(
            fsid, over_since=state.over_since, compliant_at=state.compliant_at, newest_iat=state.newest_iat
        )


def hold(file: bytes | None, state: State, roots: Iterable[RootKey]) -> Holding:
    """What is in force, of the license file's content and the state. What does not verify is passed over."""
    files = [read for each in (file, state.license_file) if each is not None and (read := _read(each)) is not None]
    trusted = tuple(roots)
    statements = [*(each.keys for each in files), state.keys]
    keys_token, keyring = _newest(statements, lambda token: open_statement(token, trusted))
    if keyring is None:
        return Holding(token=files[0].license if files else None)
    lists = [*(each.revoked for each in files), state.revoked]
    revoked_token, revoked = _newest(lists, lambda token: verify_revoked(token, keyring.headers))
    token, license = _chosen([each.license for each in files], keyring)
    lease = None if license is None else _verified(verify_lease, state.lease, lease_headers(license, keyring))
    return Holding(token, license, keyring, revoked, lease, keys_token, revoked_token)


def _read(text: str | bytes) -> UnverifiedLicenseFile | None:
    return _verified(read_license_file, text)


def _newest(tokens: Iterable[str | None], check: Callable[[str | None], Dated]) -> tuple[str | None, Dated | None]:
    """The token of the highest `seq` and what it proves; nothing where none proves anything."""
    opened = [(token, proved) for token in tokens if (proved := _verified(check, token)) is not None]
    return max(opened, key=lambda each: each[1].seq, default=(None, None))


def _chosen(tokens: list[str], keyring: Keyring) -> tuple[str | None, License | None]:
    """The token to show and its license: that of the file, unless another is a newer issue of the same license."""
    verified = [(token, license) for token in tokens if (license := _verified(verify, token, keyring)) is not None]
    if not verified:
        return (tokens[0] if tokens else None), None
    lid = verified[0][1].lid
    return max((each for each in verified if each[1].lid == lid), key=lambda each: each[1].seq)


def _verified(check: Callable[Given, Proved], *given: Given.args, **named: Given.kwargs) -> Proved | None:
    try:
        return check(*given, **named)
    except Unauthentic:
        return None
