"""A salesperson's whole way in a real browser, and her manager's in another one: from a lead to 25 seats."""

from __future__ import annotations

import re
from base64 import b32decode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from licensing.core.callers import OPERATOR, Role
from licensing.core.prices import Price
from tests.browser.sites import Site, Tab, running_site
from tests.browser.test_every_page import findings
from tests.support.staff import code
from tests.support.worlds import World, nodes

PASSWORD = "correct horse battery staple"


@dataclass
class Colleague:
    """A person of the staff, whose authenticator app has the key that she was shown."""

    site: Site
    tab: Tab
    email: str
    key: bytes = b""

    def arrive(self, one_time_password: str) -> None:
        """Her first day: the password that she was given, one of her own, and a second factor."""
        self._enter(one_time_password)
        self.tab.type("Present password", one_time_password)
        self.tab.type("New password", PASSWORD)
        self.tab.press("Change the password")
        self.tab.press("Show a new key for the app")
        shown = self.tab.page.locator("dd code").first.inner_text()
        self.key = b32decode(shown.replace(" ", "") + "=" * (-len(shown) % 8))
        self.tab.page.locator("#code").fill(self.app())
        self.tab.press("Confirm the code")

    def come_back(self) -> None:
        """Another day: password and code."""
        self.tab.press("Sign out")
        self._enter(PASSWORD, self.app())
        self.tab.press("To the console")

    def app(self) -> str:
        """What the app shows; each code works once."""
        self.site.world.clock.advance(seconds=30)
        return code(self.site.world, secret=self.key)

    def _enter(self, password: str, code: str = "") -> None:
        self.tab.go("/sign-in")
        self.tab.type("E-mail", self.email)
        self.tab.page.locator("#password").fill(password)
        self.tab.page.locator("#code").fill(code)
        self.tab.press("Sign in")


@pytest.fixture
def site(chromium: Browser, tmp_path: Path) -> Iterator[Site]:
    with running_site(tmp_path, chromium) as running:
        day = running.world.clock().replace(hour=0)
        running.world.house.prices.put(OPERATOR, Price("EUR", 120_000, day))
        yield running
        for context in chromium.contexts:
            context.close()


def colleague(site: Site, name: str, role: Role, limit: int) -> Colleague:
    email = f"{name}@koor.example"
    let_in = site.world.house.staff.add(OPERATOR, email, name.title(), role, limit)
    person = Colleague(site, site.tab(), email)
    person.arrive(let_in.one_time_password)
    return person


def lead(world: World) -> str:
    """A trial that has used all its nodes for a week; its license token."""
    token = str(world.trial()["license_file"]["license"])
    world.check_in(token, nodes(4))
    world.clock.advance(days=7)
    world.check_in(token, nodes(5))
    world.house.rollups.catch_up()
    return token


def seats_of(world: World, token: str, count: int) -> tuple[str, int]:
    """What a cluster with this token is told: the code, and of how many seats."""
    told = world.check_in(token, nodes(count)).get_json()
    return told["code"], told["seats"]


