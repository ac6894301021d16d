"""What wrong tries are counted by."""

from __future__ import annotations

import pytest

from licensing.core.throttle import of_session_owner, of_sign_in

EMAIL, ADDRESS = "eve@koor.example", "192.0.2.1"


def subjects(email: str = EMAIL, address: str = ADDRESS) -> list[str]:
    return [limit.subject for limit in of_sign_in(email, address)]


def test_the_limits_are_ten_fifty_and_a_hundred() -> None:
    assert [limit.failures for limit in of_sign_in(EMAIL, ADDRESS)] == [10, 50, 100]
    assert [limit.failures for limit in of_session_owner("a" * 32)] == [10]


def test_nobody_is_named() -> None:
    assert all(len(subject) == 64 and int(subject, 16) for subject in subjects())


def test_an_account_is_the_same_in_any_case() -> None:
    assert subjects(EMAIL.upper()) == subjects()


@pytest.mark.parametrize(
    ("email", "address", "same"),
    [
        (EMAIL, "192.0.2.2", [False, True, False]),
        ("bob@koor.example", ADDRESS, [False, False, True]),
        ("bob@koor.example", "192.0.2.2", [False, False, False]),
    ],
)
def test_account_and_address_are_counted_apart_and_together(email: str, address: str, same: list[bool]) -> None:
    assert [mine == other for mine, other in zip(subjects(), subjects(email, address), strict=True)] == same


def test_an_ipv6_network_is_one_address() -> None:
    assert subjects(address="2001:db8::1") == subjects(address="2001:db8::ffff:1")
    assert subjects(address="2001:db8::1") != subjects(address="2001:db8:0:1::1")
    assert len(subjects(address="")) == len(subjects(address="unix:")) == 3
