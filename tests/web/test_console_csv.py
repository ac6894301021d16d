"""Every table of the console can be taken away as a file, with the rows that it shows."""

from __future__ import annotations

import csv
import re
from io import StringIO
from typing import Any

import pytest

from licensing.core.callers import OPERATOR, PERMISSIONS, Role
from licensing.core.milestones import Aim
from licensing.core.prices import Price, VolumeDiscount
from licensing.core.sales import Purchase, Term
from licensing.services.organizations import Person
from licensing.services.quotes import Wish
from tests.support.worlds import OTHER_FSID, OTHER_UID, World, nodes, token_of
from tests.web.console_routes import ROUTES

TABLE = re.compile(r"<table(?P<looks>[^>]*)>.*?</table>.*?(?=<table|\Z)", re.DOTALL)
LINK = re.compile(r'<a href="([^"]+)" download>CSV</a>')
IN_OTHER_ROWS = ("/v1/reports/funnel?", "/v1/reports/conversions?")
"""Files with a row for each figure, where the page has one for each month or step."""
WITH_MORE = (
    *("/organizations/{buyer}", "/quotes", "/reports/funnel/behind?step=registered", "/reports/conversions"),
    *("/reports/conversions/behind?what=direct", "/reports/conversions?what=direct"),
)
"""Pages whose address in ROUTES leaves a table empty."""
EVIL = '=HYPERLINK("https://evil.example")'


def reader(world: World, endpoint: str) -> Role:
    view: Any = world.house.app.view_functions[endpoint]
    return next(role for role in (Role.MANAGER, Role.ADMIN) if view.permission in PERMISSIONS[role])


def fill(world: World, name: str = "Acme GmbH") -> str:
    """There is something in every table; the id of a customer with licenses and quotes."""
    house, day = world.house, world.clock().replace(hour=0)
    house.prices.put(OPERATOR, Price("EUR", 120_000, day))
    house.prices.put_step(OPERATOR, VolumeDiscount(100, 5, day))
    buyer = house.organizations.create(OPERATOR, name, "DE", None, Person("it@acme.example", "IT")).id
    house.sales.sell(OPERATOR, buyer, Term(25, 12), Purchase("PO-1", "EUR"))
    for seats in (5, 6):
        house.quotes.make(OPERATOR, Wish(buyer, None, False, Term(seats, 12), "EUR", 0))
    house.api_keys.create(OPERATOR, name, ["customers.read"], 30, None)
    trial = token_of(world, str(world.trial("it@lead.example")["license_id"]))
    world.check_in(trial, nodes(4), fsid=OTHER_FSID, uid=OTHER_UID)
    house.rollups.catch_up()
    return buyer


def tables(page: str) -> list[tuple[int, str | None]]:
    """Of each table of records how many rows it has, and the address of the file beside it."""
    found = []
    for match in TABLE.finditer(page):
        if 'class="sums"' in match["looks"]:
            continue
        link = LINK.search(match[0])
        body = match[0].partition("<tbody>")[2].partition("</tbody>")[0]
        found.append((body.count("<tr"), None if link is None else link[1].replace("&amp;", "&")))
    return found


def lines(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(text, newline="")))


def test_each_table_of_the_console_has_a_file_with_its_rows(world: World) -> None:
    buyer = fill(world)
    staffers = {role: world.sign_in(role) for role in (Role.MANAGER, Role.ADMIN)}
    visits = [(name, prepare(world)) for name, prepare in ROUTES.items() if name.startswith("console_")]
    world.house.rollups.catch_up()
    pages = [(staffers[reader(world, name)], visit.path) for name, visit in visits if visit.form is None]
    pages += [(staffers[Role.MANAGER], f"/console{path.format(buyer=buyer)}") for path in WITH_MORE]
    files = set()

    for staffer, path in pages:
        answer = staffer.get(path)
        for rows, address in tables(answer.text) if answer.mimetype == "text/html" else []:
            assert address is not None, (path, answer.text)
            file = staffer.get(address)
            assert (file.status_code, file.mimetype) == (200, "text/csv"), (address, file.text)
            assert "attachment" in file.headers["Content-Disposition"]
            assert address.startswith(IN_OTHER_ROWS) or len(lines(file.text)) == rows, (address, file.text)
            files.add(re.sub("[0-9a-f]{32}", "<id>", address))
    assert len(files) > 25, sorted(files)


