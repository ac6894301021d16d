"""Records: frozen slotted dataclasses that are cheap to make.

`@record(frozen=True, slots=True)` is a dataclass that the type checker holds frozen. Python's own guard is left out: to
set twenty fields past it takes 4 µs, without it 0.3, and a check-in makes a hundred fields.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as record
else:

    def record(*, frozen: bool, slots: bool) -> object:
        """Equal and hashed by its fields, as a frozen dataclass is."""
        return dataclass(slots=slots, unsafe_hash=frozen)


__all__ = ["record"]
