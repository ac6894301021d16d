"""A world in which everything is called something hostile has the same pages, mails and tables as one with good names.

Two houses live through the same; what is compared is what an HTML parser makes of their pages: every element with the
names of its attributes, in order. Whatever came out of the data would stand in one of them alone.
"""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from werkzeug.test import TestResponse

from licensing.core.callers import OPERATOR, PERMISSIONS, Caller, Role
from licensing.core.milestones import Aim
from licensing.core.portal import MIN_QUOTED_SEATS
from licensing.core.prices import Price
from licensing.core.sales import Purchase, Term
from licensing.services.organizations import Person
from licensing.services.quotes import Wish
from licensing.services.staff import Changes
from tests.support.portal import secret_of
from tests.support.worlds import (
    FSID,
    ORIGIN,
    Browser,
    Staffer,
    World,
    browser,
    make_settings,
    make_world,
    nodes,
    standing,
    token_of,
)
from tests.web.console_routes import ROUTES, Visit

HOSTILE = (
    "\"'><svg/onload=alert(1)></textarea></title><script>alert(1)</script>{{7*7}}<!--",
    "https://evil.example/?token=x",
    "javascript:alert(1)//&lt;b&gt;&#34;",
    "kubectl  delete namespace rook-ceph",
    "KOOR-CODE",
    "=cmd|'/C calc'!A0",
    "@SUM(1+1)*cmd\";,'-",
)
"""Ways out of HTML; what a mail makes a link, a command or a code of; addresses; and formulas. None is over 80 long."""
ADDRESSES = frozenset({"href", "src", "action", "formaction", "data-preview", "xlink:href", "poster", "data", "srcset"})
JANE = "jane@trial.example"
MOST_PAGES = 400


class Shape(HTMLParser):
    """A page's elements with the names of their attributes; its `links`, and its `addresses` that lead elsewhere."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.parts: list[object] = []
        self.links: list[str] = []
        self.addresses: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.parts.append((tag, [name for name, _ in attrs]))
        found = [(name, value or "") for name, value in attrs if name in ADDRESSES]
        self.links += [value for name, value in found if (tag, name) == ("a", "href")]
        self.addresses += [value for _, value in found if not urljoin(f"{ORIGIN}/", value).startswith(f"{ORIGIN}/")]

    def handle_endtag(self, tag: str) -> None:
        self.parts.append(f"/{tag}")

    def handle_comment(self, data: str) -> None:
        self.parts.append("comment")

    def handle_decl(self, decl: str) -> None:
        self.parts.append(decl)

    def unknown_decl(self, data: str) -> None:
        self.parts.append("unknown")

    def handle_pi(self, data: str) -> None:
        self.parts.append("instruction")


@dataclass(frozen=True, slots=True)
class Life:
    """A world in which everything is called `said`, and the license of its trial's owner."""

    world: World
    said: str
    license_id: str
    seller: Staffer
    manager: Staffer
    admin: Staffer

    def visitor(self) -> Browser:
        """Jane at her browser, signed in to the portal."""
        client = browser(self.world)
        client.set_cookie("koor_portal", secret_of(self.world, JANE), path="/licenses")
        return client


Lives = tuple[Life, Life]


@pytest.fixture(params=HOSTILE)
def lives(request: pytest.FixtureRequest, sqlite_template: Path, tmp_path: Path) -> Iterator[Lives]:
    """One with hostile names, and one with good names that are as long."""
    said = str(request.param)
    both = [
        lived(house_in(tmp_path / name, sqlite_template), called)
        for name, called in (("hostile", said), ("good", harmless(said)))
    ]
    yield both[0], both[1]
    for life in both:
        life.world.house.database.close()


def harmless(said: str) -> str:
    """As long, and refused by the same fields: of letters, some of them great."""
    return re.sub(r"[^\s\w]", "X", said).replace("  ", "XX")


