"""What a sale's body may say: the term, and the order. Shared by licenses and quotes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from marshmallow import Schema
from marshmallow import fields as marshmallow_fields

from licensing.core.callers import Caller
from licensing.core.licenses import ANY_CLUSTER, MAX_BOUND_CLUSTERS, MAX_SEATS
from licensing.core.sales import MAX_MONTHS, Purchase, Term
from licensing.web import fields
from licensing.web.requests import house

OLD_END, TODAY = "old_end", "today"
MAX_ORDER_NUMBER = 80


class Start(fields.Text):
    """A day, or the words `old_end` and `today`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(10, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        text = super()._deserialize(value, attr, data, **options)
        return text if text in (OLD_END, TODAY) else fields.read_day(text)

    def shape(self) -> dict[str, Any]:
        return {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "enum": [OLD_END, TODAY]}]}


class TermSchema(Schema):
    """`months`, `ends_on` or `co_term_with` says how long; none of them is a year."""

    seats = fields.WholeNumber(1, MAX_SEATS, required=True)
    np_seats = fields.WholeNumber(0, MAX_SEATS, load_default=None)
    months = fields.WholeNumber(1, MAX_MONTHS, load_default=None)
    ends_on = fields.Day(load_default=None)
    co_term_with = fields.Text(32, load_default=None)
    start = Start(load_default=None)
    bind = marshmallow_fields.List(fields.Fsid(), load_default=None)
    support = fields.Text(40, load_default=None)


class OrderSchema(Schema):
    """What is paid; the price itself comes from the list."""

    order_number = fields.Text(MAX_ORDER_NUMBER, required=True)
    currency = fields.Currency(required=True)
    discount_percent = fields.WholeNumber(0, 100, load_default=0)


class SaleSchema(TermSchema, OrderSchema):
    """A term and its order."""


def read_term(caller: Caller, data: dict[str, Any], now: datetime) -> Term:
    """The term of a loaded body. Raises NotFound for a license to share an end with that the caller doesn't see."""
    lengths = [data[name] for name in ("months", "ends_on", "co_term_with") if data[name] is not None]
    if len(lengths) > 1:
        raise fields.refused("months", "Say one of `months`, `ends_on` and `co_term_with`.")
    start = data["start"]
    term = Term(
        seats=data["seats"],
        months=data["months"] if lengths else 12,
        start=now if start == TODAY else start if isinstance(start, datetime) else None,
        bind=_bind(data["bind"]),
        ends_at=data["ends_on"],
        from_old_end=start == OLD_END,
        np_seats=data["np_seats"],
        support=data["support"],
    )
    if data["co_term_with"] is None:
        return term
    return term.until(house().licenses.show(caller, data["co_term_with"]).standing.ends_at)


def read_purchase(data: dict[str, Any]) -> Purchase:
    """The order of a loaded body."""
    return Purchase(data["order_number"], data["currency"], data["discount_percent"])


def _bind(bind: list[str] | None) -> tuple[str, ...] | None:
    if bind is None:
        return None
    if not 1 <= len(bind) <= MAX_BOUND_CLUSTERS or len(set(bind)) != len(bind):
        raise fields.refused("bind", f"Must name 1 to {MAX_BOUND_CLUSTERS} clusters, none twice.")
    if ANY_CLUSTER in bind and len(bind) > 1:
        raise fields.refused("bind", "`*` stands alone.")
    return tuple(bind)
