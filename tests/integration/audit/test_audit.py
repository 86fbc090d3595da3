import random
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from motcua.audit.v1 import audit_pb2 as pb
from motcua.events.v1.event_pb2 import Event
from sqlalchemy import and_, select, update

from infra.local.kafka import KafkaBroker
from kernel.base.instants import DAY, to_timestamp, to_us
from kernel.rebuild.check import check
from kernel.rpc.client import explain
from services.audit.deadlines.explain import explain as explained
from services.audit.tables import LOG
from tests.support.audit_service import FRIDAY, OPERATOR, Office, open_office, publish
from tests.support.audit_store import MONDAY, dossier_rows, week
from tests.support.events import name_of
from tests.support.identity import metadata
from tests.support.models import AUDIT as MODEL
from tests.support.office_files import find_calendar
from tests.support.walk import Metadata

WEDNESDAY = MONDAY + 2 * DAY
NO_COUNTS = {"key", "cross", "share", "in_time_share", "online_share"}
COUNTS = [f.name for f in pb.ReportRow.DESCRIPTOR.fields if f.name not in NO_COUNTS]


@pytest.fixture
def events() -> list[Event]:
    """A week of forty dossiers."""
    return week(random.Random(31), 40)


@pytest.fixture
def office(
    database_url: str, kafka: KafkaBroker, topic: str, events: list[Event]
) -> Iterator[Office]:
    """The audit service, which has read the week."""
    publish(kafka.bootstrap, topic, events)
    with open_office(database_url, kafka.bootstrap, topic) as opened:
        opened.wait(len(events))
        yield opened


def test_an_operator_reads_everything_that_the_log_says(
    office: Office, events: list[Event], kafka: KafkaBroker, topic: str
) -> None:
    """Timeline, state, deadlines, report, playback and chain tell of the same events."""
    code = events[0].stream_id
    own = [e for e in events if e.stream_id == code]
    rows = dossier_rows(events)

    timeline = office.ask("GetTimeline", pb.GetTimelineRequest(dossier_code=code))
    assert [e.event_id for e in timeline.entries] == [e.event_id for e in own]
    first = timeline.entries[0]
    assert (first.type, first.source, first.sequence) == ("DossierSubmitted", "intake", 1)
    assert (first.actor.id, to_us(first.occurred_at)) == ("an.nv", to_us(own[0].occurred_at))
    assert first.summary.vi
    assert first.summary.en
    assert len(first.hash) == 32

    state = office.ask("GetState", pb.GetStateRequest(dossier_code=code)).state
    assert state.state == rows[code]["state"]
    assert state.unit == rows[code]["unit"]
    assert state.state_name.vi

    _check_deadlines(office, rows)
    _check_explanation(office, rows, code, own)
    _check_report(office, rows)

    played = list(office.stream("StreamEvents", pb.StreamEventsRequest()))
    assert {p.body for p in played} == {e.SerializeToString() for e in events}
    heads = office.ask("GetChain", pb.GetChainRequest()).heads
    assert sum(h.events for h in heads) == len(events)

    _check_following(office, kafka.bootstrap, topic, heads)


def _check_explanation(office: Office, rows: dict[str, Any], code: str, own: list[Event]) -> None:
    answer = office.ask("ExplainDeadline", pb.ExplainDeadlineRequest(dossier_code=code))
    expected = explained(own, find_calendar)
    assert [line.event_id for line in answer.lines] == [
        line.event.event_id for line in expected.lines
    ]
    first = rows[code]["first_due_at"]
    assert answer.HasField("first_due_at") == (first is not None)
    assert to_us(answer.first_due_at) == (first or 0)
    assert answer.time_zone == rows[code]["time_zone"]


def _check_deadlines(office: Office, rows: dict[str, Any]) -> None:
    listed: list[pb.Deadline] = []
    token = ""
    while True:
        request = pb.ListDeadlinesRequest(overdue=True, page_size=3, page_token=token)
        page = office.ask("ListDeadlines", request)
        listed += page.deadlines
        token = page.next_page_token
        if not token:
            break
    expected = {
        code
        for code, f in rows.items()
        if f["pending_due_at"] and f["pending_due_at"] < FRIDAY and not f["suspended_at"]
    }
    assert {d.dossier_code for d in listed} == expected
    assert {d.status for d in listed} <= {pb.DEADLINE_STATUS_OVERDUE}
    late = {d.dossier_code for d in listed if d.lateness == pb.LATENESS_PENDING_OVERDUE}
    accepted = {c for c in expected if rows[c]["accepted_at"]}
    assert late == {c for c in accepted if rows[c]["due_day"] < 20210813}
    checks = {d.dossier_code for d in listed if d.kind == pb.DEADLINE_KIND_DESK_CHECK}
    assert checks == expected - accepted
    assert checks
    near = pb.ListDeadlinesRequest(
        as_of=to_timestamp(WEDNESDAY), within=Duration(seconds=3 * 86_400)
    )
    for deadline in office.ask("ListDeadlines", near).deadlines:
        assert WEDNESDAY <= to_us(deadline.due_at) <= WEDNESDAY + 3 * DAY


