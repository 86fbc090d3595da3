"""Letters: every kind in both languages, nothing missing, nothing smuggled in."""

import re
from dataclasses import replace
from email import message_from_bytes, policy
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from motcua.events.v1.common_pb2 import PersonalData

from services.notify.delivery.mail_format import Mail, as_sent, mailbox
from services.notify.delivery.rendering import TEMPLATES, RenderingError, render
from services.notify.domain.citizen_messages import KINDS
from services.notify.domain.decider import VERSIONS, template_of
from services.notify.domain.officer_messages import OFFICER_KINDS
from tests.support.letters import DUE_TEXT, ITEM, PERSON, T0
from tests.support.mails import (
    COMMON,
    ENCODED_NAMES,
    HEADERS,
    SENDER,
    decoded,
    headers_of,
    mail_to,
    text_of,
)

VALUES: dict[str, dict[str, str]] = {
    "submitted": {"answer_due_at": DUE_TEXT},
    "accepted": {"due_at": DUE_TEXT},
    "refused": {"reason": "Thiếu chữ ký."},
    "withdrawn": {},
    "withdrawal_declined": {"reason": "Đã ký kết quả."},
    "supplement_requested": {
        "reason": "Thiếu giấy tờ.",
        "parts": "Giấy chứng sinh (2 bản): Bản sao mờ\nA2 (1 bản)",
        "answer_due_at": DUE_TEXT,
    },
    "resumed": {"due_at": DUE_TEXT},
    "supplement_ending": {"answer_due_at": DUE_TEXT},
    "supplement_extended": {
        "previous_due_at": DUE_TEXT,
        "answer_due_at": DUE_TEXT,
        "reason": "12729/VPCP-KGVX",
    },
    "supplement_expired": {"answer_due_at": DUE_TEXT},
    "payment_requested": {
        "reason": "Phí thẩm định.",
        "expected_end_at": DUE_TEXT,
        "phi": "1.150.000",
        "le_phi": "20.000",
        "total": "1.170.000",
    },
    "payment_confirmed": {"due_at": DUE_TEXT, "receipt_number": "BL-7", "paid": "1.170.000"},
    "suspended": {"reason": "Chờ xác minh.", "expected_end_at": DUE_TEXT},
    "continued": {"due_at": DUE_TEXT},
    "extended": {
        "previous_due_at": DUE_TEXT,
        "due_at": DUE_TEXT,
        "reason": "Phải xác minh thêm.",
        "apology": "Chúng tôi thành thật xin lỗi.",
        "apology_number": "12/PXL",
        "signer_title": "Phó Giám đốc",
    },
    "closed": {"reason": "Không bổ sung đúng hạn."},
    "reopened": {},
    "resolved": {"granted": "", "explanation": "Không đủ điều kiện.", "way": "counter"},
    "late": {"due_at": DUE_TEXT},
    "rescheduled": {"previous_due_at": DUE_TEXT, "due_at": DUE_TEXT, "reason": "12729/VPCP-KGVX"},
    "posted": {"item_number": ITEM},
    "delivered": {"item_number": ITEM},
    "undelivered": {"item_number": ITEM},
    "post_cancelled": {},
    "returned": {"way": "counter"},
}
PLAIN_LETTER = """\
Kính gửi Ông/Bà Vừ Thị Mỷ,

Hồ sơ H22.02-210809-0007 của Ông/Bà về thủ tục “Cấp Giấy phép bán lẻ rượu” cần được bổ sung.

Lý do: Thiếu giấy tờ.

Giấy tờ cần bổ sung:
- Giấy chứng sinh (2 bản): Bản sao mờ
- A2 (1 bản)

Xin Ông/Bà bổ sung chậm nhất lúc 17:00 ngày 10/08/2021.

Thời gian chờ bổ sung không tính vào thời hạn giải quyết.

Trân trọng,

Bộ phận Tiếp nhận và Trả kết quả
Sở Công Thương

Mã hồ sơ: H22.02-210809-0007
Ông/Bà tra cứu tình trạng hồ sơ tại Bộ phận Tiếp nhận và Trả kết quả \
bằng mã hồ sơ và mã PIN được cấp khi nộp.
Thư này được gửi tự động, xin không trả lời.
"""


