"""The answer to a check-in, taken over: keys, then license file, then lease; each is verified by the one before."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from licensing.client.holding import Holding, hold
from licensing.client.state import State
from licensing.verifier import RootKey, Unauthentic, lease_headers, open_statement, verify_lease, verify_revoked


class BadAnswer(Exception):
    """An answer that is not the license's, the cluster's or this check-in's: nothing of it was taken but newer keys."""


def take_keys(state: State, answer: Mapping[str, Any], roots: Iterable[RootKey]) -> State:
    """The state, with the answer's key statement where it is newer: the roots prove it, whatever else is wrong."""
    try:
        stated = open_statement(answer.get("keys"), roots)
        kept = open_statement(state.keys, roots) if state.keys is not None else None
    except Unauthentic:
        return state
    return replace(state, keys=answer["keys"]) if kept is None or stated.seq > kept.seq else state


def take(
    state: State, file: bytes | None, answer: Mapping[str, Any], roots: Iterable[RootKey], nonce: str, fsid: str
) -> State:
    """The state with the answer's license file, if it brings one, and its lease; raises BadAnswer."""
    roots = tuple(roots)
    before = hold(file, state, roots)
    if answer.get("license_file") is not None:
        brought = replace(state, license_file=json.dumps(answer["license_file"], ensure_ascii=False))
        license = hold(None, brought, roots).license
        if license is None or (before.license is not None and license.lid != before.license.lid):
            raise BadAnswer("BAD_LICENSE_FILE")
        state = brought if before.license is None or license.seq >= before.license.seq else state
    holding = hold(file, state, roots)
    if holding.license is None or holding.keyring is None:
        return state
    try:
        lease = verify_lease(answer.get("lease"), lease_headers(holding.license, holding.keyring))
    except Unauthentic as error:
        raise BadAnswer(f"BAD_LEASE_{error.reason}") from error
    if (lease.nonce, lease.lid, lease.fsid) != (nonce, holding.license.lid, fsid):
        raise BadAnswer("BAD_LEASE")
    return replace(state, lease=answer["lease"])


def take_list(state: State, unverified_list: str, holding: Holding) -> State:
    """The state with the revoked list, where it verifies and is no older than the one that is held."""
    if holding.keyring is None:
        return state
    try:
        listed = verify_revoked(unverified_list, holding.keyring.headers)
    except Unauthentic:
        return state
    newer = holding.revoked is None or listed.seq >= holding.revoked.seq
    return replace(state, revoked=unverified_list) if newer else state
