"""The log: one line an event, on the error stream, set up here and nowhere else.

`json` is for machines: one object a line, whatever stands in it. `text` is for people at a terminal. In neither can
what a client sent begin a line of its own. No line holds tokens, addresses, keys, passwords or codes: whoever logs
names accounts and objects by id.
"""

from __future__ import annotations

import logging
import re
import sys
from enum import StrEnum
from typing import IO

import flask
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from licensing.web.requests import REQUEST_ID, TRACE_ID

GRANIAN = {"formatters": {}, "handlers": {}, "loggers": {"_granian": {"handlers": [], "propagate": True}}}
"""What the HTTP server is told of logs: its lines are ours."""
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ROW = re.compile(r"^(DETAIL|CONTEXT|\[SQL|\[parameters|\(Background).*$", re.M)
"""Lines of database errors that quote what was in a row."""


class LogFormat(StrEnum):
    """How a line looks."""

    TEXT = "text"
    JSON = "json"


def configure(wanted: str | None, stream: IO[str] | None = None) -> None:
    """Every logger of this process writes to the error stream; without a wish, as text to a terminal, else as JSON.

    A second call changes nothing but the form.
    """
    stream = sys.stderr if stream is None else stream
    chosen = LogFormat(wanted) if wanted else LogFormat.TEXT if stream.isatty() else LogFormat.JSON
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_formatter(chosen))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    logging.getLogger("alembic").setLevel(logging.WARNING)


def _formatter(chosen: LogFormat) -> logging.Formatter:
    before: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
        _with_request_id,
    ]
    last: list[Processor] = (
        [_with_exception, structlog.processors.JSONRenderer()] if chosen is LogFormat.JSON else [_with_exception, _line]
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=before,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )


def _with_request_id(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """The server's own ids of the request that is being answered; the client's are never read."""
    if "request_id" not in event and flask.has_request_context():
        environ = flask.request.environ
        event["request_id"] = environ.get(REQUEST_ID, "")
        if TRACE_ID in environ:
            event["trace_id"] = environ[TRACE_ID]
    return event


def _with_exception(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """The traceback as text, without what a database quotes of rows."""
    event = structlog.processors.format_exc_info(logger, name, event)
    if "exception" in event:
        event["exception"] = _ROW.sub("", str(event["exception"]))
    return event


def _line(_: WrappedLogger, __: str, event: EventDict) -> str:
    """For people; control characters are spelled out, a traceback follows indented."""
    head = " ".join(str(event.pop(name, "")) for name in ("timestamp", "level", "logger", "event"))
    exception = event.pop("exception", None)
    rest = "".join(f" {name}={value}" for name, value in event.items())
    lines = [_spelled(head + rest)]
    if exception is not None:
        lines += [f"    {_spelled(each)}" for each in exception.split("\n")]
    return "\n".join(lines)


def _spelled(text: str) -> str:
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)
