"""Webhooks over the API, in the console and on the command line; and a real server that tells a real program."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook as Signature

from licensing.core.callers import OPERATOR
from tests.support.receivers import receiving
from tests.support.servers import PATIENCE_SECONDS, running_server
from tests.support.worlds import World, sell

URL = "https://crm.example.com/hook"


def test_a_secret_is_shown_once(world: World) -> None:
    admin = world.sign_in("admin")
    made = admin.post("/v1/webhooks", {"url": URL}, key="once")
    again = admin.post("/v1/webhooks", {"url": URL}, key="once")

    assert made.status_code == 201
    assert made.get_json()["secret"].startswith("whsec_")
    assert again.get_json() == {**made.get_json(), "secret": ""}
    [listed] = admin.get("/v1/webhooks").get_json()["webhooks"]
    assert "secret" not in listed
    assert listed == {name: value for name, value in made.get_json().items() if name != "secret"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": "https://127.1/"}, "url"),
        ({"url": "https://[::ffff:169.254.169.254]x/"}, "url"),
        ({"url": URL, "types": ["license.nothing"]}, "types.0"),
        ({"url": URL, "types": ["license.key-activated"]}, "types.0"),
        ({"url": URL, "types": "license.sold"}, "types"),
        ({"url": URL, "first_leaf": -1}, "first_leaf"),
        ({"url": URL, "first_leaf": 10_000}, "first_leaf"),
        ({"url": URL, "first_leaf": "0"}, "first_leaf"),
        ({"url": URL, "secret": "whsec_mine"}, "secret"),
    ],
)
def test_a_wrong_webhook_is_refused_by_field_and_changes_nothing(
    world: World, body: dict[str, object], field: str
) -> None:
    admin = world.sign_in("admin")
    before = world.rows()

    refused = admin.post("/v1/webhooks", body, key="k")

    assert (refused.status_code, list(refused.get_json()["errors"])) == (422, [field])
    assert {name: rows for name, rows in world.rows().items() if name != "session"} == {
        name: rows for name, rows in before.items() if name != "session"
    }


def test_deliveries_are_listed_page_by_page(world: World) -> None:
    admin = world.sign_in("admin")
    with receiving() as receiver:
        receiver.statuses = [204, 500]
        made = world.house.webhooks.create(OPERATOR, receiver.url, [], None).webhook
        for _ in range(3):
            sell(world)
        world.house.webhooks.deliver()
    path = f"/v1/webhooks/{made.id}/deliveries"

    first = admin.get(f"{path}?limit=2").get_json()
    rest = admin.get(f"{path}?limit=2&before={first['next']}").get_json()

    assert [each["state"] for each in first["deliveries"] + rest["deliveries"]] == ["waiting", "waiting", "delivered"]
    assert rest["next"] is None
    assert admin.get(f"{path}?state=delivered").get_json()["deliveries"] == rest["deliveries"]
    assert admin.get(f"{path}?state=lost").status_code == 422


def test_the_console_makes_a_webhook_and_shows_how_its_messages_fare(world: World) -> None:
    admin = world.sign_in("admin")
    with receiving() as receiver:
        receiver.statuses = [500]
        made = world.house.webhooks.create(OPERATOR, receiver.url, [], None).webhook
        sell(world)
        world.house.webhooks.deliver()

    page = admin.get(f"/console/webhooks/{made.id}").text
    assert "It answered 500." in page
    assert "license.sold" in page
    assert receiver.url in admin.get("/console/webhooks").text
    csv = admin.get(f"/console/webhooks/{made.id}?format=csv").text.splitlines()
    assert csv[0] == "leaf,type,serial,state,tries,due_at,delivered_at,dead_at,last_error"
    assert len(csv) == 2


def test_a_running_server_tells_a_program_of_what_the_command_line_sells(tmp_path: Path) -> None:
    environment = {**os.environ, "LICENSING_DATA_DIR": str(tmp_path)}

    def licensing(*words: str) -> Any:
        command = [sys.executable, "-m", "licensing", *words, "--json"]
        return json.loads(subprocess.run(command, env=environment, capture_output=True, check=True).stdout)

    with receiving() as receiver, running_server(tmp_path):
        made = licensing("webhooks", "new", receiver.url, "--type", "license.sold")
        sold = licensing("licenses", "issue", "--organization", "Acme", "--email", "it@acme.example", "--seats", "25")
        assert receiver.came.wait(PATIENCE_SECONDS)
        [_, headers, body] = receiver.requests[0]

    message = Signature(made["secret"]).verify(body, headers)
    assert (message["type"], message["data"]["license_id"]) == ("license.sold", sold["license_id"])
