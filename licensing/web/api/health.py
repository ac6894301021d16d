"""`/healthz`: the process answers. `/readyz`: it can do its work."""

from __future__ import annotations

from flask import Blueprint, Response

from licensing.web.api.presenting import answer
from licensing.web.api.shapes import TEXT, by_name, members
from licensing.web.api.speaking import speaks
from licensing.web.requests import house

blueprint = Blueprint("api_health", __name__)


@blueprint.get("/healthz")
@speaks(members(status=TEXT))
def healthz() -> Response:
    """The process answers."""
    return answer({"status": "ok"})


@blueprint.get("/readyz")
@speaks(members(status=TEXT, warnings=by_name(TEXT)), others={503: members(status=TEXT, problems=by_name(TEXT))})
def readyz() -> Response:
    """Whether the server can do its work, and what somebody should see to meanwhile."""
    problems = house().health.problems()
    if not problems:
        return answer({"status": "ready", "warnings": house().health.warnings()})
    response = answer({"status": "not_ready", "problems": problems}, 503)
    response.headers["Retry-After"] = "10"
    return response
