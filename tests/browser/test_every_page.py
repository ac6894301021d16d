"""Every page in a real browser: no error, nothing blocked, accessible, small, and whole without scripts."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest

from tests.browser.sites import DESKTOP, PHONE, Scheme, Site, Tab
from tests.browser.visits import visits

MAX_BYTES = 100_000
AXE = files("axe_core_python") / "axe.min.js"
GRAVE = ("serious", "critical")


def findings(tab: Tab) -> list[str]:
    """What axe-core holds against the page, if it is grave."""
    # The page's own policy lets no other script in; the debugger's evaluation is not bound by it.
    tab.page.evaluate(AXE.read_text("utf-8"))
    results = tab.page.evaluate("axe.run()")
    return [
        f"{each['id']}: {node['html'][:200]} {json.dumps(node['any'][:1])[:300]}"
        for each in results["violations"]
        if each["impact"] in GRAVE
        for node in each["nodes"]
    ]


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop-light", "phone-dark"])
def test_no_page_errs_is_blocked_or_shuts_anybody_out(site: Site, size: tuple[int, int], scheme: Scheme) -> None:
    wrong: list[str] = []
    pages = visits(site.world)

    for visit in pages:
        tab = site.look(visit, size=size, scheme=scheme)
        status = tab.go(visit.path)
        assert status == 200, (visit, tab.page.content())
        assert tab.page.locator("h1").count() == 1, visit
        wrong += [f"{visit.path}: {each}" for each in (*tab.wrong, *findings(tab))]
        wide = tab.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        wrong += [f"{visit.path}: {wide} pixels wider than the screen"] if wide > 0 else []
        tab.page.context.close()

    assert wrong == []


def test_every_page_is_small_and_whole_without_scripts(site: Site) -> None:
    pages = visits(site.world)
    for visit in pages:
        tab = site.look(visit, scripts=False)
        assert tab.go(visit.path) == 200
        assert len(tab.page.content().encode("utf-8")) <= MAX_BYTES, visit
        assert tab.page.locator("h1").inner_text(), visit
        tab.page.context.close()
