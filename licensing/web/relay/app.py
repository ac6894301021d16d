"""The Flask application of a relay. What is not named here is not there."""

from __future__ import annotations

from flask import Flask

from licensing.relay import RelayHouse, build_relay, require_fit_relay
from licensing.settings import read_settings
from licensing.web import logs, watching
from licensing.web.api import checkins, health, ledger, revocations, validations
from licensing.web.app import assemble
from licensing.web.relay import documents, status

BLUEPRINTS = (
    checkins.blueprint,
    documents.blueprint,
    health.blueprint,
    ledger.blueprint,
    revocations.blueprint,
    status.blueprint,
    validations.blueprint,
)


def create_relay_app(house: RelayHouse) -> Flask:
    """The WSGI application that speaks for the relay."""
    return assemble(house.app, house, house.settings, BLUEPRINTS)


def relay_app_from_environment() -> Flask:
    """The application of the process's settings; raises a Refusal when the relay is not fit to run."""
    house = build_relay(settings := read_settings())
    logs.configure(settings.log_format)
    require_fit_relay(house)
    app = create_relay_app(house)
    watching.start(app)
    return app
