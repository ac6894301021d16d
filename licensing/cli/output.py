"""What commands print: tables for people, `--json` for programs, a bar while they wait."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TypeVar

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

Command = TypeVar("Command", bound=Callable[..., object])

WIDTH = 1_000
"""Wider than any table: a terminal wraps a long row, and nothing is lost."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def show(document: Mapping[str, object], *, as_json: bool) -> None:
    """Prints one thing: a line a member, or JSON."""
    if as_json:
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return
    width = max(map(len, document), default=0)
    for name, value in document.items():
        click.echo(f"{name.replace('_', ' '):<{width}}  {_cell(value)}")


def show_list(name: str, columns: Iterable[str], rows: Iterable[Mapping[str, object]], *, as_json: bool) -> None:
    """Prints many things: a table of `columns`, or JSON with all members under `name`."""
    rows = list(rows)
    if as_json:
        click.echo(json.dumps({name: rows}, indent=2, ensure_ascii=False))
        return
    columns = list(columns)
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column.replace("_", " "), no_wrap=True)
    for row in rows:
        table.add_row(*(_cell(row.get(column)) for column in columns))
    Console(width=WIDTH).print(table)  # ids are never cut: people copy them
    click.echo(f"{len(rows)} {name}")


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on the error stream, where somebody watches; call it with (done, total)."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def moment(value: datetime | None) -> str | None:
    """`2026-01-31T12:00:00Z`."""
    return None if value is None else value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds(value: int | None) -> str | None:
    """The same of Unix seconds."""
    return None if value is None else moment(datetime.fromtimestamp(value, UTC))


def _cell(value: object) -> str:
    if value is None or value in ([], ()):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
