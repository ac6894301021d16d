"""A trial user's whole way, with nothing played: `licensing serve`, a mail server, Chromium, and a DCC over HTTP."""

from __future__ import annotations

import email
import email.policy
import json
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser

from licensing.core.devices import GRANT_TYPE
from licensing.core.mails import LICENSE_FILE_NAME
from tests.browser.sites import DESKTOP, PHONE, Tab, open_tab
from tests.browser.test_every_page import findings
from tests.support.servers import PATIENCE_SECONDS, RunningServer, running_server
from tests.support.smtp import MailServer, running_mail_server
from tests.support.worlds import FSID, body_of, checkin, nodes, token_in


@dataclass(frozen=True, slots=True)
class Town:
    """A server and the mail server that it writes to."""

    server: RunningServer
    post_office: MailServer
    chromium: Browser

    def tab(self, size: tuple[int, int] = DESKTOP) -> Tab:
        return open_tab(self.chromium, self.server.url, size=size)

    def mail(self, number: int) -> EmailMessage:
        """The `number`th mail, counted from one, once it has come."""
        mails, until = self.post_office.mailbox.mails, time.monotonic() + PATIENCE_SECONDS
        while len(mails) < number:
            assert time.monotonic() < until, f"{len(mails)} of {number} mails came"
            time.sleep(0.05)
        return email.message_from_bytes(mails[number - 1].as_bytes(), policy=email.policy.default)

    def call(self, path: str, body: str, content_type: str, **headers: str) -> Any:
        """What the server answers a DCC, as JSON."""
        with closing(self.server.connect()) as connection:
            connection.request("POST", path, body, {"Content-Type": content_type, **headers})
            return json.loads(connection.getresponse().read())

    def check_in(self, license: str, count: int) -> Any:
        body = json.dumps(checkin(nodes(count)))
        return self.call("/v1/checkins", body, "application/json", Authorization=f"Bearer {license}")

    def device(self, path: str, **form: str) -> Any:
        encoded = urlencode({"client_id": "koor-dcc", **form})
        return self.call(f"/v1/device/{path}", encoded, "application/x-www-form-urlencoded")


@pytest.fixture
def town(chromium: Browser, tmp_path: Path) -> Iterator[Town]:
    with running_mail_server() as post_office, running_server(tmp_path / "data", mail_url=post_office.url) as server:
        yield Town(server, post_office, chromium)
        for context in chromium.contexts:
            context.close()


def fill_in(tab: Tab, email: str = "jane@acme.example") -> None:
    tab.type("Your name", "Jane Doe")
    tab.type("E-mail", email)
    tab.type("Organisation", "Acme GmbH")
    tab.page.get_by_label("Country").select_option("DE")
    tab.type("Storage nodes you have or plan", "6")
    tab.page.get_by_label("I accept the terms").check()


def test_from_the_form_to_four_of_four_nodes(town: Town, tmp_path: Path) -> None:
    tab = town.tab()
    tab.go("/")
    tab.press("Get the free trial")
    fill_in(tab)
    tab.press("Send me the license")
    assert tab.says("We have written to jane@acme.example")

    mail = town.mail(1)
    tab.go(f"/trial/confirm?token={token_in(mail)}")
    tab.press("Get my license")
    assert tab.says("Your license is ready")
    assert tab.says("kubectl create secret generic koor-license")
    assert town.mail(2)["Subject"] == "Your Koor license file"

    with tab.page.expect_download() as downloading:
        tab.page.get_by_role("link", name=f"Download {LICENSE_FILE_NAME}").click()
    file = tmp_path / LICENSE_FILE_NAME
    downloading.value.save_as(file)
    assert downloading.value.suggested_filename == LICENSE_FILE_NAME
    license = json.loads(file.read_text("utf-8"))["license"]
    assert town.check_in(license, 4)["code"] == "VALID"

    tab.press("Your license's page")
    assert tab.says("4 of 4 seats in use")
    assert tab.says(FSID)
    assert findings(tab) == []
    assert tab.wrong == []


def test_by_code_on_a_telephone_after_a_mistake(town: Town) -> None:
    tab = town.tab(PHONE)
    tab.go("/trial")
    fill_in(tab, "jane@")
    tab.press("Send me the license")
    assert tab.says("Please give an address that mail can reach")
    assert tab.page.get_by_label("Organisation").input_value() == "Acme GmbH"
    assert tab.page.evaluate("document.activeElement.name") == "email"

    tab.type("E-mail", "jane@acme.example")
    assert not tab.says("Please give an address that mail can reach")
    tab.press("Send me the license")
    town.mail(1)
    tab.press("Send it again")
    code = next(line for line in body_of(town.mail(2)).splitlines() if len(line) == 9 and line[4] == "-")
    tab.type("Code from the mail", code.lower())
    tab.press("Get my license")

    assert tab.says("Your license is ready")
    assert tab.wrong == []


def test_a_cluster_registers_from_its_own_screen(town: Town) -> None:
    asked = town.device("code", fsid=FSID, cluster_name="prod-1")
    asking = {"grant_type": GRANT_TYPE, "device_code": asked["device_code"]}
    tab = town.tab()
    tab.page.goto(asked["verification_uri"])
    assert tab.page.get_by_label("Code").input_value() == ""

    tab.type("Code", asked["user_code"])
    tab.press("Go on")
    for shown in ("Is this your cluster?", "prod-1", FSID, "127.0.0.1"):
        assert tab.says(shown)
    assert findings(tab) == []
    fill_in(tab)
    tab.press("This is my cluster: register")
    assert town.device("token", **asking)["error"] == "authorization_pending"

    tab.go(f"/trial/confirm?token={token_in(town.mail(1))}")
    tab.press("Get my license")
    assert tab.says("Your cluster fetches its license by itself")
    time.sleep(asked["interval"])
    got = town.device("token", **asking)

    assert got["token_type"] == "Bearer"
    assert town.check_in(got["access_token"], 3)["code"] == "VALID"
    assert tab.wrong == []


def test_it_can_all_be_done_with_the_keyboard_alone(town: Town) -> None:
    tab = town.tab()
    tab.go("/trial")
    keyboard = tab.page.keyboard
    tab.page.get_by_label("Your name").focus()
    for typed in ("Jane Doe", "jane@acme.example", "Acme GmbH", "Germ", "6"):
        keyboard.type(typed)
        keyboard.press("Tab")
    while tab.page.evaluate("document.activeElement.name") != "accept_terms":
        keyboard.press("Tab")
    keyboard.press("Space")
    keyboard.press("Enter")
    tab.page.wait_for_url("**/trial/sent")

    assert tab.says("We have written to jane@acme.example")
    assert tab.wrong == []
