"""Every form of ours, taken from the url map, refuses what another page sends in somebody's name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from licensing.core.encoding import b64url
from tests.support.portal import JANE, customer, secret_of
from tests.support.worlds import FSID, World, browser

OURS = "licenses.example.com"
FOREIGN = ("https://evil.example", f"http://{OURS}", f"https://{OURS}.evil.example", "null", "")


def forms(world: World) -> Iterator[tuple[str, str]]:
    """Every route that a browser can send a form to: its endpoint, and an address of it."""
    urls = world.house.app.url_map.bind("licenses.example.com")
    for rule in world.house.app.url_map.iter_rules():
        if "POST" in (rule.methods or ()) and not rule.rule.startswith("/v1/"):
            values = {name: FSID if name == "fsid" else "0" * 32 for name in rule.arguments}
            yield rule.endpoint, urls.build(rule.endpoint, values, method="POST")


@pytest.mark.parametrize("role", ["manager", "admin"])
def test_what_another_page_sends_does_nothing(world: World, role: str) -> None:
    customer(world)
    staff = world.sign_in(role).client.get_cookie("koor_session")
    assert staff is not None
    client = browser(world, staff.value)
    client.set_cookie("koor_portal", secret_of(world), path="/licenses")
    client.set_cookie("koor_trial", b64url(JANE.encode()), path="/trial")
    before, sent = world.rows(), dict(forms(world))

    for endpoint, path in sent.items():
        for origin in FOREIGN:
            answer = client.post(path, data={"once": "a" * 32}, headers={"Origin": origin})
            assert answer.status_code in (403, 404), (endpoint, origin, answer.status_code)  # 404: no such object

    assert len(sent) > 50
    assert world.rows() == before


def test_a_form_without_its_hidden_field_is_refused(world: World) -> None:
    client = world.sign_in("admin").client
    before = world.rows()

    for endpoint, path in forms(world):
        view = world.house.app.view_functions[endpoint]
        if getattr(view, "is_page_deed", False):
            answer = client.post(path, data={})
            assert answer.status_code in (403, 404, 422), (endpoint, answer.status_code)

    assert world.rows() == before
