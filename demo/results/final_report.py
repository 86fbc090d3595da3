"""The end of the week: everything settles, is compared and proven, and shown on about a screen.

``details`` has the rest.
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

from cli.commands.rebuild import check_service
from cli.commands.record.verify import run_verify
from cli.commands.report.indicators import fetch, report_request
from cli.commands.report.tables import LEGEND, table
from cli.grpc_clients import Connection, identity, status_of
from cli.options import OFFICE
from cli.printer import counted, err, grid, out
from cli.rpc_errors import audit
from cli.stack.plan import SERVICES
from demo.local_stack import PartnerProcesses
from demo.results import details, week_log
from demo.results.checks import Checks
from demo.results.details import heading
from demo.results.messages_and_post import files_in_brief, messages_in_brief, post_in_brief
from demo.results.own_count import OwnCount
from demo.results.week_log import WeekLog
from demo.week import immediate_service
from demo.week.scenario import FRIDAY, MONDAY
from infra.local.smtp import RECIPIENT_HEADER, read_messages
from kernel.base.instants import to_datetime

SETTLED_WITHIN = 60.0
POSTED_WITHIN = 20.0


def finish(
    folder: Path, own_count: OwnCount, partners: PartnerProcesses, *, verbose: bool = False
) -> bool:
    """Let everything settle, compare, prove and show; return whether all agreed."""
    err.print("  the week is over: waiting for the post and the last mails, then comparing")
    checks = Checks()
    _wait_for_post(own_count)
    post_counts = partners.stop()
    _settle()
    by_unit, by_channel = (
        fetch(report_request(MONDAY.isoformat(), FRIDAY.isoformat(), "", by))
        for by in ("unit", "channel")
    )
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
    _show(own_count, log, by_unit, by_channel)
    heading("Messages, post and files")
    out.print(messages_in_brief(counts))
    out.print(post_in_brief(post_counts))
    out.print(files_in_brief(own_count))
    if verbose:
        details.show(own_count, log, by_unit, counts, post_counts)
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


def _unexplained(own_count: OwnCount) -> list[str]:
    """Compute every due date of the week again from its events; return the dossiers that differ."""
    accepted = [entry.code for entry in own_count.entries if entry.accepted_at is not None]
    with audit() as stub:
        answers = {code: details.explanation(stub, code) for code in accepted}
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
    own_count: OwnCount, log: WeekLog, by_unit: dict[str, Any], by_channel: dict[str, Any]
) -> None:
    heading("The week by channel")
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
    heading("Late, by unit: resolved late, or pending and overdue")
    late = {row["key"]: row["late"] + row["pending_overdue"] for row in by_unit["rows"]}
    for key, number in late.items():
        if number:
            out.print(f"{number:4}  {key:12} {log.unit_names.get(key, '')}")


def print_next_steps(folder: Path, own_count: OwnCount, ended_at: int) -> None:
    """Print five things to look at afterwards, as commands to be typed.

    The stack is opened again with the office's time at which it ended.
    """
    if not own_count.entries:
        return
    code = max(own_count.entries, key=lambda entry: entry.expected_mails.total()).code
    reopened = f"{to_datetime(ended_at, OFFICE).isoformat(timespec='seconds')}@1@$(date +%s)"
    things = (
        ("the mails about one dossier", f"motcua mails {code}"),
        ("its whole history", f"motcua timeline {code}"),
        ("why it is due when it is", f"motcua deadlines explain {code}"),
        ("what is overdue", "motcua deadlines --overdue"),
        ("the report", f"motcua report --from {MONDAY} --to {FRIDAY} --by unit"),
    )
    heading("Five things to open, once the stack is up again where the week ended")
    print("    source .venv/bin/activate")
    print(f"    export MOTCUA_DATA_DIR={shlex.quote(str(folder))}")
    print("    export PEOPLE_DIRECTORY=$MOTCUA_DATA_DIR/people.toml")
    print(f"    MOTCUA_CLOCK={reopened} motcua up --detach")
    for what, command in things:
        print(f"    {command}    # {what}")


def _prove(checks: Checks) -> None:
    err.print("  rebuilding the five services from the log, and verifying it")
    heading("Proof")
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
    heading("Compared with the demonstration's own count")
    if not checks.failed:
        out.print(f"[green]{checks.made} figures, all equal[/]")
        return
    out.print(f"[red]{len(checks.failed)} of {checks.made} figures differ[/]")
    for line in checks.failed[:20]:
        err.print(f"  [red]{line}[/]")
