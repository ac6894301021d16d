"""What may be a password."""

from __future__ import annotations

import pytest

from licensing.core.errors import InvalidFields
from licensing.core.passwords import LONGEST, SHORTEST, require_acceptable, spelled

EMAIL, OLD = "eve@koor.example", "the old password"


@pytest.mark.parametrize("new", ["x" * SHORTEST, "x" * LONGEST, f"{OLD}!", " " * SHORTEST])
def test_a_long_and_new_password_is_acceptable(new: str) -> None:
    require_acceptable(new, OLD, EMAIL)


@pytest.mark.parametrize("new", ["", "x" * (SHORTEST - 1), "x" * (LONGEST + 1), EMAIL, EMAIL.upper(), OLD])
def test_another_is_refused_by_the_name_of_its_field(new: str) -> None:
    with pytest.raises(InvalidFields) as refused:
        require_acceptable(new, OLD, EMAIL)

    assert list(refused.value.errors) == ["new_password"]


def test_a_letter_is_the_same_however_it_was_composed() -> None:
    assert spelled("e\u0301") == spelled("\u00e9")
    assert spelled("e") != spelled("\u00e9")
