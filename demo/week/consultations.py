"""Dossiers on which other departments are asked at once when they are opened, and whose result is a
document that is drafted, reviewed and signed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Final

from motcua.routing.v1 import routing_pb2 as routing
from motcua.routing.v1.types_pb2 import CaseFact, DocumentKind, DocumentStage

from demo.results.own_count import Entry
from demo.week.office_client import OfficeClient
from demo.week.pauses import give_opinion
from kernel.base.clock import Clock
from kernel.base.instants import HOUR

PROCESS: Final = "consulted"
ASKED: Final = ("H22.02", "H22.05")
"""The departments of planning and of the environment, in the order of the process."""
_STATED: Final = {"outcome": "grant", "area": "40"}


def asked_at_once(process: str) -> int:
    """Count the questions with which a case of a process is opened."""
    return len(ASKED) if process == PROCESS else 0


async def answers(
    client: OfficeClient, clock: Clock, entry: Entry, work: Callable[[int], Awaitable[bool]]
) -> bool:
    """Play the departments that were asked, each in its own time; False when the week ends
    before.
    """
    if entry.process != PROCESS:
        return True
    for number, unit in enumerate(ASKED, 1):
        if not await work(clock.now() + (1 + entry.number % (number + 2)) * HOUR):
            return False
        await give_opinion(client, entry.code, unit, number)
        entry.answered += 1
    return True


async def complete(client: OfficeClient, entry: Entry, found: routing.GetCaseResponse) -> None:
    """Complete a step, with the facts that it asks for and what is to be done of the document."""
    code, step = entry.code, found.case.current
    if entry.process != PROCESS:
        await client.complete(code, step)
        return
    if step.step == "appraise":
        draft = routing.DraftDocumentRequest(
            dossier_code=code,
            step=step.step,
            kind=DocumentKind.DOCUMENT_KIND_RESULT,
            sha256=_content(entry),
        )
        await client.decide("DraftDocument", draft, step.unit, step.role)
    if step.step == "approve":
        for stage, role in (
            (DocumentStage.DOCUMENT_STAGE_REVIEW, "head"),
            (DocumentStage.DOCUMENT_STAGE_SIGNATURE, "leader"),
        ):
            judged = routing.ReviewDocumentRequest(
                dossier_code=code, number=1, stage=stage, approved=True, sha256=_content(entry)
            )
            if stage == DocumentStage.DOCUMENT_STAGE_SIGNATURE:
                judged.document_number = f"{entry.number}/QĐ-2021"
            await client.decide("ReviewDocument", judged, entry.unit, role)
    request = routing.CompleteStepRequest(
        dossier_code=code,
        step=step.step,
        facts=[CaseFact(name=name, value=_STATED[name]) for name in found.asked_facts],
    )
    await client.decide("CompleteStep", request, step.unit, step.role)


def _content(entry: Entry) -> str:
    return hashlib.sha256(f"{entry.code} {PROCESS}".encode()).hexdigest()
