"""The kinds of streams in the office: what an event can be about."""

from __future__ import annotations

from typing import Final

DOSSIER: Final = "dossier"
"""A dossier, identified by its code."""
OFFICER: Final = "officer"
"""An officer, identified by the id in the directory of people."""
FINDING: Final = "finding"
"""A finding of a verification, identified by its id."""
