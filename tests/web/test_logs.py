"""The log: a line an event, whatever stands in it, and nothing in it that opens a door."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from licensing.web import logs
from tests.support.worlds import World, nodes, sell, token_of

HOSTILE = [
    'a\n{"level": "info", "event": "all is well"}',
    "a\r\nb",
    "\x1b[2J\x1b[31mred",
    "a\x00b",
    "a\u2028b\u2029c\x85d",
    '"}, {"event": "fake"',
    "\ud800",
    "%s %d {}",
]
hostile = pytest.mark.parametrize("said", HOSTILE, ids=range(len(HOSTILE)))


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where the log goes; loggers are as they were when the test ends."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers, root.level = before, level


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().split("\n")[:-1]]


@hostile
def test_whatever_is_logged_is_one_line_that_a_machine_can_read(stream: io.StringIO, said: str) -> None:
    logs.configure("json", stream)

    logging.getLogger("licensing.test").info("said: %s", said, extra={"field": said})

    [line] = lines(stream)
    assert (line["event"], line["field"]) == (f"said: {said}", said)
    assert (line["level"], line["logger"]) == ("info", "licensing.test")
    assert stream.getvalue().isascii()


@hostile
def test_in_text_no_line_begins_with_what_somebody_else_wrote(stream: io.StringIO, said: str) -> None:
    logs.configure("text", stream)

    logging.getLogger("licensing.test").info("said: %s", said, extra={"field": said})

    [line] = stream.getvalue().splitlines()
    assert line.isprintable() or "\ud800" in said
    assert " info licensing.test said: " in line


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_traceback_is_part_of_its_event(stream: io.StringIO, form: str) -> None:
    logs.configure(form, stream)

    try:
        raise ValueError('x\n{"event": "fake"}')
    except ValueError:
        logging.getLogger("licensing.test").exception("went wrong")

    if form == "json":
        [line] = lines(stream)
        assert "ValueError" in line["exception"]
    else:
        first, *rest = stream.getvalue().splitlines()
        assert first.endswith("went wrong")
        assert all(each.startswith("    ") for each in rest)


def test_the_form_is_json_where_no_terminal_reads(stream: io.StringIO) -> None:
    logs.configure(None, stream)
    logging.getLogger("licensing.test").warning("x")

    assert lines(stream)[0]["event"] == "x"


def test_a_request_has_one_line_with_its_route_and_the_servers_own_id(world: World, stream: io.StringIO) -> None:
    logs.configure("json", stream)
    secret = "5" * 32

    answer = world.client.get(f"/v1/organizations/{secret}?q={secret}", headers={"X-Request-Id": "theirs"})

    [line] = [each for each in lines(stream) if each["event"] == "request"]
    assert line["route"] == "/v1/organizations/<id:organization_id>"
    assert (line["method"], line["status"], line["request_id"]) == ("GET", 401, answer.headers["X-Request-Id"])
    assert line["ms"] >= 0
    assert secret not in stream.getvalue()
    assert "theirs" not in stream.getvalue()


def test_probes_and_check_ins_that_go_well_have_no_line(world: World, stream: io.StringIO) -> None:
    license = token_of(world, sell(world).license_id)
    logs.configure("json", stream)

    world.client.get("/healthz")
    world.client.get("/readyz")
    world.check_in(license, nodes(2))
    assert lines(stream) == []

    world.check_in("nonsense", nodes(2))
    assert [line["status"] for line in lines(stream)] == [401]


def test_a_failure_says_which_request_it_was_and_not_what_stands_in_the_database(
    world: World, stream: io.StringIO
) -> None:
    logs.configure("json", stream)
    world.register("canary-address@acme.example")
    with world.house.database.write() as session:
        session.execute(text("ALTER TABLE registration RENAME TO registration_away"))

    answer = world.register("canary-address@other.example")

    said = stream.getvalue()
    assert answer.status_code in (500, 503)
    assert answer.headers["X-Request-Id"] in said
    assert "canary-address" not in said
    with world.house.database.write() as session:
        session.execute(text("ALTER TABLE registration_away RENAME TO registration"))
