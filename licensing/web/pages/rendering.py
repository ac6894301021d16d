"""How pages leave: one template, one policy that lets nothing in from elsewhere and runs no script."""

from __future__ import annotations

from flask import Response, make_response, render_template

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


def page(template: str, status: int = 200, **values: object) -> Response:
    """The rendered page."""
    response = make_response(render_template(template, **values), status)
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    return response
