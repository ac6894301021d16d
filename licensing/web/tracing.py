"""Traces, where LICENSING_OTLP_URL says who collects them. Without it nothing of OpenTelemetry is read.

Its packages are an extra, which `licensing.web.spans` alone imports.
"""

from __future__ import annotations

from types import ModuleType

from flask import Flask

from licensing.core.errors import SetupRefused


def require_packages(url: str | None) -> None:
    """Raises SetupRefused where traces are wanted and the packages that make them are missing."""
    if url is not None:
        _spans()


def register(app: Flask, url: str | None) -> None:
    """Every request of the application is a span, sent to the collector at `url`; raises SetupRefused as above.

    To be called in the process that serves, and before anything else hears of requests.
    """
    if url is not None:
        _spans().register(app, url)


def _spans() -> ModuleType:
    try:
        from licensing.web import spans
    except ModuleNotFoundError as error:
        raise SetupRefused(
            f"LICENSING_OTLP_URL needs packages that are not installed ({error.name} is missing): "
            "pip install 'koor-licensing[server,otel]'"
        ) from error
    return spans
