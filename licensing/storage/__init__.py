"""Remembers: the only room that knows SQL and key files. Takes a session, returns core values.

Functions are named after the questions they answer. May import `core` and SQLAlchemy.
"""
