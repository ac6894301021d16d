"""A fleet that reboots at once, simulated: `python -m bench.fleet`. No server and no clock: it is the same each time.

Every client behaves as `licensing.client` does: the first check-in within a minute of its start, then 12 hours ± 20 %;
after a failure a minute, doubled up to six hours, ± 20 %, and never before Retry-After. The server answers `capacity`
check-ins a second and lets `QUEUE` wait; whoever comes then is refused (503, Retry-After).
"""

from __future__ import annotations

import sys
from collections import Counter, deque
from dataclasses import dataclass
from random import Random

from licensing.client.schedule import BACK_OFF_SECONDS, CHECK_IN_SECONDS, FIRST_SECONDS, LONGEST_BACK_OFF_SECONDS
from licensing.client.system import JITTER

CLUSTERS = 100_000
QUEUE = 1_024
RETRY_AFTER_SECONDS = 1
BOOT_SECONDS = 300
"""A data centre's machines are up within five minutes of the power's return."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`drained` is when the last cluster had its answer, `tries` the most that one needed; `second_peak` is the highest
    minute of the next round, as a multiple of the mean rate."""

    load: float
    drained: int
    refused: float
    tries: int
    slowest_minutes: float
    second_peak: float


def simulate(clusters: int, load: float, *, retry_after: int = RETRY_AFTER_SECONDS, seed: int = 1) -> Outcome:
    """A fleet whose mean rate is `load` of the server's capacity."""
    random, mean = Random(seed), clusters / CHECK_IN_SECONDS
    capacity, budget = mean / load, 0.0
    due = [[] for _ in range(2 * CHECK_IN_SECONDS)]  # type: list[list[int]]
    boots = [int(random.random() * BOOT_SECONDS) for _ in range(clusters)]
    tries, answered, waiting = [0] * clusters, [0] * clusters, deque[int]()
    for cluster, boot in enumerate(boots):
        due[boot + int(random.random() * FIRST_SECONDS)].append(cluster)
    refused = left = clusters
    refused = 0
    second = Counter[int]()
    moment = 0
    while left:
        for cluster in due[moment]:
            tries[cluster] += 1
            if len(waiting) < QUEUE:
                waiting.append(cluster)
                continue
            refused += 1
            pause = min(BACK_OFF_SECONDS * 2 ** (tries[cluster] - 1), LONGEST_BACK_OFF_SECONDS)
            again = moment + max(int(_jittered(random, pause)), retry_after, 1)
            due[again].append(cluster)
        budget = min(budget + capacity, capacity + 1)
        while waiting and budget >= 1:
            budget -= 1
            cluster = waiting.popleft()
            answered[cluster] = moment
            left -= 1
            second[(moment + int(_jittered(random, CHECK_IN_SECONDS))) // 60] += 1
        moment += 1
    slowest = max(done - boot for done, boot in zip(answered, boots, strict=True)) / 60
    return Outcome(load, moment, refused / sum(tries), max(tries), slowest, max(second.values()) / 60 / mean)


def _jittered(random: Random, seconds: float) -> float:
    return seconds * (1 - JITTER + 2 * JITTER * random.random())


def main() -> None:
    sys.stdout.write("mean load | all answered after | refused | most tries | next round's peak\n")
    for load in (0.001, 0.01, 0.05, 0.1, 0.25, 0.5):
        told = simulate(CLUSTERS, load)
        sys.stdout.write(
            f"{load:9.1%} | {told.drained / 60:14.0f} min | {told.refused:7.1%} | {told.tries:10} |"
            f" {told.second_peak:.1f} × the mean\n"
        )


if __name__ == "__main__":
    main()
