"""`python -m tests.crash [FAULTS [DATABASE]]`: that many on each database, or on the one named.

Exits 1 when anything was lost, doubled or altered.
"""

from __future__ import annotations

import sys

from tests.crash.faults import SERVERS, run
from tests.crash.installations import POSTGRESQL, SQLITE, installation

FAULTS = 250


def main() -> int:
    """0 when every verdict is clean."""
    faults = int(sys.argv[1]) if len(sys.argv) > 1 else FAULTS
    clean = True
    for database in sys.argv[2:] or (SQLITE, POSTGRESQL):
        with installation(database, SERVERS) as installed:
            outcome = run(installed, faults)
        recovery = f"; selling again {outcome.recovery_seconds:.1f} s after the database at the latest"
        print(f"{database}: {outcome.faults} faults, {outcome.verdict}{recovery if database == POSTGRESQL else ''}")
        for finding in outcome.verdict.findings[:10]:
            print(f"  {finding}")
        clean = clean and outcome.verdict.is_clean
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())
