"""The checks of a submission: every wrong field is named at once."""

from typing import Any

import pytest
from motcua.events.v1.common_pb2 import Actor, Channel
from motcua.intake.v1 import intake_pb2 as pb

from kernel.base.instants import to_timestamp
from office.catalogue.model import CopyKind, Part
from services.intake.domain.desk_check import DeskCheck
from services.intake.domain.use_cases.submit import (
    OfferedProcedure,
    SubmissionContext,
    submit,
    violations,
)
from tests.support import intake_samples
from tests.support.intake_samples import CITIZEN, IMPORTER, MONDAY, OFFICER

OFFERED = OfferedProcedure(True, intake_samples.procedure())
UNKNOWN = OfferedProcedure(False, None)
OVER = OfferedProcedure(True, None)
ONLY_COUNTER = OfferedProcedure(
    True,
    intake_samples.procedure(
        channels=(intake_samples.COUNTER,), result_channels=(intake_samples.AT_COUNTER,)
    ),
)
IN_COPIES = OfferedProcedure(
    True,
    intake_samples.procedure(
        parts=(
            Part("form", "Đơn", "Application", CopyKind.ORIGINAL, 2, True),
            Part("photo", "Ảnh", "Photograph", CopyKind.COPY, 3, False),
        )
    ),
)
FORM = pb.SubmittedPart(code="form")
PHOTOS = pb.SubmittedPart(code="photo", copies=3)


def named(
    request: pb.SubmitDossierRequest, offer: OfferedProcedure, actor: Actor
) -> list[tuple[str, str]]:
    return [(v.field, v.rule) for v in violations(request, offer, actor.kind)]


@pytest.mark.parametrize(
    ("changes", "offer", "actor", "expected"),
    [
        ({}, OFFERED, CITIZEN, []),
        ({"channel": intake_samples.COUNTER}, OFFERED, OFFICER, []),
        ({"channel": intake_samples.POST}, OFFERED, OFFICER, []),
        ({}, UNKNOWN, CITIZEN, [("procedure_code", "procedure.unknown")]),
        ({}, OVER, CITIZEN, [("procedure_code", "procedure.not_valid")]),
        ({"channel": intake_samples.COUNTER}, OFFERED, CITIZEN, [("channel", "channel.not_yours")]),
        ({}, OFFERED, OFFICER, [("channel", "channel.not_yours")]),
        (
            {"channel": Channel.CHANNEL_EMAIL},
            OFFERED,
            OFFICER,
            [("channel", "channel.not_yours")],
        ),
        (
            {},
            ONLY_COUNTER,
            CITIZEN,
            [("channel", "channel.not_offered"), ("result_channel", "result_channel.not_offered")],
        ),
        ({"result_channel": 0}, OFFERED, CITIZEN, [("result_channel", "required")]),
        ({"applicant": None}, OFFERED, CITIZEN, [("applicant", "required")]),
        (
            {"applicant": intake_samples.applicant(phone="", address="", province="")},
            OFFERED,
            CITIZEN,
            [
                ("applicant.phone", "applicant.for_post"),
                ("applicant.address", "applicant.for_post"),
                ("applicant.province", "applicant.for_post"),
            ],
        ),
        (
            {"applicant": intake_samples.applicant(email="")},
            OFFERED,
            CITIZEN,
            [("applicant.email", "applicant.for_consent")],
        ),
        ({"parts": None}, OFFERED, CITIZEN, [("parts", "part.missing")]),
        (
            {"parts": [FORM, pb.SubmittedPart(code="photo"), FORM]},
            OFFERED,
            CITIZEN,
            [("parts[1].code", "part.unknown"), ("parts[2].code", "part.repeated")],
        ),
        ({"parts": [pb.SubmittedPart(code="form", copies=2), PHOTOS]}, IN_COPIES, CITIZEN, []),
        (
            {"parts": [FORM, pb.SubmittedPart(code="photo", copies=1)]},
            IN_COPIES,
            CITIZEN,
            [("parts[0].copies", "part.copies"), ("parts[1].copies", "part.copies")],
        ),
        (
            {"foreign_code": "A-1", "imported_from": "x", "time_zone": "UTC", "unit": "u"},
            OFFERED,
            CITIZEN,
            [
                ("foreign_code", "importer.only"),
                ("imported_from", "importer.only"),
                ("time_zone", "importer.only"),
            ],
        ),
    ],
)
def test_names_every_wrong_field(
    changes: dict[str, Any], offer: OfferedProcedure, actor: Actor, expected: list[tuple[str, str]]
) -> None:
    """A submission's wrong fields are named with their rules; one in order has none."""
    assert named(intake_samples.submission(**changes), offer, actor) == expected


