"""Spans of OpenTelemetry: one a request, collected in memory and sent by a thread of the process (OTLP over HTTP).

A span says of a request what its line in the log says: method, the pattern of the route, status and our id. What the
instrumentation notes beside (addresses, queries, headers, messages of errors) may hold secrets and never leaves. Traces
begin here: a `traceparent` that a stranger sends is not read.
"""

from __future__ import annotations

from collections.abc import Sequence
from multiprocessing.util import Finalize
from threading import Thread

from flask import Flask
from opentelemetry.context import Context, get_current
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.propagate import set_global_textmap
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Span, Status, format_trace_id

from licensing import __version__
from licensing.web.requests import REQUEST_ID, TRACE_ID

PATH = "v1/traces"
"""Behind the collector's address, as the protocol has it."""
LAST_SECONDS = 3
"""How long a worker that ends waits for its last spans to leave."""
ID = "request.id"
METHOD, ROUTE = "http.request.method", "http.route"
KEPT = {
    ID: ID,
    ROUTE: ROUTE,
    **dict.fromkeys(("http.method", METHOD), METHOD),
    **dict.fromkeys(("http.status_code", "http.response.status_code"), "http.response.status_code"),
}
"""The attributes that leave, by their older and present names."""


class Discreet(SpanExporter):
    """Passes on what a span may say."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._exporter.export([discreet(span) for span in spans])

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


class NoPropagation(TextMapPropagator):
    """Reads nothing of a request and tells others nothing."""

    def extract(self, carrier: object, context: Context | None = None, getter: object = None) -> Context:
        return get_current() if context is None else context

    def inject(self, carrier: object, context: Context | None = None, setter: object = None) -> None:
        pass

    @property
    def fields(self) -> set[str]:
        return set()


def register(app: Flask, url: str) -> None:
    """Every request is a span, sent to the collector at `url`. One that does not answer holds up no request."""
    resource = Resource.create({"service.name": "licensing", "service.version": __version__})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(Discreet(OTLPSpanExporter(f"{url.rstrip('/')}/{PATH}"))))
    set_global_textmap(NoPropagation())
    FlaskInstrumentor().instrument_app(  # type: ignore[no-untyped-call]
        app,
        request_hook=_know_each_other,
        tracer_provider=provider,
        meter_provider=NoOpMeterProvider(),
        enable_commenter=False,
    )
    # A worker leaves without Python's own exit handlers.
    Finalize(None, _send_the_last, args=(provider,), exitpriority=0)


def discreet(span: ReadableSpan) -> ReadableSpan:
    """The span without all that may be a secret: other attributes, events, and a status in words."""
    said = {KEPT[name]: value for name, value in (span.attributes or {}).items() if name in KEPT}
    return ReadableSpan(
        name=" ".join(str(said[name]) for name in (METHOD, ROUTE) if name in said),
        context=span.get_span_context(),
        resource=span.resource,
        attributes=said,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _know_each_other(span: Span, environ: dict[str, str]) -> None:
    """The span has the request's id, and the lines of the log have the trace's."""
    span.set_attribute(ID, environ[REQUEST_ID])
    environ[TRACE_ID] = format_trace_id(span.get_span_context().trace_id)


def _send_the_last(provider: TracerProvider) -> None:
    sending = Thread(target=provider.shutdown, name="last spans", daemon=True)
    sending.start()
    sending.join(LAST_SECONDS)
