"""The console's reports and leads: each figure is that of the report, and leads to the rows behind it."""

from __future__ import annotations

import re
from html import unescape

import pytest

from licensing.core.callers import OPERATOR
from licensing.core.sales import Term
from licensing.services.organizations import Person
from licensing.services.quotes import Wish
from tests.support.worlds import OTHER_FSID, OTHER_UID, Staffer, World, convert, nodes, sell, token_of
from tests.web.staff_routes import customer

EVIL = "<script>alert(1)</script>"
REPORTS = ("", "/conversions", "/cohorts", "/retention")
BEHIND = ("/funnel", "/conversions", "/cohorts", "/retention")
SPRING = "from=2026-01-01&to=2026-07-01"


@pytest.fixture
def seller(world: World) -> Staffer:
    return world.sign_in("sales")


def two_quarters(world: World) -> None:
    """Two trials, one converted after ten days; a direct purchase; and four months passed."""
    license_id = str(world.trial("jane@acme.example")["license_id"])
    world.trial("joe@borealis.example", organization="Borealis")
    world.clock.advance(days=10)
    convert(world, license_id, Term(25, 12))
    sell(world, seats=5)
    world.clock.advance(days=120)
    world.house.rollups.catch_up()


def links(page: str, part: str) -> list[str]:
    return [unescape(path) for path in re.findall(r'href="([^"]+)"', page) if part in path]


def figure(page: str, path: str) -> str:
    """What the link to `path` says."""
    found = re.search(rf'href="{re.escape(path).replace("&", "&amp;")}">([^<]+)<', page)
    assert found, path
    return found[1]


@pytest.mark.parametrize("path", REPORTS)
def test_an_empty_database_has_a_kind_sentence_and_no_picture(seller: Staffer, path: str) -> None:
    answer = seller.get(f"/console/reports{path}")

    assert answer.status_code == 200
    assert 'class="notice"' in answer.text
    assert "<svg" not in answer.text
    assert "<table" not in answer.text
    assert "Counted until" in answer.text


@pytest.mark.parametrize("path", REPORTS)
@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("from=2026-02-30", "There is no such day."),
        ("from=2026-02-01&to=2026-01-01", "A period ends after it starts"),
        ("from=2020-01-01&to=2040-01-01", "A period has at most 3660 days"),
    ],
)
def test_days_that_can_not_be_are_told_beside_them(world: World, path: str, query: str, why: str) -> None:
    answer = world.sign_in("sales").get(f"/console/reports{path}?{query}")

    assert answer.status_code == 422
    assert why in answer.text
    assert "<svg" not in answer.text


@pytest.mark.parametrize("path", [f"/console/reports{each}" for each in REPORTS] + ["/console/leads"])
def test_what_stands_in_an_address_never_runs(seller: Staffer, path: str) -> None:
    names = ("from", "to", "by", "every", "tier", "what", "limit", "value", "within", "after")
    for name in names:
        answer = seller.client.get(path, query_string={name: EVIL})
        assert answer.status_code in (200, 422, 404)
        assert EVIL not in answer.text


@pytest.mark.parametrize("path", BEHIND)
def test_rows_behind_a_figure_refuse_what_they_do_not_know(seller: Staffer, path: str) -> None:
    for name in ("from", "step", "what", "within", "every", "tier", "after"):
        answer = seller.client.get(f"/console/reports{path}/behind", query_string={name: EVIL})
        assert answer.status_code in (200, 422, 404)
        assert EVIL not in answer.text
    assert seller.get(f"/console/reports{path}/behind?after=nowhere").status_code == 422


def test_a_customers_name_never_runs(world: World, seller: Staffer) -> None:
    license_id = str(world.trial("jane@acme.example", organization=EVIL, name=EVIL)["license_id"])
    convert(world, license_id, Term(25, 12))
    world.house.rollups.catch_up()

    for path in ("/funnel", "/conversions", "/cohorts"):
        page = seller.get(f"/console/reports{path}/behind?{SPRING}").text
        assert "&lt;script&gt;alert" in page
        assert EVIL not in page


