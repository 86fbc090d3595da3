"""The end of the week: everything settles, is compared and proven, and shown as an operator would
want it.
"""

from __future__ import annotations

import shlex
import time
from collections import Counter
from pathlib import Path
from typing import Any

from motcua.audit.v1 import audit_pb2 as audit_pb
from motcua.notify.v1 import notify_pb2 as notify_pb
from motcua.notify.v1.notify_pb2_grpc import NotifyServiceStub

from cli.commands.deadline_tables import deadline_table
from cli.commands.deadlines import fetch_deadlines, print_explanation
from cli.commands.dossier import timeline_table
from cli.commands.rebuild import check_service
from cli.commands.record.verify import run_verify
from cli.commands.report import LEGEND, fetch, table
from cli.grpc_clients import Connection, identity, status_of
from cli.options import OFFICE
from cli.printer import counted, err, grid, out
from cli.rpc_errors import audit
from cli.stack.plan import SERVICES
from demo.local_stack import PartnerProcesses
from demo.results import week_log
from demo.results.checks import Checks
from demo.results.messages_and_post import message_table, post_table
from demo.results.own_count import Entry, OwnCount
from demo.results.week_log import WeekLog
from demo.week import immediate_service
from demo.week.scenario import FRIDAY, MONDAY
from infra.local.smtp import RECIPIENT_HEADER, read_messages
from kernel.base.instants import to_datetime

SETTLED_WITHIN = 60.0
POSTED_WITHIN = 20.0
SHORT_PROMISE = 6
"""Days of a promise that can be explained line by line on one screen."""


def finish(folder: Path, own_count: OwnCount, partners: PartnerProcesses) -> bool:
    """Let everything settle, compare, prove and show; return whether all agreed."""
    checks = Checks()
    _wait_for_post(own_count)
    post_counts = partners.stop()
    _settle()
    by_unit = fetch(MONDAY.isoformat(), FRIDAY.isoformat(), "", "unit")
    by_channel = fetch(MONDAY.isoformat(), FRIDAY.isoformat(), "", "channel")
    checks.report(own_count, "unit", by_unit, FRIDAY)
    checks.report(own_count, "channel", by_channel, FRIDAY)
    counts = _messages()
    sent = Counter(
        {kind: n for (kind, state), n in counts.items() if state == notify_pb.MESSAGE_STATE_SENT}
    )
    checks.mails(own_count, sent, len(read_messages(folder / "mail")))
    checks.equal(
        "delivered by post",
        sum(count["delivered"] for count in post_counts.values()),
        _delivered(own_count),
    )
    log = week_log.read()
    week_log.compare(checks, own_count, log)
    week_log.compare_officers(checks, own_count, log, _arrived(folder))
    immediate_service.compare(checks, own_count)
    checks.equal("due dates that their own events do not explain", [], _unexplained(own_count))
    _show(own_count, log, by_unit, by_channel, counts, post_counts)
    _prove(checks)
    _print_outcome(checks)
    return not checks.failed


def _arrived(folder: Path) -> Counter[str]:
    """Count the mails in the sink by recipient."""
    return Counter(str(mail[RECIPIENT_HEADER]) for mail in read_messages(folder / "mail"))


def _wait_for_post(own_count: OwnCount) -> None:
    """Wait until the post has brought what was resolved; what it has not brought by then stays
    open.
    """
    end = time.monotonic() + POSTED_WITHIN
    wanted = sum(
        e.resolved_at is not None and e.result_channel == "post" for e in own_count.entries
    )
    while time.monotonic() < end and _delivered(own_count) < wanted * 0.9:
        time.sleep(0.5)


def _delivered(own_count: OwnCount) -> int:
    """Count delivered items by the operator's view of the log: dossiers by post whose result
    reached the citizen.
    """
    found = 0
    posted = [
        e.code
        for e in own_count.entries
        if e.result_channel == "post" and e.resolved_at is not None
    ]
    with audit() as stub:
        for code in posted:
            answer = stub.GetState(
                audit_pb.GetStateRequest(dossier_code=code), timeout=30, metadata=identity()
            )
            found += answer.state.state == 10
    return found


def _explanation(stub: Any, code: str) -> audit_pb.ExplainDeadlineResponse:
    request = audit_pb.ExplainDeadlineRequest(dossier_code=code)
    answer: audit_pb.ExplainDeadlineResponse = stub.ExplainDeadline(
        request, timeout=30, metadata=identity()
    )
    return answer


def _unexplained(own_count: OwnCount) -> list[str]:
    """Compute every due date of the week again from its events; return the dossiers that differ."""
    accepted = [entry.code for entry in own_count.entries if entry.accepted_at is not None]
    with audit() as stub:
        answers = {code: _explanation(stub, code) for code in accepted}
    wrong = (audit_pb.AGREEMENT_DIFFERS, audit_pb.AGREEMENT_UNKNOWN)
    return [code for code, answer in answers.items() if answer.agreement in wrong]


def _settle() -> None:
    """Wait until nothing is on its way any more: no lag, nothing to publish, no mail to send, twice
    in a row.
    """
    end = time.monotonic() + SETTLED_WITHIN
    calm = 0
    while calm < 3 and time.monotonic() < end:
        states = [status_of(name) for name in SERVICES]
        quiet = all(s is not None and s.ready and s.lag == 0 and s.outbox == 0 for s in states)
        queued = sum(
            n for (_, state), n in _messages().items() if state == notify_pb.MESSAGE_STATE_QUEUED
        )
        calm = calm + 1 if quiet and not queued else 0
        time.sleep(0.4)


