"""QR codes (ISO/IEC 18004): a license as a picture, and what a photographed one says."""

from __future__ import annotations

import io
from functools import lru_cache

import segno
import zxingcpp
from markupsafe import Markup
from PIL import Image, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "WEBP")
MAX_PIXELS = 60_000_000
"""More than a telephone's camera takes."""
ENOUGH = 2_400
"""Pixels a side that are looked at: what a camera has more only costs time."""
Image.MAX_IMAGE_PIXELS = None  # it only warns; `text_in` refuses by MAX_PIXELS


@lru_cache(maxsize=256)
def picture_of(text: str) -> Markup:
    """The text as an SVG drawing; `text` has at most 2,953 bytes."""
    drawing = segno.make(text, error="l", micro=False).svg_inline(border=0, omitsize=True)
    return Markup(drawing)  # noqa: S704 - made of modules, nothing of the text stands in it


def text_in(photograph: bytes) -> str | None:
    """What the QR code on a photograph says; None where there is none, or no picture.

    Nothing is unpacked before its size is known: a small file may be a very large picture.
    """
    try:
        image = Image.open(io.BytesIO(photograph), formats=FORMATS)
        if image.width * image.height > MAX_PIXELS:
            return None
        image.draft("L", (ENOUGH, ENOUGH))
        grey = image.convert("L")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        return None
    grey.thumbnail((ENOUGH, ENOUGH))
    found = zxingcpp.read_barcodes(grey, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    return found[0].text if found else None
