"""Whatever statement of a deed fails: nothing of it stands, and asking again does it once."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest

from licensing.core.callers import OPERATOR
from licensing.core.errors import Busy
from licensing.core.sales import Term
from tests.crash.statements import failing_at
from tests.support.worlds import World, nodes, sell, token_of

Act = Callable[[], object]
AWAY = 503


def _sale(world: World) -> Act:
    buyer = world.house.organizations.create(OPERATOR, "Acme", "DE", None, None)
    return lambda: world.house.sales.sell(OPERATOR, buyer.id, Term(25, 12), None)


def _conversion(world: World) -> Act:
    world.trial()
    standing = world.house.licenses.page(OPERATOR, "", 1)[0]
    term = Term(25, 12)
    return lambda: world.house.sales.convert(OPERATOR, standing.license_id, standing.organization_id, term, None)


def _renewal(world: World) -> Act:
    license_id = sell(world).license_id
    world.clock.advance(days=330)
    return lambda: world.house.sales.renew(OPERATOR, license_id, Term(30, 12), None)


def _reduction(world: World) -> Act:
    license_id = sell(world).license_id
    return lambda: world.house.sales.resize(OPERATOR, license_id, 10, None, None)


def _revocation(world: World) -> Act:
    license_id = sell(world).license_id
    return lambda: world.house.licenses.revoke(OPERATOR, license_id, "x")


def _trial(world: World) -> Act:
    world.register()
    link = world.link_token()

    def confirm() -> None:
        assert world.confirm(token=link).status_code in (201, AWAY)

    return confirm


def _check_in(world: World) -> Act:
    token = token_of(world, sell(world).license_id)

    def check_in() -> None:
        assert world.check_in(token, nodes(5)).status_code in (200, AWAY)

    return check_in


def _erasure(world: World) -> Act:
    world.trial()
    house = world.house
    organization = house.licenses.page(OPERATOR, "", 1)[0].organization_id
    contact = house.organizations.show(OPERATOR, organization).contacts[0]
    return lambda: house.organizations.erase(OPERATOR, organization, contact.id, [])


FLOWS = [_sale, _conversion, _renewal, _reduction, _revocation, _trial, _check_in, _erasure]


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.__name__.strip("_"))
def test_a_deed_that_fails_at_any_statement_changes_nothing_and_is_done_when_asked_again(
    world: World, flow: Callable[[World], Act]
) -> None:
    act, engine = flow(world), world.house.database.engine
    before = world.rows()

    for number in count(1):
        with failing_at(engine, number) as failed:
            _tried(act)
        if not failed:
            break
        assert world.rows() == before, f"statement {number} failed, and something stands"

    assert number > 8
    assert world.rows() != before
    assert world.house.audit.run().findings == []


def _tried(act: Act) -> None:
    """The deed, or the refusal that the database is away."""
    try:
        act()
    except Busy:
        return
