"""How histories and due dates look to an operator."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from motcua.audit.v1 import audit_pb2 as pb
from motcua.events.v1.common_pb2 import ActorKind

from cli.commands import deadline_tables, dossier
from cli.commands.deadline_tables import deadline_table
from cli.commands.deadlines import print_explanation
from cli.commands.dossier import timeline_table
from cli.options import Language
from cli.printer import LEAST, LINE, WIDE, Printer
from kernel.base.instants import MINUTE, to_timestamp
from tests.support.audit_histories import at

DUE = "2021-08-12 09:53"
WORKING = ("working", "time")
CODE = "H22.12.03-210809-0007"


def _at(text: str) -> Timestamp:
    return to_timestamp(at(text))


def _entry(happened: str, recorded: str) -> pb.TimelineEntry:
    entry = pb.TimelineEntry(
        source="routing",
        sequence=12,
        type="SupplementRequested",
        occurred_at=_at(happened),
        recorded_at=_at(recorded),
    )
    entry.actor.kind, entry.actor.id, entry.actor.unit = (
        *(ActorKind.ACTOR_KIND_OFFICER, "cv.H22.12"),
        "H22.12.03",
    )
    entry.summary.en = "Supplement 1 requested, to be answered by 2021-09-10 16:27 +07:00; stops"
    return entry


def _row(**values: object) -> pb.Deadline:
    row = pb.Deadline(
        dossier_code=CODE,
        due_at=_at("2021-08-09 17:00"),
        first_due_at=_at("2021-08-09 17:00"),
        status=pb.DEADLINE_STATUS_OVERDUE,
        lateness=pb.LATENESS_PENDING_IN_TIME,
        unit="H22.12.03",
        step="appraise",
        step_unit="H22.12.03",
    )
    for name, value in values.items():
        if isinstance(value, Timestamp):
            getattr(row, name).CopyFrom(value)
        else:
            setattr(row, name, value)
    return row


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Lay out a table for some width, as the lines that are printed."""

    def show(width: int, make: Callable[..., Any]) -> list[str]:
        stream = io.StringIO()
        printer = Printer(file=stream, width=width, force_terminal=False, color_system=None)
        for module in (dossier, deadline_tables):
            monkeypatch.setattr(module, "out", printer)
        printer.print(make())
        return stream.getvalue().splitlines()

    return show


def test_a_history_says_its_order_and_its_times(shown: Callable[..., Any]) -> None:
    """The heading names the order and the offset; recorded is shown where it differs."""
    answer = pb.GetTimelineResponse(
        dossier_code=CODE,
        entries=[
            _entry("2021-08-09 10:31", "2021-08-09 10:31"),
            _entry("2021-08-09 09:00", "2021-08-10 11:00"),
        ],
    )
    title, heading, first, second = shown(2 * WIDE, lambda: timeline_table(answer))

    assert title == f"{CODE}, in the order of the log; times in +07:00"
    assert heading.split()[:2] == ["happened", "recorded"]
    assert first.startswith("2021-08-09 10:31                    routing")
    assert second.startswith("2021-08-09 09:00  2021-08-10 11:00  routing")


def test_a_scan_has_its_own_time_and_that_of_its_report(shown: Callable[..., Any]) -> None:
    """The order stays that of the log."""
    entries = []
    for scanned in ("15:28", "15:08"):
        entry = _entry("2021-08-09 15:58", "2021-08-09 15:58")
        entry.happened_at.CopyFrom(_at(f"2021-08-09 {scanned}"))
        entries.append(entry)
    answer = pb.GetTimelineResponse(dossier_code=CODE, entries=entries)
    _, heading, first, second = shown(2 * WIDE, lambda: timeline_table(answer))
    assert heading.split()[:2] == ["happened", "recorded"]
    assert first.startswith("2021-08-09 15:28  2021-08-09 15:58  routing")
    assert second.startswith("2021-08-09 15:08  2021-08-09 15:58  routing")


