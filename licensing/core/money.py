"""Money as people read it. Inside, an amount is whole minor units with a currency (ISO 4217)."""

from __future__ import annotations

_DIGITS = {
    **dict.fromkeys(("CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
"""Digits after the point where they are not two (ISO 4217, table A.1)."""


def digits(currency: str) -> int:
    """Digits after the point."""
    return _DIGITS.get(currency, 2)


def spelled(minor: int, currency: str) -> str:
    """`30,000.00 EUR`."""
    places = digits(currency)
    whole, part = divmod(abs(minor), 10**places)
    point = f".{part:0{places}}" if places else ""
    return f"{'-' if minor < 0 else ''}{whole:,}{point} {currency}"
