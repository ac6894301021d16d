"""Crashes for real: servers and databases are killed under load, and the clients' journal is held against the ledger.

`python -m tests.crash` runs as many faults as it is told, `python -m tests.crash.broken` shows that each of six broken
copies of the server turns it red. docs/reliability.md says what was found, and what such a run can't see.
"""
