"""Whether the server is well: `/healthz` for the process, `/readyz` for everything that an answer depends on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from licensing.bootstrap import HIGH_WATER
from licensing.core.checkpoints import read_note, write_note
from licensing.core.keys import Purpose
from licensing.storage import keyfiles, outbox
from tests.support.worlds import World, make_world, nodes, sell, token_of


def problems(world: World) -> dict[str, Any]:
    """What `/readyz` says is wrong."""
    answer = world.client.get("/readyz")
    assert answer.status_code in (200, 503)
    assert ("Retry-After" in answer.headers) is (answer.status_code == 503)
    return dict(answer.get_json().get("problems", {}))


def key_file(world: World) -> Path:
    """The private lease key, which every check-in signs with."""
    kid = world.house.keys.current().key(Purpose.LEASE).kid
    return keyfiles.private_path(world.house.settings.keys_dir, kid)


def statement_file(world: World) -> Path:
    return world.house.settings.keys_dir / keyfiles.STATEMENT


def write_again(world: World) -> None:
    """The statement's bytes in a new file, so that the server reads its keys anew; and it looks now."""
    path = statement_file(world)
    keyfiles.write_text(path, path.read_text())
    world.house.keys.look_again()


def readable_by_others(path: Path) -> None:
    path.chmod(0o444)


def damaged(path: Path) -> None:
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:40])


def missing(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("spoil", [readable_by_others, damaged, missing])
def test_a_server_with_a_spoiled_key_file_is_not_ready_and_check_ins_go_on(
    world: World, spoil: Callable[[Path], None]
) -> None:
    license = token_of(world, sell(world).license_id)
    spoil(key_file(world))
    write_again(world)

    assert key_file(world).name in problems(world)["keys"]
    assert world.check_in(license, nodes(4)).get_json()["code"] == "VALID"
    assert world.client.get("/healthz").status_code == 200


def test_a_server_is_ready_again_once_its_key_file_is_mended(world: World) -> None:
    path = key_file(world)
    whole = path.read_bytes()
    damaged(path)
    write_again(world)
    assert problems(world).keys() == {"keys"}

    path.write_bytes(whole)
    write_again(world)

    assert problems(world) == {}


@pytest.fixture
def fresh(world: World) -> Iterator[World]:
    """The same installation, opened by a server that has just started."""
    fresh = make_world(world.house.settings)
    yield fresh
    fresh.house.database.close()


def test_a_server_that_starts_without_keys_is_not_ready_and_tells_strangers_no_more_than_busy(
    world: World, fresh: World
) -> None:
    license = token_of(world, sell(world).license_id)
    statement_file(fresh).unlink()

    answer = fresh.check_in(license, nodes(4))

    assert (answer.status_code, answer.get_json()["code"]) == (503, "BUSY")
    assert str(fresh.house.settings.keys_dir) not in answer.text
    assert "keys" in problems(fresh)


def test_a_server_on_another_schema_is_not_ready(world: World) -> None:
    with world.house.database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0000'"))

    assert problems(world).keys() == {"database"}


@pytest.mark.parametrize(("missing", "ill"), [(0, set()), (1, {"ledger"})])
def test_a_server_whose_ledger_was_longer_once_is_not_ready(world: World, missing: int, ill: set[str]) -> None:
    key, published = world.house.keys.current().key(Purpose.LOG), world.house.ledger.checkpoint()
    inside = read_note(published.note, [key.x])
    outside = replace(inside, size=inside.size + missing)
    (world.house.settings.data_dir / HIGH_WATER).write_text(write_note(outside, key.x, key.signer.sign))

    assert problems(world).keys() == ill


def warnings(world: World) -> dict[str, Any]:
    answer = world.client.get("/readyz")
    assert answer.status_code == 200
    return dict(answer.get_json()["warnings"])


def test_a_worker_that_stopped_is_a_warning_and_the_server_is_ready(world: World) -> None:
    assert "worker" in warnings(world)

    world.house.worker.tick()
    assert warnings(world) == {}

    world.clock.advance(minutes=5)
    assert warnings(world) == {}
    world.clock.advance(seconds=1)
    assert warnings(world).keys() == {"worker"}


def test_keys_that_end_within_sixty_days_are_a_warning(world: World) -> None:
    world.house.worker.tick()
    end = min(key.sign_until for key in world.house.keys.current().keyring.keys)
    world.clock.time = datetime.fromtimestamp(end, UTC) - timedelta(days=60)
    world.house.worker.tick()
    assert "keys" not in warnings(world)

    world.clock.advance(seconds=1)

    assert "licensing keys" in warnings(world)["keys"]


def test_a_mail_that_was_given_up_is_a_warning(world: World) -> None:
    world.house.worker.tick()
    world.register()
    with world.house.database.write() as session:
        outbox.failed(session, outbox.page(session, None, "", 1)[0].id, "no such host", None, world.clock())

    assert warnings(world).keys() == {"outbox"}
