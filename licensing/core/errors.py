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


class DeviceError(StrEnum):
    """What the device flow says to a DCC (RFC 8628 §3.5, RFC 6749 §5.2)."""

    AUTHORIZATION_PENDING = "authorization_pending"
    SLOW_DOWN = "slow_down"
    ACCESS_DENIED = "access_denied"
    EXPIRED_TOKEN = "expired_token"
    INVALID_REQUEST = "invalid_request"
    INVALID_CLIENT = "invalid_client"
    INVALID_GRANT = "invalid_grant"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"


class DeviceRefused(Refusal):
    """A DCC that registers from its own screen has to wait, to give up, or to ask otherwise."""

    code = "DEVICE_REFUSED"

    def __init__(self, error: DeviceError, detail: str) -> None:
        super().__init__(detail)
        self.error = error


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


class PeriodRefused(Refusal):
    """No report can be made about these days."""

    code = "PERIOD_REFUSED"


class CursorRefused(Refusal):
    """A listing can't go on where it is asked to."""

    code = "CURSOR_REFUSED"


class MilestoneRefused(Refusal):
    """A milestone's days or targets make no sense."""

    code = "MILESTONE_REFUSED"


class ReportsDiffer(Refusal):
    """What the reports add up is not what the ledger says."""

    code = "REPORTS_DIFFER"


class LicenseState(Refusal):
    """The license's state does not allow this deed."""

    code = "LICENSE_STATE"


class SignInRequired(Refusal):
    """The caller is nobody we know: no session, no key, or one that has ended."""

    code = "SIGN_IN_REQUIRED"


class SignInRefused(Refusal):
    """Address, password or code is wrong. One answer for all, so that nothing can be learnt."""

    code = "SIGN_IN_REFUSED"


class SignInIncomplete(Refusal):
    """The session may do nothing else before its one-time password is changed or its second factor shown."""

    code = "SIGN_IN_INCOMPLETE"


class TooManyTries(Refusal):
    """Too many tries; the right password would not be looked at either until `retry_after_seconds` are over."""

    code = "TOO_MANY_TRIES"

    def __init__(self, detail: str, retry_after_seconds: int) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class Forbidden(Refusal):
    """The caller is known, and this deed is not among those of its role or scopes."""

    code = "FORBIDDEN"


class ForeignOrigin(Refusal):
    """A browser sent the request from a page that is not ours."""

    code = "FOREIGN_ORIGIN"


class IdempotencyKeyRequired(Refusal):
    """A sales write came without an Idempotency-Key."""

    code = "IDEMPOTENCY_KEY_REQUIRED"


class InProgress(Refusal):
    """The first request with this Idempotency-Key has not ended yet."""

    code = "IN_PROGRESS"
    retry_after_seconds = 1


class PriceUnknown(Refusal):
    """No price is known for the currency on that day."""

    code = "PRICE_UNKNOWN"


class SupportNotOffered(Refusal):
    """The tier does not come with this support level."""

    code = "SUPPORT_NOT_OFFERED"


class LicenseOverlap(Refusal):
    """The organisation has a paid license for the same clusters and time already."""

    code = "LICENSE_OVERLAP"


class ApprovalRequired(Refusal):
    """Discount or seats are above the caller's limit, and no manager has approved them."""

    code = "APPROVAL_REQUIRED"


class OwnRequest(Refusal):
    """It takes two people, and the first was the caller: nobody approves what she asked for herself."""

    code = "OWN_REQUEST"


class QuoteState(Refusal):
    """The quote's state does not allow this: it was decided, used or withdrawn, or its last day is over."""

    code = "QUOTE_STATE"


class OrganizationState(Refusal):
    """The organisation's state does not allow this: it was merged into another, or is the same one."""

    code = "ORGANIZATION_STATE"


class StaffState(Refusal):
    """The account's state does not allow this: the address is taken, or nobody else could let people in."""

    code = "STAFF_STATE"


class TwoPeopleNeeded(Refusal):
    """Nobody does this alone."""

    code = "TWO_PEOPLE_NEEDED"


class WebhookState(Refusal):
    """The webhook's state does not allow this: it is revoked, or there are as many as there may be."""

    code = "WEBHOOK_STATE"


class ImportRefused(Refusal):
    """Lines of the file can't be taken; nothing was. `problems` has number and reason of each."""

    code = "IMPORT_REFUSED"

    def __init__(self, problems: Sequence[tuple[int, str]]) -> None:
        super().__init__(f"{len(problems)} problems; nothing was taken.")
        self.problems = problems


class KeyUnusable(Refusal):
    """A private key is missing, damaged, of the wrong kind, or not the one that was published."""

    code = "KEY_UNUSABLE"


class SetupRefused(Refusal):
    """The installation is not fit to run; the detail says what to do."""

    code = "SETUP_REFUSED"


class BackupRefused(Refusal):
    """A backup can't be made or restored like this; nothing was changed."""

    code = "BACKUP_REFUSED"


class LedgerBroken(Refusal):
    """The ledger contradicts what was published of it."""

    code = "LEDGER_BROKEN"


class Busy(Refusal):
    """A part we depend on can't answer right now; try again after `retry_after_seconds`."""

    code = "BUSY"
    retry_after_seconds = 2
