"""The primary dies under load; its synchronous standby has all that was acknowledged, and the servers find it."""

from __future__ import annotations

from pathlib import Path

from tests.failover.play import play


def test_a_failover_loses_nothing_acknowledged_and_needs_no_restart(tmp_path: Path) -> None:
    outcome = play(tmp_path, clients=2, seconds=1)

    assert outcome.is_good, outcome
    assert outcome.away_seconds < 15
    assert set(outcome.refused) <= {0, 409, 503}, "nothing but: later"
