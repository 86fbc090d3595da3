"""A unit is dissolved while its desk has dossiers: its successor gets the new and the open ones."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import grpc
import pytest
from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import Part
from motcua.intake.v1 import intake_pb2 as pb
from motcua.intake.v1.dossier_events_pb2 import DossierSubmitted
from motcua.routing.v1.case_events_pb2 import CaseOpened, CaseResolved, SupplementRequested
from motcua.routing.v1.types_pb2 import CaseResult

from office.people.directory import Directory, DirectoryUnit
from office.permissions import shipped
from tests.support.desk import Desk, open_desk
from tests.support.events import payload_of
from tests.support.identity import metadata
from tests.support.intake_samples import AT_COUNTER, COUNTER, at, submission

LAST = date(2021, 8, 10)
PEOPLE = Directory(
    {
        unit.code: unit
        for unit in (
            DirectoryUnit("H22.12", "Thành phố", "district", None, LAST, "H22.71"),
            DirectoryUnit("H22.71", "Xã tạm", "commune", None, date(2021, 8, 10), "H22.72"),
            DirectoryUnit("H22.72", "Xã Đồng Văn", "commune"),
        )
    },
    {},
)
OLD = metadata("officer", "an.nv", unit="H22.12", roles=["receptionist"])
OLD_IN_ENGLISH = metadata("officer", "an.nv", unit="H22.12", roles=["receptionist"], language="en")
SUCCESSOR = metadata("officer", "cuc.pt", unit="H22.72", roles=["receptionist"])


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk with a directory in which the unit of the procedures is dissolved on 10/08."""
    url, keys = (f"sqlite:///{tmp_path / name}.sqlite3" for name in ("desk", "keys"))
    with open_desk(url, keys, lambda: PEOPLE) as desk:
        yield desk


def rid() -> str:
    return str(uuid.uuid4())


def listed(desk: Desk, unit: str, on: str) -> list[str]:
    answer = desk.call("ListProcedures", pb.ListProceduresRequest(unit=unit, on=on))
    return [it.code for it in answer.procedures]


def counter(unit: str | None) -> pb.SubmitDossierRequest:
    return submission(channel=COUNTER, result_channel=AT_COUNTER, unit=unit)


def test_a_dissolved_unit_takes_nothing_new(desk: Desk) -> None:
    """On its last day it does; then neither its own receptionist nor anybody else finds it open."""
    desk.clock.at = at("2021-08-10 16:59")
    assert desk.call("SubmitDossier", counter("H22.12"), OLD).dossier_code == "H22.12-210810-0001"
    desk.clock.at = at("2021-08-11 07:30")
    for caller, words in (
        (OLD, "đơn vị H22.12 không còn hoạt động sau ngày 10/08/2021; đơn vị H22.72 tiếp nhận"),
        (
            OLD_IN_ENGLISH,
            "names H22.12, which is no more since the end of 10/08/2021; H22.72 takes",
        ),
    ):
        problem = desk.problem("SubmitDossier", counter("H22.12"), caller)
        assert problem.code == grpc.StatusCode.INVALID_ARGUMENT
        assert list(problem.fields) == ["unit"]
        assert words in problem.fields["unit"]


def test_the_successor_takes_what_it_took(desk: Desk) -> None:
    """Under its own code, whether the citizen names it or not."""
    desk.clock.at = at("2021-08-11 08:00")
    named = desk.call("SubmitDossier", counter("H22.72"), SUCCESSOR).dossier_code
    online = desk.submit().dossier_code
    assert [named, online] == ["H22.72-210811-0001", "H22.72-210811-0002"]
    (submitted, _) = (
        payload_of(desk.events(code)[0], DossierSubmitted) for code in (named, online)
    )
    assert (submitted.unit, submitted.unit_name) == ("H22.72", "Xã Đồng Văn")
    desk.accept(online, SUCCESSOR)
    assert desk.problem("AcceptDossier", pb.AcceptDossierRequest(request_id=rid(),
        dossier_code=named), OLD).reason == "NOT_YOUR_UNIT"  # fmt: skip


def test_its_procedures_are_the_successor_s(desk: Desk) -> None:
    """From the next day on, in the list and one by one."""
    before, after = "2021-08-10", "2021-08-11"
    taken = listed(desk, "H22.12", before)
    assert "1.000001" in taken
    assert listed(desk, "H22.72", before) == ["1.000005"]
    assert listed(desk, "H22.12", after) == []
    assert listed(desk, "H22.72", after) == taken
    desk.clock.at = at("2021-08-11 08:00")
    found = desk.call("GetProcedure", pb.GetProcedureRequest(code="1.000001")).procedure
    assert found.unit == "H22.72"


