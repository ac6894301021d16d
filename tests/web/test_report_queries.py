"""`/v1/reports`: what can't be asked is refused in words, what is empty is honestly empty, and every figure opens."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from licensing.core.funnels import Step
from tests.support.worlds import Staffer, World

REPORTS = ("funnel", "conversions", "retention", "cohorts", "leads")
BAD = [
    ("funnel?from=2026-02-01&to=2026-02-01", "PERIOD_REFUSED"),
    ("conversions?from=2026-02-02&to=2026-02-01", "PERIOD_REFUSED"),
    ("retention?from=2020-01-01&to=2031-01-01", "PERIOD_REFUSED"),
    *((f"{report}?from=0000-01-01", "INVALID_FIELDS") for report in REPORTS[:4]),
    *((f"{report}?to=9999-12-31", "INVALID_FIELDS") for report in REPORTS[:4]),
    *((f"{report}?to=4763-11-28", "INVALID_FIELDS") for report in REPORTS[:4]),
    ("funnel?from=2026-01-01T00:00:00%2B02:00", "INVALID_FIELDS"),
    ("funnel?from=2026-1-1", "INVALID_FIELDS"),
    ("funnel?from=2026-02-30", "INVALID_FIELDS"),
    ("funnel?from=%D9%A2%D9%A0%D9%A2%D9%A6-01-01", "INVALID_FIELDS"),
    ("funnel?by=planet", "INVALID_FIELDS"),
    ("funnel?by=tier&by=country", "INVALID_FIELDS"),
    ("funnel?form=2026-01-01", "INVALID_FIELDS"),
    ("funnel?explain=yes", "INVALID_FIELDS"),
    ("funnel?format=xml", "INVALID_FIELDS"),
    ("funnel?step=married&explain=1", "INVALID_FIELDS"),
    ("funnel?by=tier&value=gold", "NOT_FOUND"),
    ("funnel?by=tier&value=gold&explain=1", "NOT_FOUND"),
    ("conversions?tier=gold", "NOT_FOUND"),
    ("conversions?tier=gold&explain=1", "NOT_FOUND"),
    ("conversions?every=week", "INVALID_FIELDS"),
    ("conversions?explain=1&currency=euro", "INVALID_FIELDS"),
    ("cohorts?within=31&explain=1", "INVALID_FIELDS"),
    *((f"leads?limit={limit}", "INVALID_FIELDS") for limit in ("0", "-1", "1001", "ten", "1e3", "99999999999")),
    ("funnel?explain=1&after=here", "CURSOR_REFUSED"),
    ("funnel?explain=1&after=%00", "INVALID_FIELDS"),
    ("funnel?explain=1&after=99999999999999-x", "CURSOR_REFUSED"),
    (f"funnel?explain=1&after={'9' * 400}", "INVALID_FIELDS"),
]


def rows(reader: Staffer, path: str) -> list[dict[str, Any]]:
    answer = reader.get(f"/v1/reports/{path}")
    assert answer.status_code == 200, answer.text
    return list(answer.get_json()["rows"])


def opened(reader: Staffer, path: str, limit: int = 3) -> list[dict[str, Any]]:
    """Every row behind a figure, page by page."""
    found: list[dict[str, Any]] = []
    after = ""
    while after is not None:
        more = f"&after={after}" if after else ""
        answer = reader.get(f"/v1/reports/{path}&explain=1&limit={limit}{more}")
        assert answer.status_code == 200, answer.text
        found += answer.get_json()["rows"]
        after = answer.get_json()["next"]
    return found


@pytest.mark.parametrize(("query", "code"), BAD)
def test_what_cannot_be_asked_is_refused(world: World, query: str, code: str) -> None:
    reader = world.sign_in("auditor")
    before = world.rows()

    answer = reader.get(f"/v1/reports/{query}")

    assert 400 <= answer.status_code < 500, answer.text
    assert answer.get_json()["code"] == code, answer.text
    assert world.rows() == before


@pytest.mark.parametrize("report", REPORTS)
def test_an_empty_database_gives_an_honest_empty_report(world: World, report: str) -> None:
    reader = world.sign_in("sales")

    for query in ("", "?explain=1", "?format=csv"):
        answer = reader.get(f"/v1/reports/{report}{query}")
        assert answer.status_code == 200, answer.text
        assert "NaN" not in answer.text
        if query != "?format=csv":
            assert answer.get_json()["rows"] == []


@pytest.mark.parametrize("report", REPORTS)
def test_one_organisation_is_a_whole_report(world: World, report: str) -> None:
    world.trial()
    world.house.rollups.catch_up()
    reader = world.sign_in("manager")

    assert len(rows(reader, report)) == (0 if report in ("conversions", "retention") else 1)


def test_every_figure_of_the_funnel_opens_to_as_many_customers(counted: World) -> None:
    reader = counted.sign_in("auditor")
    days = "from=2024-01-01&to=2026-07-01"

    for by in ("all", "tier", "country", "salesperson", "source"):
        for row in rows(reader, f"funnel?{days}&by={by}"):
            for step in Step:
                value = f"&value={row['value']}" if by != "all" else ""
                found = opened(reader, f"funnel?{days}&by={by}{value}&step={step}", limit=100)
                assert len(found) == row[step], (by, row["value"], step)
                assert len({each["customer"] for each in found}) == len(found)


def test_every_movement_that_is_counted_is_listed(counted: World) -> None:
    reader = counted.sign_in("sales")

    for row in rows(reader, "conversions?from=2025-01-01&to=2026-01-01&every=year"):
        currency = f"&currency={row['currency']}" if row["currency"] else ""
        path = f"conversions?from=2025-01-01&to=2026-01-01&what={row['what']}&tier={row['tier']}{currency}"
        found = [each for each in opened(reader, path) if each["currency"] == row["currency"]]
        assert len(found) == row["movements"], row
        assert sum(each["seats"] for each in found) == row["seats"]
        assert sum(each["amount_minor"] for each in found) == row["amount_minor"]


def test_seats_and_conversions_open_too(counted: World) -> None:
    reader = counted.sign_in("manager")

    (quarter,) = rows(reader, "retention?from=2025-07-01&to=2025-08-01&every=quarter")
    seats = opened(reader, "retention?from=2025-07-01&to=2025-08-01&every=quarter")
    assert [sum(each[name] for each in seats) for name in ("seats", "kept", "after")] == [
        quarter[name] for name in ("seats", "kept", "after")
    ]
    (month,) = rows(reader, "cohorts?from=2025-02-01&to=2025-03-01")
    for within in (30, 60, 90, 180, 365):
        found = opened(reader, f"cohorts?from=2025-02-01&to=2025-03-01&within={within}")
        assert len(found) == month[f"within_{within}"]


def test_a_spreadsheet_runs_nothing_and_says_where_it_goes_on(world: World) -> None:
    names = ["=1+1", "+1", "-1", "@x", '"a,b"', "\uff1dx"]
    for number, name in enumerate(names):
        world.trial(f"it@company{number}.example", organization=name)
    world.house.rollups.catch_up()
    reader = world.sign_in("sales")

    first = reader.get("/v1/reports/funnel?explain=1&format=csv&limit=4")
    path = first.headers["Link"].partition(">")[0].removeprefix("<")
    second = reader.get(path)

    assert first.headers["Content-Disposition"] == 'attachment; filename="funnel.csv"'
    read = [row for answer in (first, second) for row in csv.DictReader(io.StringIO(answer.text))]
    assert sorted(row["organization"] for row in read) == sorted(
        name if name.startswith('"') else f"'{name}" for name in names
    )
    assert "Link" not in second.headers


def test_the_report_says_how_fresh_it_is(world: World) -> None:
    world.trial()
    reader = world.sign_in("sales")

    assert reader.get("/v1/reports/funnel").get_json()["pending"] > 0
    world.house.rollups.catch_up()
    assert reader.get("/v1/reports/funnel").get_json()["pending"] == 0