def house_in(folder: Path, template: Path) -> World:
    shutil.copytree(template, folder)
    return make_world(make_settings(folder, f"sqlite:///{folder / 'licensing.sqlite3'}"))


def lived(world: World, said: str) -> Life:
    """The same for everybody, second by second: lists are in the same order then."""
    seller, manager, admin = (staffer(world, role, said) for role in (Role.SALES, Role.MANAGER, Role.ADMIN))
    license_id = str(world.trial(JANE, name=said, organization=said)["license_id"])
    sell(world, Caller(seller.id, PERMISSIONS[Role.SALES], 10), said)
    use(world, license_id, said)
    world.house.api_keys.create(OPERATOR, said, ["customers.read"], 30, None)
    world.house.webhooks.create(OPERATOR, "https://crm.example.com/hook", [], None)
    day = world.clock().replace(hour=0)
    world.house.milestones.set(OPERATOR, said, day, day, {Aim.NEW_CUSTOMERS: 1})
    ask(world, license_id, said)
    world.house.outbox.deliver_due()
    world.house.rollups.catch_up()
    return Life(world, said, license_id, seller, manager, admin)


def staffer(world: World, role: Role, said: str) -> Staffer:
    world.clock.advance(seconds=1)
    someone = world.sign_in(role, f"{role}@koor.example", 10)
    world.house.staff.change(OPERATOR, someone.id.removeprefix("staff:"), Changes(name=said))
    return someone


def sell(world: World, caller: Caller, said: str) -> None:
    """A customer with a license that was sold, undone and quoted."""
    house, moved = world.house, world.clock.advance
    house.prices.put(OPERATOR, Price("EUR", 120_000, world.clock().replace(hour=0)))
    buyer = house.organizations.create(OPERATOR, said, "DE", None, Person("it@buyer.example", said))
    moved(seconds=1)
    sold = standing(house.sales.sell(caller, buyer.id, Term(25, 12), Purchase(said, "EUR")))
    moved(seconds=1)
    house.quotes.make(caller, Wish(buyer.id, sold.license_id, True, Term(30, 12), "EUR", 5))
    moved(seconds=1)
    house.quotes.make(caller, Wish(buyer.id, None, False, Term(90, 12), "EUR", 40))
    for deed in (house.licenses.suspend, house.licenses.reinstate, house.licenses.reissue):
        moved(seconds=1)
        deed(OPERATOR, sold.license_id, said)


def use(world: World, license_id: str, said: str) -> None:
    """A cluster that says of itself what it likes."""
    world.clock.advance(seconds=1)
    described = {"fsid": FSID, "kube_system_uid": said, "name": said, "dcc_version": said[:64]}
    answer = world.check_in(token_of(world, license_id), sorted([said, *nodes(2)]), cluster=described)
    assert answer.status_code == 200, answer.text


def ask(world: World, license_id: str, said: str) -> None:
    """What a customer writes, and what strangers do."""
    jane = world.house.portal.visitor(secret_of(world, JANE))
    world.clock.advance(seconds=1)
    world.house.portal_deeds.ask_for_quote(jane, license_id, MIN_QUOTED_SEATS + 20, said)
    world.clock.advance(seconds=1)
    world.house.portal_deeds.invite(jane, license_id, Person("joe@trial.example", said))
    for email in (JANE, "al@trial.example"):
        world.clock.advance(seconds=1)
        assert world.register(email, name=said, organization=said).status_code == 202


def alike(path: str, hostile: TestResponse, good: TestResponse) -> tuple[Shape, Shape]:
    """The shapes of two pages, which are the same."""
    assert hostile.status_code == good.status_code, (path, hostile.text, good.text)
    names = [[name for name, _ in each.headers] for each in (hostile, good)]
    assert names[0] == names[1], path
    shapes = Shape(hostile.text), Shape(good.text)
    assert shapes[0].parts == shapes[1].parts, path
    elsewhere = [[re.sub(r"\d+", "", each) for each in shape.addresses] for shape in shapes]  # customers are numbered
    assert elsewhere[0] == elsewhere[1], path
    return shapes


