"""Whatever strangers write runs nowhere: not on a page, not on paper, not in a mail, not in a spreadsheet."""

from __future__ import annotations

import csv
import io
from email.message import EmailMessage

import pytest

from licensing.core.callers import OPERATOR
from licensing.core.milestones import Aim
from licensing.core.prices import Price
from licensing.core.sales import Purchase, Term
from licensing.services.organizations import Person
from licensing.services.quotes import Wish
from tests.support.portal import secret_of
from tests.support.worlds import OTHER_FSID, World, body_of, browser, sell, standing, token_of
from tests.web.console_routes import ROUTES
from tests.web.crawling import Elements, walk

CORPUS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "</title></textarea></pre><script>alert(1)</script>",
    "<a href='javascript:alert(1)'>press</a>",
    "javascript:alert(1)//",
    "<!--><iframe src=//evil.example>-->",
    "<style>@import '//evil.example'</style><math><mtext><mglyph><style><img src onerror=alert(1)>",
    "{{7*7}}${7*7}#{7*7}<%= 7*7 %>",
    '=HYPERLINK("//evil.example")" onmouseover="alert(1)',
    "+cmd|' /C calc'!A0<base href=//evil.example>",
)
"""One of each way out: an element, an attribute, an address, a comment, a style, a template, a formula."""
STARTS = ("/console", "/console/search?q=x", "/console/reports")
WITHOUT_A_LINK = ("console_explanations.cohorts", "console_explanations.retention")
"""What is behind figures that a young house does not have."""


def hostile(world: World) -> list[str]:
    """A customer for each of the corpus, who calls everything so; the ids of their licenses."""
    world.house.prices.put(OPERATOR, Price("EUR", 120_000, world.clock().replace(hour=0)))
    return [_customer(world, number, evil) for number, evil in enumerate(CORPUS)]


def _customer(world: World, number: int, evil: str) -> str:
    house, person = world.house, Person(f"it{number}@evil.example", evil)
    world.trial(f"jane@evil{number}.example", name=evil, organization=evil)
    buyer = house.organizations.create(OPERATOR, evil, "DE", None, person)
    sold = standing(house.sales.sell(OPERATOR, buyer.id, Term(25, 12), Purchase(evil[:80], "EUR")))
    cluster = {"fsid": OTHER_FSID, "kube_system_uid": evil[:128], "name": evil, "dcc_version": evil[:64]}
    assert world.check_in(token_of(world, sold.license_id), [evil, "a"], cluster=cluster).status_code == 200
    house.licenses.suspend(OPERATOR, sold.license_id, evil)
    house.licenses.reinstate(OPERATOR, sold.license_id, evil)
    house.quotes.make(OPERATOR, Wish(buyer.id, sold.license_id, True, Term(30, 12), "EUR", 20))
    house.portal_deeds.ask_for_quote(house.portal.visitor(_portal(world, number)), sold.license_id, 40, evil)
    day = world.clock().replace(hour=0)
    house.milestones.set(OPERATOR, evil, day, day, {Aim.NEW_CUSTOMERS: 1})
    house.api_keys.create(OPERATOR, evil[:80], ["customers.read"], 30, None)
    return sold.license_id


def _portal(world: World, number: int) -> str:
    return secret_of(world, f"it{number}@evil.example")


def test_nothing_of_it_runs_on_any_page_of_the_console(world: World) -> None:
    hostile(world)
    world.house.rollups.catch_up()
    starts = (*STARTS, *(ROUTES[each](world).path for each in WITHOUT_A_LINK))

    walks = [walk(world, world.sign_in(role).client, *starts) for role in ("manager", "admin")]

    rules = world.house.app.url_map.iter_rules()
    pages = {rule.endpoint for rule in rules if rule.rule.startswith("/console") and "GET" in (rule.methods or ())}
    foreign = [each for walked in walks for each in walked.foreign]
    # A mail's HTML has its looks in itself.
    assert [each for each in foreign if not ("/outbox/" in each and " style=" in each)] == []
    assert pages - walks[0].endpoints - walks[1].endpoints == set()


@pytest.mark.parametrize("number", range(len(CORPUS)))
def test_nothing_of_it_runs_in_the_portal(world: World, number: int) -> None:
    world.house.prices.put(OPERATOR, Price("EUR", 120_000, world.clock().replace(hour=0)))
    license_id = _customer(world, number, CORPUS[number])
    client = browser(world)
    client.set_cookie("koor_portal", _portal(world, number), path="/licenses")

    walked = walk(world, client, "/licenses", f"/licenses/{license_id}/start")

    assert walked.foreign == []
    assert "portal_licenses.cluster" in walked.endpoints


def test_nothing_of_it_runs_in_a_mail(world: World) -> None:
    hostile(world)

    mails = world.mails()

    assert len(mails) > 3 * len(CORPUS)
    for mail in mails:
        assert foreign_in(mail) == []
        assert not any("\n" in str(value) or "\r" in str(value) for value in mail.values())
        assert "49" not in body_of(mail).replace("{{7*7}}", "")[:40]


def foreign_in(mail: EmailMessage) -> list[str]:
    """What is foreign in the mail's HTML; the style attributes of its own are known."""
    part = mail.get_body(("html",))
    assert part is not None
    foreign = Elements(str(part.get_content())).foreign
    return [each for each in foreign if "style=" not in each]


@pytest.mark.parametrize(
    "path", ["/console/organizations?format=csv", "/console/licenses?format=csv", "/console/quotes?format=csv"]
)
def test_nothing_of_it_is_a_formula(world: World, path: str) -> None:
    hostile(world)

    answer = world.sign_in("manager").get(path)

    assert answer.mimetype == "text/csv"
    cells = [cell for row in csv.reader(io.StringIO(answer.text)) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "\t", "\r"))]
    assert any("HYPERLINK" in cell for cell in cells) or "quotes" in path


def test_a_form_that_is_refused_shows_it_as_text(world: World) -> None:
    manager = world.sign_in("manager")
    license_id = sell(world).license_id

    for evil in CORPUS:
        form = {
            "once": world.house.system.new_id(),
            "seats": evil,
            "reason": evil,
            "name": evil,
            "email": evil,
            "q": evil,
        }
        for path in ("/console/organizations", "/console/quotes/new", f"/console/licenses/{license_id}/seats"):
            answer = manager.client.post(path, data=form)
            assert answer.status_code in (303, 404, 422)
            assert Elements(answer.text).foreign == []
        for path in ("/trial", "/device", "/sign-in", "/licenses"):
            answer = browser(world).post(path, data=form)
            assert answer.status_code >= 400
            assert Elements(answer.text).foreign == []