def _check_report(office: Office, rows: dict[str, Any]) -> None:
    request = pb.GetReportRequest(
        from_date="2021-08-01", to_date="2021-08-31", by=pb.BREAKDOWN_CHANNEL
    )
    report = office.ask("GetReport", request)
    received = Counter(f["channel"] for f in rows.values() if f["received_day"])
    assert {row.key: row.received for row in report.rows} == received
    assert not report.HasField("as_of")
    for row in (report.total, *report.rows):
        assert row.carried_over + row.received == row.resolved + row.returned + row.pending
    for name in COUNTS:
        assert getattr(report.total, name) == sum(getattr(row, name) for row in report.rows)


def _check_following(office: Office, bootstrap: str, topic: str, heads: Iterable[Any]) -> None:
    places = [pb.LogPosition(partition=h.partition, offset=h.offset) for h in heads]
    stream = office.stream("StreamEvents", pb.StreamEventsRequest(follow=True, after=places))
    later = week(random.Random(32), 1)
    for event in later:
        event.stream_id = "H22.12.03-210820-0001"
    publish(bootstrap, topic, later)
    came = [Event.FromString(p.body).event_id for p in islice(stream, len(later))]
    stream.cancel()
    assert came == [e.event_id for e in later]


def test_what_was_known_then_is_told(office: Office, events: list[Event]) -> None:
    """As of an instant, state and history end there; before its beginning a dossier is unknown."""
    code = events[0].stream_id
    own = [e for e in events if e.stream_id == code]
    then = to_us(own[1].occurred_at)

    asked = pb.GetTimelineRequest(dossier_code=code, as_of=to_timestamp(then))
    assert len(office.ask("GetTimeline", asked).entries) == sum(
        to_us(e.occurred_at) <= then for e in own
    )
    before = pb.GetStateRequest(dossier_code=code, as_of=to_timestamp(MONDAY - DAY))
    with pytest.raises(grpc.RpcError) as raised:
        office.ask("GetState", before)
    problem = explain(raised.value)
    assert problem.code is grpc.StatusCode.NOT_FOUND
    assert problem.text == f"By that instant the log knew no such dossier: {code!r}."


@pytest.mark.parametrize(
    ("method", "request_", "named"),
    [
        ("GetTimeline", pb.GetTimelineRequest(dossier_code="NO-1"), "NO-1"),
        ("GetState", pb.GetStateRequest(dossier_code="NO-2"), "NO-2"),
        ("StreamEvents", pb.StreamEventsRequest(dossier_code="NO-3"), "NO-3"),
        ("ListDeadlines", pb.ListDeadlinesRequest(unit="NO.4"), "NO.4"),
    ],
)
def test_what_the_log_does_not_know_is_named(
    office: Office, method: str, request_: Message, named: str
) -> None:
    """An unknown dossier or unit is NOT_FOUND, and the text says which one was asked for."""
    asked = pb.DESCRIPTOR.services_by_name["AuditService"].methods_by_name[method]
    with pytest.raises(grpc.RpcError) as raised:
        _call(office, asked, request_, OPERATOR)
    problem = explain(raised.value)
    assert problem.code is grpc.StatusCode.NOT_FOUND
    assert repr(named) in problem.text


def test_a_known_unit_with_nothing_due_is_no_fault(office: Office, events: list[Event]) -> None:
    """A unit's empty list, and a known dossier's empty part of the log, are answers."""
    unit = dossier_rows(events)[events[0].stream_id]["unit"]
    long_ago = to_timestamp(MONDAY - DAY)
    listed = office.ask("ListDeadlines", pb.ListDeadlinesRequest(unit=unit, as_of=long_ago))
    assert list(listed.deadlines) == []
    part = pb.StreamEventsRequest(dossier_code=events[0].stream_id, to_time=long_ago)
    assert list(office.stream("StreamEvents", part)) == []


def test_summaries_are_told_in_the_zone_asked_for(office: Office, events: list[Event]) -> None:
    """The same instant, in the dossier's zone unless another one is named; no other text is one."""
    event = next(e for e in events if name_of(e) == "DossierAccepted")
    code = event.stream_id
    for zone, offset in (("", "+07:00"), ("Europe/Amsterdam", "+02:00")):
        asked = pb.GetTimelineRequest(dossier_code=code, time_zone=zone)
        lines = [e.summary.en for e in office.ask("GetTimeline", asked).entries]
        assert any(line.startswith("Accepted, due ") and line.endswith(offset) for line in lines)
    with pytest.raises(grpc.RpcError) as raised:
        office.ask("GetTimeline", pb.GetTimelineRequest(dossier_code=code, time_zone="../x"))
    assert set(explain(raised.value).fields) == {"time_zone"}


