"""Copies of signed checkpoints in a folder that the database's administrators can't write: a mount of another machine,
or storage that only grows. A note is written once, under a name of its own, and never overwritten or removed.
"""

from __future__ import annotations

import hashlib
import os
from itertools import count
from pathlib import Path

SUFFIX = ".note"


def keep(folder: Path, size: int, note: str) -> bool:
    """Whether the note of `size` leaves is new in the folder; it is there now. Raises OSError."""
    content = note.encode("utf-8")
    name = f"{size:012}-{hashlib.sha256(content).hexdigest()[:16]}"
    for number in count():
        path = folder / f"{name}{f'.{number}' if number else ''}{SUFFIX}"
        try:
            _write_new(path, content)
        except FileExistsError:
            if path.read_bytes() == content:
                return False
        else:
            return True
    raise AssertionError("names never end")


def newest(folder: Path) -> str | None:
    """The note of the largest ledger in the folder. Raises OSError."""
    notes = notes_in(folder)
    return notes[-1][1] if notes else None


def notes_in(place: Path) -> list[tuple[str, str]]:
    """Each note in a folder by the name of its file, the smallest ledger first; or that in the one file `place`.

    An empty file is none: the disk was full. Raises OSError.
    """
    files = sorted(place.glob(f"*{SUFFIX}")) if place.is_dir() else [place]
    notes = ((path.name, path.read_bytes().decode("utf-8", "replace")) for path in files)
    return [(name, note) for name, note in notes if note]


def _write_new(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
