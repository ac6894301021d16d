"""Timing that a noisy machine can't fool much: take turns, and compare the rounds that were disturbed least."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import quantiles

ROUNDS = 301


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
            f"| {self.name} | {self.microseconds:,.1f} µs | {self.value:.2f} × {self.reference} |"
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
    """The cost of `candidate` against `reference`: each round runs both `calls` times, in turns.

    The ratio is that of the cheapest rounds, for nothing but a disturbance makes a round dearer; the spread is the
    middle half of all rounds' ratios.
    """
    costs = [_pair(candidate, reference, calls, swap=bool(number % 2)) for number in range(rounds)]
    best, best_reference = (min(column) for column in zip(*costs, strict=True))
    low, _, high = quantiles((cost / other for cost, other in costs), n=4)
    return Ratio(name, reference_name, best / best_reference, low, high, goal, best * 1e6)


def _pair(
    candidate: Callable[[], object], reference: Callable[[], object], calls: int, *, swap: bool
) -> tuple[float, float]:
    if swap:
        reference_cost = _cost(reference, calls)
        return _cost(candidate, calls), reference_cost
    return _cost(candidate, calls), _cost(reference, calls)


def _cost(call: Callable[[], object], calls: int) -> float:
    """Seconds of CPU for one call, the garbage of others not counted (as timeit does)."""
    gc.disable()
    start = time.process_time()
    for _ in range(calls):
        call()
    cost = (time.process_time() - start) / calls
    gc.enable()
    return cost
