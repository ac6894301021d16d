"""pg_dump and pg_restore, as PostgreSQL's client package installs them. No password is ever among their words."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import make_conninfo
from sqlalchemy import make_url

from licensing.core.errors import SetupRefused

REVISION_DATA = "TABLE DATA public alembic_version"


@dataclass(frozen=True, slots=True)
class PostgresTools:
    """The programs in `folder`, or in the path."""

    folder: Path | None

    def dump(self, url: str, snapshot: str, out: Path) -> None:
        """What the exported snapshot shows of the database at `url`, in the custom format."""
        where = conninfo(url, out.parent)
        self._run("pg_dump", "-Fc", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={out}", where)

    def load(self, url: str, dump: Path) -> None:
        """The dump is in the empty database at `url`, in one transaction, but for the schema's revision.

        Without it no server takes the database for one of its own: whoever proves it says so by adding it.
        """
        listed = self._run("pg_restore", "--list", str(dump))
        wanted = dump.with_name("wanted.list")
        wanted.write_text("".join(line for line in listed.splitlines(keepends=True) if REVISION_DATA not in line))
        where = f"--dbname={conninfo(url, dump.parent)}"
        words = ("--single-transaction", "--no-owner", "--no-privileges", f"--use-list={wanted}")
        self._run("pg_restore", *words, where, str(dump))

    def _run(self, name: str, *words: str) -> str:
        program = shutil.which(name, path=None if self.folder is None else str(self.folder))
        if program is None:
            raise SetupRefused(
                f"{name} is missing: install PostgreSQL's client programs, or set LICENSING_POSTGRES_BIN."
            )
        words = (program, *words)
        done = subprocess.run(words, check=False, capture_output=True, text=True)  # noqa: S603 - our own words, no shell
        if done.returncode != 0:
            said = done.stderr.strip().splitlines() or ["it said nothing"]
            raise SetupRefused(f"{name} failed: {said[0]}")
        return done.stdout


def conninfo(url: str, folder: Path) -> str:
    """How libpq is told of the database at `url`; the password is in a file of `folder`."""
    parsed = make_url(url)
    _, words = parsed.get_dialect()().create_connect_args(parsed)
    password = words.pop("password", None)
    if password is not None:
        file = folder / "password"
        file.touch(0o600)
        escaped = str(password).replace("\\", "\\\\").replace(":", "\\:")
        file.write_text(f"*:*:*:*:{escaped}\n", "utf-8")
        words["passfile"] = str(file)
    return make_conninfo(**words)
