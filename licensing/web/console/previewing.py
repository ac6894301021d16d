"""What a form would do, shown while it is filled in: a piece of a page that the services work out and nobody keeps."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import Response, request
from werkzeug.datastructures import MultiDict

from licensing.core.callers import Caller, Permission
from licensing.core.errors import InvalidFields, Refusal
from licensing.web.access import View
from licensing.web.forms import NEW, ONCE, Form, refused_form
from licensing.web.pages.rendering import page, page_for
from licensing.web.problems import STATUS

Typed = MultiDict[str, str]
Result = TypeVar("Result")
LABELS = {
    "seats": "Seats",
    "np_seats": "Non-production seats",
    "months": "Months",
    "ends_on": "Ends on",
    "start": "Starts",
    "support": "Support",
    "currency": "Currency",
    "discount_percent": "Discount",
    "bind": "Cluster",
}
"""What the fields are called that a preview depends on."""


def preview_for(permission: Permission, template: str = "console/preview.html") -> Callable[[View], View]:
    """The address that a form's preview comes from; the view gets the caller first. It changes nothing."""

    def decorate(view: View) -> View:
        @wraps(view)
        def fragment(caller: Caller, **arguments: Any) -> Response:
            if not request.form.get(ONCE):
                raise InvalidFields({"": ["The form is not whole. Open the page anew."]})
            preview, why = worked_out(lambda: view(caller, **arguments))
            return page(template, caller=caller, preview=preview, why=why)

        called = page_for(permission)(fragment)
        called.writes_nothing = True  # type: ignore[attr-defined]
        return called

    return decorate


def worked_out(work: Callable[[], Result]) -> tuple[Result | None, list[str]]:
    """The preview, or why there is none yet; what is our own failure is raised again."""
    try:
        return work(), []
    except Refusal as refusal:
        status = STATUS[type(refusal)]
        if status >= 500:
            raise
        return None, _told(refused_form(refusal, status))


def typed(form: Form) -> Form:
    """The form as its page shows it: refused, or filled in by the address where no script asks for previews."""
    if form is not NEW or "seats" not in request.args:
        return form
    return Form(request.args.to_dict())


def _told(form: Form) -> list[str]:
    if not form.typed.get("seats") and "seats" in form.problems:
        return []  # nothing is wrong yet
    return [
        f"{LABELS[field]}: {' '.join(why)}" if (field := name.partition(".")[0]) in LABELS else " ".join(why)
        for name, why in form.problems.items()
    ]
