"""`motcua calendar recalculate` against the running service: import, dry run, change, once more."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import grpc
import pytest
from motcua.routing.v1 import routing_pb2 as pb
from typer.testing import CliRunner

from cli.main import app
from office.worktime.calendars import repository
from office.worktime.calendars.repository import CalendarRepository
from office.worktime.calendars.vietnam import STATE_OFFICE_FILE
from tests.support.filed_dossiers import CODES, STORM, file_dossiers
from tests.support.models import OFFICE
from tests.support.routing_cases import UNIT, at
from tests.support.routing_service import AN, open_routing


def recalculate(*options: str) -> Any:
    """Call the command; gives its document."""
    found = CliRunner().invoke(app, ["calendar", "recalculate", "--json", *options])
    assert found.exit_code == 0, found.output
    # The service runs in this process and logs to the same place.
    return json.loads(found.stdout[found.stdout.index("{") :])


def test_the_way_of_a_calendar_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is imported is in force without a restart, the dry run lists what the change then does,
    and doing it again does nothing. Officers may not.
    """
    folder = tmp_path / "calendars"
    monkeypatch.setenv("MOTCUA_CALENDARS_DIR", str(folder))
    monkeypatch.setenv("MOTCUA_CLOCK", f"2021-08-11T10:00:00+07:00@0.000001@{time.time()}")
    monkeypatch.setattr(repository, "INTERVAL", 0.0)
    known = CalendarRepository(folder)
    monkeypatch.setattr(OFFICE, "calendars", lambda: known)
    with open_routing(f"sqlite:///{tmp_path}/routing.sqlite") as routing:
        monkeypatch.setenv("ROUTING_PORT", routing.address.rpartition(":")[2])
        file_dossiers(routing)
        routing.clock.set("2021-08-11 10:00")
        assert recalculate("--dry-run")["moved"] == []

        text = STATE_OFFICE_FILE.read_text(encoding="utf-8").replace("2026.1", "2026.2")
        path = tmp_path / "vn.toml"
        path.write_text(text + STORM, encoding="utf-8")
        found = CliRunner().invoke(app, ["calendar", "import", str(path)])
        assert found.exit_code == 0, found.output
        shown = recalculate("--dry-run", "--unit", UNIT)
        done = recalculate("--reason", "bão số 5, 12/UBND", "--unit", UNIT)
        again = recalculate("--reason", "bão số 5, 12/UBND")

        assert shown["moved"] == done["moved"]
        assert (shown["dry_run"], done["dry_run"]) == (True, False)
        assert [row["dossier"] for row in done["moved"]] == CODES
        assert done["moved"][0] == {
            "dossier": CODES[0],
            "unit": UNIT,
            "scope": "dossier",
            "step": "",
            "consultation": None,
            "previous_due": "2021-08-16T09:00:00+07:00",
            "due": "2021-08-17T09:00:00+07:00",
            "previous_calendar": CalendarRepository(folder).shipped.version,
            "calendar": known.calendar_for(UNIT, at("2021-08-11 10:00")).version,
            "was_late": False,
        }
        assert (done["later"], done["earlier"], done["looked_at"]) == (7, 0, 7)
        assert again["moved"] == []
        case = routing.call("GetCase", pb.GetCaseRequest(), code=CODES[0])
        assert case.entries[-1].type == "DeadlineRecalculated"
        assert case.entries[-1].note == "bão số 5, 12/UBND"
        for method in ("PreviewRecalculation", "RecalculateDeadlines"):
            request = getattr(pb, f"{method}Request")()
            if method == "RecalculateDeadlines":
                request.reason = "x"
            assert routing.problem(method, request, AN).code == grpc.StatusCode.PERMISSION_DENIED


def test_a_service_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit status 1 and one line, not a trace."""
    monkeypatch.setenv("ROUTING_PORT", "1")
    found = CliRunner().invoke(app, ["calendar", "recalculate", "--dry-run"])
    assert found.exit_code == 1
    assert "routing does not answer" in found.stderr