def test_a_history_recorded_as_it_happened_has_one_time(shown: Callable[..., Any]) -> None:
    """Seconds apart in the same minute are no difference to a reader."""
    entry = _entry("2021-08-09 10:31", "2021-08-09 10:31")
    entry.recorded_at.seconds += 20
    lines = shown(2 * WIDE, lambda: timeline_table(pb.GetTimelineResponse(entries=[entry])))
    assert "recorded" not in "".join(lines)


@pytest.mark.parametrize("width", [LINE, 2 * WIDE])
def test_what_happened_can_be_told_in_vietnamese(shown: Callable[..., Any], width: int) -> None:
    """Unless it is asked for, in English."""
    entry = _entry("2021-08-09 10:31", "2021-08-09 10:31")
    entry.summary.vi, entry.summary.en = "Đã tiếp nhận", "Accepted"
    answer = pb.GetTimelineResponse(dossier_code=CODE, entries=[entry])
    lines = "".join(shown(width, lambda: timeline_table(answer, Language.vi)))
    assert "Đã tiếp nhận" in lines
    assert "Accepted" not in lines
    assert "Accepted" in "".join(shown(width, lambda: timeline_table(answer)))


@pytest.mark.parametrize("width", [LEAST, LINE])
def test_a_history_fits_into_narrow_lines_with_whole_times(
    shown: Callable[..., Any], width: int
) -> None:
    """Nothing is cut off, and a line has room for the words."""
    entries = [_entry("2021-08-09 09:00", "2021-08-10 11:00")]
    answer = pb.GetTimelineResponse(dossier_code=CODE, entries=entries)
    lines = shown(width, lambda: timeline_table(answer))

    assert max(map(len, lines)) <= width
    assert "2021-08-09 09:00  routing 12" in lines[2]
    text = " ".join(" ".join(lines).split())
    assert "SupplementRequested by officer cv.H22.12@H22.12.03" in text
    assert "recorded 2021-08-10 11:00" in text
    assert len(lines) <= 7


def _explained(*stretches: tuple[str, str, bool]) -> pb.ExplainDeadlineResponse:
    line = pb.DeadlineLine(type="CaseResumed", agreement=pb.AGREEMENT_SAME, due_at=_at(DUE))
    line.text.en = "The clock goes on"
    for begins, ends, counted in stretches:
        span = line.spans.add(counted=counted, from_at=_at(begins), to_at=_at(ends))
        span.reason.en = "working time" if counted else "outside the sessions"
    return pb.ExplainDeadlineResponse(lines=[line], due_at=_at(DUE))


def test_lengths_in_an_explanation_are_those_between_the_minutes_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Seconds that no time shows are in no length either; a stretch of seconds has no row, and a
    column without anything in it is left out.
    """
    print_explanation(
        _explained(
            ("2021-08-09 09:53:27", "2021-08-09 11:30:00", True),
            ("2021-08-09 11:30:00", "2021-08-09 11:30:40", False),
        )
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].split() == ["2021-08-09", "09:53", "2021-08-09", "11:30", "1:37", *WORKING]
    assert "source" not in lines[1]
    assert len([line for line in lines if "11:30" in line]) == 1


def test_a_short_wait_is_shown_in_seconds_part_by_part(capsys: pytest.CaptureFixture[str]) -> None:
    """Each part has its name above it; what counts is not left out because it took seconds."""
    answer = _explained(
        ("2021-08-12 10:00:00", "2021-08-12 10:00:03", True),
        ("2021-08-13 17:00:00", "2021-08-16 07:00:00", False),
        ("2021-08-16 07:00:00", "2021-08-16 07:00:03", True),
    )
    for span, part in zip(answer.lines[0].spans, ("waited", "added", "added"), strict=True):
        span.part.en = part
    print_explanation(answer)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]

    assert lines[1] == ["waited:"]
    assert lines[3][:6] == ["2021-08-12", "10:00", "2021-08-12", "10:00", "3", "s"]
    assert lines[4] == ["added:"]
    assert lines[6][:5] == ["2021-08-13", "17:00", "2021-08-16", "07:00", "62:00"]
    assert lines[7][:6] == ["2021-08-16", "07:00", "2021-08-16", "07:00", "3", "s"]


def test_a_date_that_a_leader_chose_is_not_called_computed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Of an extension only the rule is checked, and its text says how that went."""
    line = pb.DeadlineLine(
        type="DeadlineExtended",
        agreement=pb.AGREEMENT_SAME,
        due_at=_at(DUE),
        calendar_version="vn-1",
    )
    line.text.en = "Extended; in time: yes"
    print_explanation(pb.ExplainDeadlineResponse(lines=[line], due_at=_at(DUE)))
    shown = capsys.readouterr().out

    assert "in time: yes" in shown
    assert "chosen, not computed, calendar vn-1" in shown
    assert "computed again" not in shown


