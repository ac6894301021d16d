"""Timing that a noisy machine can't fool much: alternate the candidates, and take the median of the ratios."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median, quantiles

ROUNDS = 41


@dataclass(frozen=True, slots=True)
class Ratio:
    """How much `name` costs in units of `reference`, with the middle half of the rounds and the goal."""

    name: str
    reference: str
    value: float
    low: float
    high: float
    goal: float
    microseconds: float

    @property
    def is_met(self) -> bool:
        return self.value <= self.goal

    def row(self) -> str:
        verdict = "yes" if self.is_met else "**no**"
        spread = f"{self.low:.2f} – {self.high:.2f}"
        return (
            f"| {self.name} | {self.microseconds:,.0f} µs | {self.value:.2f} × {self.reference} |"
            f" {spread} | ≤ {self.goal:g} | {verdict} |"
        )


def ratio(
    name: str,
    candidate: Callable[[], object],
    reference_name: str,
    reference: Callable[[], object],
    goal: float,
    *,
    calls: int,
    rounds: int = ROUNDS,
) -> Ratio:
    """The cost of `candidate` against `reference`: each round runs both `calls` times, one after the other."""
    ratios, costs = [], []
    for number in range(rounds):
        pair = [(candidate, True), (reference, False)]
        cost = {which: _cost(call, calls) for call, which in (pair if number % 2 else pair[::-1])}
        ratios.append(cost[True] / cost[False])
        costs.append(cost[True])
    low, _, high = quantiles(ratios, n=4)
    return Ratio(name, reference_name, median(ratios), low, high, goal, median(costs) * 1e6)


def _cost(call: Callable[[], object], calls: int) -> float:
    """Seconds of CPU for one call."""
    start = time.process_time()
    for _ in range(calls):
        call()
    return (time.process_time() - start) / calls
