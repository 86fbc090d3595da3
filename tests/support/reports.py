"""Breakdowns of reports by a column of a dossier's row."""

from motcua.audit.v1 import audit_pb2 as pb

from services.audit.reports.breakdown import Breakdown, breakdown


def by_column(name: str) -> Breakdown | None:
    """Return the breakdown by a column; None for an empty name."""
    return breakdown(pb.Breakdown.Value(f"BREAKDOWN_{name.upper()}"), {}) if name else None
