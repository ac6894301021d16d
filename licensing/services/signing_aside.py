"""Signing many licenses in processes of their own, while this one writes rows: a signature costs as much as all rows.

Each process is a fork that signs its share and ends: it has the keys as they were at that moment, talks to nobody but
us, and touches no database connection (it leaves by `_exit`, which closes none). When we are killed it ends with its
share, which nobody reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Protocol

from licensing.core.errors import KeyUnusable

PROCESSES = 2
_FORK = get_context("fork")


class Signable(Protocol):
    """What is ready to be signed."""

    def token(self) -> str:
        """The token, signed and checked; raises KeyUnusable."""


@dataclass(frozen=True, slots=True)
class Signing:
    """Signatures under way."""

    answers: Sequence[Connection[None, list[str] | str]]

    def tokens(self) -> list[str]:
        """All tokens, in order, once they are there; raises KeyUnusable."""
        return [token for answer in self.answers for token in _received(answer)]


@contextmanager
def signing(ready: Sequence[Signable]) -> Iterator[Signing]:
    """The signatures of all that is ready are under way within the block."""
    share = -(-len(ready) // PROCESSES) or 1
    pipes = [_FORK.Pipe(duplex=False) for _ in range(0, len(ready), share)]
    processes = [
        _FORK.Process(target=_sign, args=(ready[number * share : (number + 1) * share], pipe[1]), daemon=True)
        for number, pipe in enumerate(pipes)
    ]
    for process, (_, sending) in zip(processes, pipes, strict=True):
        process.start()
        sending.close()  # ours: the end of the process must end the pipe
    try:
        yield Signing([receiving for receiving, _ in pipes])
    finally:
        for receiving, _ in pipes:
            receiving.close()
        for process in processes:
            process.join()


def _sign(ready: Sequence[Signable], answer: Connection[list[str] | str, None]) -> None:
    try:
        answer.send([each.token() for each in ready])
    except KeyUnusable as error:
        answer.send(error.detail)
    except BrokenPipeError:
        return  # nobody waits any more


def _received(answer: Connection[None, list[str] | str]) -> list[str]:
    try:
        told = answer.recv()
    except EOFError as error:
        raise KeyUnusable("A process that signs ended before it had signed; the chunk was not issued.") from error
    if isinstance(told, str):
        raise KeyUnusable(told)
    return told
