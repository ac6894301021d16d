"""Refusals as RFC 9457 problem details: the one place where they get their status."""

from __future__ import annotations

import json
import logging

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from licensing.core import errors
from licensing.web.requests import request_id

log = logging.getLogger(__name__)

STATUS: dict[type[errors.Refusal], int] = {
    errors.Malformed: 400,
    errors.IdempotencyKeyRequired: 400,
    errors.LinkUnknown: 400,
    errors.CodeRefused: 400,
    errors.DeviceRefused: 400,
    errors.SignInRefused: 401,
    errors.SignInRequired: 401,
    errors.Unauthentic: 401,
    errors.Forbidden: 403,
    errors.ForeignOrigin: 403,
    errors.OwnRequest: 403,
    errors.SignInIncomplete: 403,
    errors.NotFound: 404,
    errors.TrialExists: 409,
    errors.InstanceMismatch: 409,
    errors.ApprovalRequired: 409,
    errors.InProgress: 409,
    errors.LicenseOverlap: 409,
    errors.LicenseState: 409,
    errors.OrganizationState: 409,
    errors.TwoPeopleNeeded: 403,
    errors.WebhookState: 409,
    errors.QuoteState: 409,
    errors.StaffState: 409,
    errors.LinkExpired: 410,
    errors.LinkUsed: 410,
    errors.InvalidFields: 422,
    errors.CursorRefused: 422,
    errors.DisposableAddress: 422,
    errors.IdempotencyConflict: 422,
    errors.ImportRefused: 422,
    errors.MilestoneRefused: 422,
    errors.PeriodRefused: 422,
    errors.PriceUnknown: 422,
    errors.SupportNotOffered: 422,
    errors.TermRefused: 422,
    errors.TooManyTries: 429,
    errors.Busy: 503,
    errors.KeyUnusable: 503,
    errors.BackupRefused: 503,
    errors.LedgerBroken: 503,
    errors.ReportsDiffer: 503,
    errors.SetupRefused: 503,
}
"""The status of each refusal. 503 comes with Retry-After, and its cause is for the log only."""

HTTP_CODES = {
    400: "MALFORMED",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    408: "TOO_SLOW",
    413: "TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    431: "HEADERS_TOO_LARGE",
}
"""Codes of what the web framework refuses before a service is asked."""

RETRY_AFTER_SECONDS = 2
PROBLEM = "application/problem+json"


def register(app: Flask) -> None:
    """Translates every exception of a request."""
    app.register_error_handler(errors.Refusal, _refusal)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unknown)


def problem(status: int, code: str, detail: str, **members: object) -> Response:
    """A problem details answer; docs/api.md lists the codes."""
    document = {
        "type": f"urn:koor:problem:{code.lower().replace('_', '-')}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "code": code,
        "detail": detail,
        "request_id": request_id(),
        **members,
    }
    return Response(json.dumps(document), status, content_type=PROBLEM)


def _refusal(refusal: errors.Refusal) -> Response:
    status = STATUS[type(refusal)]
    if status == 503:
        log.error("%s: %s", refusal.code, refusal.detail)
        response = problem(status, "BUSY", "The server can't do this right now; try again.")
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return response
    if isinstance(refusal, errors.Unauthentic):
        response = problem(status, refusal.code, refusal.detail, reason=refusal.reason)
        response.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
        return response
    if isinstance(refusal, errors.InvalidFields):
        return problem(status, refusal.code, refusal.detail, errors=refusal.errors)
    response = told_when(problem(status, refusal.code, refusal.detail), refusal)
    if isinstance(refusal, errors.SignInRequired):
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def told_when(response: Response, refusal: errors.Refusal) -> Response:
    """The response says when to come again, if the refusal does."""
    if isinstance(refusal, errors.TooManyTries | errors.InProgress):
        response.headers["Retry-After"] = str(refusal.retry_after_seconds)
    return response


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:
        return Response(status=status, headers=[("Location", error.get_response().headers.get("Location", "/"))])
    response = problem(status, HTTP_CODES.get(status, "REFUSED"), error.description or error.name)
    for name in ("Allow", "Retry-After"):
        value = error.get_response().headers.get(name)
        if value:
            response.headers[name] = value
    return response


def _unknown(error: Exception) -> Response:
    log.error("a request failed", exc_info=error)
    return problem(500, "INTERNAL", "Something went wrong here; we have a record of it.")
