"""The Flask application of a house."""

from __future__ import annotations

import gc
from collections.abc import Iterable

from flask import Blueprint, Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from licensing.bootstrap import House, build, require_fit
from licensing.settings import Settings, read_settings
from licensing.web import logs, metrics, problems, requests, tracing, watching
from licensing.web.api import activations as api_activations
from licensing.web.api import api_keys as api_api_keys
from licensing.web.api import checkins as api_checkins
from licensing.web.api import clusters as api_clusters
from licensing.web.api import devices as api_devices
from licensing.web.api import entitlements as api_entitlements
from licensing.web.api import health as api_health
from licensing.web.api import issuances as api_issuances
from licensing.web.api import keys as api_keys
from licensing.web.api import ledger as api_ledger
from licensing.web.api import licenses as api_licenses
from licensing.web.api import milestones as api_milestones
from licensing.web.api import openapi as api_openapi
from licensing.web.api import organizations as api_organizations
from licensing.web.api import prices as api_prices
from licensing.web.api import quotes as api_quotes
from licensing.web.api import relays as api_relays
from licensing.web.api import reports as api_reports
from licensing.web.api import revocations as api_revocations
from licensing.web.api import sessions as api_sessions
from licensing.web.api import staff as api_staff
from licensing.web.api import trials as api_trials
from licensing.web.api import validations as api_validations
from licensing.web.api import webhooks as api_webhooks
from licensing.web.console import alarms as console_alarms
from licensing.web.console import clusters as console_clusters
from licensing.web.console import explanations as console_explanations
from licensing.web.console import leads as console_leads
from licensing.web.console import ledger as console_ledger
from licensing.web.console import license_lists as console_license_lists
from licensing.web.console import licenses as console_licenses
from licensing.web.console import milestones as console_milestones
from licensing.web.console import organizations as console_organizations
from licensing.web.console import outbox as console_outbox
from licensing.web.console import places
from licensing.web.console import quotes as console_quotes
from licensing.web.console import reports as console_reports
from licensing.web.console import sales as console_sales
from licensing.web.console import seats as console_seats
from licensing.web.console import settings as console_settings
from licensing.web.console import staff as console_staff
from licensing.web.console import today as console_today
from licensing.web.console import undoing as console_undoing
from licensing.web.console import webhooks as console_webhooks
from licensing.web.pages import api_docs as pages_api_docs
from licensing.web.pages import devices as pages_devices
from licensing.web.pages import home as pages_home
from licensing.web.pages import quotes as pages_quotes
from licensing.web.pages import rendering
from licensing.web.pages import sign_in as pages_sign_in
from licensing.web.pages import sso as pages_sso
from licensing.web.pages import trials as pages_trials
from licensing.web.portal import activation as portal_activation
from licensing.web.portal import licenses as portal_licenses
from licensing.web.portal import privacy as portal_privacy
from licensing.web.portal import sign_in as portal_sign_in
from licensing.web.portal import start as portal_start

BLUEPRINTS = (
    api_activations.blueprint,
    api_api_keys.blueprint,
    api_checkins.blueprint,
    api_clusters.blueprint,
    api_devices.blueprint,
    api_entitlements.blueprint,
    api_health.blueprint,
    api_issuances.blueprint,
    api_keys.blueprint,
    api_ledger.blueprint,
    api_licenses.blueprint,
    api_milestones.blueprint,
    api_openapi.blueprint,
    api_organizations.blueprint,
    api_prices.blueprint,
    api_quotes.blueprint,
    api_relays.blueprint,
    api_reports.blueprint,
    api_revocations.blueprint,
    api_sessions.blueprint,
    api_staff.blueprint,
    api_trials.blueprint,
    api_validations.blueprint,
    api_webhooks.blueprint,
    console_alarms.blueprint,
    console_clusters.blueprint,
    console_explanations.blueprint,
    console_leads.blueprint,
    console_ledger.blueprint,
    console_license_lists.blueprint,
    console_licenses.blueprint,
    console_milestones.blueprint,
    console_organizations.blueprint,
    console_outbox.blueprint,
    console_quotes.blueprint,
    console_reports.blueprint,
    console_sales.blueprint,
    console_seats.blueprint,
    console_settings.blueprint,
    console_staff.blueprint,
    console_today.blueprint,
    console_undoing.blueprint,
    console_webhooks.blueprint,
    pages_api_docs.blueprint,
    metrics.blueprint,
    pages_devices.blueprint,
    pages_home.blueprint,
    pages_quotes.blueprint,
    pages_sign_in.blueprint,
    pages_sso.blueprint,
    pages_trials.blueprint,
    portal_activation.blueprint,
    portal_licenses.blueprint,
    portal_privacy.blueprint,
    portal_sign_in.blueprint,
    portal_start.blueprint,
)


def create_app(house: House) -> Flask:
    """The WSGI application that speaks for `house`."""
    places.register(house.app)
    return assemble(house.app, house, house.settings, BLUEPRINTS)


def assemble(app: Flask, house: object, settings: Settings, blueprints: Iterable[Blueprint]) -> Flask:
    """The application of these blueprints: `house` has the parts that their views ask for."""
    app.extensions["house"] = house
    app.config["MAX_CONTENT_LENGTH"] = requests.MAX_BODY_BYTES
    app.url_map.merge_slashes = False  # a path has one spelling: no redirect to wherever the Host header says
    if settings.proxies:
        # Each of our own proxies has added one address; what stands before those is anybody's claim.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=0, x_host=0)  # type: ignore[method-assign]
    tracing.register(app, settings.otlp_url)
    problems.register(app)
    requests.register(app)
    watching.register(app, settings.data_dir / watching.FOLDER)
    rendering.register(app)
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
    return app


def routes_alone() -> Flask:
    """An application that has every route and no house: to be described, not to be served."""
    app = Flask(__name__)
    requests.know_paths(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    return app


def app_from_environment() -> Flask:
    """The application of the process's settings; raises a Refusal when the server is not fit to run."""
    house = build(settings := read_settings())
    logs.configure(settings.log_format)
    require_fit(house)
    app = create_app(house)
    watching.start(app)
    gc.freeze()  # what is there now stays: the collector need not look at it again and again
    return app
