"""A PostgreSQL primary with a synchronous standby: plain streaming replication, on two ports of this machine."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from tests.support.postgres import SETTINGS, binaries_folder, unprivileged
from tests.support.servers import free_port

PATIENCE_SECONDS = 60
STANDBY = "standby"
DATABASE = "licensing"


@dataclass(slots=True)
class Node:
    """One PostgreSQL server: its folder, its port, and its postmaster while it runs."""

    folder: Path
    port: int
    postmaster: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def start(self, *options: str) -> None:
        words = [f"-c{name}={value}" for name, value in {**SETTINGS, "listen_addresses": "127.0.0.1"}.items()]
        program, place = binaries_folder() / "postgres", ("-D", self.data, "-k", self.folder, "-p", str(self.port))
        with (self.folder / "log").open("ab") as log:
            self.postmaster = subprocess.Popen(
                [program, *place, *words, *options],
                stdout=log,
                stderr=log,
                user=unprivileged(),
                cwd=self.folder,
            )
        until(lambda: self.ask("SELECT 1") == 1, f"PostgreSQL on port {self.port}")

    def kill(self) -> None:
        """The postmaster is killed as a machine dies: nothing is flushed, nobody is told."""
        if self.postmaster is not None:
            self.postmaster.send_signal(signal.SIGKILL)
            self.postmaster.wait()

    def stop(self) -> None:
        if self.postmaster is not None and self.postmaster.poll() is None:
            self.postmaster.send_signal(signal.SIGQUIT)
            self.postmaster.wait(20)

    def ask(self, question: str) -> object:
        """The one value of an answer; None while the server does not answer."""
        where = f"host=127.0.0.1 port={self.port} user=postgres dbname=postgres connect_timeout=2"
        try:
            with psycopg.connect(where, autocommit=True) as connection:
                cursor = connection.execute(question.encode())
                row = cursor.fetchone() if cursor.description is not None else None
        except psycopg.OperationalError:
            return None
        return None if row is None else row[0]


@dataclass(frozen=True, slots=True)
class Pair:
    """The primary and its standby."""

    primary: Node
    standby: Node

    @property
    def url(self) -> str:
        """The address that finds whichever of them takes writes."""
        hosts = "&".join(f"host=127.0.0.1:{node.port}" for node in (self.primary, self.standby))
        return f"postgresql+psycopg://postgres@/{DATABASE}?{hosts}&target_session_attrs=read-write"

    def promote(self) -> None:
        """The standby takes writes from now on. Only ever after the primary is known to be dead."""
        run([binaries_folder() / "pg_ctl", "promote", "-w", "-D", self.standby.data], self.standby.folder)


@contextmanager
def running_pair() -> Iterator[Pair]:
    """A pair whose every commit waits for the standby's disk."""
    base = Path(tempfile.mkdtemp(prefix="licensing-pair-"))
    base.chmod(0o755)
    pair = Pair(_node(base / "one"), _node(base / "two"))
    try:
        _begin(pair)
        yield pair
    finally:
        pair.primary.stop()
        pair.standby.stop()
        shutil.rmtree(base, ignore_errors=True)


def until(is_so: Callable[[], bool], what: str) -> None:
    """Waits for it, and not for ever."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come")
        time.sleep(0.05)


def run(words: Sequence[str | Path], folder: Path) -> None:
    subprocess.run(words, check=True, capture_output=True, user=unprivileged(), cwd=folder)


def _node(folder: Path) -> Node:
    folder.mkdir()
    user = unprivileged()
    if user is not None:
        shutil.chown(folder, user)
    return Node(folder, free_port())


def _begin(pair: Pair) -> None:
    binaries, primary, standby = binaries_folder(), pair.primary, pair.standby
    words = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C"]
    run([binaries / "initdb", "-D", primary.data, *words], primary.folder)
    primary.start(f"-csynchronous_standby_names={STANDBY}")
    source = f"host=127.0.0.1 port={primary.port} user=postgres application_name={STANDBY}"
    run([binaries / "pg_basebackup", "-D", standby.data, "-R", "-d", source, "-c", "fast"], standby.folder)
    standby.start()
    until(lambda: primary.ask("SELECT sync_state FROM pg_stat_replication") == "sync", "the standby")
    primary.ask(f"CREATE DATABASE {DATABASE}")