def test_the_funnel_has_a_picture_and_each_figure_its_rows(world: World) -> None:
    two_quarters(world)
    page = world.sign_in("sales").get(f"/console/reports?{SPRING}").text

    assert '<svg role="img" aria-label="Funnel: Registered 2 · 100.0 %, Confirmed 2 · 100.0 %' in page
    converted = next(path for path in links(page, "/behind") if "step=converted" in path)
    assert figure(page, converted) == "1"
    behind = world.sign_in("sales").get(converted).text
    assert "Acme GmbH" in behind
    assert "Borealis" not in behind


@pytest.mark.parametrize("by", ["tier", "country", "salesperson", "source"])
def test_each_figure_of_a_funnels_rows_is_as_many_rows(world: World, by: str) -> None:
    two_quarters(world)
    staffer = world.sign_in("sales")
    page = staffer.get(f"/console/reports?{SPRING}&by={by}").text

    found = links(page, "/behind")
    assert found
    for path in found:
        rows = re.findall('<tr><th scope="row">', staffer.get(path).text)
        assert len(rows) == int(figure(page, path)), path


def test_conversions_are_told_by_tier_and_month_and_each_has_its_rows(world: World) -> None:
    two_quarters(world)
    staffer = world.sign_in("sales")
    page = staffer.get(f"/console/reports/conversions?{SPRING}").text

    assert page.count("<svg ") == 2
    assert "medium enterprise 1" in page
    found = links(page, "/behind")
    assert any("tier=medium_enterprise" in path for path in found)
    for path in found:
        rows = re.findall('<tr><th scope="row">', staffer.get(path).text)
        assert len(rows) == int(figure(page, path)), path


def test_a_part_of_a_month_leads_to_the_rows_of_that_part(world: World) -> None:
    two_quarters(world)
    page = world.sign_in("sales").get("/console/reports/conversions?from=2026-01-20&to=2026-01-28").text

    [first, *_] = links(page, "/behind")
    assert "from=2026-01-20&to=2026-01-28" in first


def test_conversions_of_one_tier_are_those_alone(world: World) -> None:
    two_quarters(world)
    staffer = world.sign_in("sales")

    page = staffer.get(f"/console/reports/conversions?{SPRING}&tier=entry&what=direct&every=quarter").text

    assert "2026-Q1" in page
    assert "entry 1" in page
    assert "medium enterprise</th>" not in page
    assert staffer.get("/console/reports/conversions?tier=galactic").status_code == 404


def test_cohorts_have_a_map_and_a_curve(world: World) -> None:
    two_quarters(world)
    staffer = world.sign_in("sales")
    page = staffer.get(f"/console/reports/cohorts?{SPRING}").text

    assert page.count("<svg ") == 2
    assert "Half have converted after" in page
    within = next(path for path in links(page, "/behind") if "within=30" in path)
    assert figure(page, within) == "1"
    assert "Acme GmbH" in staffer.get(within).text


def test_what_is_not_old_enough_is_empty_and_not_zero(world: World) -> None:
    world.trial()
    world.house.rollups.catch_up()

    page = world.sign_in("sales").get("/console/reports/cohorts").text

    assert '<td class="number quiet">–</td>' in page
    assert "Nobody has converted yet." in page
    assert "<svg" not in page


@pytest.mark.parametrize("every", ["month", "quarter", "year"])
def test_retention_leads_to_the_customers_who_had_seats(world: World, every: str) -> None:
    two_quarters(world)
    staffer = world.sign_in("sales")
    page = staffer.get(f"/console/reports/retention?{SPRING}&every={every}").text

    found = links(page, "/behind")
    assert found
    for path in found:
        behind = staffer.get(path).text
        seats = [int(text) for text in re.findall(r'</th><td class="number">(\d+)</td>', behind)]
        assert sum(seats) == int(figure(page, path)), path


def test_rows_go_on_page_by_page_with_their_filters(world: World) -> None:
    two_quarters(world)
    staffer = world.sign_in("sales")

    first = staffer.get(f"/console/reports/funnel/behind?{SPRING}&step=registered&limit=1").text

    [more] = [path for path in links(first, "/behind") if "after=" in path]
    assert "step=registered" in more
    second = staffer.get(more).text
    names = [re.findall(r'organizations/[0-9a-f]{32}">([^<]+)<', page) for page in (first, second)]
    assert sorted(name for found in names for name in found) == ["Acme GmbH", "Borealis"]


