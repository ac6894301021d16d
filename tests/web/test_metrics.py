"""`/metrics`: who may see it, that it counts right over all processes, and that nobody can make up labels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from licensing.core.alarms import AlarmKind
from licensing.storage import alarms
from licensing.web.watching import Seen, Sums, Watch
from tests.support.worlds import World, make_world, nodes, sell, token_of

TOKEN = "a-token-for-metrics"


def with_token(world: World) -> World:
    """The world; its server finds a token for metrics."""
    path = world.house.settings.metrics_token_file
    assert path is not None
    path.write_text(f"{TOKEN}\n")
    return world


def scrape(world: World, token: str = TOKEN) -> str:
    answer = world.client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    return answer.text


def test_without_a_token_file_there_are_no_metrics(world: World) -> None:
    without = make_world(replace(world.house.settings, metrics_token_file=None))

    assert without.client.get("/metrics").status_code == 404


def test_a_token_file_that_cannot_be_read_opens_nothing(world: World) -> None:
    assert world.client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 503


@pytest.mark.parametrize("shown", ["", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", TOKEN])
def test_whoever_does_not_know_the_token_sees_nothing(world: World, shown: str) -> None:
    answer = with_token(world).client.get("/metrics", headers={"Authorization": shown})

    assert answer.status_code == 401
    assert "licensing_" not in answer.text


def test_an_empty_token_file_opens_nothing(world: World) -> None:
    watched = with_token(world)
    assert watched.house.settings.metrics_token_file is not None
    watched.house.settings.metrics_token_file.write_text("\n")

    assert watched.client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 401


def test_what_happened_is_counted(world: World) -> None:
    watched = with_token(world)
    license = token_of(watched, sell(watched).license_id)
    watched.check_in(license, nodes(2))
    watched.check_in(license, nodes(2))
    watched.client.get("/v1/organizations/" + "0" * 32)
    with watched.house.database.write() as session:
        alarms.ring(session, AlarmKind.NO_LEAF, "x", watched.clock())

    told = scrape(watched)

    for line in (
        'licensing_checkins_total{code="VALID"} 2.0',
        'licensing_requests_total{method="POST",route="/v1/checkins",status="200"} 2.0',
        'licensing_request_seconds_count{route="/v1/checkins"} 2.0',
        'licensing_request_seconds_bucket{le="+Inf",route="/v1/checkins"} 2.0',
        'licensing_requests_total{method="GET",route="/v1/organizations/<id:organization_id>",status="401"} 1.0',
        'licensing_issuances_total{kind="sold"} 1.0',
        'licensing_licenses{edition="pro"} 1.0',
        'licensing_alarms_open{kind="signature-without-leaf"} 1.0',
        'licensing_alarms_open{kind="duplicate-cluster"} 0.0',
        'licensing_ready{part="database"} 1.0',
        "licensing_database_up 1.0",
    ):
        assert line in told.splitlines(), line


def test_strangers_make_up_no_labels(world: World) -> None:
    watched = with_token(world)
    for path in ("/nothing", "/v1/none", "/a/b/c"):
        watched.client.open(path, method="BREW")

    told = scrape(watched)

    assert 'licensing_requests_total{method="other",route="other",status="404"} 3.0' in told
    assert "BREW" not in told


def test_a_server_whose_database_is_away_still_counts_its_requests(world: World) -> None:
    away = "postgresql://nobody@127.0.0.1:1/none"
    alone = make_world(replace(with_token(world).house.settings, database_url=away))
    alone.client.get("/healthz")

    told = scrape(alone)

    assert "licensing_database_up 0.0" in told
    assert 'licensing_requests_total{method="GET",route="/healthz",status="200"} 1.0' in told
    assert "licensing_ledger_leaves" not in told


def test_processes_keep_their_sums_apart_and_each_tells_of_all(tmp_path: Path) -> None:
    first, second = Watch(tmp_path, "a", lambda: 1), Watch(tmp_path, "b", lambda: 2)
    for watch, code in ((first, "VALID"), (second, "VALID"), (second, "EXPIRED")):
        watch.seen.append(Seen("/v1/checkins", "POST", "200", 0.003, code))
    first.keep()

    for told in (second.of_all(), first.of_all()):
        assert told.codes == {"VALID": 2, "EXPIRED": 1}
        [row] = told.requests.values()
        assert (sum(row[:-1]), row[2], round(row[-1], 3)) == (3, 3, 0.009)
        assert told.in_use == 3


def test_the_sums_of_a_process_that_died_stay_and_its_connections_do_not(tmp_path: Path) -> None:
    dead, alive = Sums(), Watch(tmp_path, "a", lambda: 1)
    dead.add(Seen("/", "GET", "200", 0.5, None))
    dead.in_use = 4
    (tmp_path / "4194999-x.json").write_text(dead.text())  # beyond the greatest pid there can be

    told = alive.of_all()

    assert list(told.requests) == [("GET", "/", "200")]
    assert told.in_use == 1


@pytest.mark.parametrize(("seconds", "bucket"), [(0.0, 0), (0.001, 0), (0.0011, 1), (10.0, 12), (10.1, 13)])
def test_a_request_falls_into_the_first_bucket_that_holds_it(seconds: float, bucket: int) -> None:
    sums = Sums()
    sums.add(Seen("/", "GET", "200", seconds, None))

    [row] = sums.requests.values()
    assert row.index(1) == bucket
