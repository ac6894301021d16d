"""What rings, who is told of it, and who has looked."""

from __future__ import annotations

import pytest

from licensing.core import throttle
from licensing.core.alarms import MAILED_AT_ONCE, AlarmKind
from licensing.core.callers import OPERATOR, PERMISSIONS, Caller, Role
from licensing.core.errors import Forbidden, LedgerBroken, NotFound, SignInRefused
from licensing.storage import alarms, staff
from licensing.storage.alarms import Alarm
from tests.support.worlds import FSID, OTHER_UID, World, body_of, nodes, sell, token_of


def ring(world: World, subject: str = "a", kind: AlarmKind = AlarmKind.NO_LEAF) -> None:
    with world.house.database.write() as session:
        alarms.ring(session, kind, subject, world.clock())


def rung(world: World) -> list[Alarm]:
    return world.house.alarms.page(OPERATOR, 100)


def told(world: World) -> list[str]:
    """What the mails to admins say."""
    world.house.alarms.tell()
    return [body_of(mail) for mail in world.mails() if "alarm" in str(mail["Subject"])]


def test_every_enabled_admin_is_told_once_of_a_new_alarm(world: World) -> None:
    first, second = world.sign_in("admin"), world.sign_in("admin")
    world.sign_in("auditor")
    world.house.staff.disable(OPERATOR, first.id.removeprefix("staff:"))
    with world.house.database.read() as session:
        admins = staff.enabled_admins(session)
    ring(world)

    mails = told(world)
    ring(world)

    assert second.id.removeprefix("staff:") in admins
    assert len(mails) == len(admins)
    assert "signature-without-leaf: a" in mails[0]
    assert "/console/alarms" in mails[0]
    assert len(told(world)) == len(mails)


def test_a_thousand_alarms_are_one_mail(world: World) -> None:
    world.sign_in("admin")
    for number in range(MAILED_AT_ONCE + 5):
        ring(world, f"{number}")

    before = len(world.mails())
    [told_first, *_] = told(world)

    assert "and 5 more." in told_first
    with world.house.database.read() as session:
        assert len(world.mails()) - before == len(staff.enabled_admins(session))


def test_an_alarm_that_was_looked_at_is_quiet_while_it_rings_on_and_news_after_a_day_of_silence(world: World) -> None:
    admin = world.sign_in("admin")
    ring(world)
    mails = len(told(world))
    world.house.alarms.look_at(OPERATOR, AlarmKind.NO_LEAF, "a")

    world.clock.advance(hours=23, minutes=59)
    ring(world)
    assert [each.seen_by for each in rung(world)] == ["operator"]
    assert len(told(world)) == mails

    world.clock.advance(hours=24)
    ring(world)
    assert [(each.seen_by, each.times) for each in rung(world)] == [(None, 3)]
    assert len(told(world)) == 2 * mails
    assert admin.id


def test_the_trail_says_who_looked_and_nobody_looks_twice(world: World) -> None:
    auditor = world.sign_in("auditor")
    ring(world)

    answers = [
        auditor.client.post(
            "/console/alarms/seen", data={"once": world.house.system.new_id(), "kind": kind, "subject": "a"}
        )
        for kind in ("signature-without-leaf", "signature-without-leaf", "no-such-kind")
    ]

    assert [answer.status_code for answer in answers] == [303, 404, 404]
    assert "Auditor" in auditor.get("/console/alarms").text
    trail = [row for row in world.rows()["event"] if "alarm.seen" in row]
    assert len(trail) == 1
    assert auditor.id in trail[0]
    assert "Nobody has looked" not in world.sign_in("admin").get("/console").text
    with pytest.raises(NotFound):
        world.house.alarms.look_at(OPERATOR, AlarmKind.NO_LEAF, "a")


def test_who_may_not_read_the_ledger_sees_no_alarms(world: World) -> None:
    with pytest.raises(Forbidden):
        world.house.alarms.page(Caller("staff:x", PERMISSIONS[Role.SALES]), 10)


def test_two_living_clusters_with_one_fsid_ring(world: World) -> None:
    license_id = sell(world).license_id
    license = token_of(world, license_id)
    world.check_in(license, nodes(2))
    assert rung(world) == []

    for _ in range(2):
        world.check_in(license, nodes(3), uid=OTHER_UID)

    assert [(each.kind, each.subject, each.times) for each in rung(world)] == [
        ("duplicate-cluster", f"{FSID} {license_id}", 1)
    ]


def test_a_ledger_that_contradicts_what_was_published_rings(world: World) -> None:
    world.house.ledger.checkpoint()
    high_water = world.house.settings.data_dir / "ledger.highwater"
    before = high_water.read_text()
    sell(world)
    world.house.ledger.checkpoint()
    high_water.write_text(before.replace(before.splitlines()[2], before.splitlines()[2][::-1]))

    with pytest.raises(LedgerBroken):
        world.house.ledger.checkpoint()

    assert [each.kind for each in rung(world)] == ["checkpoint-mismatch"]


def fail(world: World, email: str, address: str) -> None:
    with pytest.raises(SignInRefused):
        world.house.sign_in.sign_in(email, "wrong", None, address)


def test_many_failed_sign_ins_ring_and_name_nobody(world: World) -> None:
    for number in range(throttle.MANY_OF_ACCOUNT - 1):
        fail(world, "ada@koor.example", f"192.0.2.{number}")
    assert rung(world) == []

    fail(world, "ada@koor.example", "192.0.2.250")

    [alarm] = rung(world)
    assert alarm.kind == "many-failed-logins"
    assert "ada@" not in alarm.subject


def test_one_password_tried_on_many_accounts_rings(world: World) -> None:
    for number in range(throttle.MANY_OF_ADDRESS):
        fail(world, f"ada{number}@koor.example", "192.0.2.1")

    assert [each.kind for each in rung(world)] == ["many-failed-logins"]
