"""What people type and what they mean."""

from __future__ import annotations

import pytest

from licensing.core.searching import grams, needed


def is_found(query: str, *texts: str) -> bool:
    pieces, least = needed(query)
    return len(pieces & frozenset().union(*map(grams, texts))) >= least


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("Acme Gmb", "Acme GmbH"),
        ("a", "Acme GmbH"),
        ("ac", "Acme GmbH"),
        ("amce", "Acme GmbH"),
        ("akme", "Acme GmbH"),
        ("ACME", "acme"),
        ("acme.exmaple", "it@acme.example"),
        ("it@acme", "it@acme.example"),
        ("siemns", "Siemens Energy"),
        ("Müller", "Müller & Söhne"),
        ("mueller", "Müller & Söhne"),
        ("muller", "Müller & Söhne"),
        ("soehne", "Müller & Söhne"),
        ("mu\u0308ller", "Müller"),
        ("strasse", "Straßenbau"),
        ("orsted", "Ørsted"),
        ("東京", "東京電力"),
    ],
)
def test_a_customer_is_found_by_prefixes_typos_and_other_spellings(query: str, text: str) -> None:
    assert is_found(query, text)


@pytest.mark.parametrize("query", ["bosch", "xyz", "zzzz", "電力", "!!", "\x00"])
def test_what_has_nothing_in_common_is_not_found(query: str) -> None:
    assert not is_found(query, "Acme GmbH", "it@acme.example")


def test_pieces_have_three_letters_whatever_the_text() -> None:
    for text in ("Acme GmbH", "ß", "🙂🙂", "a" * 10_000, "İstanbul", "'; DROP TABLE organization; --"):
        assert {len(piece) for piece in grams(text)} <= {3}
    assert grams("") == grams("--- !") == frozenset()


def test_a_query_is_cut_to_what_a_person_types() -> None:
    pieces, _ = needed("abc" * 10_000)

    assert len(pieces) <= 102
