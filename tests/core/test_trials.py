"""The trial: how long a link and a code live, how often a code may be tried, and what a confirmation gives."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from licensing.core.addresses import fold
from licensing.core.errors import CodeRefused, LinkExpired, LinkUnknown, LinkUsed, Refusal
from licensing.core.licenses import Edition, Over, lint
from licensing.core.tiers import Tier
from licensing.core.trials import (
    CODE_ALPHABET,
    CODE_TRIES,
    Pending,
    Registration,
    by_code,
    by_link,
    plain_code,
    trial_license,
)
from tests.core.factories import NOW, at

REGISTERED_AT = at(NOW)
LINK_END = REGISTERED_AT + timedelta(minutes=60)
CODE_END = REGISTERED_AT + timedelta(minutes=10)
SECOND = timedelta(seconds=1)


def make_pending(**changes: Any) -> Pending:
    """A registration of NOW, not used yet, its code hashed as `right`."""
    registration = Registration(fold("ann@acme.com"), "Ann", "Acme", "DE", 4, "domain:acme.com")
    return Pending(
        id="registration-1",
        registration=registration,
        code_hash="right",
        code_tries=changes.get("code_tries", 1),
        link_expires_at=registration.link_expires_at(REGISTERED_AT),
        code_expires_at=registration.code_expires_at(REGISTERED_AT),
        used_at=changes.get("used_at"),
    )


def make_tier(max_seats: int | None = 4) -> Tier:
    return Tier("trial", Edition.TRIAL, 1, max_seats, "community", at(0))


@pytest.mark.parametrize("now", [REGISTERED_AT, LINK_END - SECOND])
def test_a_link_may_be_used_for_an_hour(now: datetime) -> None:
    pending = make_pending()

    assert by_link(pending, now) is pending


@pytest.mark.parametrize(
    ("pending", "now", "refusal"),
    [
        (None, REGISTERED_AT, LinkUnknown),
        (make_pending(), LINK_END, LinkExpired),
        (make_pending(used_at=REGISTERED_AT), REGISTERED_AT, LinkUsed),
        (make_pending(used_at=REGISTERED_AT), LINK_END, LinkUsed),
    ],
)
def test_a_link_that_may_not_be_used_is_refused_for_its_reason(
    pending: Pending | None, now: datetime, refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        by_link(pending, now)


@pytest.mark.parametrize("now", [REGISTERED_AT, CODE_END - SECOND])
@pytest.mark.parametrize("tries", [1, CODE_TRIES])
def test_a_code_may_be_used_for_ten_minutes_and_five_tries(tries: int, now: datetime) -> None:
    pending = make_pending(code_tries=tries)

    assert by_code(pending, "right", now) is pending


@pytest.mark.parametrize(
    ("pending", "code_hash", "now"),
    [
        (None, "right", REGISTERED_AT),
        (make_pending(), "wrong", REGISTERED_AT),
        (make_pending(), "right", CODE_END),
        (make_pending(code_tries=CODE_TRIES + 1), "right", REGISTERED_AT),
        (make_pending(code_tries=CODE_TRIES + 1, used_at=REGISTERED_AT), "right", REGISTERED_AT),
        (make_pending(used_at=REGISTERED_AT), "wrong", REGISTERED_AT),
    ],
)
def test_every_code_that_may_not_be_used_is_refused_with_the_same_words(
    pending: Pending | None, code_hash: str, now: datetime
) -> None:
    with pytest.raises(CodeRefused, match=r"^The code is wrong or no longer valid\.$"):
        by_code(pending, code_hash, now)


def test_who_knows_a_used_code_is_told_that_it_was_used() -> None:
    with pytest.raises(LinkUsed):
        by_code(make_pending(used_at=REGISTERED_AT), "right", REGISTERED_AT)


@pytest.mark.parametrize("typed", ["BCDFGHJK", "bcdf-ghjk", " BCDF GHJK\n", "B-C-D-F-G-H-J-K", "bcdf–ghjk"])
def test_a_code_may_be_typed_as_people_type(typed: str) -> None:
    assert plain_code(typed) == "BCDFGHJK"


def test_no_code_spells_a_word_or_looks_like_a_number() -> None:
    assert not set(CODE_ALPHABET) & set("AEIOUY0123456789")
    assert len(set(CODE_ALPHABET)) == 20


@pytest.mark.parametrize(("max_seats", "seats"), [(4, 4), (8, 8), (None, 1)])
def test_a_trial_has_the_seats_of_its_tier_and_no_end(max_seats: int | None, seats: int) -> None:
    license = trial_license(
        organization_id="org-1",
        license_id="license-1",
        serial="00" * 16,
        company="Acme",
        tier=make_tier(max_seats),
        now=at(NOW),
    )

    lint(license)
    assert (license.edition, license.seats, license.np_seats, license.exp) == (Edition.TRIAL, seats, 0, None)
    assert (license.iat, license.nbf, license.seq) == (NOW, NOW - 300, 1)
    assert (license.sub, license.lid, license.jti) == ("org-1", "license-1", "00" * 16)
    assert (license.bind, license.over, license.org) == (("*",), Over.RESTRICT, "Acme")
    assert (license.tier, license.support) == ("trial", "community")
