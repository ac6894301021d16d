"""Walks through pages as a person does, by their links, and tells what in a page could run."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from werkzeug.test import TestResponse

from tests.support.worlds import ORIGIN, Browser, World

LOADING = frozenset({"src", "href", "action", "formaction", "data", "poster", "xlink:href", "srcdoc", "srcset"})
OURS = frozenset(
    [
        "a",
        "article",
        "aside",
        "body",
        "br",
        "button",
        "caption",
        "code",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "em",
        "fieldset",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "head",
        "header",
        "html",
        "input",
        "label",
        "legend",
        "li",
        "link",
        "main",
        "meta",
        "meter",
        "nav",
        "ol",
        "optgroup",
        "option",
        "p",
        "pre",
        "section",
        "select",
        "small",
        "span",
        "strong",
        "summary",
        "table",
        "tbody",
        "td",
        "textarea",
        "tfoot",
        "th",
        "thead",
        "time",
        "title",
        "tr",
        "ul",
        "wbr",
        "svg",
        "g",
        "path",
        "rect",
        "line",
        "text",
        "circle",
        "defs",
        "clippath",
        "symbol",
        "use",
        "figure",
        "figcaption",
        "lineargradient",
        "stop",
    ]
)
"""The elements that our templates and pictures are made of."""


class Elements(HTMLParser):
    """A page's links, and whatever stands in it that no template of ours has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.foreign: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.links += [value for name, value in attrs if name == "href" and value]
        if tag == "script":
            self.foreign += [f"script {attrs}"] if not _is_our_script(dict(attrs)) else []
        elif tag not in OURS:
            self.foreign.append(f"element {tag}")
        self.foreign += [f"{tag} {name}={value!r:.80}" for name, value in attrs if _runs(tag, name, value or "")]


def _is_our_script(attrs: dict[str, str | None]) -> bool:
    return (attrs.get("src") or "").startswith("/static/app.js?")


def _runs(tag: str, name: str, value: str) -> bool:
    """Whether the attribute could run or load something from elsewhere. `style` can only come from outside."""
    if name.startswith("on") or (name == "style" and tag not in ("svg", "path", "g", "text")):
        return True
    scheme = urlsplit(value.strip().lower()).scheme if name in LOADING else ""
    return scheme not in ("", "http", "https", "mailto")


@dataclass
class Walk:
    """The pages that one browser reached: `endpoints` of their views, and what is foreign in them."""

    endpoints: set[str] = field(default_factory=set)
    foreign: list[str] = field(default_factory=list)
    pages: int = 0


def walk(world: World, client: Browser, *starts: str, most: int = 500) -> Walk:
    """Follows every link from `starts`; one address of each view and shape of query is enough above the first few."""
    urls, walked, seen = world.house.app.url_map.bind("localhost"), Walk(), set(starts)
    waiting = deque(starts)
    while waiting and walked.pages < most:
        path = waiting.popleft()
        answer = client.get(path)
        assert answer.status_code < 500, path
        walked.pages += 1
        walked.endpoints.add(str(urls.match(urlsplit(path).path)[0]))
        if answer.mimetype != "text/html":
            continue
        page = Elements(answer.text)
        walked.foreign += [f"{path}: {each}" for each in (*page.foreign, *_loose(answer))]
        for link in _own(path, page.links):
            if link not in seen:
                seen.add(link)
                waiting.append(link)
    return walked


def _loose(answer: TestResponse) -> Iterator[str]:
    policy = answer.headers.get("Content-Security-Policy", "")
    if "script-src 'self'" not in policy and "default-src 'none'" not in policy:
        yield f"its policy is {policy!r}"


def _own(path: str, links: list[str]) -> Iterator[str]:
    for link in links:
        target = urljoin(f"{ORIGIN}{path}", link)
        if target.startswith(f"{ORIGIN}/"):
            yield target.removeprefix(ORIGIN).partition("#")[0]
