"""Work done in processes of their own, while this one writes rows: a signature costs as much as all rows of a sale.

Each process is a fork that does its share and ends: it has everything as it was at that moment, talks to nobody but us,
and touches no database connection of ours (it leaves by `_exit`, which closes none); it may open its own where we have
none. When we are killed it ends, too: nobody reads what it has to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, Generic, TypeVar

from licensing.core.errors import Busy, Refusal

Item = TypeVar("Item")
Result = TypeVar("Result")
Work = Callable[[Sequence[Item]], Result]

_FORK = get_context("fork")
_reading: set[Connection[Any, Any]] = set()
"""The ends that this process reads from. A fork closes them: it must notice when nobody reads any more."""


@dataclass(frozen=True, slots=True)
class Aside(Generic[Result]):
    """Work under way."""

    answers: Sequence[Connection[None, Result | Refusal]]

    def results(self) -> list[Result]:
        """The result of each share, in order, once all are there; raises what refused one of them."""
        return [_received(answer) for answer in self.answers]


@contextmanager
def doing(work: Work[Item, Result], items: Sequence[Item], processes: int) -> Iterator[Aside[Result]]:
    """`work` on shares of `items`, at least one, is under way within the block; results are best plain tuples."""
    share = -(-len(items) // processes) or 1
    pipes = [_FORK.Pipe(duplex=False) for _ in range(0, len(items) or 1, share)]
    _reading.update(receiving for receiving, _ in pipes)
    forks = [
        _FORK.Process(target=_do, args=(work, items[number * share : (number + 1) * share], sending), daemon=True)
        for number, (_, sending) in enumerate(pipes)
    ]
    for fork, (_, sending) in zip(forks, pipes, strict=True):
        fork.start()
        sending.close()  # ours: the end of the process must end the pipe
    try:
        yield Aside([receiving for receiving, _ in pipes])
    finally:
        for receiving, _ in pipes:
            _reading.discard(receiving)
            receiving.close()
        for fork in forks:
            fork.join()


def _do(work: Work[Item, Result], items: Sequence[Item], answer: Connection[Result | Refusal, None]) -> None:
    for receiving in _reading:
        receiving.close()
    try:
        answer.send(work(items))
    except Refusal as refusal:
        answer.send(refusal)
    except BrokenPipeError:
        return  # nobody waits any more


def _received(answer: Connection[None, Result | Refusal]) -> Result:
    try:
        told = answer.recv()
    except EOFError as error:
        raise Busy("A process ended before its share was done; try again.") from error
    if isinstance(told, Refusal):
        raise told
    return told
