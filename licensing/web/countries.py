"""The countries a form offers, by their English names (ISO 3166-1)."""

from __future__ import annotations

import pycountry

_BESIDE = [("XK", "Kosovo")]
"""Codes in wide use that ISO 3166-1 leaves to its users."""


def _name(country: object) -> str:
    return str(getattr(country, "common_name", None) or country.name)  # type: ignore[attr-defined]


COUNTRIES = sorted([*((each.alpha_2, _name(each)) for each in pycountry.countries), *_BESIDE], key=lambda each: each[1])
"""Code and name, in the order of names."""