def test_a_milestones_file_says_what_each_row_counts_for(world: World) -> None:
    day, targets = world.clock().replace(hour=0), {Aim.NEW_CUSTOMERS: 1, Aim.ENTERPRISE_DEALS: 1}
    milestone = world.house.milestones.set(OPERATOR, "Spring", day, day, targets).milestone
    fill(world)

    page = f"/console/milestones/{milestone.id}"
    staffer = world.sign_in("manager")
    rows = lines(staffer.get(f"{page}?format=csv").text)

    assert sorted(row["target"] for row in rows) == ["enterprise_deals", "new_customers"]
    assert sum(count for count, _ in tables(staffer.get(page).text)) == len(rows)


@pytest.mark.parametrize(
    ("path", "table", "columns"),
    [
        ("/organizations/{buyer}", "licenses", {"license_id", "seats", "expires_at"}),
        ("/organizations/{buyer}", "quotes", {"number", "state"}),
        ("/settings", "prices", {"currency", "node_year_minor", "valid_from"}),
        ("/settings", "volume", {"min_seats", "percent", "valid_from"}),
        ("/settings", "tiers", {"name", "min_seats", "max_seats"}),
        ("/settings", "support", {"name", "covers"}),
        ("/leads", "weights", {"reason", "weight"}),
        ("/reports/cohorts", "time-to-convert", {"days", "converted"}),
    ],
)
def test_a_page_of_several_tables_has_a_file_for_each(world: World, path: str, table: str, columns: set[str]) -> None:
    buyer = fill(world)

    file = world.sign_in("manager").get(f"/console{path.format(buyer=buyer)}?format=csv&table={table}")

    assert file.status_code == 200
    assert f'filename="{table}.csv"' in file.headers["Content-Disposition"]
    assert columns <= set(next(csv.reader(StringIO(file.text))))


@pytest.mark.parametrize("path", ["/settings", "/organizations/{buyer}", "/leads"])
def test_a_table_that_is_not_there_is_refused(world: World, path: str) -> None:
    answer = world.sign_in("manager").get(f"/console{path.format(buyer=fill(world))}?format=csv&table=<script>")

    assert answer.status_code == 422
    assert "<script>" not in answer.text.replace('<script src="', "")


def test_what_a_spreadsheet_would_run_is_made_harmless_in_every_file(world: World) -> None:
    fill(world, EVIL)
    manager, admin = world.sign_in("manager"), world.sign_in("admin")

    for staffer, path in (
        (manager, "/organizations"),
        (manager, "/search?q=hyperlink"),
        (manager, "/licenses"),
        (admin, "/api-keys"),
    ):
        text = staffer.get(f"/console{path}{'&' if '?' in path else '?'}format=csv").text
        assert EVIL not in [cell for row in csv.reader(StringIO(text, newline="")) for cell in row], path


def test_a_customers_quotes_are_in_no_file_for_who_may_not_read_them(world: World) -> None:
    buyer, support = fill(world), world.sign_in("support")

    file = support.get(f"/console/organizations/{buyer}?format=csv&table=quotes")

    assert lines(file.text) == []


def test_no_file_says_an_address_of_anybody_at_a_customers(world: World) -> None:
    """Who they are leaves this server by two people alone (services.exports)."""
    fill(world)
    staffers = {role: world.sign_in(role) for role in (Role.MANAGER, Role.ADMIN)}
    visits = [(name, prepare(world)) for name, prepare in ROUTES.items() if name.startswith("console_")]
    world.house.rollups.catch_up()
    files = {
        (address, reader(world, name))
        for name, visit in visits
        if visit.form is None
        for _, address in tables(staffers[reader(world, name)].get(visit.path).text)
        if address is not None
    }

    for address, role in sorted(files):
        text = staffers[role].get(address).text
        assert (role is Role.ADMIN and "/staff" in address) or not re.search(r"[\w.]+@(?!koor\.example)", text), address
    assert len(files) > 20
