"""The API's page in a real browser: Swagger UI runs under the same policy as every page."""

from __future__ import annotations

from tests.browser.sites import Site
from tests.browser.visits import PageVisit


def test_the_api_is_shown_with_nothing_blocked_and_nothing_from_elsewhere(site: Site) -> None:
    tab = site.look(PageVisit("api", "/docs/api", None))

    assert tab.go("/docs/api") == 200
    tab.page.get_by_text("Sells a new license.").wait_for()
    tab.page.get_by_text("Sells a new license.").click()
    tab.page.get_by_text("organization_id").first.wait_for()

    assert tab.wrong == []


def test_without_scripts_the_page_leads_to_the_document(site: Site) -> None:
    tab = site.look(PageVisit("api", "/docs/api", None), scripts=False)

    assert tab.go("/docs/api") == 200

    assert tab.page.locator("noscript a, a").first.get_attribute("href") == "/v1/openapi.json"
