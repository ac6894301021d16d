"""The two pools: a wish counts once sales have granted it, and neither pool ever takes a seat of the other's."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from licensing.core.callers import OPERATOR
from licensing.core.errors import LicenseState
from licensing.core.keys import open_statement
from licensing.core.leases import HOLD_SECONDS
from licensing.core.sales import Term
from licensing.verifier import verify_lease
from tests.support.worlds import FSID, OTHER_FSID, OTHER_UID, UID, World, nodes, sell, token_of

SEATS, NP_SEATS = 10, 6


@dataclass(frozen=True, slots=True)
class Shop:
    """A license of 10 seats and 6 for non-production, and its clusters."""

    world: World
    license_id: str
    license: str

    def check_in(self, count: int, *, wish: bool = True, fsid: str = FSID, uid: str = UID) -> dict[str, Any]:
        """Checks in a cluster that wishes for the non-production pool, or not."""
        cluster = {"fsid": fsid, "kube_system_uid": uid, "name": "lab", "dcc_version": "0.6.0", "production": not wish}
        return dict(self.world.check_in(self.license, nodes(count), cluster=cluster).get_json())

    def grant(self, fsid: str = FSID, *, granted: bool = True) -> None:
        self.world.house.clusters.grant_non_production(OPERATOR, self.license_id, fsid, "a lab", granted=granted)

    def lab(self, count: int, fsid: str = FSID) -> None:
        """A cluster in the non-production pool."""
        self.check_in(count, fsid=fsid)
        self.grant(fsid)
        assert self.check_in(count, fsid=fsid)["pool"] == "non_production"

    def live(self) -> dict[bool, int]:
        """Seats that are granted now, by pool: non-production or not."""
        question = text(
            "SELECT np_granted AND NOT production, sum(granted) FROM cluster WHERE expires_at > :now GROUP BY 1"
        )
        with self.world.house.database.read() as session:
            rows = session.execute(question, {"now": int(self.world.clock.time.timestamp())})
            return {bool(pool): int(granted) for pool, granted in rows}


@pytest.fixture
def shop(world: World) -> Shop:
    license_id = sell(world, seats=SEATS, np_seats=NP_SEATS).license_id
    return Shop(world, license_id, token_of(world, license_id))


def told(body: dict[str, Any]) -> tuple[object, ...]:
    return body["code"], body["pool"], body["seats"], body["granted"]


def test_a_wish_that_nobody_granted_counts_as_production(shop: Shop) -> None:
    assert told(shop.check_in(8)) == ("VALID", "production", SEATS, 8)


def test_a_grant_without_a_wish_counts_as_production(shop: Shop) -> None:
    shop.check_in(8, wish=False)
    shop.grant()

    assert told(shop.check_in(8, wish=False)) == ("VALID", "production", SEATS, 8)


def test_a_granted_wish_counts_against_its_own_pool_from_the_next_check_in_on(shop: Shop) -> None:
    shop.check_in(6)
    shop.grant()

    body = shop.check_in(6)

    assert told(body) == ("VALID", "non_production", NP_SEATS, 6)
    lease = verify_lease(body["lease"], open_statement(body["keys"], shop.world.house.keys.roots()).headers)
    assert (lease.seats, lease.used, lease.granted) == (NP_SEATS, 6, 6)


@pytest.mark.parametrize(("count", "code", "granted"), [(6, "VALID", 6), (7, "OVER_LIMIT", 6)])
def test_the_non_production_seats_are_the_limit(shop: Shop, count: int, code: str, granted: int) -> None:
    shop.lab(1)

    body = shop.check_in(count)

    assert told(body) == (code, "non_production", NP_SEATS, granted)
    assert body["unlicensed_nodes"] == nodes(count)[granted:]
    assert body["restricted"] is False


def test_a_license_without_non_production_seats_grants_none_and_restricts_nothing(world: World) -> None:
    license_id = sell(world, seats=SEATS).license_id
    shop = Shop(world, license_id, token_of(world, license_id))
    shop.check_in(6)
    shop.grant()

    world.clock.advance(days=200)
    body = shop.check_in(6)

    assert told(body) == ("OVER_LIMIT", "non_production", 0, 0)
    assert (body["restricted"], body["unlicensed_nodes"]) == (False, nodes(6))


def test_the_pools_take_no_seats_from_each_other(shop: Shop) -> None:
    shop.lab(NP_SEATS)

    production = shop.check_in(SEATS, wish=False, fsid=OTHER_FSID)

    assert told(production) == ("VALID", "production", SEATS, SEATS)
    assert told(shop.check_in(NP_SEATS + 1)) == ("OVER_LIMIT", "non_production", NP_SEATS, NP_SEATS)


def test_who_gives_up_its_wish_is_judged_at_once_and_has_no_priority(shop: Shop) -> None:
    shop.lab(6)
    shop.check_in(7, wish=False, fsid=OTHER_FSID)

    body = shop.check_in(6, wish=False)

    assert told(body) == ("OVER_LIMIT", "production", SEATS, 3)
    assert told(shop.check_in(7, wish=False, fsid=OTHER_FSID)) == ("VALID", "production", SEATS, 7)


def test_who_wishes_anew_is_judged_at_once(shop: Shop) -> None:
    shop.check_in(6, wish=False)
    shop.grant()
    assert shop.check_in(6, wish=False)["pool"] == "production"

    assert told(shop.check_in(6)) == ("VALID", "non_production", NP_SEATS, 6)


def test_a_changed_wish_is_kept_before_anybody_grants_it(shop: Shop) -> None:
    shop.check_in(6, wish=False)

    shop.check_in(6)

    [cluster] = shop.world.house.clusters.of_license(OPERATOR, shop.license_id)
    assert (cluster.production, cluster.np_granted, cluster.granted) == (False, False, 6)


def test_an_unchanged_check_in_in_the_other_pool_writes_nothing(shop: Shop) -> None:
    shop.lab(6)
    before = shop.world.rows()

    assert told(shop.check_in(6)) == ("VALID", "non_production", NP_SEATS, 6)

    assert shop.world.rows() == before


def test_granting_carries_no_priority_over_who_is_there(shop: Shop) -> None:
    shop.check_in(6)
    shop.lab(6, OTHER_FSID)
    shop.grant()

    assert told(shop.check_in(6)) == ("OVER_LIMIT", "non_production", NP_SEATS, 0)
    assert told(shop.check_in(6, fsid=OTHER_FSID)) == ("VALID", "non_production", NP_SEATS, 6)


def test_granting_frees_the_production_seats_at_once(shop: Shop) -> None:
    shop.check_in(6)
    assert shop.check_in(SEATS, wish=False, fsid=OTHER_FSID)["granted"] == SEATS - 6

    shop.grant()

    assert shop.check_in(SEATS, wish=False, fsid=OTHER_FSID)["granted"] == SEATS


def test_a_withdrawn_grant_counts_against_production_again(shop: Shop) -> None:
    shop.lab(6)
    shop.check_in(7, wish=False, fsid=OTHER_FSID)

    shop.grant(granted=False)

    assert told(shop.check_in(6)) == ("OVER_LIMIT", "production", SEATS, 3)


def test_a_second_cluster_of_the_same_fsid_starts_not_granted(shop: Shop) -> None:
    shop.lab(3)

    assert shop.check_in(3, uid=OTHER_UID)["pool"] == "production"
    assert shop.check_in(3)["pool"] == "non_production"


@pytest.mark.parametrize(("seconds", "pool"), [(HOLD_SECONDS - 1, "production"), (HOLD_SECONDS, "non_production")])
def test_a_cluster_that_moved_keeps_the_grant(shop: Shop, seconds: int, pool: str) -> None:
    shop.lab(3)
    shop.world.clock.advance(seconds=seconds)

    assert shop.check_in(3, uid=OTHER_UID)["pool"] == pool


def test_a_cluster_that_comes_back_after_silence_keeps_the_grant(shop: Shop) -> None:
    shop.lab(3)
    shop.world.clock.advance(days=30)

    assert shop.check_in(3)["pool"] == "non_production"


def test_a_released_cluster_starts_not_granted(shop: Shop) -> None:
    shop.lab(3)
    shop.world.release(shop.license)

    assert shop.check_in(3)["pool"] == "production"


def test_sold_non_production_seats_are_granted_with_the_next_check_in(shop: Shop) -> None:
    shop.lab(1)
    shop.check_in(8)
    shop.world.house.sales.resize(OPERATOR, shop.license_id, None, 8, None)

    assert told(shop.check_in(8)) == ("VALID", "non_production", 8, 8)


def test_the_peak_that_a_renewal_warns_of_leaves_non_production_clusters_out(shop: Shop) -> None:
    shop.lab(6)
    shop.check_in(4, wish=False, fsid=OTHER_FSID)

    house = shop.world.house
    enough = house.sales.renew(OPERATOR, shop.license_id, Term(4, 1, start=shop.world.clock()), None)
    too_few = house.sales.renew(OPERATOR, shop.license_id, Term(3, 1, start=shop.world.clock()), None)

    assert [any("4" in warning for warning in done.warnings) for done in (enough, too_few)] == [False, True]


def test_a_trial_has_no_such_pool(world: World) -> None:
    trial = world.trial()
    shop = Shop(world, str(trial["license_id"]), str(trial["license_file"]["license"]))
    assert told(shop.check_in(4)) == ("VALID", "production", 4, 4)
    before = world.rows()

    with pytest.raises(LicenseState):
        shop.grant()

    assert world.rows() == before


@pytest.mark.parametrize("seed", range(3))
def test_neither_pool_is_ever_oversold(shop: Shop, seed: int) -> None:
    dice, leave = Random(seed), dict.fromkeys((str(UUID(int=number)) for number in range(5)), False)

    for _ in range(60):
        shop.world.clock.advance(seconds=dice.choice([0, 1, 43_200, HOLD_SECONDS - 1, HOLD_SECONDS]))
        fsid = dice.choice(list(leave))
        if dice.random() < 0.15 and shop.world.release(shop.license, fsid).status_code == 204:
            leave[fsid] = False
            continue
        body = shop.check_in(dice.randint(0, 8), wish=dice.random() < 0.7, fsid=fsid)
        if dice.random() < 0.3:
            leave[fsid] = not leave[fsid]
            shop.grant(fsid, granted=leave[fsid])
        live = shop.live()
        assert live.get(False, 0) <= SEATS
        assert live.get(True, 0) <= NP_SEATS
        assert body["granted"] == body["used"] - len(body["unlicensed_nodes"])