def test_what_the_old_unit_took_goes_on_at_the_successor_s_desk(desk: Desk) -> None:
    """Papers and the result; the dossier keeps its code, and its history its unit."""
    desk.clock.at = at("2021-08-10 09:00")
    code = desk.call("SubmitDossier", counter("H22.12"), OLD).dossier_code
    desk.accept(code, OLD)
    desk.hear(code, "routing", CaseOpened(process="standard"))
    desk.hear(code, "routing", SupplementRequested(round=1, parts=[Part(code="map")]))
    papers = pb.SubmitSupplementRequest(
        request_id=rid(), dossier_code=code, parts=[pb.SubmittedPart(code="map")]
    )
    refused = desk.problem("SubmitSupplement", papers, SUCCESSOR)
    assert refused.reason == "NOT_YOUR_UNIT"

    desk.clock.at = at("2021-08-11 09:00")
    desk.call("SubmitSupplement", papers, SUCCESSOR)
    result = CaseResolved(result=CaseResult.CASE_RESULT_GRANTED, result_channel=AT_COUNTER)
    desk.hear(code, "routing", result)
    desk.call(
        "ReturnResult", pb.ReturnResultRequest(request_id=rid(), dossier_code=code), SUCCESSOR
    )
    events = desk.events(code)
    assert payload_of(events[0], DossierSubmitted).unit == "H22.12"
    assert desk.types(code)[-2:] == ["SupplementSubmitted", "ResultReturned"]


def test_a_wrong_directory_ends_the_start(tmp_path: Path) -> None:
    """Exit status 2, and the path; before a broker or a database is needed."""
    missing = str(tmp_path / "nowhere.toml")
    done = subprocess.run(
        [sys.executable, "-m", "services.intake.main"],
        env=os.environ | {"PEOPLE_DIRECTORY": missing},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert missing in done.stderr


PAPERS = [pb.SubmittedPart(code="map")]
OF_ONE_DOSSIER: dict[str, Message] = {
    "AcceptDossier": pb.AcceptDossierRequest(),
    "RefuseDossier": pb.RefuseDossierRequest(reason_code="other", reason="Khác."),
    "SubmitSupplement": pb.SubmitSupplementRequest(parts=PAPERS),
    "RequestWithdrawal": pb.RequestWithdrawalRequest(),
    "ReturnResult": pb.ReturnResultRequest(),
    "RecordFee": pb.RecordFeeRequest(method="cash", phi=1000, phi_receipt="A-1"),
    "CancelFee": pb.CancelFeeRequest(sequence=1, reason="Nhầm."),
    "RecordExternalCode": pb.RecordExternalCodeRequest(system="igate", code="7"),
    "GetDossier": pb.GetDossierRequest(),
    "GetForm": pb.GetFormRequest(form="receipt"),
}
LIMITED = {
    name
    for name in pb.DESCRIPTOR.services_by_name["IntakeService"].methods_by_name
    if shipped().rule(f"motcua.intake.v1.IntakeService/{name}").scope in ("dossier", "part")
}


def test_every_method_for_one_dossier_is_tried_below() -> None:
    """Whoever adds a method says here how it is called."""
    assert OF_ONE_DOSSIER.keys() | {"ListDossiers"} == LIMITED


@pytest.mark.parametrize("name", OF_ONE_DOSSIER)
def test_officers_of_the_old_unit_have_no_rights_any_more(desk: Desk, name: str) -> None:
    """Whoever may on the unit's last day may not on the next, whatever the token still says."""
    desk.clock.at = at("2021-08-10 09:00")
    code = desk.call("SubmitDossier", counter("H22.12"), OLD).dossier_code
    desk.clock.at = at("2021-08-11 09:00")
    request = type(OF_ONE_DOSSIER[name])()
    request.CopyFrom(OF_ONE_DOSSIER[name])
    request.dossier_code = code  # type: ignore[attr-defined]
    if hasattr(request, "request_id"):
        request.request_id = rid()
    before = desk.types(code)
    assert desk.problem(name, request, OLD).reason == "NOT_YOUR_UNIT"
    assert desk.types(code) == before


def test_officers_of_the_old_unit_take_nothing_for_others_and_see_nothing(desk: Desk) -> None:
    """Also for a unit that there is; lists are empty."""
    desk.clock.at = at("2021-08-10 09:00")
    desk.call("SubmitDossier", counter("H22.12"), OLD)
    assert desk.call("ListDossiers", pb.ListDossiersRequest(), OLD).dossiers
    desk.clock.at = at("2021-08-11 09:00")
    assert desk.problem("SubmitDossier", counter("H22.72"), OLD).reason == "NOT_YOUR_UNIT"
    assert not desk.call("ListDossiers", pb.ListDossiersRequest(), OLD).dossiers
    assert desk.call("ListDossiers", pb.ListDossiersRequest(), SUCCESSOR).dossiers