def _messages() -> dict[tuple[str, int], int]:
    with Connection("notify") as connection:
        stub: Any = NotifyServiceStub(connection.channel)
        answer = stub.CountMessages(
            notify_pb.CountMessagesRequest(), timeout=10, metadata=identity()
        )
    return {(row.kind, row.state): row.count for row in answer.counts}


def _show(
    own_count: OwnCount,
    log: WeekLog,
    by_unit: dict[str, Any],
    by_channel: dict[str, Any],
    counts: dict[tuple[str, int], int],
    post_counts: dict[str, dict[str, Any]],
) -> None:
    _heading("The week by unit")
    out.print(table(by_unit))
    out.print()
    out.print(table(by_channel))
    out.print(LEGEND)
    handed_in = [entry for entry in own_count.entries if not entry.parent]
    online = sum(entry.channel == "online" for entry in handed_in)
    share = 100 * online / max(1, len(handed_in))
    accepted = sum(entry.accepted_at is not None for entry in handed_in)
    out.print(
        f"{len(handed_in)} handed in, {accepted} of them accepted, "
        f"{len(own_count.entries) - len(handed_in)} child dossiers beside them; "
        f"{share:.2f} % handed in online (the province in 2021: 4.86 %)"
    )
    _heading("Late, by unit: resolved late, or pending and overdue")
    late = {row["key"]: row["late"] + row["pending_overdue"] for row in by_unit["rows"]}
    for key, number in late.items():
        if number:
            out.print(f"{number:4}  {key:12} {log.unit_names.get(key, '')}")
    rows = fetch_deadlines(f"{FRIDAY}T17:00:00+07:00", "", True, "")
    if rows:
        shown = min(8, len(rows))
        out.print(f"\npending and overdue on Friday at 17:00, {shown} of {len(rows)}:")
        out.print(deadline_table(rows[:8]))
    _heading("Pauses, moved dates, and work shared with others")
    out.print(week_log.table(own_count, log))
    if summary := immediate_service.summary(own_count):
        out.print(summary, markup=False)
    with audit() as stub:
        _heading("One dossier across the services")
        _print_dossier(stub, _richest(own_count.entries).code)
        if shared := _shared(own_count.entries):
            _heading("One on which others worked too, with the due dates of its steps")
            _print_dossier(stub, shared.code, steps=True)
    _heading("Messages to citizens and officers")
    out.print(message_table(counts))
    _heading("The post, by its own count")
    out.print(post_table(post_counts))


def print_next_steps(folder: Path, own_count: OwnCount, ended_at: int) -> None:
    """Print five things to look at afterwards, as commands to be typed.

    The stack is opened again with the office's time at which it ended.
    """
    if not own_count.entries:
        return
    code = max(own_count.entries, key=lambda entry: entry.expected_mails.total()).code
    reopened = f"{to_datetime(ended_at, OFFICE).isoformat(timespec='seconds')}@1@$(date +%s)"
    steps = (
        ("the mails about one dossier", f"motcua mails {code}"),
        (
            "the stack again, where the week ended",
            f"MOTCUA_CLOCK={reopened} PEOPLE_DIRECTORY=$MOTCUA_DATA_DIR/people.toml "
            "motcua up --detach",
        ),
        ("its whole history", f"motcua timeline {code}"),
        ("what is overdue", "motcua deadlines --overdue"),
        ("the report", f"motcua report --from {MONDAY} --to {FRIDAY} --by channel"),
    )
    _heading("Five things to look at, with `source .venv/bin/activate`")
    print(f"    export MOTCUA_DATA_DIR={shlex.quote(str(folder))}")
    for what, command in steps:
        print(f"    {command}    # {what}")


def _heading(text: str) -> None:
    out.print(f"\n[bold]{text}[/]")


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


def _print_dossier(stub: Any, code: str, *, steps: bool = False) -> None:
    request = audit_pb.GetTimelineRequest(dossier_code=code)
    out.print(timeline_table(stub.GetTimeline(request, timeout=30, metadata=identity())))
    _heading("Why it is due when it is")
    print_explanation(_explanation(stub, code), steps=steps)


def _prove(checks: Checks) -> None:
    _heading("Proof")
    columns = ("rebuilt from the log", "events", "seconds", "tables", "rows", "differences")
    lines = []
    for name in SERVICES:
        found = check_service(name)
        rows = sum(t["rows"] for t in found["tables"].values())
        differences = sum(t["differences"] for t in found["tables"].values())
        numbers = (
            found["events"],
            f"{found['seconds']:.1f}",
            len(found["tables"]),
            rows,
            differences,
        )
        lines.append((name, *[str(n) for n in numbers]))
        checks.equal(f"rebuild of {name}", True, found["equal"])
    out.print(grid(columns, lines, right=columns[1:]))
    begun = time.monotonic()
    proof = run_verify()
    seconds = time.monotonic() - begun
    checks.equal("verify", True, proof.ok)
    word = "proven" if proof.ok else "broken"
    out.print(
        f"verify: {word}; {proof.events} events of {proof.dossiers} dossiers, "
        f"{counted(proof.gaps, 'gap')}, {counted(proof.duplicates, 'duplicate')}, "
        f"{counted(proof.broken_hashes, 'broken hash', 'broken hashes')}; store and log "
        f"read again in {seconds:.1f} s ({2 * proof.events / max(seconds, 1e-6):,.0f} records/s)"
    )


def _print_outcome(checks: Checks) -> None:
    _heading("Compared with the demonstration's own count")
    if not checks.failed:
        out.print(f"[green]{checks.made} figures, all equal[/]")
        return
    out.print(f"[red]{len(checks.failed)} of {checks.made} figures differ[/]")
    for line in checks.failed[:20]:
        err.print(f"  [red]{line}[/]")
