"""Finding a customer by what somebody remembers of her: prefixes, missing letters, swapped letters, other accents.

A text is folded to plain letters and digits and cut into pieces of three (trigrams), each word padded so that its
beginning counts; the letters of a piece are sorted, so that two that changed places leave most pieces as they are. Two
texts are alike by the share of the query's pieces that the other has. Pieces are what databases can index; nothing else
is needed of them.
"""

from __future__ import annotations

import re
import unicodedata

LIKE_ENOUGH = 0.4
"""The share of a query's pieces that a customer must have: a wrong letter in a word of four leaves as much."""
MAX_QUERY = 100
_SPECIAL = str.maketrans({"ß": "ss", "ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe"})
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_BETWEEN_WORDS = re.compile(r"[\W_]+")


def grams(text: str) -> frozenset[str]:
    """The pieces of a text, both as `mueller` and as `muller` where it says müller."""
    lower = unicodedata.normalize("NFC", text).casefold().translate(_SPECIAL)
    return _pieces(_plain(lower)) | _pieces(_plain(lower.translate(_UMLAUTS)))


def needed(query: str) -> tuple[frozenset[str], int]:
    """The query's pieces, and how many of them a customer must have at least."""
    pieces = _pieces(_plain(unicodedata.normalize("NFC", query[:MAX_QUERY]).casefold().translate(_SPECIAL)))
    return pieces, max(1, round(len(pieces) * LIKE_ENOUGH))


def _plain(text: str) -> str:
    """Words of letters and digits without marks; letters of other scripts stay as they are."""
    without_marks = "".join(it for it in unicodedata.normalize("NFKD", text) if not unicodedata.combining(it))
    return _BETWEEN_WORDS.sub(" ", without_marks).strip()


def _pieces(plain: str) -> frozenset[str]:
    words = (f"  {word} " for word in plain.split())
    return frozenset("".join(sorted(word[at : at + 3])) for word in words for at in range(len(word) - 2))
