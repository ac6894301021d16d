"""Plays all acts and prints a line a step; exits 1 when a step went otherwise, or a documented row never occurred."""

from __future__ import annotations

import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from tests.years import paid, restore, theft, trial
from tests.years.diary import Diary, read_differences
from tests.years.offline import OfflineClient, installed_client
from tests.years.play import BEGINNING, Play
from tests.years.server import Server

ACTS = (trial.play_trial, theft.play_theft, paid.play_paid, restore.play_restore)


def main() -> int:
    """0 when every step went as written and every documented difference occurred."""
    began = time.monotonic()
    diary = Diary(read_differences(), click.echo)
    with tempfile.TemporaryDirectory(prefix="licensing-years-") as name, ThreadPoolExecutor() as background:
        folder = Path(name)
        python = background.submit(installed_client, folder / "client")
        with Server(folder / "server", BEGINNING) as server, OfflineClient(python.result()) as client:
            play = Play(server, client, diary, folder)
            for act in ACTS:
                act(play)
    problems = diary.problems()
    for problem in problems:
        click.echo(f"PROBLEM  {problem}")
    click.echo(f"{len(diary.lines)} steps, {len(problems)} problems, {time.monotonic() - began:.0f} s")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
