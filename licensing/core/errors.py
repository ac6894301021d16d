"""Every refusal this product can give: one tree, one class a thing a caller may handle differently.

A refusal carries a stable `code` for programs and a written `detail` for people. Details name both values
("8 of 8 seats taken") and never personal data; they are what a stranger may read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import ClassVar


class Refusal(Exception):
    """The request was understood and is refused; nothing changed."""

    code: ClassVar[str] = "REFUSED"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Reason(StrEnum):
    """Why a token or key is not authentic. Stable: programs branch on these."""

    NOT_A_TOKEN = "NOT_A_TOKEN"
    TOO_LONG = "TOO_LONG"
    UNKNOWN_HEADER = "UNKNOWN_HEADER"
    WRONG_TYPE = "WRONG_TYPE"
    BAD_ENCODING = "BAD_ENCODING"
    BAD_SIGNATURE = "BAD_SIGNATURE"
    BAD_PAYLOAD = "BAD_PAYLOAD"
    BAD_CLAIMS = "BAD_CLAIMS"
    WRONG_AUDIENCE = "WRONG_AUDIENCE"
    WRONG_VERSION = "WRONG_VERSION"
    KEY_NOT_YET = "KEY_NOT_YET"
    KEY_RETIRED = "KEY_RETIRED"
    KEY_REVOKED = "KEY_REVOKED"
    BAD_KEY = "BAD_KEY"
    UNKNOWN_ROOT = "UNKNOWN_ROOT"
    BAD_FILE = "BAD_FILE"


class Unauthentic(Refusal):
    """The token, file or key is not what it claims to be. `reason` says at which step it failed."""

    code = "UNAUTHENTIC"

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class Malformed(Refusal):
    """The body is not the JSON we ask for."""

    code = "MALFORMED"


class InvalidFields(Refusal):
    """The body is JSON of the right shape, but a field's value is not acceptable."""

    code = "INVALID_FIELDS"

    def __init__(self, errors: Mapping[str, Sequence[str]]) -> None:
        super().__init__("One or more fields are not acceptable; see `errors`.")
        self.errors = errors


class DisposableAddress(Refusal):
    """The address belongs to a throw-away mail service."""

    code = "DISPOSABLE_ADDRESS"


class LinkUnknown(Refusal):
    """No registration belongs to this link: it was altered, or is not ours."""

    code = "LINK_UNKNOWN"


class LinkExpired(Refusal):
    """The link was right once; its time is over."""

    code = "LINK_EXPIRED"


class LinkUsed(Refusal):
    """The link was used already."""

    code = "LINK_USED"


class CodeRefused(Refusal):
    """The code is wrong, too old, or was tried too often. One answer for all, so that nothing can be learnt."""

    code = "CODE_REFUSED"


class TrialExists(Refusal):
    """The organisation has had its trial. Names nobody."""

    code = "TRIAL_EXISTS"


class IdempotencyConflict(Refusal):
    """The same Idempotency-Key came with another body."""

    code = "IDEMPOTENCY_KEY_REUSED"


class InstanceMismatch(Refusal):
    """The request does not carry the proof of the instance key that this cluster is pinned to."""

    code = "INSTANCE_MISMATCH"


class NotFound(Refusal):
    """There is no such object, or it is not the caller's: the same answer for both."""

    code = "NOT_FOUND"


class TermRefused(Refusal):
    """Seats, term or dates of a license are outside what may be sold."""

    code = "TERM_REFUSED"


class LicenseState(Refusal):
    """The license's state does not allow this deed."""

    code = "LICENSE_STATE"


class KeyUnusable(Refusal):
    """A private key is missing, damaged, of the wrong kind, or not the one that was published."""

    code = "KEY_UNUSABLE"


class SetupRefused(Refusal):
    """The installation is not fit to run; the detail says what to do."""

    code = "SETUP_REFUSED"


class LedgerBroken(Refusal):
    """The ledger contradicts what was published of it."""

    code = "LEDGER_BROKEN"


class Busy(Refusal):
    """A part we depend on can't answer right now; try again after `retry_after_seconds`."""

    code = "BUSY"
    retry_after_seconds = 2
