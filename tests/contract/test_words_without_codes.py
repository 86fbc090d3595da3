"""What citizens and officers read has names and titles, never the codes by which programs go.

Every letter, every refusal and every line of a citizen's history is rendered with facts as they
come in the office, and compared with the codes of the tables that ship.
"""

import re
from datetime import date
from typing import Any

import pytest
from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import Actor, Part
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import DossierSubmitted
from motcua.intake.v1.event_parts_pb2 import PartName
from motcua.intake.v1.intake_pb2 import SubmittedPart
from motcua.routing.v1.case_events_pb2 import SupplementRequested

from kernel.auth.permissions import Permissions
from kernel.base.errors import Refusal
from kernel.messages.catalogue import FixedText
from office.catalogue.loader import shipped_catalogue
from office.people.directory import Directory, Officer
from office.permissions import shipped
from office.process.model.process import Process
from services.intake.domain.parts_check import missing_parts
from services.intake.queries.citizen_history import lines
from services.notify.delivery.letterhead import letterhead, with_unit_names
from services.notify.delivery.rendering import render
from services.notify.domain.citizen_messages import KINDS
from services.notify.domain.decider import template_of
from services.notify.domain.document_list import document_list, names_json
from services.notify.domain.officer_messages import OFFICER_KINDS, OFFICER_MESSAGES
from services.routing.application.refusal_words import RefusalWords
from services.routing.domain.refusals.case import TEXTS, refusal
from tests.support import letters
from tests.support.events import make_event
from tests.support.letters import DUE_TEXT, ITEM, PERSON, T0
from tests.support.mails import SENDER, text_of
from tests.support.office_files import standard_processes
from tests.support.paths import ROOT

CODE = "H22.02-210809-0007"


def event(source: str, sequence: int, payload: Message) -> Event:
    """Return an event of the dossier, a second after the one before."""
    at = T0 + sequence
    return make_event(
        CODE,
        source,
        sequence,
        payload,
        actor=Actor(),
        occurred_at=at,
        recorded_at=at,
        causation_id="",
        correlation_id="",
    )


PEOPLE = Directory(
    {},
    {
        "tu.ly": Officer("tu.ly", "Lý Quốc Tú", "H22.02", frozenset({"leader"})),
        "suong.vt": Officer("suong.vt", "Vương Thị Sương", "H22.02", frozenset({"head"})),
    },
)
PROCESSES = {process.name: process for process in standard_processes().all()}
CONSULTED, JOINT = PROCESSES["consulted"], PROCESSES["joint"]
PROCEDURE = next(p for versions in shipped_catalogue().procedures.values() for p in versions)


def _of_process(process: Process) -> set[str]:
    found = {process.name, *(step.name for step in process.steps)}
    for step in process.steps:
        found |= {each.name for each in step.transitions}
        found |= {each.name for each in step.consultations}
        found |= {each.name for each in step.children}
    for fact in process.facts:
        found |= {fact.name, *fact.values}
    return found


def _codes(permissions: Permissions) -> frozenset[str]:
    found = {*permissions.roles, *PEOPLE.officers, "supplement"}
    for process in PROCESSES.values():
        found |= _of_process(process)
    return frozenset(found) | {part.code for part in PROCEDURE.parts}


CODES = _codes(shipped())
_LONGEST_FIRST = sorted(map(re.escape, CODES), key=len, reverse=True)
CODED = re.compile(rf"(?<![\w.-])(?:{'|'.join(_LONGEST_FIRST)})(?![\w-])")
UNIT = re.compile(r"\bH\d{2}(?:\.\d{2})*\b(?!-\d{6}-)")
"""The code of a unit that is not part of a dossier's code."""
BRACKETS = re.compile(r"\[[^\]]*=[^\]]*\]|'[^']*'")


def codes_in(text: str) -> list[str]:
    """Return what reads as a code in a text."""
    text = text.replace(CODE, "").replace(ITEM, "")
    return [*CODED.findall(text), *UNIT.findall(text), *BRACKETS.findall(text)]


