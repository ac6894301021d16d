"""`/metrics`: what whoever watches the server counts, for Prometheus. Numbers only; no label names anybody."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import cast

from flask import Blueprint, Response, current_app, request
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from licensing import __version__
from licensing.core.errors import Busy, NotFound, SetupRefused, SignInRequired
from licensing.services.metrics import Figures
from licensing.web.requests import house
from licensing.web.sessions import public
from licensing.web.watching import BUCKETS, Sums, Watch

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
@public
def show() -> Response:
    """For whoever shows the token of LICENSING_METRICS_TOKEN_FILE; without that file there are none."""
    _require_token()
    try:
        figures = house().metrics.figures()
    except Busy:
        figures = None
    registry = CollectorRegistry()
    registry.register(_Scrape(cast(Watch, current_app.extensions["watch"]).of_all(), figures))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _require_token() -> None:
    path = house().settings.metrics_token_file
    if path is None:
        raise NotFound("There is no such page.")
    try:
        token = path.read_text("utf-8").strip()
    except OSError as error:
        raise SetupRefused("The token file for metrics can't be read.") from error
    shown = request.headers.get("Authorization", "")
    if not token or not hmac.compare_digest(shown.encode(), f"Bearer {token}".encode()):
        raise SignInRequired("Send the token for metrics: Authorization: Bearer <token>.")


class _Scrape(Collector):
    def __init__(self, sums: Sums, figures: Figures | None) -> None:
        self._sums = sums
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        yield _labelled(GaugeMetricFamily, "licensing_build", "What runs here.", "version", {__version__: 1})
        yield from _requests(self._sums)
        yield _labelled(CounterMetricFamily, "licensing_checkins", "Check-ins answered.", "code", self._sums.codes)
        yield _gauge("licensing_database_connections_in_use", "Connections lent by the pools.", self._sums.in_use)
        yield _gauge("licensing_database_up", "Whether the database answers.", self._figures is not None)
        if self._figures is not None:
            yield from _figures(self._figures)


def _requests(sums: Sums) -> Iterator[Metric]:
    counts = CounterMetricFamily("licensing_requests", "Requests answered.", labels=("method", "route", "status"))
    routes: dict[str, list[float]] = {}
    for (method, route, status), row in sums.requests.items():
        counts.add_metric((method, route, status), sum(row[:-1]))
        known = routes.get(route, [0.0] * len(row))
        routes[route] = [mine + more for mine, more in zip(known, row, strict=True)]
    yield counts
    seconds = HistogramMetricFamily("licensing_request_seconds", "How long answers took.", labels=("route",))
    for route, row in routes.items():
        bounds = [*map(str, BUCKETS), "+Inf"]
        seconds.add_metric((route,), list(zip(bounds, accumulate(row[:-1]), strict=True)), row[-1])
    yield seconds


def _figures(told: Figures) -> Iterator[Metric]:
    yield _labelled(GaugeMetricFamily, "licensing_ready", "Whether a part is well.", "part", told.ready)
    yield _labelled(CounterMetricFamily, "licensing_issuances", "Deeds in the ledger.", "kind", told.issuances)
    yield _labelled(GaugeMetricFamily, "licensing_licenses", "Licenses that stand.", "edition", told.licenses)
    mails = {"waiting": told.mails_waiting, "dead": told.mails_given_up}
    yield _labelled(GaugeMetricFamily, "licensing_outbox_mails", "Mails that did not leave.", "state", mails)
    yield _gauge(
        "licensing_outbox_oldest_timestamp_seconds", "When the oldest waiting mail was written.", told.oldest_mail_at
    )
    yield _labelled(
        GaugeMetricFamily, "licensing_webhook_messages", "Messages that did not arrive.", "state", told.messages
    )
    yield _gauge("licensing_report_movements_pending", "Changes not counted yet.", told.movements_pending)
    yield _gauge("licensing_ledger_leaves", "Leaves of the ledger.", told.ledger_leaves)
    yield _gauge("licensing_checkpoint_leaves", "Leaves that the newest checkpoint covers.", told.checkpoint_leaves)
    yield _gauge("licensing_checkpoint_timestamp_seconds", "When it was signed.", told.checkpoint_at)
    ends = told.keys_end_at
    yield _labelled(
        GaugeMetricFamily, "licensing_key_end_timestamp_seconds", "The active key's last second.", "purpose", ends
    )
    yield _labelled(GaugeMetricFamily, "licensing_alarms_open", "Alarms nobody looked at.", "kind", told.alarms)
    yield _gauge("licensing_worker_timestamp_seconds", "When a worker last finished a round.", told.worker_at)


def _gauge(name: str, says: str, value: float) -> Metric:
    return GaugeMetricFamily(name, says, value=float(value))


def _labelled(
    family: type[GaugeMetricFamily] | type[CounterMetricFamily],
    name: str,
    says: str,
    label: str,
    values: Mapping[str, float],
) -> Metric:
    made = family(name, says, labels=(label,))
    for key, value in values.items():
        made.add_metric((key,), float(value))
    return made
