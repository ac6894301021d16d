"""The words that pages have for what happened: one voice, and nothing a stranger could put into a link."""

from __future__ import annotations

from licensing.core.errors import ForeignOrigin, IdempotencyConflict, InProgress, Refusal

DONE = {
    "contact-added": "The contact is added.",
    "organization-added": "The organisation is added.",
    "organization-changed": "The organisation is changed.",
    "organization-merged": "The two are one customer now; nothing of their history is lost.",
    "person-erased": "The person is erased. The ledger stays whole.",
    "sold": "The license is issued, and its file is on its way by mail.",
    "converted": "The trial is a paid license now. Its clusters learn of it at their next check-in.",
    "renewed": "The license is renewed, and its new file is on its way by mail.",
    "resized": "The number of seats is changed.",
    "suspended": "The license is suspended. Its clusters learn of it at their next check-in.",
    "reinstated": "The license stands again.",
    "revoked": "The license is revoked. Its clusters learn of it at their next check-in.",
    "reissued": "The license is issued anew, and its file is on its way by mail.",
    "transferred": "The license belongs to the other organisation now.",
    "voided": "The sale is voided: it never counted.",
    "refunded": "The refund is recorded.",
    "quoted": "The quote is made.",
    "request-settled": "The request is dealt with.",
    "approved": "The discount is approved.",
    "refused": "The discount is refused.",
    "withdrawn": "The quote is withdrawn.",
    "cluster-released": "The cluster's seats are free.",
    "cluster-reset": "The cluster may be pinned to a new client.",
    "np-granted": "The cluster counts against the seats for non-production.",
    "np-withdrawn": "The cluster counts as a production cluster.",
    "price-set": "The price is set.",
    "tier-set": "The tier is set. What was sold keeps its own.",
    "support-offered": "The support level may be chosen at that tier.",
    "milestone-set": "The milestone is set.",
    "milestone-removed": "The milestone is removed.",
    "staff-added": "The account is made.",
    "staff-changed": "The account is changed.",
    "staff-disabled": "The account is disabled, and its sessions have ended.",
    "staff-enabled": "The account may sign in again.",
    "key-revoked": "The API key is revoked.",
    "webhook-tested": "A test is on its way.",
    "webhook-replayed": "It is told again from there on.",
    "webhook-retried": "What was given up is due again.",
    "webhook-revoked": "The webhook is revoked.",
    "alarm-seen": "You have looked at it; the trail says so.",
    "mail-retried": "The mail is due again.",
    "invited": "The invitation is on its way.",
    "erased-self": "You are erased: we do not know you any more, and you are signed out.",
    "asked": "We have your request; somebody will write to you.",
    "mail-sent": "A mail is on its way.",
    "mail-again": "If there is something to send again, it is on its way.",
    "device-licensed": "Your cluster fetches its license by itself within seconds; there is nothing to copy.",
    "news-on": "We may write to you about more than your licenses now.",
    "news-off": "We write to you about your licenses only.",
    "signed-out": "You are signed out.",
}
"""What a page says after a deed, by the word in its address (`?done=renewed`)."""


def problem_text(refusal: Refusal) -> str:
    """Why a form was refused, for the person before it."""
    if isinstance(refusal, ForeignOrigin):
        return "The form came from another page. Open this page anew and send it again."
    if isinstance(refusal, IdempotencyConflict):
        return "This form was sent before with other words. Open the page anew and send it again."
    if isinstance(refusal, InProgress):
        return "The form is being worked on already; look again in a moment."
    return refusal.detail