def walked(life: Life, other: Life, clients: tuple[Browser, Browser], starts: list[tuple[str, str]]) -> set[str]:
    """The endpoints of the pages that both browsers reached, link by link, and found alike."""
    urls = life.world.house.app.url_map.bind("localhost")
    waiting, seen, endpoints = deque(starts), {path for path, _ in starts}, set()
    while waiting and len(seen) < MOST_PAGES:
        paths = waiting.popleft()
        answers = clients[0].get(paths[0]), clients[1].get(paths[1])
        endpoints.add(str(urls.match(urlsplit(paths[0]).path)[0]))
        if answers[0].mimetype != "text/html":
            require_same_file(paths[0], *answers)
            continue
        shapes = alike(paths[0], *answers)
        for links in zip(own(paths[0], shapes[0]), own(paths[1], shapes[1]), strict=True):
            if links[0] not in seen:
                seen.add(links[0])
                waiting.append(links)
    assert not waiting
    return endpoints


def own(path: str, shape: Shape) -> list[str]:
    targets = (urljoin(f"{ORIGIN}{path}", link).partition("#")[0] for link in shape.links)
    return [target.removeprefix(ORIGIN) for target in targets if target.startswith(f"{ORIGIN}/")]


def require_same_file(path: str, hostile: TestResponse, good: TestResponse) -> None:
    assert (hostile.status_code, hostile.mimetype) == (good.status_code, good.mimetype), path
    disposition = hostile.headers.get("Content-Disposition", 'attachment; filename="-"')
    assert re.fullmatch(r'attachment; filename="[\w.-]+"', disposition), path
    if hostile.mimetype == "text/csv":
        rows = [list(csv.reader(io.StringIO(each.text))) for each in (hostile, good)]
        assert [len(row) for row in rows[0]] == [len(row) for row in rows[1]], path
        assert [cell for row in rows[0] for cell in row if cell.startswith(("=", "+", "@", "\t", "\r"))] == []
        assert [cell for row in rows[0] for cell in row if re.match(r"-(?![\d.]+$)", cell)] == []


def test_every_page_of_the_console_is_the_same(lives: Lives) -> None:
    hostile, good = lives
    starts = [("/console", "/console"), ("/console/reports", "/console/reports")]
    reached: set[str] = set()

    for name in ("manager", "admin"):
        clients = getattr(hostile, name).client, getattr(good, name).client
        reached |= walked(hostile, good, clients, starts)

    rules = hostile.world.house.app.url_map.iter_rules()
    pages = {each.endpoint for each in rules if each.rule.startswith("/console") and "GET" in (each.methods or ())}
    beyond = {"console_organizations.search", "console_explanations.cohorts", "console_explanations.retention"}
    assert pages - reached <= beyond
    assert "pages_quotes.show" in reached


def test_what_was_searched_for_is_shown_as_text(lives: Lives) -> None:
    hostile, good = lives

    for path, name in (("/console/search", "q"), ("/console/organizations", "after"), ("/console/licenses", "of")):
        answers = [life.manager.client.get(path, query_string={name: life.said}) for life in lives]
        alike(path, *answers)

    assert hostile.manager.client.get("/console/search", query_string={"q": JANE}).status_code == 200
    assert good.said != hostile.said


def test_every_form_of_the_console_shows_what_was_typed_as_text(lives: Lives) -> None:
    filled_in = 0

    for endpoint in ROUTES:
        visits = [prepared(life, endpoint) for life in lives]
        if visits[0].form is not None:
            filled_in += 1
            alike(endpoint, *(sent(life, endpoint, visit) for life, visit in zip(lives, visits, strict=True)))

    assert filled_in > 40


def prepared(life: Life, endpoint: str) -> Visit:
    life.world.clock.advance(seconds=1)
    visit = ROUTES[endpoint](life.world)
    life.world.house.outbox.deliver_due()
    return visit