def test_from_a_lead_to_twenty_five_seats(site: Site) -> None:
    world = site.world
    token = lead(world)
    mia, max_ = colleague(site, "mia", Role.SALES, 5), colleague(site, "max", Role.MANAGER, 30)
    mia.come_back()
    sales, manager = mia.tab, max_.tab

    assert sales.says("Leads")
    sales.press("Acme")
    sales.press("New quote")
    sales.page.get_by_label("What", exact=True).select_option(index=1)
    sales.page.get_by_label("Seats", exact=True).fill("25")
    sales.type("Discount in percent", "12")
    sales.page.wait_for_selector("#preview .sums")
    assert sales.says("medium enterprise")
    assert sales.says("A manager must approve this quote")
    total = sales.page.locator("#preview tfoot td").inner_text()
    assert findings(sales) == []
    sales.press("Make the quote")
    assert sales.says("The quote is made.")
    assert sales.says(total)
    assert sales.page.get_by_role("button", name="Issue the license").count() == 0
    quote = sales.page.url

    manager.go("/console")
    assert manager.says("Quotes that wait for approval")
    manager.page.get_by_role("link", name=re.compile("^Q-|^20")).first.click()
    manager.page.get_by_text("Approve the discount").click()
    manager.press("Approve")
    assert manager.says("The discount is approved.")

    sales.page.goto(quote.partition("?")[0])
    sales.page.get_by_text("Accept it: the order is here").click()
    sales.press("Issue the license")
    assert sales.page.get_by_label("Order number").evaluate("field => field.validity.valueMissing")
    sales.type("Order number", "PO-2026-7")
    sales.press("Issue the license")
    assert sales.says("The trial is a paid license now.")
    assert sales.says("25")

    answer = world.check_in(token, nodes(25)).get_json()
    assert (answer["code"], answer["seats"]) == ("VALID", 25)
    newer = answer["license_file"]["license"]
    assert seats_of(world, newer, 25) == ("VALID", 25)
    assert (sales.wrong, manager.wrong) == ([], [])


def test_the_search_is_one_key_away_and_a_deed_needs_no_mouse(site: Site) -> None:
    token = lead(site.world)
    mia = colleague(site, "mia", Role.SALES, 5)
    tab, keyboard = mia.tab, mia.tab.page.keyboard
    tab.go("/console")

    keyboard.press("/")
    assert tab.page.evaluate("document.activeElement.id") == "search"
    keyboard.type("acme")
    keyboard.press("Enter")
    tab.page.wait_for_url("**/console/search**")
    tab.press("Acme")
    tab.page.locator("main a[href*='/console/licenses/0']").first.focus()
    keyboard.press("Enter")
    tab.page.wait_for_url("**/console/licenses/0**")
    summary = tab.page.locator("summary", has_text="Suspend").first
    summary.focus()
    keyboard.press("Enter")
    keyboard.press("Tab")
    keyboard.type("not paid")
    keyboard.press("Enter")
    tab.page.wait_for_url("**done=suspended**")

    assert tab.says("The license is suspended.")
    assert seats_of(site.world, token, 4)[0] == "SUSPENDED"
    assert tab.wrong == []


def test_pressing_twice_and_going_back_sells_once(site: Site) -> None:
    buyer = site.world.house.organizations.create(OPERATOR, "Buyer AG", "DE", None, None)
    tab = colleague(site, "mia", Role.SALES, 5).tab
    tab.go(f"/console/licenses/new?organization={buyer.id}")
    tab.page.get_by_label("Seats", exact=True).fill("8")
    tab.type("Order number", "PO-1")
    tab.page.get_by_role("button", name="Issue the license").dblclick()
    tab.page.wait_for_url("**done=sold")
    assert tab.says("The license is issued")

    tab.page.go_back()
    tab.page.get_by_label("Seats", exact=True).fill("8")
    tab.type("Order number", "PO-1")
    tab.press("Issue the license")

    assert tab.page.get_by_role("alert").count() == 1
    assert len(site.world.rows()["license"]) == 1


def test_a_refused_form_keeps_what_was_typed(site: Site) -> None:
    buyer = site.world.house.organizations.create(OPERATOR, "Buyer AG", "DE", None, None)
    tab = colleague(site, "mia", Role.SALES, 5).tab
    tab.go(f"/console/quotes/new?organization={buyer.id}")
    tab.page.get_by_label("Seats", exact=True).fill("8")
    tab.type("Ends on", "2020-01-31")

    tab.press("Make the quote")

    assert tab.page.locator("[aria-invalid=true], .notice.bad").count() >= 1
    assert tab.page.get_by_label("Seats", exact=True).input_value() == "8"
    assert tab.page.get_by_label("Ends on").input_value() == "2020-01-31"