def test_names_wrong_fields_of_every_kind_together() -> None:
    """Procedure, channel, applicant and consent may all be wrong in one request."""
    request = intake_samples.submission(
        channel=intake_samples.POST,
        applicant=intake_samples.applicant(phone="", email=""),
        parts=None,
    )
    fields = {field for field, _ in named(request, OFFERED, CITIZEN)}
    assert fields == {"channel", "applicant.phone", "applicant.email", "parts"}


@pytest.mark.parametrize(
    ("changes", "offer", "expected"),
    [
        ({}, UNKNOWN, []),
        ({"unit": None}, UNKNOWN, [("unit", "importer.required")]),
        ({"unit": None, "procedure_code": "1.000001"}, OFFERED, []),
        ({"foreign_code": None}, UNKNOWN, [("foreign_code", "importer.required")]),
        ({"imported_from": None}, UNKNOWN, [("imported_from", "importer.required")]),
        ({"time_zone": "Mars/Olympus"}, UNKNOWN, [("time_zone", "time_zone.unknown")]),
        ({"time_zone": "../etc/passwd"}, UNKNOWN, [("time_zone", "time_zone.unknown")]),
    ],
)
def test_an_importer_brings_what_the_other_system_knew(
    changes: dict[str, Any], offer: OfferedProcedure, expected: list[tuple[str, str]]
) -> None:
    """An importer needs a code, a system and a unit; the catalogue's rules do not bind the past."""
    assert named(intake_samples.foreign(**changes), offer, IMPORTER) == expected


def test_every_text_is_in_both_languages() -> None:
    """Each violation speaks Vietnamese and English."""
    request = intake_samples.submission(
        channel=intake_samples.POST, parts=None, applicant=None, unit="x"
    )
    for found in violations(request, UNKNOWN, CITIZEN.kind):
        assert found.vi
        assert found.en
        assert found.vi != found.en


def test_writes_the_version_of_the_day_into_the_event() -> None:
    """The event carries all that is known of the procedure, and says what was handed in."""
    check = DeskCheck(MONDAY + 2, MONDAY + 1)
    [event] = submit(
        intake_samples.submission(),
        SubmissionContext(intake_samples.procedure(version=3), None, check),
    )
    assert (event.procedure_code, event.procedure_version) == ("1.000001", 3)
    assert (event.field, event.unit, event.time_zone) == ("trade", "H22.12", "Asia/Ho_Chi_Minh")
    assert event.procedure_name == "Cấp giấy phép bán lẻ rượu"
    assert [(p.code, p.name, p.name_en) for p in event.part_names] == [
        ("form", "Đơn đề nghị", "Application"),
        ("map", "Sơ đồ", "Map"),
    ]
    assert (event.language, event.consent_email) == ("vi", True)
    assert [(p.code, p.copies) for p in event.parts] == [("form", 1)]
    assert event.answer_due_at == to_timestamp(MONDAY + 2)
    assert event.answer_warn_at == to_timestamp(MONDAY + 1)


def test_writes_what_an_importer_says() -> None:
    """A dossier of another system keeps its unit, zone and origin."""
    [event] = submit(intake_samples.foreign(field="milieu"), SubmissionContext(None, None, None))
    assert (event.unit, event.time_zone) == ("General", "Europe/Amsterdam")
    assert (event.field, event.imported_from) == ("milieu", "receipt.csv")
    assert event.procedure_version == 0
    assert not event.HasField("answer_due_at")
    assert not event.HasField("answer_warn_at")
    assert not event.HasField("applicant")