def test_due_dates_say_both_rules(shown: Callable[..., Any]) -> None:
    """Overdue to the instant and in time by the day stand beside one another, named."""
    today, before = _row(), _row(lateness=pb.LATENESS_PENDING_OVERDUE)
    title, heading, first, second = shown(80, lambda: deadline_table([today, before]))

    assert "status to the instant, report by the day; times in +07:00" in title
    assert heading.split() == ["due", "status", "report", "dossier", "unit", "and", "step"]
    assert first.split()[2:5] == ["overdue", "in", "time"]
    assert second.split()[2:4] == ["overdue", "late"]


def test_due_dates_fit_into_80_columns(shown: Callable[..., Any]) -> None:
    """Date, state and code are not folded; a moved date has its first promise below it."""
    moved = _row(first_due_at=to_timestamp(at("2021-08-09 17:00") - 60 * MINUTE))
    elsewhere = _row(step_unit="H22.13.05.01")
    lines = shown(LEAST, lambda: deadline_table([_row(), moved, elsewhere]))
    assert max(map(len, lines)) <= LEAST
    title = " ".join(line.strip() for line in lines[:2])
    assert title.endswith("; in brackets the first promise; times in +07:00")
    assert lines[1].startswith("  in +07:00")
    assert lines[2].split() == ["due", "status", "report", "dossier", "unit", "and", "step"]
    assert f"2021-08-09 17:00    overdue  in time  {CODE}  H22.12.03" in lines[3]
    assert "(2021-08-09 16:00)" in "".join(lines)
    assert "at H22.13.05.01" in " ".join(" ".join(lines[6:]).split())


def test_a_dossier_without_a_case_has_no_step_to_name(shown: Callable[..., Any]) -> None:
    """What was accepted a moment ago is at no unit yet: the line ends with the one that answers."""
    lines = shown(LEAST, lambda: deadline_table([_row(step="", step_unit="")]))
    assert lines[-1].rstrip().endswith("H22.12.03")


def test_a_moved_date_and_another_units_step_get_columns(shown: Callable[..., Any]) -> None:
    """The first promise and the unit of the step are shown when they differ."""
    moved = _row(first_due_at=to_timestamp(at("2021-08-09 17:00") - 60 * MINUTE))
    elsewhere = _row(step_unit="H22.13")
    lines = shown(2 * WIDE, lambda: deadline_table([moved, elsewhere]))
    assert "first promise" in lines[1]
    assert "2021-08-09 16:00" in lines[2]
    assert lines[3].endswith("H22.13")


def _check() -> pb.Deadline:
    row = _row(step="", step_unit="", kind=pb.DEADLINE_KIND_DESK_CHECK)
    row.ClearField("first_due_at")
    row.ClearField("lateness")
    return row


def test_a_desk_check_is_named_and_no_report_judges_it(shown: Callable[..., Any]) -> None:
    """Beside promised dates it is its own kind; it has no first promise that was moved."""
    lines = shown(LEAST, lambda: deadline_table([_row(), _check()]))
    assert "first promise" not in lines[0]
    assert lines[3].split()[2:] == ["overdue", CODE, "H22.12.03", "desk", "check"]
    wide = shown(2 * WIDE, lambda: deadline_table([_row(), _check()]))
    assert wide[1].split() == ["due", "kind", "status", "report", "dossier", "unit", "step"]
    assert wide[2].split()[2:6] == ["promise", "overdue", "in", "time"]
    assert wide[3].split()[2:] == ["desk", "check", "overdue", CODE, "H22.12.03"]
