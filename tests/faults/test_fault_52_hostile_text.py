"""Fault 52: names, addresses and words of a status that would harm who stores or shows them."""

from __future__ import annotations

import csv
import io
import unicodedata
from typing import Any

import grpc
import pytest
from motcua.intake.v1 import intake_pb2 as pb
from motcua.postal.v1.job_events_pb2 import ItemTracked
from rich.console import Console

from cli.commands.report import indicators, tables
from cli.formatting import csv_text
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.rpc.client import RpcProblem, explain
from services.intake.tables import DOSSIERS
from tests.support.desk import CITIZEN, OFFICER, Desk
from tests.support.events import name_of, payload_of
from tests.support.intake_samples import applicant, submission
from tests.support.models import INTAKE as MODEL
from tests.support.postal_office import T0
from tests.support.postal_service import Serving, as_partner, take_request, tracking

pytestmark = pytest.mark.faults
CODE = "H22.12.03-210809-0007"
HARMFUL = {
    "null": "Số 5\x00 Trần Phú",
    "escape": "\x1b]0;owned\x07Số 5",
    "line break": "Số 5\r\nBcc: all@example.vn",
    "right to left": "Số 5 \u202euhP nầrT",
    "isolate": "\u2066Số 5",
    "line separator": "Số 5\u2028Trần Phú",
    "ten thousand marks": "Số 5" + "\u0301" * 10_000,
    "a heap of marks": "Số 5" + "\u0301" * 100,
}
HARMLESS = {
    "sql": "'); DROP TABLE dossiers; --",
    "html": "<script>alert(1)</script>&amp;",
    "formula": '=HYPERLINK("http://x.example","Số 5")',
    "template": "{{ 7 * 7 }} ${jndi:ldap://x}",
    "console": "[red]đỏ[/red] [link=http://x.example]x[/link]",
    "decomposed": unicodedata.normalize("NFD", "Nguyễn Thị Ánh, ngõ Đặng"),
    "widest letters": "ễ" * 200,
}


def refused(call: Any, request: Any, who: Any) -> RpcProblem:
    """Call, expect a failure, and explain it."""
    with pytest.raises(grpc.RpcError) as caught:
        call(request, timeout=10, metadata=who)
    return explain(caught.value)


def stored(desk: Desk) -> int:
    """Count the events of the desk."""

    def count(uow: UnitOfWork) -> int:
        return len(uow.query(MODEL.tables.events.select()).all())

    return desk.run(count)


@pytest.mark.parametrize("text", HARMFUL.values(), ids=HARMFUL)
@pytest.mark.parametrize("field", ["full_name", "address"])
def test_fault_52_what_is_no_plain_text_is_refused(any_desk: Desk, field: str, text: str) -> None:
    """The field is named, nothing is kept, and the text does not come back in the answer."""
    request = submission(applicant=applicant(**{field: text}))
    problem = refused(any_desk.stub.SubmitDossier, request, CITIZEN)

    assert problem.code == grpc.StatusCode.INVALID_ARGUMENT
    assert problem.fields.keys() == {f"applicant.{field}"}
    assert text not in problem.text
    assert stored(any_desk) == 0


@pytest.mark.parametrize("text", HARMLESS.values(), ids=HARMLESS)
def test_fault_52_what_only_looks_harmful_is_kept_as_it_is(any_desk: Desk, text: str) -> None:
    """In the composed form, letter by letter; the tables are still there, and nothing ran."""
    filed = any_desk.submit(applicant=applicant(full_name=text, address=text))
    request = pb.GetDossierRequest(dossier_code=filed.dossier_code)
    shown = any_desk.call("GetDossier", request, OFFICER).applicant

    assert shown.full_name == shown.address == unicodedata.normalize("NFC", text)
    rows = any_desk.run(lambda uow: uow.query(DOSSIERS.select()).all())
    assert [row.dossier_code for row in rows] == [filed.dossier_code]


def test_fault_52_length_is_counted_in_characters(any_desk: Desk) -> None:
    """Two hundred letters of three bytes are a name; one more is not, whatever its bytes."""
    any_desk.submit(applicant=applicant(full_name="ễ" * 200))
    for letter in ("ễ", "e"):
        request = submission(applicant=applicant(full_name=letter * 201))
        problem = refused(any_desk.stub.SubmitDossier, request, CITIZEN)
        assert problem.fields.keys() == {"applicant.full_name"}
        assert "200" in problem.fields["applicant.full_name"]


def test_fault_52_the_words_of_a_status_are_held_to_the_same(serving: Serving) -> None:
    """A partner's ground that is no plain text is refused; markup in it stays text."""
    job_id = serving.office.resolve(CODE)
    serving.partner.TakeJob(take_request(job_id), timeout=5, metadata=as_partner())
    for text in ("absent\x1b[2J", "absent\u202e", "a" + "\u0301" * 60):
        report = tracking(job_id, T0, "EMH", reason_code=text)
        problem = refused(serving.partner.ReportTracking, report, as_partner())
        assert problem.fields.keys() == {"reason_code"}
    report = tracking(job_id, T0, "EMH", reason_code="<b>vắng</b>")
    serving.partner.ReportTracking(report, timeout=5, metadata=as_partner())
    (kept,) = (
        payload_of(event, ItemTracked).reason_code
        for event in serving.office.events(CODE)
        if name_of(event) == "ItemTracked"
    )
    assert kept == "<b>vắng</b>"


@pytest.mark.parametrize("text", [*HARMLESS.values(), "+84 912", "-1", "@SUM(A1)", "＝1+1", "'=1"])
def test_fault_52_what_is_shown_stays_text(text: str) -> None:
    """A unit of another system's dossiers with such a name: no formula in a CSV, no colour, link or
    command on a screen.
    """
    counts = dict.fromkeys(indicators.COUNTS, 1)
    file = csv_text(("key", *indicators.COUNTS), [{"key": text} | counts])
    _, (cell, *_) = csv.reader(io.StringIO(file))
    assert cell in (text, f"'{text}")
    assert cell[0] not in "=+-@＝＋－＠\t\r"

    row = {"key": text} | counts
    document = {"from": "2021-08-09", "to": "2021-08-13", "as_of": None, "by": "unit"}
    table = tables.table(document | {"rows": [row], "total": row})
    drawn = io.StringIO()
    screen = Console(file=drawn, width=1_000, force_terminal=True, color_system="truecolor")
    screen.print(table)
    assert text in drawn.getvalue()
    assert "\x1b]8" not in drawn.getvalue()
