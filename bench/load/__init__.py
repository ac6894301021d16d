"""Servers as users start them, driven by a load generator in processes of its own."""
