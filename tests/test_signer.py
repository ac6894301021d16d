"""The signer: a process of its own has the private keys, and believes nothing that a server says."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from licensing.bootstrap import House, build
from licensing.core.checkpoints import Checkpoint, origin
from licensing.core.errors import Busy, KeyUnusable, Refusal
from licensing.core.keys import Purpose
from licensing.core.licenses import license_claims
from licensing.core.tokens import assemble
from licensing.services.signer_desk import A_MINUTE, SignerDesk
from licensing.services.signer_journal import SignerJournal
from licensing.services.signer_wire import SignerLine
from licensing.services.signing import SigningKey
from licensing.settings import Settings
from licensing.signer import SignerServer
from licensing.system import System
from licensing.verifier import verify
from tests.support.worlds import World, nodes, sell, token_of

FORBIDDEN = ("flask", "sqlalchemy", "werkzeug", "granian", "requests", "alembic")


def desk(world: World, journal: Path, **options: Any) -> SignerDesk:
    settings = world.house.settings
    return SignerDesk(world.house.keys, SignerJournal(journal), world.clock, origin(settings.public_url), **options)


def license_input(world: World, key: SigningKey, **changes: Any) -> bytes:
    """What a server asks to sign for the license that it sold, changed."""
    genuine = verify(token_of(world, sell(world).license_id), world.house.keys.current().keyring)
    claims = license_claims(genuine._replace(**changes), world.house.settings.public_url)
    return key.signing_input(claims).encode()


def key_of(world: World, purpose: Purpose = Purpose.LICENSE) -> SigningKey:
    return world.house.keys.current().key(purpose)


@contextmanager
def listening(path: Path, at: SignerDesk) -> Iterator[SignerServer]:
    with SignerServer(path, at, []) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
    path.unlink()


@contextmanager
def served_by(world: World, path: Path) -> Iterator[House]:
    """The same installation as a server that has no private key."""
    for file in world.house.settings.keys_dir.glob("*.key.pem"):
        file.chmod(0)
        file.rename(file.with_suffix(".away"))
    house = build(replace(world.house.settings, signer=f"unix:{path}"), System(world.clock))
    try:
        yield house
    finally:
        house.database.close()


def test_a_sale_signed_by_the_signer_is_like_any_other(world: World, tmp_path: Path) -> None:
    path, journal = tmp_path / "s", tmp_path / "journal"
    world.house.keys.current()
    with listening(path, desk(world, journal)), served_by(world, path) as house:
        standing = sell(replace_house(world, house))

        assert house.health.problems() == {}
        signed = standing.signed_hash

    [line] = journal.read_text().splitlines()
    assert line.split()[1:] == [key_of(world).kid, signed, "0" * 64]


def replace_house(world: World, house: House) -> World:
    return replace(world, house=house)


def test_without_its_signer_a_server_issues_nothing_and_goes_on_by_itself_when_it_is_back(
    world: World, tmp_path: Path
) -> None:
    path = tmp_path / "s"
    world.house.keys.current()
    with served_by(world, path) as house:
        shop = replace_house(world, house)
        before = world.rows()

        with pytest.raises(Busy, match="away"):
            sell(shop)
        away = world.rows()
        assert set(house.health.problems()) == {"keys"}
        with listening(path, desk(world, tmp_path / "journal")):
            sell(shop)
        with pytest.raises(Busy, match="away"):
            sell(shop)
        with listening(path, desk(world, tmp_path / "journal")):
            sell(shop)

    assert [table for table in before if away[table] != before[table] and table != "organization"] == []


def test_what_the_signer_refuses_is_never_signed(world: World, tmp_path: Path) -> None:
    signer, key, lease = desk(world, tmp_path / "journal"), key_of(world), key_of(world, Purpose.LEASE)
    good = license_input(world, key)
    day = 86_400
    now = int(world.clock().timestamp())
    bad = {
        "another key's header": (lease.kid, good),
        "no key": ("license-0000000000000000", good),
        "no name": ("", good),
        "not a token": (key.kid, b"hello"),
        "another type's claims": (key.kid, f"{key.header}.{good.decode().split('.')[1]}x".encode()),
        "too many seats": (key.kid, license_input(world, key, seats=10_000_000)),
        "another day": (key.kid, license_input(world, key, iat=now - day, nbf=now - day)),
        "too long": (key.kid, good + b"A" * 5_000),
        "not ascii": (key.kid, b"\xff"),
        "another ledger": (
            key_of(world, Purpose.LOG).kid,
            Checkpoint("elsewhere.example/ledger/1", 1, b"x" * 32).body().encode(),
        ),
        "no checkpoint": (key_of(world, Purpose.LOG).kid, good),
    }

    for name, (kid, data) in bad.items():
        with pytest.raises(Refusal):
            pytest.fail(f"{name}: signed {signer.sign(kid, data)!r}")

    assert (tmp_path / "journal").read_bytes() == b""
    verify(assemble(good.decode(), signer.sign(key.kid, good)), world.house.keys.current().keyring)


def test_a_signer_signs_only_for_the_purposes_it_was_given(world: World, tmp_path: Path) -> None:
    signer = desk(world, tmp_path / "journal", allowed=[Purpose.LEASE])

    with pytest.raises(KeyUnusable, match="no active key"):
        signer.sign(key_of(world).kid, license_input(world, key_of(world)))


def test_so_many_signatures_a_minute_and_no_more(world: World, tmp_path: Path) -> None:
    signer, key = desk(world, tmp_path / "j", a_minute={**A_MINUTE, Purpose.LICENSE: 2}), key_of(world)
    data = license_input(world, key)
    signer.sign(key.kid, data)
    signer.sign(key.kid, data)

    with pytest.raises(Busy, match="2 signatures of the license key"):
        signer.sign(key.kid, data)
    world.clock.advance(minutes=1)
    signer.sign(key.kid, data)


def test_the_journal_is_a_chain_and_goes_on_after_a_restart(world: World, tmp_path: Path) -> None:
    path, key = tmp_path / "journal", key_of(world)
    data = license_input(world, key)
    for _ in range(2):
        desk(world, path).sign(key.kid, data)

    first, second = path.read_bytes().splitlines()

    assert path.stat().st_mode & 0o777 == 0o600
    assert second.split()[2].decode() == hashlib.sha256(data).hexdigest()
    assert second.split()[3].decode() == hashlib.sha256(first).hexdigest()


def test_what_can_not_be_written_down_is_not_signed(world: World, tmp_path: Path) -> None:
    full = Path("/dev/full")
    journal = SignerJournal(tmp_path / "journal")
    target = os.open(full, os.O_WRONLY)
    os.dup2(target, journal.descriptor)
    os.close(target)
    signer = SignerDesk(world.house.keys, journal, world.clock, origin(world.house.settings.public_url))

    with pytest.raises(Busy, match="journal"):
        signer.sign(key_of(world).kid, license_input(world, key_of(world)))


def test_leases_are_counted(world: World, tmp_path: Path) -> None:
    path = tmp_path / "s"
    license = token_of(world, sell(world).license_id)
    at = desk(world, tmp_path / "journal")
    with listening(path, at), served_by(world, path) as house:
        key = house.keys.current().key(Purpose.LEASE)
        lease = world.check_in(license, nodes(4)).get_json()["lease"]
        for _ in range(3):
            assert key.sign(lease.rpartition(".")[0]) == lease
    at.close()

    [line] = (tmp_path / "journal").read_text().splitlines()
    assert line.split()[1:3] == ["lease", "count=3"]


def test_nobody_but_the_users_that_were_named_may_ask(world: World, tmp_path: Path) -> None:
    path = tmp_path / "s"
    with listening(path, desk(world, tmp_path / "journal")) as server:
        assert path.stat().st_mode & 0o777 == 0o600
        assert SignerLine(path).ask("", b"") == b""
        server.users = frozenset({os.getuid() + 1})

        with pytest.raises(Busy):
            SignerLine(path).ask("", b"")


@pytest.mark.parametrize(
    "noise", [b"", b"\x00", b"\xff\xff\xff\xff", b"\x00\x00\x00\x04abcd", b"GET / HTTP/1.1\r\n\r\n"]
)
def test_noise_is_hung_up_on_and_others_are_served(world: World, tmp_path: Path, noise: bytes) -> None:
    path = tmp_path / "s"
    with listening(path, desk(world, tmp_path / "journal")):
        with socket.socket(socket.AF_UNIX) as caller:
            caller.connect(str(path))
            caller.sendall(noise)
            caller.shutdown(socket.SHUT_WR)
            with suppress(ConnectionResetError):
                assert caller.recv(100) == b""

        assert SignerLine(path).ask("", b"") == b""


def test_the_command_signs_without_web_or_database_and_ends_when_told(world: World, tmp_path: Path) -> None:
    settings: Settings = world.house.settings
    path = tmp_path / "s"
    command = [sys.executable, "-X", "importtime", "-m", "licensing", "signer", "--socket", str(path)]
    environment = {
        "LICENSING_DATA_DIR": str(settings.data_dir),
        "LICENSING_PUBLIC_URL": settings.public_url,
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"signing   {path}\n"
        assert SignerLine(path).ask("", b"") == b""
        with pytest.raises(KeyUnusable, match="not of this hour"):  # the world's clock stands in another year
            SignerLine(path).ask(key_of(world).kid, license_input(world, key_of(world)))

        process.send_signal(signal.SIGTERM)
        imported = process.communicate(timeout=20)[1]

    assert process.returncode == 0
    assert not path.exists()
    names = {line.rpartition("|")[2].strip().partition(".")[0] for line in imported.splitlines()}
    assert "cryptography" in names
    assert [name for name in FORBIDDEN if name in names] == []
