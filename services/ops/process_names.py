"""The names of the processes that a procedure may have: routing's, as they are installed here."""

from __future__ import annotations

from services.routing.process_files import standard_processes


def process_names() -> frozenset[str]:
    """List them."""
    return frozenset(process.name for process in standard_processes().all())
