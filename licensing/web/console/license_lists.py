"""`/console/licenses`: all licenses, or those with something in common."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from flask import Blueprint, Response, url_for
from marshmallow import Schema

from licensing.core.callers import Caller, Permission
from licensing.core.explanations import Cursor, cursor
from licensing.core.licenses import Edition
from licensing.core.portal import State
from licensing.services.portal_licenses import Held
from licensing.services.reports import Report
from licensing.storage.license_lists import Wanted
from licensing.web import fields
from licensing.web.api.licenses import license_members
from licensing.web.api.tables import Format, presented
from licensing.web.console.filters import filtered, filters_of
from licensing.web.console.licenses import EDITIONS, KINDS
from licensing.web.console.report_words import words
from licensing.web.pages.rendering import page_for
from licensing.web.requests import house

blueprint = Blueprint("console_license_lists", __name__, url_prefix="/console/licenses")

ROWS, CSV_ROWS = 50, 10_000
MAX_DAYS = 3_650
MAX_CURSOR = 60


class Shows(StrEnum):
    """How the list leaves."""

    PAGE = "page"
    CSV = Format.CSV


class ListSchema(Schema):
    edition = fields.Choice(Edition, load_default=None)
    state = fields.Choice(State, load_default=None)
    tier = fields.Text(40, load_default=None)
    days = fields.Digits(1, MAX_DAYS, load_default=None)
    after = fields.Text(MAX_CURSOR, load_default=None)
    format = fields.Choice(Shows, load_default=Shows.PAGE)


@blueprint.get("")
@page_for(Permission.LICENSES_READ)
def every(caller: Caller) -> Response:
    return filtered(caller, "console/licenses.html", ListSchema(), lambda asked: _listed(caller, **asked))


def _listed(
    caller: Caller,
    edition: Edition | None,
    state: State | None,
    tier: str | None,
    days: int | None,
    after: str | None,
    format: Shows,
) -> dict[str, Any] | Response:
    wanted, start = Wanted(edition, state, tier, days), None if after is None else cursor(after)
    if format is Shows.CSV:
        return _csv(caller, wanted, start)
    found = house().license_lists.page(caller, wanted, start, ROWS)
    asked: dict[str, Any] = filters_of(ListSchema())
    for name in ("after", "format"):
        asked.pop(name, None)
    return {
        "report": found,
        "licenses": found.licenses,
        "editions": EDITIONS,
        "states": [(each.value, each.value) for each in State],
        "tiers": [(each, words(each)) for each in _tiers()],
        "kinds": KINDS,
        "most_days": MAX_DAYS,
        "more": url_for(".every", **asked, after=found.next.text()) if found.next is not None else "",
        "first": url_for(".every", **asked) if after is not None else "",
        "csv": url_for(".every", **asked, format=Shows.CSV.value),
    }


def _tiers() -> list[str]:
    """All that there are or were, the smallest first."""
    tiers = sorted(house().prices.offered().tiers, key=lambda each: (each.edition is Edition.PRO, each.min_seats))
    return list(dict.fromkeys(each.name for each in tiers))


def _csv(caller: Caller, wanted: Wanted, start: Cursor | None) -> Response:
    found = house().license_lists.page(caller, wanted, start, CSV_ROWS)
    rows = [_members(each) for each in found.licenses]
    columns = tuple(rows[0]) if rows else ("license_id",)
    return presented(Report(columns, [tuple(row.values()) for row in rows], {}, found.next), Format.CSV)


def _members(held: Held) -> dict[str, object]:
    return {
        **license_members(held.standing),
        "organization": held.organization,
        "state": held.state.value,
        "used": held.used,
    }
