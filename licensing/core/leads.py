"""Leads: open trials, ranked by what they show (docs/reports.md)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from licensing.core.journeys import Signal

Weights = Mapping[Signal, int]
MAX_WEIGHT = 1_000

REASONS = {
    Signal.FIFTH_NODE: "tried more nodes than the trial has seats",
    Signal.ASKED_FOR_QUOTE: "has a quote",
    Signal.FULL: "used all seats of the trial",
    Signal.GROWING: "uses more nodes than at the first check-in",
    Signal.SEVERAL_CLUSTERS: "more than one cluster was seen",
    Signal.ALIKE_TRIALS: "others took trials from its network or in its name, with free mail addresses",
    Signal.COMPANY_DOMAIN: "registered from a company's domain",
    Signal.MANY_CHECK_INS: "has checked in for 30 days and more",
}


class OpenTrial(NamedTuple):
    """A customer with a trial and no purchase, and what she shows. `trial` is the serial of the issuance."""

    signals: Signal
    customer: str
    organization: str
    country: str
    registered_at: datetime
    active_at: datetime
    trial: str


class Lead(NamedTuple):
    """An open trial with its score and why."""

    customer: str
    organization: str
    country: str
    score: int
    reasons: tuple[str, ...]
    registered_at: datetime
    active_at: datetime
    trial: str


def score(signals: Signal, weights: Weights) -> int:
    """The sum of the weights."""
    return sum(weights.get(signal, 0) for signal in Signal if signal in signals)


def reasons(signals: Signal, weights: Weights) -> tuple[str, ...]:
    """Why, the weightiest first; what weighs nothing is no reason."""
    shown = [signal for signal in REASONS if signal in signals and weights.get(signal, 0)]
    return tuple(REASONS[signal] for signal in sorted(shown, key=lambda signal: -weights[signal]))


def lead(trial: OpenTrial, weights: Weights) -> Lead:
    """The trial as it is ranked."""
    _, customer, organization, country, registered_at, active_at, serial = trial
    points, why = score(trial.signals, weights), reasons(trial.signals, weights)
    return Lead(customer, organization, country, points, why, registered_at, active_at, serial)


def ranked(sets: Iterable[Signal], weights: Weights) -> list[tuple[int, list[Signal]]]:
    """The sets of signals by their score, the highest first, without those that score nothing."""
    by_score: dict[int, list[Signal]] = {}
    for signals in sets:
        by_score.setdefault(score(signals, weights), []).append(signals)
    return sorted(((points, found) for points, found in by_score.items() if points > 0), reverse=True)
