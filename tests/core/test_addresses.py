"""Addresses: one mailbox is one person, and one domain one organisation unless strangers share it."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing.core.addresses import Address, fold, speaks_for_itself, trial_key


class FewDomains:
    """DomainKnowledge of a small world."""

    def registrable(self, domain: str) -> str:
        labels = domain.split(".")
        return ".".join(labels[-3:] if domain.endswith(".co.uk") else labels[-2:])

    def is_shared(self, domain: str) -> bool:
        return domain in {"gmail.com", "github.io", "co.uk", "web.de"}

    def is_disposable(self, domain: str) -> bool:
        return domain == "mailinator.com"


def key_of(address: str) -> str:
    return trial_key(fold(address), FewDomains())


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("ann@acme.com", "ann@acme.com"),
        ("Ann@Acme.COM", "ann@acme.com"),
        ("ann+trial@acme.com", "ann@acme.com"),
        ("ann+a+b@acme.com", "ann@acme.com"),
        ("+ann@acme.com", "+ann@acme.com"),
        ("a.nn@acme.com", "a.nn@acme.com"),
        ("a.n.n@gmail.com", "ann@gmail.com"),
        ("A.nn+x@GoogleMail.com", "ann@gmail.com"),
        ('"a@b"@acme.com', '"a@b"@acme.com'),
    ],
)
def test_what_tells_no_mailboxes_apart_is_folded_away(typed: str, folded: str) -> None:
    assert fold(typed) == Address(typed, folded)


@given(st.emails())
def test_folding_twice_is_folding_once(typed: str) -> None:
    folded = fold(typed).folded

    assert fold(folded).folded == folded


def test_the_domain_is_what_stands_after_the_last_at() -> None:
    assert fold('"a@b"@Mail.Acme.com').domain == "mail.acme.com"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ann@acme.com", "bob@acme.com"),
        ("ann@acme.com", "ann@eu.mail.acme.com"),
        ("ann@acme.co.uk", "bob@mail.acme.co.uk"),
        ("ann@gmail.com", "A.n.n+again@googlemail.com"),
    ],
)
def test_one_organisation_or_mailbox_has_one_trial(one: str, other: str) -> None:
    assert key_of(one) == key_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ann@acme.com", "ann@acme.de"),
        ("ann@gmail.com", "bob@gmail.com"),
        ("ann@one.co.uk", "ann@two.co.uk"),
        ("ann@a.web.de", "bob@b.web.de"),
        ("ann@gmail.com", "ann@web.de"),
    ],
)
def test_strangers_have_a_trial_each(one: str, other: str) -> None:
    assert key_of(one) != key_of(other)


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("ann@mail.acme.com", "domain:acme.com"),
        ("Ann+x@web.de", "address:" + sha256(b"ann@web.de").hexdigest()),
        ("ann@co.uk", "address:" + sha256(b"ann@co.uk").hexdigest()),
        ("ann@mx.web.de", "address:" + sha256(b"ann@mx.web.de").hexdigest()),
    ],
)
def test_the_key_says_whose_trial_it_is(address: str, key: str) -> None:
    assert key_of(address) == key
    assert speaks_for_itself(fold(address), FewDomains()) is key.startswith("address:")