def row(kind: str, language: str = "vi", code: str = "H22.02-210809-0007") -> dict[str, Any]:
    return {
        "message_id": "m-1",
        "dossier_code": code,
        "template": template_of(kind, language),
        "language": language,
        "queued_at": T0,
    }


def letter(
    kind: str,
    language: str = "vi",
    person: PersonalData = PERSON,
    code: str = "H22.02-210809-0007",
    **values: str,
) -> Mail:
    return render(row(kind, language, code), {**COMMON, **VALUES[kind], **values}, person, SENDER)


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind(kind: str, language: str) -> None:
    """Every kind has a letter in each language: subject, greeting, values, signature, code."""
    mail = letter(kind, language)
    text = text_of(mail)
    assert "H22.02-210809-0007" in mail.subject
    assert text.splitlines()[0].endswith("Vừ Thị Mỷ,")
    assert "“Cấp Giấy phép bán lẻ rượu”" in text
    assert "Sở Công Thương" in text
    assert "PIN" in text
    assert not re.search(r"[{}]|\n\n\n| \n|None|Undefined", text)
    for value in VALUES[kind].values():
        if value in ("", "counter"):
            continue
        for part in value.splitlines():
            assert part in text or part == DUE_TEXT
    if DUE_TEXT in VALUES[kind].values():
        shown = "17:00 ngày 10/08/2021" if language == "vi" else "17:00 on 10 August 2021"
        assert shown in text


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize(
    ("kind", "variable"),
    [(kind, variable) for kind, values in VALUES.items() for variable in [*values, *COMMON]],
)
def test_a_missing_variable(kind: str, variable: str, language: str) -> None:
    """Without any one of its variables a letter is not made; there are no holes."""
    values = {**COMMON, **VALUES[kind]}
    del values[variable]
    with pytest.raises(RenderingError) as refused:
        render(row(kind, language), values, PERSON, SENDER)
    assert refused.value.reason_code == "template"
    assert PERSON.full_name not in str(refused.value)


def test_no_template_without_a_kind() -> None:
    """The languages have the same templates: one for each kind, and the letter around them. Beside
    those that were reworded the older ones stay.
    """
    reworded = {template_of(*each) for each in VERSIONS}
    for language in ("vi", "en"):
        found = {path.name for path in (TEMPLATES / language).iterdir()}
        to_officers = (*OFFICER_KINDS, "notice") if language == "vi" else ()
        newer = {f"{name}.txt" for name in (*reworded, "notice.v2")} if language == "vi" else set()
        older = {f"{kind}.v1.txt" for kind in (*KINDS, "letter", *to_officers)}
        assert found == older | newer


def test_a_message_keeps_the_text_it_was_planned_with() -> None:
    """The older text is as it was; the newer one calls the desk as its signature does."""
    planned = row("submitted") | {"template": "submitted.v1"}
    older = text_of(render(planned, {**COMMON, **VALUES["submitted"]}, PERSON, SENDER))
    assert "\nBộ phận một cửa sẽ kiểm tra" in older
    newer = text_of(letter("submitted"))
    assert "\nBộ phận Tiếp nhận và Trả kết quả sẽ kiểm tra" in newer
    assert "một cửa" not in newer


@pytest.mark.parametrize(
    ("template", "language"), [("nothing.v1", "vi"), ("accepted.v9", "vi"), ("accepted.v1", "fr")]
)
def test_a_template_that_is_not_there(template: str, language: str) -> None:
    """A template or language that this build lacks is a fault of the template."""
    values = {**COMMON, **VALUES["accepted"]}
    with pytest.raises(RenderingError) as refused:
        render(row("accepted", language) | {"template": template}, values, PERSON, SENDER)
    assert refused.value.reason_code == "template"


@pytest.mark.parametrize(
    "change", [{"due_at": "tomorrow"}, {"time_zone": "Moon/Sea"}, {"time_zone": "../etc"}]
)
def test_values_that_are_none(change: dict[str, Any]) -> None:
    """An instant or time zone that is none is a fault of the template's variables."""
    with pytest.raises(RenderingError) as refused:
        letter("accepted", **change)
    assert refused.value.reason_code == "template"


def test_whole_letter() -> None:
    """A letter reads well as a whole."""
    assert text_of(letter("supplement_requested")) == PLAIN_LETTER


