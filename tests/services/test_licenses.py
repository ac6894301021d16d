"""The deeds on licenses: each is one leaf and one mail, and a refused one is neither."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from licensing.bootstrap import House
from licensing.core.callers import OPERATOR
from licensing.core.errors import LicenseState, NotFound, Refusal, TermRefused
from licensing.core.ledger import Kind
from licensing.core.licenses import ANY_CLUSTER, MAX_SEATS
from licensing.core.sales import Term
from licensing.verifier import verify
from tests.support.worlds import FSID, OTHER_FSID, START, World, convert, nodes, sell, token_of

Deed = Callable[[House, str], object]

ON_A_PAID_LICENSE: dict[Kind, Deed] = {
    Kind.RENEWED: lambda house, id: house.sales.renew(OPERATOR, id, Term(25, 12, start=START), None),
    Kind.EXPANDED: lambda house, id: house.sales.resize(OPERATOR, id, 26, None, None),
    Kind.REDUCED: lambda house, id: house.sales.resize(OPERATOR, id, 24, None, None),
    Kind.REISSUED: lambda house, id: house.licenses.reissue(OPERATOR, id, "lost"),
    Kind.REVOKED: lambda house, id: house.licenses.revoke(OPERATOR, id, "not paid"),
}


def assert_refused(world: World, refusal: type[Refusal], deed: Callable[[], object]) -> None:
    before = world.rows()

    with pytest.raises(refusal):
        deed()

    assert world.rows() == before


@pytest.mark.parametrize("kind", ON_A_PAID_LICENSE)
def test_a_deed_is_one_leaf_and_raises_the_version(world: World, kind: Kind) -> None:
    standing = sell(world, seats=25)

    ON_A_PAID_LICENSE[kind](world.house, standing.license_id)

    shown = world.house.licenses.show(OPERATOR, standing.license_id)
    assert [issuance.kind for issuance in shown.issuances] == [Kind.SOLD, kind]
    assert shown.standing.version == standing.version + 1


@pytest.mark.parametrize("kind", ON_A_PAID_LICENSE)
def test_every_cluster_is_judged_anew_after_a_deed(world: World, kind: Kind) -> None:
    standing = sell(world, seats=25)
    license = token_of(world, standing.license_id)
    world.check_in(license, nodes(25))

    ON_A_PAID_LICENSE[kind](world.house, standing.license_id)

    expected = {Kind.REDUCED: "OVER_LIMIT", Kind.REVOKED: "REVOKED"}.get(kind, "VALID")
    assert world.check_in(license, nodes(25)).get_json()["code"] == expected


@pytest.mark.parametrize("kind", ON_A_PAID_LICENSE)
def test_nothing_is_done_to_a_revoked_license(world: World, kind: Kind) -> None:
    license_id = sell(world, seats=25).license_id
    world.house.licenses.revoke(OPERATOR, license_id, "not paid")

    assert_refused(world, LicenseState, lambda: ON_A_PAID_LICENSE[kind](world.house, license_id))


@pytest.mark.parametrize("kind", ON_A_PAID_LICENSE)
def test_nothing_is_done_to_an_absent_license(world: World, kind: Kind) -> None:
    assert_refused(world, NotFound, lambda: ON_A_PAID_LICENSE[kind](world.house, "0" * 32))


@pytest.mark.parametrize(
    "term",
    [
        Term(seats=0, months=12),
        Term(seats=-1, months=12),
        Term(seats=MAX_SEATS + 1, months=12),
        Term(seats=5, months=0),
        Term(seats=5, months=14),
        Term(seats=5, months=1, start=START - timedelta(days=60)),
        Term(seats=5, months=12, bind=()),
        Term(seats=5, months=12, bind=(FSID.upper(),)),
        Term(seats=5, months=12, bind=(ANY_CLUSTER, FSID)),
        Term(seats=5, months=12, bind=(FSID,) * 33),
    ],
    ids=lambda term: f"{term.seats} seats, {term.months} months, {len(term.bind or ())} clusters",
)
def test_a_term_that_is_not_sold_is_refused(world: World, term: Term) -> None:
    assert_refused(
        world, TermRefused, lambda: sell(world, term.seats, term.months or 0, start=term.start, bind=term.bind)
    )


def test_a_paid_license_is_not_converted_and_a_trial_not_renewed_or_resized(world: World) -> None:
    paid, trial = sell(world).license_id, str(world.trial()["license_id"])

    assert_refused(world, LicenseState, lambda: convert(world, paid, Term(25, 12)))
    assert_refused(world, LicenseState, lambda: world.house.sales.renew(OPERATOR, trial, Term(25, 12), None))
    assert_refused(world, LicenseState, lambda: world.house.sales.resize(OPERATOR, trial, 25, None, None))


def test_the_seats_a_license_has_are_no_change(world: World) -> None:
    license_id = sell(world, seats=25).license_id

    assert_refused(world, LicenseState, lambda: world.house.sales.resize(OPERATOR, license_id, 25, None, None))


def test_the_license_keeps_its_id_through_its_life_and_each_issue_names_the_one_before(world: World) -> None:
    trial = world.trial()
    license_id = str(trial["license_id"])
    tokens = [str(trial["license_file"]["license"])]
    deeds: tuple[Callable[[], object], ...] = (
        lambda: convert(world, license_id, Term(25, 12)),
        lambda: world.house.sales.resize(OPERATOR, license_id, 30, None, None),
        lambda: world.house.sales.renew(OPERATOR, license_id, Term(30, 13, start=START), None),
    )

    for deed in deeds:
        deed()
        tokens.append(token_of(world, license_id))

    issues = [verify(token, world.house.keys.current().keyring) for token in tokens]
    assert {issue.lid for issue in issues} == {license_id}
    assert [issue.seq for issue in issues] == [1, 2, 3, 4]
    assert [issue.prev for issue in issues] == [None, *(issue.jti for issue in issues[:-1])]


def test_each_sale_is_mailed_to_its_contact_with_the_file(world: World) -> None:
    license_id = sell(world).license_id
    world.house.licenses.revoke(OPERATOR, license_id, "not paid")

    [mail] = world.mails()

    assert mail["To"] == "it@buyer.example"
    assert [part.get_filename() for part in mail.iter_attachments()] == ["koor-license.json"]


def test_a_license_for_one_cluster_is_of_no_use_on_another(world: World) -> None:
    license = token_of(world, sell(world, bind=(FSID,)).license_id)
    before = world.rows()

    body = world.check_in(license, nodes(1), fsid=OTHER_FSID).get_json()

    assert (body["code"], body["restricted"], body["unlicensed_nodes"]) == ("CLUSTER_MISMATCH", True, nodes(1))
    assert world.rows() == before
    assert world.check_in(license, nodes(1), fsid=FSID).get_json()["code"] == "VALID"
