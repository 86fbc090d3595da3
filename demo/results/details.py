"""What `--verbose` shows of the week beside its end: more figures, and two dossiers in full."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from motcua.audit.v1 import audit_pb2 as audit_pb

from cli.commands.deadline_tables import deadline_table
from cli.commands.deadlines import fetch_deadlines, print_explanation
from cli.commands.dossier import timeline_table
from cli.commands.report.tables import table
from cli.grpc_clients import identity
from cli.printer import out
from cli.rpc_errors import audit
from demo.results import week_log
from demo.results.messages_and_post import message_table, post_table
from demo.results.own_count import Entry, OwnCount
from demo.results.week_log import WeekLog
from demo.week import immediate_service
from demo.week.scenario import FRIDAY

SHORT_PROMISE = 6
"""Days of a promise that can be explained line by line on one screen."""
OVERDUE_SHOWN = 8


def heading(text: str) -> None:
    """Print the heading of a part."""
    out.print(f"\n[bold]{text}[/]")


def show(
    own_count: OwnCount,
    log: WeekLog,
    by_unit: dict[str, Any],
    messages: Mapping[tuple[str, int], int],
    post: Mapping[str, Mapping[str, Any]],
) -> None:
    """Print them."""
    heading("The week by unit")
    out.print(table(by_unit))
    if rows := fetch_deadlines(f"{FRIDAY}T17:00:00+07:00", "", True, ""):
        shown = rows[:OVERDUE_SHOWN]
        heading(f"Pending and overdue on Friday at 17:00, {len(shown)} of {len(rows)}")
        out.print(deadline_table(shown))
    heading("Pauses, moved dates, and work shared with others")
    out.print(week_log.table(own_count, log))
    if summary := immediate_service.summary(own_count):
        out.print(summary, markup=False)
    with audit() as stub:
        heading("One dossier across the services")
        _print_dossier(stub, _richest(own_count.entries).code)
        if shared := _shared(own_count.entries):
            heading("One on which others worked too, with the due dates of its steps")
            _print_dossier(stub, shared.code, steps=True)
    heading("Messages to citizens and officers")
    out.print(message_table(messages))
    heading("The post, by its own count")
    out.print(post_table(post))


def explanation(stub: Any, code: str) -> audit_pb.ExplainDeadlineResponse:
    """Ask why a dossier is due when it is."""
    request = audit_pb.ExplainDeadlineRequest(dossier_code=code)
    answer: audit_pb.ExplainDeadlineResponse = stub.ExplainDeadline(
        request, timeout=30, metadata=identity()
    )
    return answer


def _print_dossier(stub: Any, code: str, *, steps: bool = False) -> None:
    request = audit_pb.GetTimelineRequest(dossier_code=code)
    out.print(timeline_table(stub.GetTimeline(request, timeout=30, metadata=identity())))
    heading("Why it is due when it is")
    print_explanation(explanation(stub, code), steps=steps)


def _richest(entries: list[Entry]) -> Entry:
    """Choose a dossier to which as much happened as there is."""
    return max(
        entries,
        key=lambda e: (
            e.resolved_at is not None,
            e.promised_days() <= SHORT_PROMISE,
            e.result_channel == "post",
            e.extended,
            len(e.pauses),
            e.consent,
            -e.number,
        ),
    )


def _shared(entries: list[Entry]) -> Entry | None:
    """Choose a dossier for which another unit was asked and another agency had a child dossier, as
    far as there is one, that stood still meanwhile.
    """
    parents = {entry.parent for entry in entries}
    among = [entry for entry in entries if entry.asked or entry.code in parents]
    return max(
        among,
        key=lambda e: (
            e.resolved_at is not None,
            e.code in parents,
            e.promised_days() <= SHORT_PROMISE,
            bool(e.pauses),
            e.asked,
            any(step.late() for step in e.steps),
            -e.number,
        ),
        default=None,
    )
