"""Procedures and requests that the desk's tests share."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from motcua.events.v1.common_pb2 import (
    Actor,
    ActorKind,
    Channel,
    ResultChannel,
    ResultKind,
    ServiceLevel,
)
from motcua.intake.v1 import intake_pb2 as pb
from motcua.intake.v1.types_pb2 import FeeTiming

from kernel.base.instants import from_datetime
from kernel.eventsourcing.command_context import Call
from office.catalogue.model import (
    Catalogue,
    CatalogueUnit,
    CopyKind,
    ExemptGroup,
    Fee,
    FeeKind,
    Part,
    Procedure,
    UnitLevel,
    build_catalogue,
)
from office.worktime.durations import Duration, TimeLimit

ONLINE, COUNTER, POST = Channel.CHANNEL_ONLINE, Channel.CHANNEL_COUNTER, Channel.CHANNEL_POST
BY_POST = ResultChannel.RESULT_CHANNEL_POST
AT_COUNTER = ResultChannel.RESULT_CHANNEL_COUNTER
ELECTRONIC = ResultChannel.RESULT_CHANNEL_ONLINE
CITIZEN = Actor(kind=ActorKind.ACTOR_KIND_CITIZEN)
OFFICER = Actor(kind=ActorKind.ACTOR_KIND_OFFICER, id="an.nv", unit="H22.12")
IMPORTER = Actor(kind=ActorKind.ACTOR_KIND_IMPORTER, id="receipt")


def at(text: str) -> int:
    """Return the instant of local time in Hà Giang, such as 2021-08-09 08:00."""
    return from_datetime(datetime.fromisoformat(f"{text}+07:00"))


MONDAY = at("2021-08-09 08:00")


def procedure(code: str = "1.000001", **changes: Any) -> Procedure:
    """Return a procedure with a required part, an optional one, and every usual channel."""
    values: dict[str, Any] = {
        "code": code,
        "version": 1,
        "valid_from": date(2021, 1, 1),
        "valid_to": None,
        "name_vi": "Cấp giấy phép bán lẻ rượu",
        "name_en": "Licence to sell spirits",
        "field": "trade",
        "unit": "H22.12",
        "level": ServiceLevel.SERVICE_LEVEL_WHOLE,
        "time_limit": TimeLimit.parse("5wd"),
        "online_time_limit": TimeLimit.parse("3wd"),
        "same_day": False,
        "parts": (
            Part("form", "Đơn đề nghị", "Application", CopyKind.ORIGINAL, 1, True),
            Part("map", "Sơ đồ", "Map", CopyKind.COPY, 1, False),
        ),
        "fees": (),
        "channels": (ONLINE, COUNTER, POST),
        "result_channels": (ELECTRONIC, AT_COUNTER, BY_POST),
        "process": "standard",
        "resume_policy": "keep",
    }
    return Procedure(**(values | changes))


BEFORE, AFTER = FeeTiming.FEE_TIMING_BEFORE, FeeTiming.FEE_TIMING_AFTER
SIGNED = ResultKind.RESULT_KIND_SIGNED
FEES = (
    Fee(FeeKind.PHI, "Phí thẩm định", "Fee for the inspection", 600_000),
    Fee(FeeKind.LE_PHI, "Lệ phí", "Fee", 28_000),
)
EXEMPT = (ExemptGroup("ngheo", "Hộ nghèo", "Poor households"),)
UNITS = (
    CatalogueUnit(
        "H22.12",
        "Thành phố",
        "City",
        UnitLevel.DISTRICT,
        old_code="000.00.12.H22",
        old_code_to=date(2020, 9, 14),
        valid_to=date(2021, 8, 31),
        successor="H22.70",
    ),
    CatalogueUnit("H22.70", "Xã mới", "New commune", UnitLevel.COMMUNE, date(2021, 9, 1)),
    CatalogueUnit("H22.60.05", "Xã", "Commune", UnitLevel.COMMUNE),
)


def small_catalogue() -> Catalogue:
    """Return a catalogue of seven procedures of two units, two with fees."""
    versions = [
        procedure(),
        procedure("1.000002", unit="H22.60.05", same_day=True, channels=(COUNTER,)),
        procedure(
            "1.000003",
            time_limit=TimeLimit.parse("none"),
            online_time_limit=None,
            supplement_rounds=1,
            supplement_period=Duration.parse("10cd"),
        ),
        procedure("1.000004", valid_to=date(2021, 6, 30)),
        procedure("1.000005", fees=FEES, fee_timing=BEFORE, exempt=EXEMPT, units=("commune",)),
        procedure("1.000006", fees=FEES, fee_timing=AFTER, result_kind=SIGNED),
        procedure("1.000007", time_limit=TimeLimit.parse("5cd+3wd"), online_time_limit=None),
    ]
    return build_catalogue(UNITS, [], versions, "00000000")


def applicant(**changes: str) -> pb.Applicant:
    """Return an applicant who can be reached every way."""
    values = {
        "full_name": "Nguyễn Thị Hoa",
        "identity_number": "002190000123",
        "phone": "0912 345 678",
        "email": "hoa@example.vn",
        "address": "Số 5, đường Nguyễn Trãi",
        "province": "Hà Giang",
    }
    return pb.Applicant(**(values | changes))


def submission(**changes: Any) -> pb.SubmitDossierRequest:
    """Return a submission that is in order for a citizen online; None leaves a field out."""
    values: dict[str, Any] = {
        "request_id": str(uuid.uuid4()),
        "procedure_code": "1.000001",
        "channel": ONLINE,
        "result_channel": BY_POST,
        "applicant": applicant(),
        "parts": [pb.SubmittedPart(code="form")],
        "consent_email": True,
    }
    kept = {name: value for name, value in (values | changes).items() if value is not None}
    return pb.SubmitDossierRequest(**kept)


def foreign(**changes: Any) -> pb.SubmitDossierRequest:
    """Return a submission of another system's dossier as an importer makes it."""
    values: dict[str, Any] = {
        "procedure_code": "receipt",
        "channel": Channel.CHANNEL_EMAIL,
        "result_channel": ResultChannel.RESULT_CHANNEL_UNSPECIFIED,
        "applicant": None,
        "parts": None,
        "consent_email": None,
        "foreign_code": "case-10011",
        "imported_from": "receipt.csv",
        "time_zone": "Europe/Amsterdam",
        "unit": "General",
    }
    return submission(**(values | changes))


def call(actor: Actor = OFFICER, now: int = MONDAY, request_id: str = "") -> Call:
    """Return the circumstances of a command."""
    given = request_id or str(uuid.uuid4())
    return Call(actor, "vi", given, now, now, "", given, digest=b"digest")
