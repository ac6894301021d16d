"""Decides: pure rules and formats. No I/O, no clock, no randomness, no Flask, no SQL.

May import the standard library and `cryptography`, nothing else.
"""
