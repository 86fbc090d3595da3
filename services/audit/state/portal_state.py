"""The portal state of a dossier, derived from its row.

The states are the national portal's: 1 submitted, 2 accepted, 3 refused at the desk, or closed
because papers never came, 4 with the departments, 5 supplement asked for, 6 money asked for, 7
withdrawn, 8 stopped, 9 resolved, 10 result returned.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from motcua.routing.v1.types_pb2 import SuspensionKind

DossierRow = Mapping[str, Any]
"""The columns of a row of ``dossiers``."""

SUBMITTED, ACCEPTED, REFUSED, PROCESSING, SUPPLEMENT = 1, 2, 3, 4, 5
PAYING, WITHDRAWN, STOPPED, RESOLVED, RETURNED = 6, 7, 8, 9, 10
WITHOUT_RESULT: Final = frozenset({WITHDRAWN, REFUSED})
"""The final states of an accepted dossier without result: reports count it as returned."""


SUSPENDED_AS: Final[Mapping[int, int]] = {
    SuspensionKind.SUSPENSION_KIND_UNSPECIFIED: STOPPED,
    SuspensionKind.SUSPENSION_KIND_SUPPLEMENT: SUPPLEMENT,
    SuspensionKind.SUSPENSION_KIND_FINANCIAL: PAYING,
    SuspensionKind.SUSPENSION_KIND_CONSULTATION: STOPPED,
    SuspensionKind.SUSPENSION_KIND_STOPPED: STOPPED,
}
"""The state of each kind of suspension; of one newer than this build it is 8."""


def finished_at(row: DossierRow) -> int | None:
    """Return the instant at which the work on a dossier ended; None while it goes on.

    The first there is of: withdrawn, closed, resolved, result returned.
    """
    for name in ("withdrawn_at", "closed_at", "resolved_at", "returned_at"):
        if row[name] is not None:
            return int(row[name])
    return None


def state_of(row: DossierRow) -> int:
    """Return the portal state of a row."""
    if row["withdrawn_at"] is not None:
        return WITHDRAWN
    if row["closed_at"] is not None:
        return REFUSED
    if row["returned_at"] is not None:
        return RETURNED
    if row["resolved_at"] is not None:
        return RESOLVED
    if row["accepted_at"] is None and row["refused_at"] is not None:
        return REFUSED
    if row["suspended_at"] is not None:
        return SUSPENDED_AS.get(row["suspended_for"], STOPPED)
    if row["opened_at"] is not None:
        return int(row["step_state"]) or PROCESSING
    return SUBMITTED if row["accepted_at"] is None else ACCEPTED
