"""Eight ways in which what is kept can be wrong, planted one after the other: reconciling has to name each."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import text

from licensing.bootstrap import House

SOMEBODY = "(SELECT min(subject) FROM journey WHERE converted_at IS NOT NULL)"
MOVED = "(SELECT min(serial) FROM movement WHERE what = 'conversion')"
MOVEMENT = "serial, what, at + 1, subject, tier, seats, license_id, amount_minor, currency, salesperson_id"
STEPS = ("registered", "confirmed", "activated", "full", "over", "quoted", "converted", "direct")
JOURNEY = ", ".join(("organization_id", *(f"{step}_at" for step in STEPS), "tier", "country", "source"))
REST = "salesperson_id, trial, purchase, signals, active_at, is_open"


class Fault(NamedTuple):
    """What is done, and the query that says what a line about it starts with."""

    name: str
    deed: str
    named: str


OF_CUSTOMER = f"SELECT 'customer ' || {SOMEBODY} || ':'"
OF_MOVED = f"SELECT 'customer ' || subject || ':' FROM movement WHERE serial = {MOVED}"
FAULTS = (
    Fault("a journey is another", f"UPDATE journey SET tier = 'large' WHERE subject = {SOMEBODY}", OF_CUSTOMER),
    Fault("a journey is lost", f"DELETE FROM journey WHERE subject = {SOMEBODY}", OF_CUSTOMER),
    Fault(
        "a journey is nobody's",
        f"INSERT INTO journey (subject, {JOURNEY}, {REST})"
        f" SELECT 'domain:nobody.example', {JOURNEY}, {REST} FROM journey WHERE subject = {SOMEBODY}",
        "SELECT 'customer domain:nobody.example:'",
    ),
    Fault("a movement is larger", f"UPDATE movement SET seats = seats + 1 WHERE serial = {MOVED}", OF_MOVED),
    Fault("a movement is lost", f"DELETE FROM movement WHERE serial = {MOVED}", OF_MOVED),
    Fault(
        "a movement is there twice",
        f"INSERT INTO movement ({MOVEMENT.replace(' + 1', '')})"
        f" SELECT {MOVEMENT} FROM movement WHERE serial = {MOVED} AND what = 'conversion'",
        OF_MOVED,
    ),
    Fault(
        "a day counts one too many",
        "UPDATE funnel_tally SET converted = converted + 1"
        " WHERE by = 'all' AND day = (SELECT max(day) FROM funnel_tally)",
        "SELECT 'FunnelCell('",
    ),
    Fault(
        "a month is lost",
        "DELETE FROM retention_tally WHERE span = 1 AND month = (SELECT max(month) FROM retention_tally)",
        "SELECT 'RetentionCell('",
    ),
)


def found(house: House) -> int:
    """How many of the faults are named. Raises if something is wrong before."""
    return sum(_is_found(house, fault) for fault in FAULTS)


def _is_found(house: House, fault: Fault) -> bool:
    """Whether a line names the fault; it is mended afterwards."""
    if before := house.rollups.reconcile():
        raise RuntimeError(f"{len(before)} differences before anything was planted: {before[0]}")
    with house.database.write() as session:
        named = str(session.scalar(text(fault.named)))
        if session.execute(text(fault.deed)).rowcount == 0:  # type: ignore[attr-defined]  # a result of DML has it
            raise RuntimeError(f"nothing was planted: {fault.name}")
    lines = house.rollups.reconcile()
    house.rollups.rebuild()
    return any(line.startswith(named) for line in lines)
