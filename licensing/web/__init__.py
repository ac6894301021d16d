"""Speaks HTTP: `api/` JSON, `pages/` HTML. Views parse, call one service, and render; they decide nothing."""
