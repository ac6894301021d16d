"""A backup is restored into an empty installation, and only as what was published of it, unless two people accept."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from licensing.core.callers import OPERATOR, Role
from licensing.core.errors import BackupRefused, LedgerBroken, SignInRefused
from licensing.services.dual_control import Person
from licensing.storage import backups, revocations
from tests.recovery.sites import Site
from tests.support.worlds import World, nodes, sell, token_of


def is_empty(site: Site) -> bool:
    """Whether the refused restore left an installation that another can be restored into."""
    backups.require_empty(site.empty.database_url)
    return not site.empty.keys_dir.exists()


def rolled_back(site: Site, people: Sequence[Person]) -> tuple[World, str, int]:
    """The world after two people accepted to lose a sale; its token, and the seq of the last published list."""
    for person in ("ann", "bob"):
        site.person(person, Role.ADMIN if person == "ann" else Role.MANAGER)
    sell(site.world)
    site.world.house.ledger.checkpoint()
    file = site.back_up()
    site.world.clock.advance(hours=1)
    lost = sell(site.world)
    token = token_of(site.world, lost.license_id)
    site.world.house.licenses.revoke(OPERATOR, sell(site.world).license_id, "not paid")
    with site.world.house.database.read() as session:
        newest = revocations.newest(session)
    note = site.note()
    site.world.clock.advance(hours=1)
    done = site.restore(file, note, people=[site.showing(person.email) for person in people])
    assert done.rollback is not None
    assert (done.rollback.restored, done.rollback.published) == (5, 8)
    return site.restored(), token, 0 if newest is None else newest.seq


ANN, BOB = Person("ann@koor.example", "", ""), Person("bob@koor.example", "", "")


def test_a_restored_installation_is_what_it_was(site: Site) -> None:
    license_id = sell(site.world).license_id
    note, file = site.note(), site.back_up()
    before = site.world.rows()

    done = site.restore(file, note)

    world = site.restored()
    assert {**world.rows(), "revoked_list": None} == {**before, "revoked_list": None}
    assert (done.checkpoints, done.rollback) == (1, None)
    assert world.house.audit.run().findings == []
    assert world.client.get("/readyz").status_code == 200
    assert world.check_in(token_of(world, license_id), nodes(3)).get_json()["code"] == "VALID"
    world.house.database.close()


def test_a_restore_overwrites_nothing(site: Site) -> None:
    file = site.back_up()
    site.restore(file, unproved=True)

    with pytest.raises(BackupRefused, match="already"):
        site.restore(file, unproved=True)


def test_without_a_checkpoint_from_outside_nothing_is_restored(site: Site) -> None:
    file = site.back_up()

    with pytest.raises(BackupRefused, match="kept elsewhere"):
        site.restore(file)

    assert is_empty(site)


def test_a_backup_older_than_what_was_published_is_refused(site: Site) -> None:
    file = site.back_up()
    sell(site.world)

    with pytest.raises(BackupRefused, match="has 4 leaves, but a checkpoint of 5 was published"):
        site.restore(file, site.note())

    assert is_empty(site)


def test_a_backup_whose_ledger_is_another_is_refused(site: Site) -> None:
    file = site.back_up()
    other = site.world.house
    sell(site.world)
    note = other.ledger.checkpoint().note.replace("\n5\n", "\n4\n", 1)

    with pytest.raises(LedgerBroken, match="not signed"):
        site.restore(file, ("altered", note))

    assert is_empty(site)


@pytest.mark.parametrize(
    "people",
    [[ANN], [ANN, ANN], [ANN, Person("eve@koor.example", "", "")]],
    ids=["one person", "one person twice", "somebody who only sells"],
)
def test_one_person_can_not_accept_a_rollback(site: Site, people: list[Person]) -> None:
    site.person("ann", Role.ADMIN)
    site.person("eve", Role.SALES)
    file = site.back_up()
    sell(site.world)

    with pytest.raises((BackupRefused, SignInRefused)):
        site.restore(file, site.note(), people=[site.showing(person.email) for person in people])

    assert is_empty(site)


def test_a_wrong_password_accepts_nothing(site: Site) -> None:
    ann, bob = site.person("ann", Role.ADMIN), site.person("bob", Role.ADMIN)
    file = site.back_up()
    sell(site.world)

    with pytest.raises(SignInRefused):
        site.restore(file, site.note(), people=[ann, Person(bob.email, "wrong", bob.code)])

    assert is_empty(site)


def test_an_accepted_rollback_is_in_the_ledger_and_rings(site: Site) -> None:
    world, _, _ = rolled_back(site, [ANN, BOB])

    kinds = [row[2] for row in sorted(world.rows()["issuance"], key=lambda row: int(str(row[1])))]
    assert kinds[-1] == "rolled-back"
    assert [row[:2] for row in world.rows()["alarm"]] == [("ledger-rolled-back", "5-8")]
    assert world.house.audit.run().findings == []
    assert world.client.get("/readyz").status_code == 200
    assert world.house.ledger.checkpoint().size == 6
    world.house.database.close()


def test_after_a_rollback_no_revoked_list_has_a_seq_that_was_published(site: Site) -> None:
    world, _, published = rolled_back(site, [ANN, BOB])

    token = world.client.get("/v1/revoked").text
    with world.house.database.read() as session:
        newest = revocations.newest(session)

    assert newest is not None
    assert newest.token == token
    assert newest.seq > published
    world.house.database.close()


def test_a_license_of_the_lost_time_is_held_back_and_one_of_another_time_is_forged(site: Site) -> None:
    world, lost, _ = rolled_back(site, [ANN, BOB])
    late = token_of(site.world, sell(site.world).license_id)

    assert world.check_in(lost, nodes(3)).status_code == 503
    assert world.check_in(late, nodes(3)).get_json()["code"] == "NOT_FOUND"
    assert "signature-without-leaf" in [row[0] for row in world.rows()["alarm"]]
    world.house.database.close()


def test_the_high_water_file_of_the_lost_time_is_put_aside(site: Site) -> None:
    site.person("ann", Role.ADMIN)
    site.person("bob", Role.ADMIN)
    file = site.back_up()
    sell(site.world)
    site.empty.data_dir.mkdir(exist_ok=True)
    (site.empty.data_dir / "ledger.highwater").write_text(site.note()[1])

    with pytest.raises(BackupRefused, match="checkpoint of 5 was published"):
        site.restore(file)
    site.restore(file, people=[site.showing(ANN.email), site.showing(BOB.email)])

    world = site.restored()
    assert (site.empty.data_dir / "ledger.highwater.5").exists()
    assert world.client.get("/readyz").status_code == 200
    world.house.database.close()
