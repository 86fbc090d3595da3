"""Cross tables, levels of government, upper units, and the dossiers behind each figure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

import pytest
from motcua.audit.v1 import audit_pb2 as pb
from motcua.events.v1.common_pb2 import Channel
from motcua.intake.v1.dossier_events_pb2 import DossierAccepted, DossierSubmitted
from motcua.routing.v1.case_events_pb2 import (
    CaseOpened,
    CasePulledBack,
    CaseResolved,
    StepAssigned,
    StepCompleted,
)
from motcua.routing.v1.deadline_events_pb2 import DeadlineMissed
from motcua.routing.v1.event_parts_pb2 import CurrentStep
from motcua.routing.v1.types_pb2 import DeadlineScope

from kernel.base.clock import FixedClock
from kernel.base.errors import Invalid
from kernel.commands.command_bus import Reads
from office.people.directory import Directory, DirectoryUnit
from services.audit.record.verifier import LogVerifier
from services.audit.rpc import AuditServicer
from services.audit.tables import DOSSIERS
from tests.support.audit_calls import let_in
from tests.support.audit_histories import HANOI, Numbering, at, stamp
from tests.support.audit_store import LEDGER, Log, Store

PROVINCE, OFFICE, COMMUNE, MERGED = "H22", "H22.12", "H22.31", "H22.70"
UNITS: Final = {
    PROVINCE: DirectoryUnit(PROVINCE, "Tỉnh", "province"),
    OFFICE: DirectoryUnit(OFFICE, "Sở", "province"),
    COMMUNE: DirectoryUnit(
        COMMUNE, "Xã cũ", "commune", valid_to=date(2021, 6, 30), successor=MERGED
    ),
    MERGED: DirectoryUnit(MERGED, "Xã mới", "commune"),
}
NOW = at("2021-09-06 08:00")
ONLINE, COUNTER, POST = (Channel.CHANNEL_ONLINE, Channel.CHANNEL_COUNTER, Channel.CHANNEL_POST)


class Filed(NamedTuple):
    """A dossier of the history, as the test counts it by itself."""

    code: str
    unit: str
    channel: Any
    received: str
    due: str
    resolved: str | None


FILED: Final = [
    Filed("A", OFFICE, ONLINE, "2021-08-02", "2021-08-10", "2021-08-09"),
    Filed("B", OFFICE, ONLINE, "2021-08-03", "2021-08-10", "2021-08-10"),
    Filed("C", OFFICE, COUNTER, "2021-08-04", "2021-08-10", "2021-08-12"),
    Filed("D", COMMUNE, COUNTER, "2021-06-10", "2021-07-20", "2021-08-20"),
    Filed("E", COMMUNE, POST, "2021-08-05", "2021-08-11", None),
    Filed("F", "H22.99", COUNTER, "2021-08-06", "2021-09-30", None),
]
"""C, D and E are late; of a unit that no directory knows, F."""


@pytest.fixture
def audit(tmp_path: Path) -> Iterator[AuditServicer]:
    """Audit with the dossiers of FILED."""
    numbering, log = Numbering(), Log()
    for filed in FILED:
        due = stamp(f"{filed.due} 16:00")
        submitted = DossierSubmitted(
            unit=filed.unit, channel=filed.channel, time_zone=HANOI, procedure_code="2.000815"
        )
        opened = CaseOpened(current=CurrentStep(step="check", unit=filed.unit), due_at=due)
        start = at(f"{filed.received} 09:00")
        for payload in (submitted, DossierAccepted(due_at=due), opened):
            log.send(numbering.event(payload, start, filed.code))
        assigned = StepAssigned(step="check", assignee=f"officer-{filed.code}")
        log.send(numbering.event(assigned, start, filed.code))
        end = filed.resolved or "2021-09-01"
        if end > filed.due:
            missed = DeadlineMissed(
                scope=DeadlineScope.DEADLINE_SCOPE_DOSSIER, due_at=due, unit=filed.unit
            )
            log.send(numbering.event(missed, at(f"{filed.due} 16:00"), filed.code))
            # Who has it afterwards does not answer for it.
            handed = StepAssigned(step="check", assignee="somebody-else", previous="officer")
            log.send(numbering.event(handed, at(f"{filed.due} 17:00"), filed.code))
        if filed.resolved:
            log.send(numbering.event(CaseResolved(), at(f"{filed.resolved} 10:00"), filed.code))
    store = Store(f"sqlite:///{tmp_path / 'audit.sqlite'}")
    store.take_all(log.records())
    reads = Reads(store.reads)
    people = Directory(UNITS, {})
    verifier = cast(LogVerifier, None)
    yield AuditServicer(reads, FixedClock(NOW), verifier, LEDGER, lambda _: None, lambda: people)
    reads.close()
    store.close()


def august(**fields: Any) -> pb.GetReportRequest:
    """Return a request for the report of August."""
    return pb.GetReportRequest(from_date="2021-08-01", to_date="2021-08-31", **fields)


async def report(audit: AuditServicer, **fields: Any) -> pb.GetReportResponse:
    """Ask for the report of August."""
    let_in("GetReport")
    return await audit.GetReport(august(**fields), cast(Any, None))


async def codes(audit: AuditServicer, request: pb.ListReportDossiersRequest) -> list[str]:
    """List the dossiers behind figures, page by page."""
    let_in("ListReportDossiers")
    found: list[str] = []
    while True:
        answer = await audit.ListReportDossiers(request, cast(Any, None))
        found += [dossier.dossier_code for dossier in answer.dossiers]
        if not answer.next_page_token:
            return found
        request.page_token = answer.next_page_token


async def test_a_cross_table_has_a_line_for_each_pair_and_shares_of_each_key(
    audit: AuditServicer,
) -> None:
    """Online share by level of government: 2 of 3 and 0 of 1; what nobody says is unknown."""
    answer = await report(audit, by=pb.BREAKDOWN_GOVERNMENT_LEVEL, cross=pb.BREAKDOWN_CHANNEL)
    received = {
        (row.key, row.cross): (row.received, row.share if row.HasField("share") else None)
        for row in answer.rows
    }
    assert received == {
        ("commune", "counter"): (0, 0.0),
        ("commune", "online"): (0, 0.0),
        ("commune", "post"): (1, 100.0),
        ("province", "counter"): (1, 33.33),
        ("province", "online"): (2, 66.67),
        ("province", "post"): (0, 0.0),
        ("unknown", "counter"): (1, 100.0),
        ("unknown", "online"): (0, 0.0),
        ("unknown", "post"): (0, 0.0),
    }
    assert (answer.by, answer.cross) == (pb.BREAKDOWN_GOVERNMENT_LEVEL, pb.BREAKDOWN_CHANNEL)
    assert sum(row.carried_over for row in answer.rows) == answer.total.carried_over == 1


async def test_shares_name_their_denominators(audit: AuditServicer) -> None:
    """Online of those received in the period; in time of those resolved; none of nothing."""
    answer = await report(audit, by=pb.BREAKDOWN_GOVERNMENT_LEVEL)
    rows = {row.key: row for row in answer.rows}
    assert (rows["province"].online_share, rows["province"].in_time_share) == (66.67, 66.67)
    assert (rows["province"].share, rows["commune"].share) == (60.0, 20.0)
    assert (rows["commune"].online_share, rows["commune"].in_time_share) == (0.0, 0.0)
    assert not rows["unknown"].HasField("in_time_share")
    assert (answer.total.share, answer.total.online_share) == (100.0, 40.0)
    assert answer.total.in_time_share == 50.0
    assert (answer.total.received_online, answer.total.received_by_post) == (2, 1)


async def test_a_unit_counts_with_those_below_it(audit: AuditServicer) -> None:
    """The lines overlap, the total does not."""
    answer = await report(audit, by=pb.BREAKDOWN_UNIT, with_lower_units=True)
    expected = Counter({PROVINCE: 5, OFFICE: 3, COMMUNE: 1, "H22.99": 1})
    assert {row.key: row.received for row in answer.rows} == expected
    assert answer.total.received == 5
    merged = await report(
        audit,
        by=pb.BREAKDOWN_UNIT,
        with_lower_units=True,
        organisation=pb.ORGANISATION_NOW,
    )
    expected = Counter({PROVINCE: 5, OFFICE: 3, MERGED: 1, "H22.99": 1})
    assert {row.key: row.received for row in merged.rows} == expected


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"by": pb.BREAKDOWN_UNIT},
        {"by": pb.BREAKDOWN_UNIT, "organisation": pb.ORGANISATION_NOW},
        {"by": pb.BREAKDOWN_UNIT, "with_lower_units": True},
        {"by": pb.BREAKDOWN_CHANNEL, "cross": pb.BREAKDOWN_GOVERNMENT_LEVEL},
        {"by": pb.BREAKDOWN_UNIT, "as_of": stamp("2021-08-10 12:00")},
        {"by": pb.BREAKDOWN_PROCEDURE, "known_at": stamp("2021-08-04 12:00")},
    ],
)
async def test_each_figure_lists_its_dossiers(audit: AuditServicer, fields: Any) -> None:
    """As many as it counts, each once, in pages; and those of all figures are those of the sum."""
    answer = await report(audit, **fields)
    figures = [name for name, figure in pb.Figure.items() if figure]
    for row in [*answer.rows, answer.total]:
        for figure in figures:
            name = figure.removeprefix("FIGURE_").lower()
            listed = await codes(
                audit,
                pb.ListReportDossiersRequest(
                    report=august(**fields),
                    key=row.key,
                    cross=row.cross,
                    figures=[figure],
                    page_size=2,
                ),
            )
            assert listed == sorted(set(listed))
            assert len(listed) == getattr(row, name), (name, row)


async def test_late_ones_name_the_unit_and_officer_who_had_them_then(
    audit: AuditServicer,
) -> None:
    """Not who had them afterwards."""
    let_in("ListReportDossiers")
    late = [pb.FIGURE_LATE, pb.FIGURE_PENDING_OVERDUE]
    request = pb.ListReportDossiersRequest(report=august(by=pb.BREAKDOWN_UNIT), figures=late)
    answer = await audit.ListReportDossiers(request, cast(Any, None))
    assert [
        (d.dossier_code, d.responsible_unit, d.responsible_officer, d.due_day, d.finished_day)
        for d in answer.dossiers
    ] == [
        (filed.code, filed.unit, f"officer-{filed.code}", filed.due, filed.resolved or "")
        for filed in FILED
        if (filed.resolved or "2021-08-31") > filed.due
    ]
    pending = pb.ListReportDossiersRequest(report=august(), figures=[pb.FIGURE_PENDING_IN_TIME])
    (open_one,) = (await audit.ListReportDossiers(pending, cast(Any, None))).dossiers
    assert (open_one.dossier_code, open_one.responsible_officer) == ("F", "officer-F")
    assert (open_one.procedure, open_one.received_day) == ("2.000815", "2021-08-06")


async def test_a_page_token_of_another_kind_is_refused(audit: AuditServicer) -> None:
    """And a day that no calendar has, by the name of its field."""
    let_in("ListReportDossiers")
    request = pb.ListReportDossiersRequest(
        report=august(), figures=[pb.FIGURE_LATE], page_token="nonsense!"
    )
    with pytest.raises(Invalid, match="page_token"):
        await audit.ListReportDossiers(request, cast(Any, None))


def test_an_officer_has_a_step_until_it_is_done_and_again_when_it_is_pulled_back(
    tmp_path: Path,
) -> None:
    """A step that begins has nobody; pulled back, it is its sender's again."""
    numbering, log = Numbering(), Log()
    check, sign = (CurrentStep(step=step, unit=OFFICE) for step in ("check", "sign"))
    store = Store(f"sqlite:///{tmp_path / 'audit.sqlite'}")
    seen = []
    for payload in (
        DossierSubmitted(unit=OFFICE, time_zone=HANOI),
        CaseOpened(current=check),
        StepAssigned(step="check", assignee="an"),
        StepCompleted(step="check", next=sign),
        CasePulledBack(step="sign", next=check, assignee="an"),
        StepCompleted(step="check", next=sign),
        StepAssigned(step="sign", assignee="binh"),
        CaseResolved(),
    ):
        store.take([log.send(numbering.event(payload, at("2021-08-02 09:00"), "A"))])
        seen.append(store.rows(DOSSIERS)[0]["step_officer"])
    store.close()
    assert seen == ["", "", "an", "", "an", "", "binh", ""]
