"""A database that fails at the N-th statement of a deed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from licensing.storage.prepared import Compiled


@contextmanager
def failing_at(engine: Engine, number: int) -> Iterator[list[int]]:
    """Statement `number` of what is asked within transactions, or their commit after the last, fails as if the database
    had gone. Where it did, its number is in the list.
    """
    driver_error = engine.dialect.loaded_dbapi.OperationalError("the database went away (a test said so)")
    translated = OperationalError("", None, driver_error)
    asked, failed = 0, list[int]()
    run, run_each, first = Compiled.execute, Compiled.execute_each, Compiled.first

    def is_hit() -> bool:
        nonlocal asked
        asked += 1
        if asked == number:
            failed.append(number)
        return asked == number

    def of_sqlalchemy(*_: Any) -> None:
        if is_hit():
            raise translated

    def execute(compiled: Compiled, connection: Any, values: Any) -> Any:
        if is_hit():
            raise driver_error
        return run(compiled, connection, values)

    def execute_each(compiled: Compiled, connection: Any, rows: Any) -> None:
        if is_hit():
            raise driver_error
        run_each(compiled, connection, rows)

    def aside(compiled: Compiled, connection: Any, values: Any) -> Any:
        """What is asked outside of transactions is asked again by itself, and not counted."""
        with patch.object(Compiled, "execute", run):
            return first(compiled, connection, values)

    event.listen(engine, "before_cursor_execute", of_sqlalchemy)
    event.listen(engine, "commit", of_sqlalchemy)
    try:
        with (
            patch.object(Compiled, "execute", execute),
            patch.object(Compiled, "execute_each", execute_each),
            patch.object(Compiled, "first", aside),
        ):
            yield failed
    finally:
        event.remove(engine, "before_cursor_execute", of_sqlalchemy)
        event.remove(engine, "commit", of_sqlalchemy)
