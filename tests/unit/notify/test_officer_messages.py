"""What officers are told of, and the letter that they get."""

from __future__ import annotations

import re
from email.headerregistry import Address
from typing import cast

import pytest
from motcua.events.v1.common_pb2 import PersonalData
from motcua.routing.v1.deadline_events_pb2 import DeadlineEscalated
from motcua.routing.v1.types_pb2 import DeadlineScope

from kernel.base.instants import HOUR, MINUTE, SECOND, isoformat, to_timestamp
from services.notify.delivery.rendering import render
from services.notify.domain.citizen_messages import CITIZEN_MESSAGES, Values
from services.notify.domain.decider import template_of
from services.notify.domain.officer_messages import OFFICER_KINDS, OFFICER_MESSAGES
from tests.support import letters
from tests.support.letters import DUE, DUE_TEXT, SUONG, T0, TU, Streams
from tests.support.mails import COMMON, SENDER, text_of

CODE = "H22.02-210809-0007"
HEAD = PersonalData(full_name="Lý Quốc Tú", email="tu@hagiang.example")
DUE_AT = T0 + 32 * HOUR


def message_of(payload: DeadlineEscalated) -> tuple[str, list[str], Values]:
    event = Streams().event(CODE, payload)
    kind, officers, values = OFFICER_MESSAGES[DeadlineEscalated](event, payload)
    return kind, list(officers), values


def letter(payload: DeadlineEscalated, at: int = DUE_AT) -> tuple[str, str]:
    """Return subject and text of the letter of what was said at an instant."""
    kind, _, values = message_of(payload)
    row = {
        "message_id": "m-1",
        "dossier_code": CODE,
        "template": template_of(kind, "vi"),
        "language": "vi",
        "queued_at": T0,
    }
    mail = render(row, COMMON | values | {"told_at": isoformat(at)}, HEAD, SENDER)
    assert mail.recipient == Address(HEAD.full_name, addr_spec=HEAD.email)
    return mail.subject, text_of(mail)


def test_who_is_told_and_what() -> None:
    """The event's officers in its order; what the letter says is in the event."""
    assert message_of(letters.ESCALATED) == (
        "escalated",
        [SUONG, TU],
        {
            "scope": "step",
            "step": "Thẩm định",
            "work_unit": "H22.02.01",
            "told_unit": "H22.02",
            "due_at": DUE_TEXT,
            "told_at": isoformat(T0 + 1),
        },
    )
    assert message_of(letters.NOBODY_TOLD)[:2] == ("escalated", [])
    assert set(OFFICER_KINDS) == {"escalated"}
    assert not OFFICER_MESSAGES.keys() & CITIZEN_MESSAGES.keys()


def test_an_event_of_an_older_build_has_what_it_says() -> None:
    """Without a title the step has its name, without a unit of the work the one that is told."""
    old = DeadlineEscalated(
        scope=DeadlineScope.DEADLINE_SCOPE_STEP, step="appraise", unit="H22.02", due_at=DUE
    )
    values = message_of(old)[2]
    assert (values["step"], values["work_unit"]) == ("appraise", "H22.02")


STEP_LETTER = """\
Kính gửi Ông/Bà Lý Quốc Tú,

Bước “Thẩm định” của hồ sơ H22.02-210809-0007 quá hạn 2 giờ 5 phút.

Thủ tục: Cấp Giấy phép bán lẻ rượu
Đơn vị chịu trách nhiệm về hồ sơ: Sở Công Thương
Đơn vị đang xử lý: H22.02.01
Hạn: 17:00 ngày 10/08/2021
Thời điểm thông báo: 19:05 ngày 10/08/2021

Ông/Bà nhận thư này với tư cách người được phân công nhận thông báo của H22.02, \
hoặc người được ủy quyền thay người đó.
Mã hồ sơ: H22.02-210809-0007
Thư này được gửi tự động, xin không trả lời.
"""


def test_the_whole_letter() -> None:
    """Dossier, procedure, step, units, due date and how late; the citizen is not in it."""
    subject, text = letter(letters.ESCALATED, DUE_AT + 125 * MINUTE)
    assert subject == f"Hồ sơ {CODE} quá hạn 2 giờ 5 phút"
    assert text == STEP_LETTER


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (0, "đến hạn"),
        (0.9, "đến hạn"),
        (-0.9, "còn 1 phút đến hạn"),
        (1, "quá hạn 1 phút"),
        (60, "quá hạn 1 giờ"),
        (24 * 60, "quá hạn 1 ngày"),
        (24 * 60 + 7, "quá hạn 1 ngày 7 phút"),
        (50 * 60 + 59, "quá hạn 2 ngày 2 giờ"),
        (-4 * 60, "còn 4 giờ đến hạn"),
        (-30, "còn 30 phút đến hạn"),
    ],
)
def test_how_late(minutes: float, words: str) -> None:
    """Two words of time by the clock on the wall; a level may come before the due date."""
    subject, _ = letter(letters.ESCALATED, DUE_AT + int(minutes * MINUTE))
    assert subject == f"Hồ sơ {CODE} {words}"


def test_how_late_by_the_minutes_shown() -> None:
    """A due date late in its minute, told early in another: who counts along comes to the same."""
    payload = DeadlineEscalated()
    payload.CopyFrom(letters.ESCALATED)
    payload.due_at.CopyFrom(to_timestamp(DUE_AT - 9 * MINUTE + 50 * SECOND))
    subject, text = letter(payload, DUE_AT + 24 * HOUR - 5 * MINUTE + 10 * SECOND)
    assert "Hạn: 16:51 ngày 10/08/2021\nThời điểm thông báo: 16:55 ngày 11/08/2021" in text
    assert subject == f"Hồ sơ {CODE} quá hạn 1 ngày 4 phút"


@pytest.mark.parametrize(
    ("scope", "first"),
    [
        ("DOSSIER", f"Hồ sơ {CODE} đến hạn."),
        ("STEP", f"Bước “Thẩm định” của hồ sơ {CODE} đến hạn."),
        ("DESK_CHECK", f"Việc kiểm tra hồ sơ trực tuyến {CODE} đến hạn."),
        ("CONSULTATION", f"Ý kiến được xin ở bước “Thẩm định” của hồ sơ {CODE} đến hạn."),
    ],
)
def test_whose_due_date(scope: str, first: str) -> None:
    """The letter says whether the dossier, a step or an answer is meant; nothing is left open."""
    payload = DeadlineEscalated()
    payload.CopyFrom(letters.ESCALATED)
    payload.scope = cast(DeadlineScope, DeadlineScope.Value(f"DEADLINE_SCOPE_{scope}"))
    _, text = letter(payload)
    assert text.splitlines()[2] == first
    assert not re.search(r"[{}]|\n\n\n| \n|None|Undefined", text)
