"""`motcua verify`: the log and audit's record verified, and who answers for what is found."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Annotated, Any, Final

import typer
from google.protobuf.json_format import MessageToDict
from motcua.audit.v1 import audit_pb2 as pb
from motcua.audit.v1 import types_pb2 as types
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from cli.commands.record.ledger import CHECKPOINT_FILE, text_of
from cli.formatting import moment, print_json, word
from cli.grpc_clients import identity
from cli.options import JSON
from cli.printer import counted, out, progress_on
from cli.rpc_errors import audit

LONG: Final = 3600.0
_COUNTS: Final = (
    *("events", "dossiers", "gaps", "duplicates", "broken_hashes", "ok", "repeats", "quarantined"),
    *("late", "conflicts", "open", "acknowledged", "unread", "checkpoints"),
)
"""The fields of the result that ``--json`` prints beside the findings."""


def verify(
    store_only: Annotated[
        bool, typer.Option("--store-only", help="Do not read the log again.")
    ] = False,
    acknowledge: Annotated[
        str,
        typer.Option(
            "--acknowledge", metavar="FINDING", help="Answer for this finding, by its id."
        ),
    ] = "",
    reason: Annotated[
        str, typer.Option("--reason", help="With --acknowledge: what was found out and done.")
    ] = "",
    checkpoint: CHECKPOINT_FILE = None,
    as_json: JSON = False,
) -> None:
    """Verify that nothing was lost, altered, forged or rewritten.

    A finding stays open until two different persons have acknowledged it, each with a reason; it
    stays listed. Exit status 1 while one is open.
    """
    if bool(acknowledge) != bool(reason.strip()):
        raise typer.BadParameter("--acknowledge and --reason go together")
    earlier = text_of(checkpoint)
    result = run_verify(store_only, earlier)
    if acknowledge:
        _acknowledge(acknowledge, reason)
        result = run_verify(store_only, earlier)
    _print_json(result) if as_json else _print(result)
    if not result.ok:
        raise typer.Exit(1)


def run_verify(store_only: bool = False, checkpoint: str = "") -> pb.VerifyResult:
    """Run the verification, with its progress on a terminal; ``checkpoint`` is earlier checkpoints
    that the ledger must still agree with.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    result = pb.VerifyResult()
    with (
        progress_on(*columns) as progress,
        audit() as stub,
    ):
        task = progress.add_task("verify", total=None)
        request = pb.VerifyRequest(store_only=store_only, checkpoint=checkpoint)
        for answer in stub.Verify(request, timeout=LONG, metadata=identity()):
            if answer.HasField("result"):
                result = answer.result
            else:
                now = answer.progress
                progress.update(
                    task, description=now.phase, completed=now.done, total=now.total or None
                )
    return result


def _acknowledge(finding_id: str, reason: str) -> None:
    request = pb.AcknowledgeFindingRequest(
        request_id=str(uuid.uuid4()), finding_id=finding_id, reason=reason
    )
    with audit() as stub:
        stub.AcknowledgeFinding(request, timeout=10, metadata=identity())


def _print_json(result: pb.VerifyResult) -> None:
    findings = [
        {"open": False} | MessageToDict(f, preserving_proto_field_name=True)
        for f in result.findings
    ]
    document: dict[str, Any] = {name: getattr(result, name) for name in _COUNTS}
    print_json(document | {"findings": findings})


def _print(result: pb.VerifyResult) -> None:
    verdict, style = ("proven", "green") if result.ok else ("broken", "red")
    out.print(Text.assemble((verdict, style), f": {', '.join(_counted(result))}"))
    for finding in result.findings:
        out.print(f"  {described(finding)}", markup=False)
        for each in finding.acknowledgements:
            when = moment(each.acknowledged_at)
            out.print(f"    {each.actor.id}, {when}: {each.reason}", markup=False)
    if result.open:
        out.print(
            "Look into each finding; two persons then answer for it: "
            "motcua verify --acknowledge ID --reason TEXT",
            markup=False,
        )


def _counted(result: pb.VerifyResult) -> Iterator[str]:
    yield (
        f"{counted(result.events, 'event')} of {counted(result.dossiers, 'dossier')}; "
        f"{counted(result.gaps, 'gap')}"
    )
    yield counted(result.duplicates, "duplicate")
    yield counted(result.broken_hashes, "broken hash", "broken hashes")
    if result.checkpoints:
        yield counted(result.checkpoints, "checkpoint agrees", "checkpoints agree")
    if result.conflicts:
        yield counted(result.conflicts, "conflicting event")
    if result.quarantined:
        yield f"{result.quarantined} quarantined"
    if result.late:
        yield f"{result.late} late"
    if result.acknowledged:
        yield counted(result.acknowledged, "acknowledged finding")
    if result.unread:
        yield f"{counted(result.unread, 'record')} not read yet"


def described(finding: pb.Finding) -> str:
    """Return a finding in one line: what, where, of which stream, since when, and whether two
    persons answer for it.
    """
    kind = word(types.FindingKind, finding.kind)
    gap, late = finding.kind == types.FINDING_KIND_GAP, finding.kind == types.FINDING_KIND_LATE
    where = f"partition {finding.partition}, offset {finding.offset}"
    parts = [f"{kind} {'before' if gap else 'at'} {where}"]
    if finding.end_offset:
        parts = [f"{kind} from {where} on, before {finding.end_offset}"]
    if finding.stream_id:
        parts.append(finding.stream_id)
    line = ", ".join(parts)
    if gap:
        last = finding.last_sequence
        numbers = f"{finding.sequence} to {last}" if last > finding.sequence else finding.sequence
        verb = "are" if last > finding.sequence else "is"
        line += f" ({finding.source} {numbers} {verb} missing)"
    elif late:
        line += f" ({finding.source} {finding.sequence} came after {finding.last_sequence})"
    elif finding.source:
        line += f" ({finding.source} {finding.sequence})"
    if gap and finding.HasField("since"):
        line += f" since {moment(finding.since)}"
    if late:
        return line
    state = "open" if finding.open else "acknowledged"
    return f"{line}; {state}, {finding.finding_id}"