REFUSED: dict[str, Any] = {
    "step": "appraise",
    "current": "approve",
    "next": "survey",
    "target": "appraise",
    "transition": "survey",
    "transitions": "survey, to-approve",
    "unit": "H22.02",
    "by": "tu.ly",
    "who": "tu.ly",
    "officer": "suong.vt",
    "assignee": "suong.vt",
    "substitute": "tu.ly",
    "role": "leader",
    "name": "outcome",
    "value": "grant",
    "values": "grant, reject",
    "kind": "result",
    "process": "consulted",
    "version": 1,
    "last": "13/08/2021",
    "reason": "Đã có ý kiến khác.",
    "text": "hai ngày",
    "phi": "120.000",
    "le_phi": "30.000",
    **dict.fromkeys(("number", "round", "rounds", "most"), 2),
}
"""What each parameter of a refusal is in the office."""
OTHER_PARTS = {
    "CHILD_OPEN": (JOINT, "environment"),
    "CONSULTATION_OF_PROCESS": (CONSULTED, "planning"),
}


@pytest.mark.parametrize("code", sorted(key for key in TEXTS if key.isupper()))
def test_refusals_name_steps_roles_units_and_officers(code: str) -> None:
    """In Vietnamese no code is left; the English text has titles, too."""
    process, name = OTHER_PARTS.get(code, (CONSULTED, "outcome"))
    made = refusal(code, **REFUSED | {"name": name})
    found = RefusalWords(PEOPLE, process).of(made)
    assert found.code == code
    assert codes_in(found.vi) == []
    english = [word for word in codes_in(found.en) if "-" in word or word in PEOPLE.officers]
    assert english == []
    if "{role}" in TEXTS.entry(code).vi[0]:
        assert "Lãnh đạo đơn vị" in found.vi
        assert "leader of the unit" in found.en
    if "{step}" in TEXTS.entry(code).vi[0]:
        assert "Thẩm định hồ sơ" in found.vi
    if "{transitions}" in TEXTS.entry(code).vi[0]:
        assert "Cần khảo sát, Trình phê duyệt" in found.vi
    if "{values}" in TEXTS.entry(code).vi[0]:
        assert "Đồng ý giải quyết, Không đồng ý" in found.vi


def test_what_has_no_name_keeps_its_code() -> None:
    """Nobody is left in the dark when the directory or the process is another one."""
    made = refusal("NOT_CURRENT_STEP", step="x", current="y", unit="H99", by="-")
    assert "“x”" in RefusalWords(None).of(made).vi
    assert "H99 (người chuyển: -)" in RefusalWords(PEOPLE, JOINT).of(made).vi
    other = Refusal("OTHER", FixedText("Khác", "Other"))
    assert RefusalWords(PEOPLE).of(other) == other


def _values(kind: str) -> dict[str, str]:
    part = PROCEDURE.parts[0]
    known = names_json([PartName(code=part.code, name=part.name_vi, name_en=part.name_en)])
    return {
        **dict.fromkeys(("answer_due_at", "due_at", "previous_due_at", "told_at"), DUE_TEXT),
        "expected_end_at": DUE_TEXT,
        "reason": "Phải xác minh thêm.",
        "explanation": "Không đủ điều kiện.",
        "granted": "",
        "parts": document_list([Part(code=part.code, copies=2)], known, "vi"),
        "way": "counter" if kind == "resolved" else "online",
        **dict.fromkeys(("phi", "le_phi", "total", "paid"), "150.000"),
        "receipt_number": "BL-00131",
        "apology": "Cơ quan thành thật xin lỗi Ông/Bà.",
        "apology_number": "12/PXL",
        "signer_title": "Giám đốc",
        "signer": "tu.ly",
        "item_number": ITEM,
        "procedure": PROCEDURE.name_vi,
        "unit": "Sở Công Thương",
        "time_zone": "Asia/Ho_Chi_Minh",
        "scope": "step",
        "step": "Thẩm định hồ sơ",
        "work_unit": "H22.05",
        "told_unit": "H22",
    }


