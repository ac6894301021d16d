"""Key files that are missing, damaged or wrong: the server does not start, one line says why, and none leaks a key."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from licensing.bootstrap import build, require_fit
from licensing.core.errors import KeyUnusable
from licensing.core.keys import KeyState, Purpose
from licensing.core.ledger import Kind
from licensing.key_store import open_keys
from licensing.settings import PRODUCTION, Settings
from licensing.system import System
from tests.support.servers import free_port
from tests.support.worlds import Clock, World, nodes, sell, token_of

Key = Ed25519PrivateKey | rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def pem(key: Key, passphrase: bytes | None = None) -> bytes:
    encryption = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def public_pem() -> bytes:
    public = Ed25519PrivateKey.generate().public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def overwrite(path: Path, content: bytes) -> None:
    path.chmod(0o600)
    path.write_bytes(content)


SPOILERS: dict[str, Callable[[Path], None]] = {
    "missing": lambda path: path.unlink(),
    "empty": lambda path: overwrite(path, b""),
    "truncated": lambda path: overwrite(path, path.read_bytes()[:60]),
    "garbage": lambda path: overwrite(path, b"\xff" * 100),
    "rsa": lambda path: overwrite(path, pem(rsa.generate_private_key(65_537, 2_048))),
    "p-256": lambda path: overwrite(path, pem(ec.generate_private_key(ec.SECP256R1()))),
    "public": lambda path: overwrite(path, public_pem()),
    "another key": lambda path: overwrite(path, pem(Ed25519PrivateKey.generate())),
    "encrypted": lambda path: overwrite(path, pem(Ed25519PrivateKey.generate(), b"secret")),
    "readable by others": lambda path: path.chmod(0o644),
}


def start(settings: Settings) -> None:
    """What a server does before it serves."""
    house = build(settings, System(Clock()))
    try:
        require_fit(house)
    finally:
        house.database.close()


def license_key_file(settings: Settings) -> Path:
    return next(settings.keys_dir.glob("TEST-license-*.key.pem"))


@pytest.mark.parametrize("spoil", SPOILERS.values(), ids=SPOILERS)
def test_a_key_file_that_is_not_right_stops_the_start(world: World, spoil: Callable[[Path], None]) -> None:
    path = license_key_file(world.house.settings)
    spoil(path)

    with pytest.raises(KeyUnusable) as refused:
        start(world.house.settings)

    assert str(path) in refused.value.detail
    assert "\n" not in refused.value.detail


@pytest.mark.parametrize("passphrase", [b"right\n", b"wrong", b""])
def test_an_encrypted_key_opens_with_its_passphrase_alone(world: World, tmp_path: Path, passphrase: bytes) -> None:
    settings = world.house.settings
    for path in settings.keys_dir.glob("*.key.pem"):
        subprocess.run(
            ["openssl", "pkcs8", "-topk8", "-v2", "aes-256-cbc", "-passout", "pass:right", "-in", path, "-out", "x"],
            cwd=tmp_path,
            check=True,
        )
        overwrite(path, (tmp_path / "x").read_bytes())
    (tmp_path / "passphrase").write_bytes(passphrase)
    encrypted = replace(settings, keys_passphrase_file=tmp_path / "passphrase")

    if passphrase.strip() == b"right":
        start(encrypted)
    else:
        with pytest.raises(KeyUnusable, match="passphrase"):
            start(encrypted)


def test_a_passphrase_for_a_plain_key_is_refused(world: World, tmp_path: Path) -> None:
    (tmp_path / "passphrase").write_bytes(b"secret")

    with pytest.raises(KeyUnusable, match="not encrypted"):
        start(replace(world.house.settings, keys_passphrase_file=tmp_path / "passphrase"))


def test_the_command_says_it_in_one_line_and_exits_with_one(sqlite_template: Path, tmp_path: Path) -> None:
    shutil.copytree(sqlite_template, tmp_path / "var")
    path = next((tmp_path / "var" / "keys").glob("TEST-lease-*.key.pem"))
    overwrite(path, b"")

    environment = {"LICENSING_DATA_DIR": str(tmp_path / "var"), "LICENSING_BIND": f"127.0.0.1:{free_port()}"}
    command = [sys.executable, "-m", "licensing", "serve"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 1
    assert (
        done.stderr.strip() == f"licensing: The key file {path} is damaged, no private key, or its passphrase is wrong."
    )


def test_a_running_server_goes_on_with_the_keys_it_has(world: World) -> None:
    license = token_of(world, sell(world).license_id)
    license_key_file(world.house.settings).unlink()
    world.house.key_management.new(Purpose.LEASE)

    assert world.check_in(license, nodes(4)).status_code == 200
    assert set(world.client.get("/readyz").get_json()["problems"]) == {"keys"}


def test_production_refuses_a_test_root(world: World) -> None:
    with pytest.raises(KeyUnusable, match="TEST-"):
        open_keys(replace(world.house.settings, mode=PRODUCTION)).current()


def test_a_rotation_is_followed_without_a_restart_and_recorded(world: World) -> None:
    old = world.house.keys.current().key(Purpose.LICENSE).kid
    license = token_of(world, sell(world).license_id)

    world.house.key_management.new(Purpose.LICENSE)
    world.house.key_management.rotate(Purpose.LICENSE)

    fresh = world.house.keys.current()
    assert fresh.key(Purpose.LICENSE).kid != old
    assert {key.state for key in fresh.keyring.keys if key.kid == old} == {KeyState.RETIRED}
    assert world.check_in(license, nodes(4)).get_json()["code"] == "VALID"
    kinds = [row[2] for row in sorted(world.rows()["issuance"], key=lambda row: int(str(row[1])))]
    assert kinds[-2:] == [Kind.KEY_RETIRED, Kind.KEY_ACTIVATED]
    assert world.house.audit.run().findings == []


def test_a_key_whose_year_is_over_signs_no_license(world: World) -> None:
    world.clock.advance(days=366)
    world.register()
    before = world.rows()

    answer = world.confirm()

    assert (answer.status_code, answer.get_json()["code"]) == (503, "BUSY")
    assert answer.headers["Retry-After"] == "2"
    assert {**world.rows(), "outbox": []} == {**before, "outbox": []}


def test_an_older_statement_is_refused(world: World) -> None:
    management = world.house.key_management
    old = management.statement()
    management.new(Purpose.LEASE)

    with pytest.raises(KeyUnusable, match="in force"):
        management.install(old)


def test_where_the_root_is_away_steps_wait_for_it_in_one_statement(world: World, tmp_path: Path) -> None:
    settings = world.house.settings
    root = next((settings.keys_dir / "root").glob("*.key.pem")).rename(tmp_path / "TEST-root.key.pem")
    management = world.house.key_management
    before = management.statement()

    management.new(Purpose.LEASE)
    step = management.rotate(Purpose.LEASE)

    assert management.statement() == before
    assert step.unsigned is not None
    signed = management.sign(step.unsigned.read_text(), root)
    management.install(signed)
    states = [key.state for key in management.list() if key.purpose is Purpose.LEASE]
    assert states == [KeyState.RETIRED, KeyState.ACTIVE]
    assert not step.unsigned.exists()
    license = token_of(world, sell(world).license_id)
    assert world.check_in(license, nodes(4)).status_code == 200
