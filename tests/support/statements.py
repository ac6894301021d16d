"""What a database is asked: SQLAlchemy's statements and the prepared ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from sqlalchemy import Engine, event

from licensing.storage.prepared import Compiled


@contextmanager
def heard(engine: Engine) -> Iterator[list[str]]:
    """The SQL that is run meanwhile, in order. Prepared statements are heard on every engine."""
    seen: list[str] = []
    run, run_each = Compiled.execute, Compiled.execute_each

    def note(_c: Any, _u: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    def execute(compiled: Compiled, connection: Any, values: Any) -> Any:
        seen.append(compiled.sql)
        return run(compiled, connection, values)

    def execute_each(compiled: Compiled, connection: Any, rows: Any) -> None:
        seen.append(compiled.sql)
        run_each(compiled, connection, rows)

    event.listen(engine, "before_cursor_execute", note)
    try:
        with patch.object(Compiled, "execute", execute), patch.object(Compiled, "execute_each", execute_each):
            yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)
