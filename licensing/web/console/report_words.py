"""What people call the steps, movements and rows of reports."""

from __future__ import annotations

from licensing.core.funnels import By, Step
from licensing.core.journeys import NOT_KNOWN
from licensing.core.movements import What

STEPS = {
    Step.REGISTERED: "Registered",
    Step.CONFIRMED: "Confirmed",
    Step.ACTIVATED: "First check-in",
    Step.FULL: "Used all seats",
    Step.OVER: "Tried one more",
    Step.QUOTED: "Has a quote",
    Step.CONVERTED: "Converted",
    Step.DIRECT: "Bought directly",
}
WHATS = {
    What.CONVERSION: "Conversions",
    What.DIRECT: "Direct",
    What.RETURN: "Returns",
    What.RENEWAL: "Renewals",
    What.EXPANSION: "Expansions",
    What.CONTRACTION: "Contractions",
    What.CHURN: "Churn",
    What.REFUND: "Refunds",
    What.ENTERPRISE: "Enterprise deals",
}
BYS = {
    By.ALL: "all together",
    By.TIER: "by tier",
    By.COUNTRY: "by country",
    By.SALESPERSON: "by salesperson",
    By.SOURCE: "by source",
}
UNKNOWN = {By.TIER: "no purchase yet", By.SALESPERSON: "nobody yet", By.COUNTRY: "not known", By.SOURCE: "not known"}


def words(value: str) -> str:
    """`medium enterprise` for `medium_enterprise`."""
    return value.replace("_", " ")


def row_words(by: By, value: str, name: str) -> str:
    """What a funnel's row is called."""
    if value == NOT_KNOWN:
        return UNKNOWN.get(by, value)
    return name if by in (By.SALESPERSON, By.COUNTRY) else words(value)
