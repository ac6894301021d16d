"""An installation to be backed up and destroyed, and an empty one to restore into, on either database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from pyrage.x25519 import Identity

from licensing.bootstrap import open_restoring
from licensing.core.callers import Role
from licensing.services import passwords
from licensing.services.dual_control import Person
from licensing.services.restoring import Restored, Rollback
from licensing.settings import Settings
from licensing.storage import sealing, staff
from licensing.system import System
from tests.support.worlds import World, make_world

PASSWORD = "correct horse battery staple"
SECRET = bytes(range(20))


@dataclass(frozen=True, slots=True)
class Site:
    """A world that is backed up for `identity`, and the settings of an empty installation like it."""

    world: World
    empty: Settings
    identity: Identity

    def back_up(self, name: str = "backup.age") -> Path:
        """A backup of this moment, out of the installation's reach."""
        folder = self.empty.data_dir.parent / "elsewhere"
        folder.mkdir(exist_ok=True)
        seal = sealing.for_recipients([str(self.identity.to_public())])
        return self.world.house.backups.make(folder / name, seal).file

    def note(self) -> tuple[str, str]:
        """The checkpoint of this moment, as it is kept elsewhere."""
        return "elsewhere", self.world.house.ledger.checkpoint().note

    def restore(
        self, file: Path, *notes: tuple[str, str], unproved: bool = False, people: Sequence[Person] = ()
    ) -> Restored:
        """The backup, restored into the empty installation."""
        restoring = open_restoring(self.empty, accepting(people), System(self.world.clock))
        return restoring.restore(file, sealing.identities(str(self.identity)), notes, unproved=unproved)

    def restored(self) -> World:
        """The world of what was restored, with the keys that were kept apart."""
        world = make_world(replace(self.empty, keys_dir=self.world.house.settings.keys_dir))
        world.clock.time = self.world.clock.time
        return world

    def person(self, name: str, role: Role) -> Person:
        """Somebody with an account, a password and a second factor, who shows both now."""
        system, now = System(self.world.clock), self.world.clock()
        with self.world.house.database.write() as session:
            id = system.new_id()
            staff.add(session, id, f"{name}@koor.example", role, None, now, name)
            staff.set_password(session, id, passwords.hashed(PASSWORD), for_one_use=False)
            staff.begin_second_factor(session, id, SECRET)
            staff.use_second_factor(session, id, 0)
        return self.showing(f"{name}@koor.example")

    def showing(self, email: str) -> Person:
        """What she shows at this moment."""
        code = TOTP(SECRET, 6, SHA1(), 30).generate(int(self.world.clock().timestamp()))
        return Person(email, PASSWORD, code.decode("ascii"))


def accepting(people: Sequence[Person]) -> Callable[[Rollback], Sequence[Person]]:
    return lambda rollback: people
