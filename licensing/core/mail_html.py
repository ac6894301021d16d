"""The HTML of a mail, made of its text: the same words in the same order, and nothing from elsewhere.

A paragraph is what stands between empty lines. A link that stands alone on its line becomes a link, a code or a command
keeps its form, and everything else is text: whatever a person typed into a form stays inert.
"""

from __future__ import annotations

import re
from html import escape

_LINK = re.compile(r"https?://[!-~]+")
_CODE = re.compile(r"[A-Z]{4}-[A-Z]{4}")
_AS_IT_IS = re.compile(r"kubectl |helm |\S+ {2,}\S")

_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>{title}</title></head>
<body style="margin:0;padding:24px;font:16px/1.6 system-ui,'Segoe UI',sans-serif">
<div style="max-width:36em;margin:0 auto">
<p style="font-weight:650">Koor Data Control Center</p>
{body}
</div>
</body>
</html>
"""


def as_html(subject: str, text: str) -> str:
    """The whole document."""
    paragraphs = re.split(r"\n{2,}", text.strip())
    return _PAGE.format(title=escape(subject), body="\n".join(map(_paragraph, paragraphs)))


def _paragraph(text: str) -> str:
    if _LINK.fullmatch(text):
        address = escape(text)
        return f'<p><a href="{address}" style="overflow-wrap:anywhere">{address}</a></p>'
    if _CODE.fullmatch(text):
        return f'<p style="font:600 24px/1.4 ui-monospace,monospace;letter-spacing:.15em">{text}</p>'
    if _AS_IT_IS.match(text):
        return f'<pre style="white-space:pre-wrap;overflow-wrap:anywhere">{escape(text)}</pre>'
    return f"<p>{escape(text)}</p>"