@pytest.mark.parametrize(
    ("kind", "change", "says"),
    [
        ("submitted", {"answer_due_at": ""}, "Thời hạn giải quyết bắt đầu"),
        ("accepted", {"due_at": ""}, "không có ngày hẹn trả"),
        ("supplement_requested", {"parts": "", "answer_due_at": ""}, "Lý do: Thiếu giấy tờ."),
        ("resumed", {"due_at": ""}, "tiếp tục giải quyết"),
        ("continued", {"due_at": ""}, "tiếp tục giải quyết"),
        ("payment_confirmed", {"due_at": ""}, "biên lai số BL-7"),
        ("payment_requested", {"phi": "", "expected_end_at": ""}, "- Lệ phí: 20.000 đồng"),
        ("payment_requested", {"le_phi": ""}, "- Phí: 1.150.000 đồng"),
        ("suspended", {"expected_end_at": ""}, "Lý do: Chờ xác minh."),
        ("resolved", {"granted": "yes", "explanation": ""}, "Mời Ông/Bà hoặc người được ủy quyền"),
        ("resolved", {"explanation": ""}, "không được chấp thuận"),
        ("resolved", {"way": "post"}, "Bưu điện sẽ phát kết quả"),
        ("resolved", {"way": "online"}, "trên cổng dịch vụ công"),
        ("returned", {"way": "online"}, "trên cổng dịch vụ công"),
    ],
)
def test_other_cases(kind: str, change: dict[str, Any], says: str) -> None:
    """What a dossier has not is left out without a gap."""
    text = text_of(letter(kind, **change))
    assert says in text
    assert not re.search(r"\n\n\n| \n|: \n|\(\)", text)


def test_headers() -> None:
    """A mail has what a mail must have, and is the same each time it is made."""
    mail = letter("accepted")
    read = message_from_bytes(as_sent(mail), policy=policy.default)
    assert str(read["From"]) == "Một Cửa <khong-tra-loi@motcua.invalid>"
    assert str(read["To"]) == "Vừ Thị Mỷ <my@example.vn>"
    assert read["Subject"] == "Hồ sơ H22.02-210809-0007 đã được tiếp nhận"
    assert read["Message-ID"] == "<m-1@motcua.invalid>"
    assert read["Date"] == "Mon, 09 Aug 2021 09:00:00 +0700"
    assert read["Auto-Submitted"] == "auto-generated"
    assert read["Content-Language"] == "vi"
    assert as_sent(mail) == as_sent(letter("accepted"))
    as_sent(mail).decode("ascii")


WORDS = st.sampled_from(
    ["Xin", "lỗi:", "hồ", "sơ", "H22.02-210809-0007", "bị", "trễ", "hẹn,", "được", "–", "“x”"]
)
TEXTS = st.lists(st.one_of(WORDS, st.text("ăệ x,", min_size=1, max_size=30)), max_size=25).map(
    lambda words: " ".join(" ".join(words).split())
)


@given(TEXTS, TEXTS)
@example("", " ".join(["Xin", *["H22.02-210809-0007"] * 3]))
def test_headers_arrive_as_they_were_meant(subject: str, name: str) -> None:
    """No space of a subject or a name is lost or won on the way, however long it is."""
    sent = as_sent(mail_to(name, subject=subject))
    assert all(len(line) <= 78 for line in sent.split(b"\r\n"))
    assert not re.search(rb"\?==\?", sent)
    headers = headers_of(sent)
    assert decoded(headers["Subject"]) == subject
    assert decoded(headers["To"]) == (f"{name} <my@example.vn>" if name else "my@example.vn")


@pytest.mark.parametrize("kind", KINDS)
def test_subjects_arrive_as_they_were_meant(kind: str) -> None:
    """The subject that a reader sees is the one of the letter."""
    mail = letter(kind)
    assert message_from_bytes(as_sent(mail), policy=policy.default)["Subject"] == mail.subject


BREAKS = ["\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029", "\0"]


@pytest.mark.parametrize("sign", BREAKS)
def test_line_break_in_the_name(sign: str) -> None:
    """A name with a line break, of whatever kind, makes no mail."""
    person = PersonalData(full_name=f"Vừ Thị Mỷ{sign}Bcc: all@example.vn", email="my@example.vn")
    with pytest.raises(RenderingError) as refused:
        letter("accepted", person=person)
    assert refused.value.reason_code == "invalid_header"


