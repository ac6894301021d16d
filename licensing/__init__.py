"""License and entitlement server of Koor's Data Control Center (DCC).

The rooms and the one direction of their imports are drawn in README.md and held by `make check`.
A client imports `licensing.verifier` alone, which needs nothing but `cryptography`.
"""

__version__ = "0.1.0"
