"""What ships as examples can be used as it is."""

from datetime import date

import pytest
from google.protobuf.json_format import Parse
from motcua.intake.v1.intake_pb2 import SubmitDossierRequest

from cli.importing.history import read_histories
from cli.importing.mapping import load_mapping
from cli.importing.sources import read_rows
from office.catalogue.loader import shipped_catalogue
from office.normalization.email_addresses import email_address
from office.people.files import read_directory
from office.permissions import shipped
from office.worktime.calendars.files import load_calendar
from office.worktime.calendars.model import Calendar, DayKind
from office.worktime.calendars.vietnam import STATE_OFFICE_FILE
from tests.support.foreign_rows import NOW
from tests.support.paths import ROOT

EXAMPLES = ROOT / "examples"
OWN = ("2026-09-17", "2026-09-18", "2026-12-31")
"""Days on which the example's desk differs on purpose."""


def test_the_example_of_an_import_has_no_row_to_reject() -> None:
    """Four dossiers on three channels, one of them open, one rejected."""
    mapping = load_mapping(EXAMPLES / "mappings" / "old-system.toml").mapping
    rows = read_rows(EXAMPLES / "logs" / "old-system.csv", mapping.layout)
    found = read_histories(rows, mapping, NOW * 10)
    assert (found.rows, found.rejects) == (9, [])
    assert [case.channel for case in found.cases] == ["online", "counter", "post", "counter"]
    assert [case.ended_at is None for case in found.cases] == [False, False, False, True]
    assert [case.granted for case in found.cases if case.ended_at] == [True, True, False]


def test_the_example_of_a_directory_has_no_mistake() -> None:
    """And the page about identity shows it."""
    directory = read_directory(EXAMPLES / "people" / "people.toml", shipped().roles)
    assert sorted(directory.officers) == ["an.nv", "binh.tt", "cuc.pt"]
    page = (EXAMPLES.parent / "docs" / "identity.md").read_text(encoding="utf-8")
    body = (EXAMPLES / "people" / "people.toml").read_text(encoding="utf-8").splitlines()[2:]
    assert all(line.partition("  #")[0].strip() in page for line in body)


def test_the_example_of_a_request_is_what_the_catalogue_asks_for() -> None:
    """The procedure is offered at the counter, by post, with these papers and without a fee."""
    text = (EXAMPLES / "requests" / "submit.json").read_text(encoding="utf-8")
    request = Parse(text, SubmitDossierRequest())
    procedure = shipped_catalogue().find(request.procedure_code, date(2026, 11, 23))
    assert procedure is not None
    assert request.channel in procedure.channels
    assert request.result_channel in procedure.result_channels
    needed = {(part.code, part.copies) for part in procedure.parts if part.required}
    assert {(part.code, part.copies) for part in request.parts} == needed
    assert not procedure.fees
    assert request.consent_email
    assert email_address(request.applicant.email) == request.applicant.email


@pytest.mark.parametrize("year", range(2020, 2031))
def test_the_example_of_a_calendar_has_the_days_off_of_the_one_that_ships(year: int) -> None:
    """With their reasons and documents; its sessions, and days of its own, are others."""
    shipped = load_calendar(STATE_OFFICE_FILE)
    example = load_calendar(EXAMPLES / "calendars" / "saturday-desk.toml")

    def ruled(calendar: Calendar) -> dict[date, tuple[DayKind, str, str, bool]]:
        return {
            day: (rule.kind, rule.reason_vi, rule.source, calendar.is_estimated(day))
            for day, rule in calendar.days.items()
            if day.year == year and day.isoformat() not in OWN
        }

    assert ruled(example) == ruled(shipped)
