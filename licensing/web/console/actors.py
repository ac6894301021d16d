"""What people call those who act: an account has a name, the ledger knows only its id."""

from __future__ import annotations

from licensing.core.callers import OPERATOR
from licensing.web.requests import house

STAFF = "staff:"


def names_of(*actors: str | None) -> dict[str | None, str]:
    """The names of callers by their ids: a person's own, and a word for who is none."""
    members = {f"{STAFF}{each.id}": each.name or each.email for each in house().staff.list()}
    return {actor: members.get(actor or "", _word(actor)) for actor in actors}


def _word(actor: str | None) -> str:
    if actor is None:
        return "–"
    if actor == OPERATOR.id:
        return "the operator"
    return "a former account" if actor.startswith(STAFF) else "an API key"
