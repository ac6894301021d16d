"""What the forms that sell have in common: what can be chosen, the preview, and where a deed leads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.datastructures import MultiDict

from licensing.core.callers import Caller
from licensing.services.deeds import Done
from licensing.services.licenses import Shown
from licensing.services.previews import Preview
from licensing.web.console.previewing import Typed, worked_out
from licensing.web.forms import Form
from licensing.web.pages.rendering import done
from licensing.web.requests import house

OTHERS = 100
"""So many other licenses of a customer are offered to end together with."""

Work = Callable[[Caller, Typed], Preview]


def currencies() -> list[tuple[str, str]]:
    """Those that there is a price in."""
    now = house().system.now()
    return [
        (each, each) for each in sorted({row.currency for row in house().prices.list().prices if row.valid_from <= now})
    ]


def paid_in(shown: Shown) -> str:
    """The currency of the license's last sale, if there is a price in it still; else the first that there is."""
    last = [each.currency for each in shown.issuances if each.currency]
    known = [each for each, _ in currencies()]
    return last[-1] if last and last[-1] in known else next(iter(known), "")


def levels() -> list[tuple[str, str]]:
    """The levels of support; which of them comes with a tier, the preview tells."""
    return [("", "the tier's own"), *((level.name, level.title) for level in house().prices.offered().levels)]


def ends(caller: Caller, organization_id: str, but: str | None) -> list[tuple[str, str]]:
    """The customer's licenses that another one can end together with."""
    now = house().system.now()
    return [
        (each.license_id, f"{each.seats} seats, {each.ends_at.date()} ({each.license_id[-8:]})")
        for each in house().licenses.page(caller, "", OTHERS, organization_id)
        if each.is_paid_at(now) and each.license_id != but and each.ends_at is not None
    ]


def previewed(caller: Caller, form: Form, defaults: dict[str, str], work: Work) -> dict[str, Any]:
    """The preview of what stands in the form when its page opens."""
    values: Typed = MultiDict({**defaults, **form.typed})
    preview, why = worked_out(lambda: work(caller, values))
    return {"preview": preview, "why": why}


def licensed(deed: Done, word: str) -> str:
    """The license's page, with the word for what was done, and with what the salesperson should know."""
    license_id = "" if deed.standing is None else deed.standing.license_id
    return done("console_licenses.show", word, license_id=license_id, **({"warned": "1"} if deed.warnings else {}))