@pytest.mark.parametrize("sign", BREAKS)
def test_line_break_in_the_subject(sign: str) -> None:
    """A subject with a line break makes no mail."""
    with pytest.raises(RenderingError) as refused:
        letter("accepted", code=f"D1{sign}{sign}Bcc: all@example.vn")
    assert refused.value.reason_code == "invalid_header"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "my",
        "@example.vn",
        "my@",
        "my@example.vn, all@example.vn",
        "my @example.vn",
        "my@example.vn\nBcc: all@example.vn",
        "my@example.vn>",
        '"my all"@example.vn',
        "=?utf-8?q?my=0D=0ABcc:_all?=@example.vn",
        "my@=?utf-8?q?example.vn?=",
        "my@[127.0.0.1]",
        "(=?utf-8?q?=0A?=)my@example.vn",
        "mỷ @example.vn",
        "mỷ\u2028@example.vn",
        "mỷ\u202e@example.vn",
        "mỷ..an@example.vn",
        "mỷ=?utf-8?q?=0A?=@example.vn",
        "mỷ@ví-dụ.vn",
        "my@ví dụ.vn",
    ],
)
def test_address(address: str) -> None:
    """An address that is none, or more than one, makes no mail; the reason does not repeat it."""
    with pytest.raises(RenderingError) as refused:
        letter("accepted", person=PersonalData(full_name="Vừ Thị Mỷ", email=address))
    assert refused.value.reason_code == "invalid_address"
    assert not address or address not in str(refused.value)


def test_an_address_with_marks_stands_in_the_header_as_it_is() -> None:
    """In UTF-8 (RFC 6532), and such a mail needs a server that takes it; no other header has more
    than ASCII.
    """
    mail = letter("accepted", person=PersonalData(full_name="Mỷ", email="vừ.mỷ@example.vn"))
    assert mail.needs_smtputf8
    sent = as_sent(mail)
    (line,) = [line for line in sent.split(b"\r\n") if not line.isascii()]
    assert line.decode() == " <vừ.mỷ@example.vn>"
    assert not letter("accepted").needs_smtputf8


@pytest.mark.parametrize("name", ["", '"; DROP', "A, B <all@example.vn>", "=?utf-8?q?x?=", "(x"])
def test_strange_names(name: str) -> None:
    """Whatever signs a name has, the mail goes to the one address."""
    mail = letter("accepted", person=PersonalData(full_name=name, email="my@example.vn"))
    read = message_from_bytes(as_sent(mail), policy=policy.default)
    assert [address.addr_spec for address in read["To"].addresses] == ["my@example.vn"]
    assert not read["Bcc"]
    assert not read["Cc"]


@pytest.mark.parametrize("text", ENCODED_NAMES.values(), ids=ENCODED_NAMES)
def test_encoded_words_are_text(text: str) -> None:
    """As a name, ours or theirs, and as a subject they arrive as they were typed, and nothing else
    comes with them.
    """
    sender = mailbox(text, "mc@example.vn")
    assert sender
    sent = as_sent(mail_to(text, subject=text, sender=sender))
    headers = headers_of(sent)
    assert tuple(headers) == HEADERS
    assert decoded(headers["To"]) == f"{text} <my@example.vn>"
    assert decoded(headers["From"]) == f"{text} <mc@example.vn>"
    assert decoded(headers["Subject"]) == text
    read = message_from_bytes(sent, policy=policy.default)
    assert tuple(read.keys()) == HEADERS
    assert read.get_content() == ".\r\n..\r\nxin chào\r\n"


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=120))
@example("=?utf-8?q?a=0A?=")
def test_no_name_makes_a_header(name: str) -> None:
    """Whatever signs a name has, a mail has our headers and no others."""
    assert tuple(headers_of(as_sent(mail_to(name)))) == HEADERS


@pytest.mark.parametrize(
    "change", [{"message_id": "m-1\r\nBcc: all@example.vn"}, {"language": "vi\nX: 1"}]
)
def test_no_other_header_takes_text(change: dict[str, Any]) -> None:
    """What is written as it is has no blank and no line break."""
    with pytest.raises(ValueError, match="header"):
        replace(mail_to("Mỷ"), **change)