@pytest.mark.parametrize("path", [*REPORTS, *(f"{each}/behind" for each in BEHIND)])
def test_each_table_is_a_file_too(world: World, path: str) -> None:
    two_quarters(world)
    staffer = world.sign_in("sales")
    days = "from=2026-02-01&to=2026-07-01" if path == "/retention/behind" else SPRING
    page = staffer.get(f"/console/reports{path}?{days}&note=unknown").text

    found = links(page, "format=csv")
    assert found
    for address in found:
        assert staffer.get(address).content_type == "text/csv; charset=utf-8", address


def test_an_auditor_sees_figures_without_links_to_customers(world: World) -> None:
    two_quarters(world)

    page = world.sign_in("auditor").get(f"/console/reports/funnel/behind?{SPRING}").text

    assert "Acme GmbH" in page
    assert "/console/organizations/" not in page


def test_who_has_not_confirmed_is_counted_without_a_name(world: World, seller: Staffer) -> None:
    world.register("somebody@gmail.com")
    world.house.rollups.catch_up()

    page = seller.get("/console/reports/funnel/behind").text

    assert "(not confirmed)" in page
    assert "somebody" not in page
    assert "gmail" not in page


def test_a_person_is_called_by_her_name(world: World, seller: Staffer) -> None:
    buyer = customer(world)
    made = world.house.quotes.make(OPERATOR, Wish(buyer, None, False, Term(5, 12), "EUR", 0)).quote.id
    license_id = str(world.trial()["license_id"])
    organization_id = world.house.licenses.show(OPERATOR, license_id).standing.organization_id
    wish = {"organization_id": organization_id, "license_id": license_id, "seats": 5, "currency": "EUR"}
    answer = seller.post("/v1/quotes", wish, key="1")
    assert answer.status_code == 201, answer.text
    world.house.rollups.catch_up()

    page = seller.get("/console/reports?by=salesperson").text

    assert made
    assert '<th scope="row">Sales</th>' in page
    assert f"{seller.id}</th>" not in page


def test_leads_say_why_and_lead_to_the_customer(world: World, seller: Staffer) -> None:
    token = token_of(world, str(world.trial(organization="Growing & Sons")["license_id"]))
    world.check_in(token, nodes(5))
    world.check_in(token, nodes(2), fsid=OTHER_FSID, uid=OTHER_UID)
    world.trial("joe@gmail.com", organization="Quiet")
    world.house.rollups.catch_up()

    page = seller.get("/console/leads").text

    assert "Growing &amp; Sons" in page
    assert "tried more nodes than the trial has seats" in page
    assert links(page, "/console/organizations/")
    assert links(page, "/v1/reports/leads") == ["/v1/reports/leads?limit=25&format=csv"]
    assert '<td class="number">40</td>' in page


@pytest.mark.parametrize("limit", ["0", "1001", "many", "-1"])
def test_a_number_of_leads_that_can_not_be_is_told_beside_it(seller: Staffer, limit: str) -> None:
    answer = seller.get(f"/console/leads?limit={limit}")

    assert answer.status_code == 422
    assert f'value="{limit}"' in answer.text


def test_without_leads_there_is_a_kind_sentence(seller: Staffer) -> None:
    page = seller.get("/console/leads").text

    assert "Nobody to call just now." in page
    assert "<svg" not in page


def test_pictures_need_nothing_that_the_policy_forbids(world: World) -> None:
    two_quarters(world)
    staffer = world.sign_in("sales")

    for path in REPORTS:
        page = staffer.get(f"/console/reports{path}?{SPRING}").text
        assert "<svg" in page, path
        assert " style=" not in page
        assert "<style" not in page
        assert not re.search(r"<script(?! src=)", page)
        assert len(page.encode()) < 100_000


def test_a_name_in_a_merged_customer_is_the_customers(world: World, seller: Staffer) -> None:
    person = Person("it@one.example", "IT")
    one = world.house.organizations.create(OPERATOR, "One", "DE", None, person).id
    other = world.house.organizations.create(OPERATOR, "Other", "DE", None, None).id
    world.house.sales.sell(OPERATOR, one, Term(25, 12), None)
    world.house.organizations.merge(OPERATOR, one, other)
    world.house.rollups.catch_up()

    page = seller.get("/console/reports/conversions/behind?what=direct").text

    assert f"/console/organizations/{other}" in page
