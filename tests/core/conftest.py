"""Settings of the core's tests: a property is judged by its answer, not by how busy the machine is."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("core", deadline=None)
settings.load_profile("core")
