"""The places of the console, and who sees which."""

from __future__ import annotations

from flask import Flask

from licensing.core.callers import Caller, Permission

PLACES: tuple[tuple[str, tuple[tuple[str, str, Permission], ...]], ...] = (
    (
        "Work",
        (
            ("/console", "Today", Permission.LICENSES_READ),
            ("/console/organizations", "Customers", Permission.CUSTOMERS_READ),
            ("/console/licenses", "Licenses", Permission.LICENSES_READ),
            ("/console/quotes", "Quotes", Permission.QUOTES_READ),
            ("/console/leads", "Leads", Permission.REPORTS_READ),
        ),
    ),
    (
        "Figures",
        (
            ("/console/reports", "Conversions", Permission.REPORTS_READ),
            ("/console/milestones", "Milestones", Permission.REPORTS_READ),
            ("/console/ledger", "Ledger", Permission.LEDGER_READ),
        ),
    ),
    (
        "Upkeep",
        (
            ("/console/settings", "Prices and tiers", Permission.PRICES_READ),
            ("/console/alarms", "Alarms", Permission.LEDGER_READ),
            ("/console/outbox", "Mails", Permission.STAFF_MANAGE),
            ("/console/staff", "Staff", Permission.STAFF_MANAGE),
            ("/console/api-keys", "API keys", Permission.STAFF_MANAGE),
            ("/console/webhooks", "Webhooks", Permission.STAFF_MANAGE),
        ),
    ),
)


def places_of(caller: Caller) -> list[tuple[str, list[tuple[str, str]]]]:
    """The places the caller may see, by their heading."""
    seen = [
        (title, [(path, name) for path, name, permission in places if permission in caller.permissions])
        for title, places in PLACES
    ]
    return [(title, places) for title, places in seen if places]


def register(app: Flask) -> None:
    app.jinja_env.globals.update(places_of=places_of)
