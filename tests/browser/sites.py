"""A site: a world that a real browser looks at, over HTTP on a free port."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright
from werkzeug.serving import make_server

from licensing.bootstrap import set_up
from licensing.core.encoding import b64url
from licensing.settings import Settings
from licensing.web.access import SESSION_COOKIE
from licensing.web.pages.trials import MAILBOX_COOKIE
from licensing.web.portal.access import PORTAL_COOKIE
from tests.browser.visits import CUSTOMER, REGISTRANT, PageVisit
from tests.support import portal
from tests.support.servers import free_port
from tests.support.worlds import World, make_settings, make_world

Scheme = Literal["light", "dark"]
DESKTOP, PHONE = (1280, 900), (390, 844)


def chromium_path() -> str:
    """Where the system's Chromium is. Without one, tests that need it are skipped, and fail where CI runs."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        missing = "no Chromium: install it (apt-get install chromium) to test the pages in a browser"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return found


def launch(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox"])


@dataclass
class Tab:
    """A page in a browser, and everything that went wrong in it: errors, blocked content, failed requests."""

    page: Page
    url: str
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))

    def go(self, path: str) -> int:
        """Opens the address and says its status."""
        response = self.page.goto(f"{self.url}{path}")
        assert response is not None
        return response.status

    def press(self, name: str) -> None:
        """Presses the button, or follows the link, of this name."""
        both = self.page.get_by_role("button", name=name).or_(self.page.get_by_role("link", name=name))
        both.first.click()
        self.page.wait_for_load_state()

    def type(self, label: str, text: str) -> None:
        self.page.get_by_label(label, exact=False).first.fill(text)

    def says(self, text: str) -> bool:
        return text in self.page.inner_text("body")

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.wrong.append(message.text)


def open_tab(
    browser: Browser, url: str, *, size: tuple[int, int] = DESKTOP, scheme: Scheme = "light", scripts: bool = True
) -> Tab:
    """A tab in a browser of its own, on the site at `url`."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme=scheme,
        java_script_enabled=scripts,
        locale="en-GB",
        timezone_id="Europe/Oslo",
    )
    return Tab(context.new_page(), url)


@dataclass(frozen=True, slots=True)
class Site:
    """A running site."""

    world: World
    url: str
    browser: Browser

    def tab(self, secret: str | None = None, *, cookie: str = SESSION_COOKIE, **options: Any) -> Tab:
        """A tab in a browser of its own, with the session whose secret is given, of the staff or of another cookie."""
        tab = open_tab(self.browser, self.url, **options)
        if secret is not None:
            tab.page.context.add_cookies([{"name": cookie, "value": secret, "url": self.url}])
        return tab

    def look(self, visit: PageVisit, **options: Any) -> Tab:
        """A tab of whoever looks at such pages; the page is not opened yet."""
        if visit.who == CUSTOMER:
            return self.tab(portal.secret_of(self.world, portal.JANE), cookie=PORTAL_COOKIE, **options)
        if visit.who == REGISTRANT:
            return self.tab(b64url(portal.JANE.encode()), cookie=MAILBOX_COOKIE, **options)
        return self.tab(visit.who and self.secret_of(visit.who), **options)

    def secret_of(self, role: str) -> str:
        """The secret of a new session of a new person of that role."""
        staffer = self.world.sign_in(role)
        cookie = staffer.client.get_cookie(SESSION_COOKIE)
        assert cookie is not None
        return str(cookie.value)


@contextmanager
def running_site(folder: Path, browser: Browser, **changes: object) -> Iterator[Site]:
    """A site with its data in `folder`."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings: Settings = replace(
        make_settings(folder, f"sqlite:///{folder / 'licensing.sqlite3'}"),
        public_url=url,
        **changes,  # type: ignore[arg-type]
    )
    world = make_world(settings)
    set_up(world.house)
    server = make_server("127.0.0.1", port, world.house.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Site(world, url, browser)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        world.house.database.close()