def _letter(kind: str, portal: str = "", people: Directory | None = PEOPLE) -> tuple[str, str]:
    row = {
        "message_id": "m-1",
        "dossier_code": CODE,
        "template": template_of(kind, "vi"),
        "language": "vi",
        "queued_at": T0,
    }
    head = letterhead(portal, "H22.02", "tu.ly", people, date(2021, 8, 9))
    mail = render(row, with_unit_names(_values(kind), people), PERSON, SENDER, head)
    return mail.subject, text_of(mail)


@pytest.mark.parametrize("kind", [*KINDS, *OFFICER_KINDS])
def test_letters_have_no_codes(kind: str) -> None:
    """Neither do their subjects; a date has its "ngày"."""
    subject, text = _letter(kind)
    assert codes_in(subject) == []
    assert codes_in(text) == []
    assert not re.search(r"\d\d:\d\d \d\d/\d\d/\d{4}", text)


def test_an_apology_names_its_signer() -> None:
    """The officer who signed, by the directory; where it has nobody, the office alone."""
    assert "\nGiám đốc\nLý Quốc Tú\n" in _letter("extended")[1]
    assert "\nGiám đốc\n\n" in _letter("extended", people=None)[1]
    assert "Lãnh đạo đơn vị: Lý Quốc Tú" in _letter("late")[1]
    assert "Lãnh đạo đơn vị" not in _letter("late", people=None)[1]


def test_a_letter_says_where_to_look_up_and_to_pay() -> None:
    """On the portal, if the office has one, and otherwise at the counter; money at the counter."""
    assert (
        "tại https://dvc.hagiang.example bằng mã"
        in _letter("accepted", "https://dvc.hagiang.example")[1]
    )
    text = _letter("payment_requested")[1]
    assert "tại Bộ phận Tiếp nhận và Trả kết quả bằng mã" in text
    assert "Sở Công Thương (Số 10 đường Trần Hưng Đạo" in text
    assert "Điện thoại: 02193866103" in text
    assert f"xin nêu mã hồ sơ {CODE} và nhận biên lai" in text


def test_officers_read_the_names_of_units() -> None:
    """Also of the units above the dossier's own."""
    escalated = event("routing", 1, letters.ESCALATED)
    values = OFFICER_MESSAGES[type(letters.ESCALATED)](escalated, letters.ESCALATED)[2]
    named = with_unit_names({**values, "told_unit": "H22"}, None)
    assert named["told_unit"] == "Ủy ban nhân dân tỉnh Hà Giang"


def test_missing_papers_have_names() -> None:
    """At the submission and at the supplement."""
    part = PROCEDURE.parts[0]
    names = {part.code: FixedText(part.name_vi, part.name_en)}
    found = missing_parts([SubmittedPart(code=part.code, copies=1)], {part.code: 3}, names)
    assert found is not None
    assert f"{part.name_vi} (2)" in found.vi
    assert f"{part.name_en} (2)" in found.en
    assert codes_in(found.vi) == []


def test_a_citizen_s_history_has_no_codes() -> None:
    """Papers by the names that the procedure had when the dossier was submitted."""
    part = PROCEDURE.parts[0]
    name = PartName(code=part.code, name=part.name_vi, name_en=part.name_en)
    events = [
        event("intake", 1, DossierSubmitted(part_names=[name])),
        event("routing", 2, SupplementRequested(parts=[Part(code=part.code)], reason="Mờ")),
    ]
    for line in lines(events, "Asia/Ho_Chi_Minh", "vi"):
        assert codes_in(line.text) == []


@pytest.mark.parametrize("path", [ROOT / "kernel/vi.po", *(ROOT / "services").rglob("vi.po")])
def test_catalogues_hold_no_roles(path: Any) -> None:
    """A text names no role by its code; the table of permissions has words for it."""
    texts = re.findall(r'^(?:msgstr(?:\[0\])? )?"(.*)"$', path.read_text("utf-8"), re.MULTILINE)
    roles = re.compile(rf"(?<![\w.{{-])(?:{'|'.join(shipped().roles)})(?![\w}}])")
    vietnamese = [text for text in texts if not text.isascii()]
    assert [text for text in vietnamese if roles.search(text)] == []
