"""The HTML of a mail says what its text says, and runs nothing."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from licensing.core import mails
from licensing.core.mail_html import as_html

CORPUS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "</title><svg onload=alert(1)>",
    "{{7*7}}${7*7}<%=7*7%>",
)


class Read(HTMLParser):
    """The text of a page, and the tags and attributes it has."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.text += data


def read(page: str) -> Read:
    found = Read()
    found.feed(page)
    return found


def test_the_page_says_what_the_text_says() -> None:
    mail = mails.confirmation("jane@acme.example", "Jane", "https://l.example/trial/confirm?token=abc&x=1", "BCDF-GHJK")

    page = read(as_html(mail.subject, mail.text))

    assert "".join(mail.text.split()) in "".join(page.text.split())
    assert page.links == ["https://l.example/trial/confirm?token=abc&x=1"]


@pytest.mark.parametrize("name", CORPUS)
def test_what_a_person_typed_stays_text(name: str) -> None:
    mail = mails.confirmation("jane@acme.example", name, "https://l.example/c?token=abc", "BCDF-GHJK")

    page = read(as_html(name, f"{mail.text}\n\n{name}\n"))

    assert page.tags == {"html", "head", "meta", "title", "body", "div", "p", "a"}
    assert page.attributes <= {"lang", "charset", "name", "content", "style", "href"}
    assert page.links == ["https://l.example/c?token=abc"]


def test_a_command_keeps_its_form() -> None:
    mail = mails.license_issued("jane@acme.example", "Jane", "your license is ready.", None)

    assert "<pre" in as_html(mail.subject, mail.text)
    assert "kubectl --namespace rook-ceph create secret" in as_html(mail.subject, mail.text)