def sent(life: Life, endpoint: str, visit: Visit) -> TestResponse:
    """The answer to the form with the same in each of its fields."""
    permission = getattr(life.world.house.app.view_functions[endpoint], "permission", None)
    client = (life.manager if permission in PERMISSIONS[Role.MANAGER] else life.admin).client
    typed = dict.fromkeys(visit.form or (), life.said) | {"once": life.world.house.system.new_id()}
    if "url" in typed:
        typed["url"] += "#"  # else one of them is an address that may be told of deeds
    return client.post(visit.path, data=typed)


def test_every_page_of_the_portal_is_the_same(lives: Lives) -> None:
    hostile, good = lives

    reached = walked(
        hostile,
        good,
        (hostile.visitor(), good.visitor()),
        [("/licenses", "/licenses"), (f"/licenses/{hostile.license_id}/start", f"/licenses/{good.license_id}/start")],
    )

    rules = hostile.world.house.app.url_map.iter_rules()
    pages = {each.endpoint for each in rules if each.rule.startswith("/licenses") and "GET" in (each.methods or ())}
    assert pages - reached == {"portal_sign_in.show"}


def test_what_a_customer_typed_is_shown_as_text(lives: Lives) -> None:
    fields = ("seats", "note", "name", "email", "request", "wanted")
    deeds = ("quote-requests", "invitations", "activation", f"clusters/{FSID}/release")

    for deed in deeds:
        answers = []
        for life in lives:
            typed = dict.fromkeys(fields, life.said) | {"once": life.world.house.system.new_id()}
            answers.append(life.visitor().post(f"/licenses/{life.license_id}/{deed}", data=typed))
        alike(deed, *answers)


def test_what_strangers_typed_is_shown_as_text(lives: Lives) -> None:
    fields = ("name", "email", "organization", "country", "expected_nodes", "token", "code", "user_code", "password")

    for path in ("/trial", "/trial/confirm", "/trial/code", "/device", "/device/registration", "/device/refusal"):
        alike(path, *(browser(life.world).post(path, data=dict.fromkeys(fields, life.said)) for life in lives))
    for path in ("/sign-in", "/licenses", "/licenses/enter"):
        alike(path, *(browser(life.world).post(path, data=dict.fromkeys(fields, life.said)) for life in lives))
    for path in ("/trial/confirm", "/licenses/enter", "/trial", "/device", "/sign-in"):
        query = [dict.fromkeys((*fields, "done"), life.said) for life in lives]
        alike(
            path, *(browser(life.world).get(path, query_string=each) for life, each in zip(lives, query, strict=True))
        )


def test_a_cluster_that_asks_for_a_code_is_shown_as_text(lives: Lives) -> None:
    answers = []
    for life in lives:
        described = {"client_id": "koor-dcc", "fsid": FSID, "cluster_name": life.said}
        asked = life.world.client.post("/v1/device/code", data=described)
        assert asked.status_code == 200, asked.text
        answers.append(browser(life.world).post("/device", data={"user_code": asked.get_json()["user_code"]}))

    alike("/device", *answers)


def test_every_mail_is_the_same(lives: Lives) -> None:
    hostile, good = (sorted(life.world.mails(), key=lambda mail: (mail["To"], mail["Subject"])) for life in lives)

    assert len(hostile) == len(good) > 6
    for mail, other in zip(hostile, good, strict=True):
        assert mail.keys() == other.keys()
        assert not [value for value in mail.values() if re.search(r"[\r\n]", str(value))]
        assert [mail[name] for name in ("From", "To", "Subject")] == [other[name] for name in ("From", "To", "Subject")]
        shapes = []
        for each in (mail, other):
            part = each.get_body(("html",))
            assert part is not None
            shapes.append(Shape(str(part.get_content())))
        assert shapes[0].parts == shapes[1].parts, mail["Subject"]
        assert [each for each in shapes[0].addresses if "evil" in each] == []