def test_only_inspectors_and_operators_may_ask(office: Office) -> None:
    """What shows every unit's dossiers is closed to everybody else, other officers too.
    Checkpoints, which name none, are for everybody, and proofs that one continues another for all
    officers.
    """
    assert office.ask("GetCheckpoint", pb.GetCheckpointRequest(), who=()) is not None
    strangers = [metadata(kind, "x") for kind in ("citizen", "importer")]
    strangers.append(metadata("officer", "an.nv", unit="H22.12", roles=["specialist"]))
    for method in pb.DESCRIPTOR.services_by_name["AuditService"].methods:
        if method.name == "GetCheckpoint":
            continue
        request = getattr(pb, method.input_type.name)()
        for who in strangers[: -1 if method.name == "GetConsistencyProof" else None]:
            with pytest.raises(grpc.RpcError) as raised:
                _call(office, method, request, who)
            assert raised.value.code() is grpc.StatusCode.PERMISSION_DENIED
        with pytest.raises(grpc.RpcError) as raised:
            _call(office, method, request, ())
        assert raised.value.code() is grpc.StatusCode.UNAUTHENTICATED
    inspector = metadata("officer", "an.nv", unit="H22.12", roles=["inspector"])
    assert office.ask("GetChain", pb.GetChainRequest(), who=inspector).heads


def _call(office: Office, method: MethodDescriptor, request: Message, who: Metadata) -> Any:
    if method.server_streaming:
        return list(office.stream(method.name, request, who=who))
    return office.ask(method.name, request, who=who)


WRONG = [
    ("GetState", pb.GetStateRequest(), {"dossier_code"}),
    ("GetTimeline", pb.GetTimelineRequest(dossier_code="x" * 101), {"dossier_code"}),
    ("GetReport", pb.GetReportRequest(from_date="9/8/2021"), {"from_date", "to_date"}),
    (
        "GetReport",
        pb.GetReportRequest(from_date="2021-02-29", to_date="2021-03-01"),
        {"from_date"},
    ),
    ("GetReport", pb.GetReportRequest(from_date="2021-03-02", to_date="2021-03-01"), {"to_date"}),
    ("ListDeadlines", pb.ListDeadlinesRequest(page_token="x"), {"page_token"}),
    ("ListDeadlines", pb.ListDeadlinesRequest(page_size=5001), {"page_size"}),
    (
        "ListDeadlines",
        pb.ListDeadlinesRequest(within=Duration(seconds=-1), unit="U" * 101),
        {"within", "unit"},
    ),
]


def test_wrong_requests_are_told_what_is_wrong(office: Office) -> None:
    """A wrong request gets INVALID_ARGUMENT with every wrong field named."""
    for method, request, fields in WRONG:
        with pytest.raises(grpc.RpcError) as raised:
            office.ask(method, request)
        problem = explain(raised.value)

        assert problem.code is grpc.StatusCode.INVALID_ARGUMENT
        assert set(problem.fields) == fields


def test_the_log_and_the_store_are_proven_against_each_other(
    office: Office, events: list[Event]
) -> None:
    """A sound store is proven against the real log; a byte changed in it is named."""
    *progress, last = office.stream("Verify", pb.VerifyRequest())
    assert all(step.HasField("progress") for step in progress)
    assert last.result.ok
    assert last.result.events == len(events)
    assert last.result.dossiers == len({e.stream_id for e in events})
    assert last.result.log_read

    with office.engine.begin() as connection:
        row = connection.execute(select(LOG).order_by(LOG.c.event_id).offset(20).limit(1)).one()
        place = and_(LOG.c.partition == row.partition, LOG.c.offset == row.offset)
        connection.execute(update(LOG).where(place).values(body=row.body[:-1] + b"\x7f"))
    *_, last = office.stream("Verify", pb.VerifyRequest())

    assert not last.result.ok
    assert last.result.broken_hashes == 1
    finding = last.result.findings[0]
    assert (finding.partition, finding.offset) == (row.partition, row.offset)
    assert finding.event_id == row.event_id


def test_the_database_made_again_from_the_log_is_equal(
    office: Office, kafka: KafkaBroker, topic: str, events: list[Event]
) -> None:
    """A rebuild beside the live store gives every row again."""
    checked = check(MODEL, office.reading, kafka.bootstrap, topic)

    assert checked.equal
    assert checked.events == len(events)
    assert checked.tables["log"].rows == len(events)
    assert checked.tables["dossiers"].rows == len({e.stream_id for e in events})
