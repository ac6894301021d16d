"""`/healthz`: the process answers. `/readyz`: it can do its work."""

from __future__ import annotations

from flask import Blueprint, Response

from licensing.web.api.presenting import answer
from licensing.web.requests import house

blueprint = Blueprint("api_health", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    return answer({"status": "ok"})


@blueprint.get("/readyz")
def readyz() -> Response:
    problems = house().health.problems()
    if not problems:
        return answer({"status": "ready"})
    response = answer({"status": "not_ready", "problems": problems}, 503)
    response.headers["Retry-After"] = "10"
    return response
