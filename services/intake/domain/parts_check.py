"""Compares the parts that are handed in with those that are asked for. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from motcua.intake.v1.intake_pb2 import SubmittedPart

from kernel.base.errors import Refusal, Violation
from kernel.messages.catalogue import BilingualText, FixedText, listed
from services.intake.domain.refusals import refusal, violation


def copies_of(part: SubmittedPart) -> int:
    """Return how many copies are handed in; no number means one."""
    return part.copies or 1


def unexpected_parts(
    parts: Sequence[SubmittedPart], asked: Collection[str], rule: str
) -> Iterator[Violation]:
    """Return the parts that break ``rule``, since nobody asked for them, and those named twice."""
    seen: set[str] = set()
    for index, part in enumerate(parts):
        if part.code in seen:
            yield violation(f"parts[{index}].code", "part.repeated")
        elif part.code and part.code not in asked:
            yield violation(f"parts[{index}].code", rule)
        seen.add(part.code)


def missing_parts(
    parts: Sequence[SubmittedPart], asked: Mapping[str, int], names: Mapping[str, BilingualText]
) -> Refusal | None:
    """Refuse what has not all come; ``asked`` has the copies of each part, ``names`` the names of
    the procedure's.
    """
    given = {part.code: copies_of(part) for part in parts}
    missing = {code: copies - given.get(code, 0) for code, copies in asked.items()}
    lacking = [
        _with_copies(names.get(code) or FixedText(code, code), copies)
        for code, copies in missing.items()
        if copies > 0
    ]
    return refusal("PAPERS_MISSING", missing=listed(lacking)) if lacking else None


def _with_copies(name: BilingualText, copies: int) -> BilingualText:
    return FixedText(f"{name.vi} ({copies})", f"{name.en} ({copies})")
