"""A private folder for as long as a backup or a restore takes.

What a crash left behind goes when the next one begins.
"""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from licensing.core.errors import BackupRefused

PREFIX = ".scratch-"


@contextmanager
def scratch(parent: Path) -> Iterator[Path]:
    """A new folder that nobody else can read; raises BackupRefused while another has one under `parent`."""
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (parent / f"{PREFIX}lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BackupRefused("Another backup or restore is under way.") from error
        for left in parent.glob(f"{PREFIX}*/"):
            shutil.rmtree(left)
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        try:
            yield folder
        finally:
            shutil.rmtree(folder)
