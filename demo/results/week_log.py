"""What the log itself holds of the week, read once by the operator's stream."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from motcua.audit.v1 import audit_pb2 as audit_pb
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import DossierSubmitted, FileStored
from motcua.routing.v1.case_events_pb2 import CaseResumed, CaseSuspended, SupplementRequested
from motcua.routing.v1.collaboration_events_pb2 import (
    ChildEnded,
    ChildRequested,
    ConsultationAnswered,
    ConsultationRequested,
)
from motcua.routing.v1.deadline_events_pb2 import (
    DeadlineEscalated,
    DeadlineExtended,
    DeadlineMissed,
)
from motcua.routing.v1.types_pb2 import DeadlineScope
from rich.table import Table

from cli.grpc_clients import identity
from cli.printer import grid
from cli.rpc_errors import audit
from demo.results.checks import Checks
from demo.results.own_count import OwnCount
from demo.week.officer_directory import DOMAIN, address_of
from demo.week.pauses import PAUSES
from demo.week.scenario import FRIDAY
from kernel.base.instants import to_us
from kernel.eventsourcing.envelope import payload_of

_REASONS = {pause.kind: name for name, pause in PAUSES.items()}


@dataclass
class WeekLog:
    """Figures of the whole log."""

    unit_names: dict[str, str] = field(default_factory=dict)
    begun: Counter[str] = field(default_factory=Counter)
    """Pauses by reason, as in ``scenario.PAUSE_SHARES``."""
    ended: Counter[str] = field(default_factory=Counter)
    files: dict[str, dict[str, int]] = field(default_factory=dict)
    """The bytes of each file, by dossier and SHA-256."""
    extended: int = 0
    asked: int = 0
    answered: int = 0
    children: int = 0
    children_ended: int = 0
    steps_missed: set[tuple[str, str]] = field(default_factory=set)
    """Dossier and step."""
    escalated: Counter[str] = field(default_factory=Counter)
    """The escalation levels that were reached, by the address of who had the role at that time."""
    heads_notified: set[str] = field(default_factory=set)
    """The dossiers of whose promised date a head was notified."""

    def add(self, event: Event) -> None:
        """Count one event."""
        match payload_of(event):
            case DossierSubmitted() as filed:
                self.unit_names[filed.unit] = filed.unit_name
            case FileStored() as stored:
                self.files.setdefault(event.stream_id, {})[stored.sha256] = stored.size
            case SupplementRequested():
                self.begun["supplement"] += 1
            case CaseSuspended() as suspended:
                self.begun[_REASONS[suspended.kind]] += 1
            case CaseResumed() as resumed:
                self.ended[_REASONS[resumed.kind]] += 1
            case DeadlineExtended():
                self.extended += 1
            case ConsultationRequested():
                self.asked += 1
            case ConsultationAnswered():
                self.answered += 1
            case ChildRequested():
                self.children += 1
            case ChildEnded():
                self.children_ended += 1
            case DeadlineMissed() as missed:
                if missed.scope == DeadlineScope.DEADLINE_SCOPE_STEP:
                    self.steps_missed.add((event.stream_id, missed.step))
            case DeadlineEscalated() as escalated:
                self._count_escalation(event, escalated)

    def _count_escalation(self, event: Event, payload: DeadlineEscalated) -> None:
        address = address_of(payload.unit, payload.role, to_us(event.occurred_at))
        self.escalated[address] += 1
        if (payload.escalation_level, payload.scope) == (
            "head",
            DeadlineScope.DEADLINE_SCOPE_DOSSIER,
        ):
            self.heads_notified.add(event.stream_id)


def read() -> WeekLog:
    """Read the log from its beginning to its end."""
    found = WeekLog()
    with audit() as stub:
        request = audit_pb.StreamEventsRequest()
        for item in stub.StreamEvents(request, timeout=60, metadata=identity()):
            found.add(Event.FromString(item.body))
    return found


def compare(checks: Checks, own_count: OwnCount, log: WeekLog) -> None:
    """Compare pauses, moved dates and late steps with what the people of the week know."""
    for reason, number in own_count.pauses().items():
        checks.equal(f"pauses for {reason}", number, log.begun[reason])
    still = Counter(e.pauses[-1] for e in own_count.entries if e.suspended)
    for reason, number in own_count.pauses().items():
        checks.equal(f"ended pauses for {reason}", number - still[reason], log.ended[reason])
    checks.equal("files", {e.code: e.files for e in own_count.entries if e.files}, log.files)
    opened = [pair for e in own_count.entries for pair in e.opened.items()]
    changed = [wanted for wanted, came in opened if came != wanted]
    checks.equal("files that did not come back as they were handed in", [], changed)
    checks.equal("moved dates", sum(e.extended for e in own_count.entries), log.extended)
    checks.equal("opinions asked", sum(e.asked for e in own_count.entries), log.asked)
    checks.equal("opinions given", sum(e.answered for e in own_count.entries), log.answered)
    children = [entry for entry in own_count.entries if entry.parent]
    ended = sum(entry.resolved_at is not None for entry in children)
    checks.equal("child dossiers", len(children), log.children)
    checks.equal("child dossiers that ended", ended, log.children_ended)
    done = {(e.code, s.name): s.late() for e in own_count.entries for s in e.steps}
    known = {step for step, late in done.items() if late is not None}
    late = {step for step in known if done[step]}
    differ = late ^ (log.steps_missed & known)
    checks.equal("steps that one side calls late and the other does not", [], sorted(differ))


def compare_officers(
    checks: Checks, own_count: OwnCount, log: WeekLog, mails: Counter[str]
) -> None:
    """Compare the mails that reached each officer with the escalations on the log, and those with
    the dossiers that the people of the week know to be overdue; ``mails`` counts those in the sink
    by recipient.
    """
    got = {address: n for address, n in mails.items() if address.endswith(f"@{DOMAIN}")}
    checks.equal("mails to officers", dict(log.escalated), got)
    overdue = {e.code for e in own_count.entries if own_count.overdue(e, FRIDAY)}
    checks.equal(
        "overdue dossiers of which no head was notified", [], sorted(overdue - log.heads_notified)
    )


def table(own_count: OwnCount, log: WeekLog) -> Table:
    """Return the table of what moved the due dates."""
    late = sum(s.late() is True for e in own_count.entries for s in e.steps)
    steps = sum(len(e.steps) for e in own_count.entries)
    mails = log.escalated.total()
    rows = [
        ("supplement asked of the citizen", log.begun["supplement"], log.ended["supplement"]),
        ("payment asked of the citizen", log.begun["payment"], log.ended["payment"]),
        ("stopped for another agency", log.begun["consultation"], log.ended["consultation"]),
        ("stopped for somebody outside", log.begun["third_party"], log.ended["third_party"]),
        ("date moved once, with an apology", log.extended, ""),
        ("opinions asked while it runs", log.asked, log.answered),
        ("child dossiers at another agency", log.children, log.children_ended),
        (f"steps late, of {steps} completed", late, ""),
        (f"mails to {len(log.escalated)} heads and leaders", mails, ""),
    ]
    cells = [(what, str(number or ""), str(ended or "")) for what, number, ended in rows]
    return grid(("what", "times", "ended"), cells, right=("times", "ended"))
