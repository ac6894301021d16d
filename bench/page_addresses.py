"""Every page there is with the addresses to open it by: of each kind the object with the most in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from licensing.bootstrap import House
from licensing.core.addresses import fold

PREFIXES = ("/console", "/licenses", "/account", "/device", "/quotes", "/sign-in", "/trial")
NO_PAGES = frozenset(
    {
        *("console_ledger.proof", "console_licenses.download", "console_outbox.preview"),
        *("portal_licenses.download", "portal_privacy.export", "portal_sign_in.show"),
        *("pages_sso.begin", "pages_sso.finish", "pages_trials.sent"),
    }
)
"""Files, a mail as it is sent, and what leads elsewhere."""
YEARS = "from={first}&to={today}"
EVERY_MONTH = f"every=month&{YEARS}"

_MOST = {
    "organization": "SELECT organization_id FROM issuance WHERE organization_id IS NOT NULL"
    " GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1",
    "license": "SELECT license_id FROM cluster GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1",
    "deeds": "SELECT i.license_id FROM issuance i JOIN license l ON l.id = i.license_id AND l.edition = 'pro'"
    " WHERE l.revoked_at IS NULL AND l.ends_at > {now} GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1",
    "fsid": "SELECT fsid FROM cluster WHERE license_id = '{license}' ORDER BY used DESC, fsid LIMIT 1",
    "trial": "SELECT id FROM license WHERE edition = 'trial' AND revoked_at IS NULL ORDER BY id DESC LIMIT 1",
    "serial": "SELECT serial FROM issuance WHERE kind IN ('sold', 'converted', 'renewed') AND license_id = '{deeds}'"
    " ORDER BY leaf_idx DESC LIMIT 1",
    "quote": "SELECT id FROM quote ORDER BY id DESC LIMIT 1",
    "milestone": "SELECT id FROM milestone ORDER BY counts_from LIMIT 1",
    "webhook": "SELECT id FROM webhook ORDER BY id LIMIT 1",
    "staff": "SELECT id FROM staff ORDER BY id LIMIT 1",
    "first": "SELECT date(min(recorded_at), 'unixepoch') FROM issuance",
    "email": "SELECT c.email FROM contact c JOIN license l ON l.organization_id = c.organization_id"
    " WHERE c.erased_at IS NULL AND l.id = '{deeds}' ORDER BY c.id LIMIT 1",
    "mail": "SELECT max(id) FROM outbox",
    "word": "SELECT name FROM organization WHERE id = '{organization}'",
}
"""What the addresses name: each may name those before it."""

ADDRESSES: Mapping[str, tuple[str, ...]] = {
    "console_today.show": ("/console",),
    "console_today.requests": ("/console/quotes/requests",),
    "console_organizations.every": ("/console/organizations", "/console/organizations?limit=100"),
    "console_organizations.search": ("/console/search?q={word}", "/console/search?q=storage"),
    "console_organizations.show": ("/console/organizations/{organization}",),
    "console_license_lists.every": (
        "/console/licenses",
        "/console/licenses?edition=pro&state=active&days=3650",
        "/console/licenses?edition=pro&state=ended",
    ),
    "console_licenses.show": ("/console/licenses/{license}", "/console/licenses/{deeds}"),
    "console_clusters.every": ("/console/licenses/{license}/clusters",),
    "console_clusters.show": ("/console/licenses/{license}/clusters/{fsid}",),
    "console_sales.new": ("/console/licenses/new", "/console/licenses/new?organization={organization}"),
    "console_sales.conversion": ("/console/licenses/{trial}/conversion",),
    "console_sales.renewal": ("/console/licenses/{deeds}/renewal",),
    "console_seats.show": ("/console/licenses/{deeds}/seats",),
    "console_undoing.show": ("/console/licenses/{deeds}/sales/{serial}",),
    "console_quotes.every": ("/console/quotes", "/console/quotes?state=open", "/console/quotes?state=accepted"),
    "console_quotes.new": ("/console/quotes/new", "/console/quotes/new?organization={organization}"),
    "console_quotes.show": ("/console/quotes/{quote}",),
    "console_leads.every": ("/console/leads", "/console/leads?limit=100"),
    "console_reports.funnel": (
        "/console/reports",
        *(f"/console/reports?by={by}&{YEARS}" for by in ("all", "tier", "country", "source", "salesperson")),
    ),
    "console_reports.conversions": (
        "/console/reports/conversions",
        f"/console/reports/conversions?{EVERY_MONTH}",
    ),
    "console_reports.cohorts": ("/console/reports/cohorts", f"/console/reports/cohorts?{YEARS}"),
    "console_reports.retention": (
        "/console/reports/retention",
        f"/console/reports/retention?{EVERY_MONTH}",
        f"/console/reports/retention?every=year&{YEARS}",
    ),
    "console_explanations.funnel": (f"/console/reports/funnel/behind?step=registered&{YEARS}",),
    "console_explanations.conversions": (f"/console/reports/conversions/behind?what=conversion&{YEARS}",),
    "console_explanations.cohorts": (f"/console/reports/cohorts/behind?within=365&{YEARS}",),
    "console_explanations.retention": ("/console/reports/retention/behind?every=year",),
    "console_milestones.every": ("/console/milestones",),
    "console_milestones.show": ("/console/milestones/{milestone}",),
    "console_ledger.every": ("/console/ledger", "/console/ledger?kind=trial"),
    "console_settings.show": ("/console/settings",),
    "console_outbox.every": ("/console/outbox",),
    "console_outbox.show": ("/console/outbox/{mail}",),
    "console_staff.every": ("/console/staff",),
    "console_staff.show": ("/console/staff/{staff}",),
    "console_staff.api_keys": ("/console/api-keys",),
    "console_webhooks.every": ("/console/webhooks",),
    "console_webhooks.show": ("/console/webhooks/{webhook}",),
    "console_alarms.every": ("/console/alarms",),
    "pages_sign_in.account": ("/account",),
    "pages_sign_in.ask": ("/sign-in",),
    "pages_quotes.show": ("/quotes/{quote}",),
    "pages_trials.ask": ("/trial/confirm?token=none",),
    "pages_trials.form": ("/trial",),
    "pages_devices.enter": ("/device",),
    "portal_licenses.every": ("/licenses",),
    "portal_licenses.show": ("/licenses/{deeds}", "/licenses/{license}"),
    "portal_licenses.cluster": ("/licenses/{license}/clusters/{fsid}",),
    "portal_start.show": ("/licenses/{deeds}/start",),
    "portal_activation.show": ("/licenses/{deeds}/activation",),
    "portal_privacy.show": ("/licenses/privacy",),
}


@dataclass(frozen=True, slots=True)
class Address:
    """An address, what answers there, and how it is called in the table."""

    endpoint: str
    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is opened, and the mailbox of a contact of the customer whose license the portal shows."""

    addresses: list[Address]
    folded_email: str


def chosen(house: House, app: Flask) -> Chosen:
    """The addresses of every page. A mail is on its way to the contact, so that there is one to show.

    Raises LookupError for a page that has no address here.
    """
    missing = pages_of(app) - ADDRESSES.keys()
    if missing:
        raise LookupError(f"bench/page_addresses.py has no address for {', '.join(sorted(missing))}")
    now = house.system.now()
    names = {"now": str(int(now.timestamp())), "today": str(now.date())}
    for name, statement in _MOST.items():
        if name == "mail":
            house.portal.ask(names["email"])
        with house.database.read() as session:
            names[name] = _found(session, statement.format(**names))
    addresses = [
        Address(endpoint, pattern.replace("{", "<").replace("}", ">"), pattern.format(**names))
        for endpoint, patterns in ADDRESSES.items()
        for pattern in patterns
        if endpoint in app.view_functions
    ]
    return Chosen(addresses, fold(names["email"]).folded)


def pages_of(app: Flask) -> set[str]:
    """The endpoints of all pages of the console, of the portal and of those that everybody sees."""
    return {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and rule.rule.startswith(PREFIXES) and rule.endpoint not in NO_PAGES
    }


def _found(session: Session, statement: str) -> str:
    return str(session.scalar(text(statement)) or "")
