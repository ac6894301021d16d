"""Accounts as they are after a while: a password of their own, and a second factor where one is wanted."""

from __future__ import annotations

from datetime import timedelta
from functools import cache

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from licensing.services import passwords
from licensing.storage import staff
from tests.support.worlds import World

EVE, PASSWORD = "eve@koor.example", "correct horse battery"
ADDRESS, OTHER_ADDRESS = "192.0.2.1", "192.0.2.2"
TOTP_SECRET = bytes(range(20))


def add_account(
    world: World, role: str = "support", email: str = EVE, *, second_factor: bool = False, password: str = PASSWORD
) -> str:
    """The id of a new account whose password is known and no longer for one use."""
    id = world.house.system.new_id()
    with world.house.database.write() as session:
        staff.add(session, id, email, role, None, world.clock(), "Eve")
        staff.set_password(session, id, _hashed(password), for_one_use=False)
        if second_factor:
            staff.begin_second_factor(session, id, TOTP_SECRET)
            staff.use_second_factor(session, id, 0)
    return id


def code(world: World, seconds: int = 0, secret: bytes = TOTP_SECRET) -> str:
    """What the authenticator app shows, `seconds` from now."""
    at = world.clock() + timedelta(seconds=seconds)
    return TOTP(secret, 6, SHA1(), 30).generate(int(at.timestamp())).decode()


@cache
def _hashed(password: str) -> str:
    return passwords.hashed(password)
