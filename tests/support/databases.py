"""Databases as tests ask for them."""

from __future__ import annotations

from collections.abc import Callable

NewDatabase = Callable[..., str]
"""``new_database("audit")``: the address of one more empty database."""
