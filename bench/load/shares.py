"""Servers that take turns under load: each one's rate as a share of hello-world's in the same run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from bench.load.servers import ROUNDS, Measured, Server

HEAD = """
Rates of real servers under a load generator on other cores: `licensing serve` and, on the same core, Granian, workers
and threads, a hello-world of Flask. They take turns in rounds of half a second; the share is that of the best rounds,
the spread the middle half of all.

| what | best requests/s | share of hello-world | spread | p50 | p99, × hello-world's | CPU a request | goal | met |
|---|---|---|---|---|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is asked of a server, under a name.

    `goal` is the least share of the reference's rate, `slowest` the most times its p99.
    """

    name: str
    server: Server
    requests: Sequence[bytes]
    goal: float | None = None
    slowest: float | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """What a subject did beside its reference."""

    name: str
    rate: float
    share: float
    low: float
    high: float
    p50: float
    p99: float
    cpu: float
    goal: float | None
    slowest: float | None

    @property
    def is_met(self) -> bool:
        is_often = self.goal is None or self.share >= self.goal
        return is_often and (self.slowest is None or self.p99 <= self.slowest)

    def row(self) -> str:
        goal, met = ("–", "–") if self.goal is None else (f"≥ {self.goal:g}", "yes" if self.is_met else "**no**")
        goal += "" if self.slowest is None else f", p99 ≤ {self.slowest:g} ×"
        return (
            f"| {self.name} | {self.rate:,.0f} | {self.share:.2f} | {self.low:.2f} – {self.high:.2f} |"
            f" {self.p50:.2f} ms | {self.p99:.1f} | {self.cpu:,.0f} µs | {goal} | {met} |"
        )


def take_turns(reference: Subject, subjects: Sequence[Subject], rounds: int = ROUNDS) -> list[Share]:
    """Each subject's share of the reference's rate, the reference first."""
    everybody = [reference, *subjects]
    for each in everybody:
        each.server.measure(each.requests)
    told: list[list[Measured]] = [[] for _ in everybody]
    for number in range(rounds):
        for place, each in list(enumerate(everybody))[:: -1 if number % 2 else 1]:
            told[place].append(each.server.measure(each.requests))
    return [_share(each, some, told[0]) for each, some in zip(everybody, told, strict=True)]


def _share(subject: Subject, some: list[Measured], reference: list[Measured]) -> Share:
    shares = [one.rate / other.rate for one, other in zip(some, reference, strict=True)]
    low, _, high = quantiles(shares, n=4)
    best = max(one.rate for one in some)
    return Share(
        subject.name,
        best,
        best / max(one.rate for one in reference),
        low,
        high,
        median(one.p50 for one in some),
        median(one.p99 for one in some) / median(one.p99 for one in reference),
        min(one.cpu for one in some),
        subject.goal,
        subject.slowest,
    )
