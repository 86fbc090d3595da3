"""Rules of files: how much may be handed in, and until when. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from kernel.base.errors import Refusal
from services.intake.domain.refusals import refusal
from services.intake.domain.state import Phase, State

MB: Final = 1024 * 1024
MOST_FILES: Final = 200
"""Files of one dossier."""
_ENDED: Final = {
    Phase.REFUSED: "ALREADY_REFUSED",
    Phase.WITHDRAWN: "ALREADY_WITHDRAWN",
    Phase.RETURNED: "ALREADY_RETURNED",
}


class UploadState(StrEnum):
    """How far an upload is."""

    RECEIVING = "receiving"
    STORED = "stored"
    """Whole, and waits for a dossier that names it."""
    CLAIMED = "claimed"
    """A dossier has it."""
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class FileLimits:
    """The most bytes of content: of a file, of a dossier's files together, and of all files of a
    caller that belong to no dossier yet.
    """

    file: int = 50 * MB
    dossier: int = 300 * MB
    caller: int = 500 * MB


@dataclass(frozen=True, slots=True)
class Amount:
    """How many files there are, with how many bytes of content."""

    files: int
    size: int


def may_begin(size: int, waiting: Amount, limits: FileLimits) -> Refusal | None:
    """Refuse an upload for which the caller has too much that belongs to no dossier yet."""
    if waiting.size + size > limits.caller or waiting.files >= MOST_FILES:
        return refusal("UPLOADS_FULL", limit=limits.caller // MB, files=MOST_FILES)
    return None


def may_add(state: State, size: int, before: Amount, limits: FileLimits) -> Refusal | None:
    """Refuse a file for a dossier that has ended, or has too many."""
    if state.phase in _ENDED:
        return refusal(_ENDED[state.phase])
    return room_for(size, before, limits)


def room_for(size: int, before: Amount, limits: FileLimits) -> Refusal | None:
    """Refuse a file for a dossier that has too many."""
    if before.size + size > limits.dossier or before.files >= MOST_FILES:
        return refusal("DOSSIER_FILES_FULL", limit=limits.dossier // MB, files=MOST_FILES)
    return None
