"""Plain text, and the words of rules."""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import protovalidate
import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from motcua.audit.v1 import audit_pb2
from motcua.audit.v1.audit_pb2 import ChainHead, GetStateRequest, VerifyRequest
from motcua.buf.validate.validate_pb2 import message as message_rules
from motcua.events.v1 import common_pb2
from motcua.intake.v1 import intake_pb2
from motcua.intake.v1.intake_pb2 import SubmitDossierRequest
from motcua.notify.v1 import notify_pb2
from motcua.operations.v1 import operations_pb2
from motcua.operations.v1.operations_pb2 import ListQuarantinedRequest, RedriveRequest
from motcua.postal.v1 import postal_partner_pb2, postal_pb2
from motcua.postal.v1.postal_partner_pb2 import ReportReturnedRequest
from motcua.postal.v1.postal_pb2 import ListJobsRequest
from motcua.routing.v1 import routing_pb2, types_pb2
from motcua.routing.v1.routing_pb2 import ResumeCaseRequest

from kernel.base.errors import Invalid
from kernel.messages.catalogue import FixedText
from kernel.messages.texts import TEXTS
from kernel.rpc.validation import validator
from kernel.rpc.validation.messages import (
    field_of_rule,
    field_rule_text,
    rule_text,
    rules_of,
)
from kernel.rpc.validation.validator import check

CONTRACTS = (
    *(audit_pb2, common_pb2, intake_pb2, notify_pb2, operations_pb2),
    *(postal_partner_pb2, postal_pb2, routing_pb2, types_pb2),
)


def test_request_text_is_brought_to_nfc() -> None:
    """The same name typed on two keyboards becomes the same bytes."""
    request = ListQuarantinedRequest(stream_id=unicodedata.normalize("NFD", "Đặng-Ngọc"))

    check(request)

    assert request.stream_id == unicodedata.normalize("NFC", "Đặng-Ngọc")


@pytest.mark.parametrize("reason", [" ", "\u200b", "\u2060\u200b", "\u3164", "\n"])
def test_a_needed_text_that_shows_nothing_is_missing(reason: str) -> None:
    """A message without a reason, and one with a reason that nobody can read, are alike."""
    request = ResumeCaseRequest(
        request_id=str(uuid.uuid4()), dossier_code="H22", step="seal", reason=reason
    )
    with pytest.raises(Invalid) as caught:
        check(request)
    (violation,) = caught.value.violations
    assert (violation.field, violation.rule) == ("reason", "string.min_len")


def test_all_violations_come_at_once() -> None:
    """Every wrong field is named in one answer, in both languages."""
    request = RedriveRequest(request_id="x", partition=-1, offset=-1, stream_id="a\x00")

    with pytest.raises(Invalid) as caught:
        check(request)

    found = {v.field: (v.vi, v.en) for v in caught.value.violations}
    assert set(found) == {"request_id", "partition", "offset", "stream_id"}
    assert found["partition"] == ("phải từ 0 trở lên", "must be 0 or more")


def test_too_many_items_are_named_before_any_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a million empty parts are one violation, and no rule is tried on any of them."""
    request = SubmitDossierRequest()
    request.MergeFromString(b"\x32\x00" * 500_000)
    monkeypatch.setattr(validator, "_VALIDATOR", None)
    monkeypatch.setattr(validator, "_wrong", None)
    monkeypatch.setattr(validator, "_path", None)

    with pytest.raises(Invalid) as caught:
        check(request, lambda _: pytest.fail("looked at further"))

    (violation,) = caught.value.violations
    assert (violation.field, violation.rule) == ("parts", "repeated.max_items")
    assert violation.en == "must have at most 100 items"


def test_only_the_first_violations_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request within its bounds may have thousands of mistakes: some are named, the others are
    counted, and no text is made for them.
    """
    request = VerifyRequest(anchors=[ChainHead(partition=-1, offset=-1)] * 1000)
    translated = Counter[str]()
    path = validator._path

    def counted(violation: protovalidate.Violation) -> str:
        translated["paths"] += 1
        return path(violation)

    monkeypatch.setattr(validator, "_path", counted)
    with pytest.raises(Invalid) as caught:
        check(request)

    assert len(caught.value.violations) == translated["paths"] == Invalid.NAMED
    assert caught.value.more == 3000 - Invalid.NAMED


def _with_rules() -> Iterator[tuple[FieldDescriptor, str, Any]]:
    """Yield each rule of each field of the contracts, as protovalidate names it."""
    waiting = [m for module in CONTRACTS for m in module.DESCRIPTOR.message_types_by_name.values()]
    while waiting:
        message = waiting.pop()
        waiting += message.nested_types
        for field in message.fields:
            rules = rules_of(field)
            if rules.required:
                yield field, "required", None
            for rule, given in _rules_in(rules):
                yield field, rule, given


def _rules_in(rules: Any) -> Iterator[tuple[str, Any]]:
    """Yield the names and values of the rules of a field; those of a list's items as their own."""
    for kind, of_kind in rules.ListFields():
        if kind.message_type is None:
            continue
        listed = of_kind.ListFields()
        ends = {name.name for name, _ in listed if name.name in ("gte", "lte", "gt", "lt")}
        for name, value in listed:
            if (kind.name, name.name) == ("repeated", "items"):
                yield from _rules_in(value)
                continue
            both = ends >= {"gte", "lte"} and name.name in ends
            rule = "gte_lte" if both else name.name
            yield f"{kind.name}.{rule}", list(value) if name.is_repeated else value


def test_every_rule_of_the_contracts_is_said_in_plain_words() -> None:
    """No text shows a regular expression, a number of seconds or a number of an enum's value."""
    seen = 0
    for field, rule, value in _with_rules():
        text = field_rule_text(field, rule, value, FixedText("", ""))
        for words in (text.vi, text.en):
            assert words, (field.full_name, rule)
            assert not re.search(r"[\^$\\{}\[\]*+?]|\b\d{7,} s\b|\d s$|, ,|\(\s*\)", words), (
                rule,
                words,
            )
            counts_items = rule in ("repeated.min_items", "repeated.max_items")
            if field.enum_type is not None and not counts_items:
                assert not re.search(r"\d", words), (rule, words)
        assert text.vi != text.en, (field.full_name, rule)
        if rule == "string.pattern":
            assert text.en != "has a wrong form", (field.full_name, value)
        seen += 1
    assert seen > 300


def _messages(file: Any) -> Iterator[Descriptor]:
    waiting = [*file.DESCRIPTOR.message_types_by_name.values()]
    while waiting:
        yield (message := waiting.pop())
        waiting += message.nested_types


def test_rules_of_whole_messages_name_a_field_in_both_languages() -> None:
    """Vietnamese first, with a stroke between; the field is the first in the rule's expression.
    There are no rules of the kinds that name none.
    """
    extension: Any = message_rules
    known = [
        (message, message.GetOptions().Extensions[extension])
        for module in CONTRACTS
        for message in _messages(module)
    ]
    rules = [(message, rule) for message, each in known for rule in each.cel]
    assert len(rules) >= 2
    for message, rule in rules:
        vi, divided, en = rule.message.partition(" | ")
        assert divided, rule.id
        assert vi != en, rule.id
        assert field_of_rule(message, rule.id) in message.fields_by_name, rule.id
    assert not [message.full_name for message, each in known if each.cel_expression or each.oneof]


@pytest.mark.parametrize(
    ("request_", "field", "rule"),
    [
        (postal_pb2.GetJobRequest(), "job_id", "get_job.one_key"),
        (postal_pb2.GetJobRequest(job_id="j", dossier_code="H22"), "job_id", "get_job.one_key"),
        (
            audit_pb2.GetReportRequest(from_date="2021-08-10", to_date="2021-08-09"),
            "to_date",
            "report.period",
        ),
    ],
)
def test_a_broken_rule_of_a_whole_message_names_a_field(
    request_: Message, field: str, rule: str
) -> None:
    """So that a form can show it where it is to be mended."""
    with pytest.raises(Invalid) as caught:
        check(request_)
    assert (field, rule) in {(each.field, each.rule) for each in caught.value.violations}
    assert all(each.field for each in caught.value.violations)


def test_an_instant_a_range_and_a_choice_are_said_as_people_read_them() -> None:
    """A date, both ends, and the names of the values."""
    request = ReportReturnedRequest(attempt=0)
    request.happened_at.seconds = 1
    found = _said(request)
    assert found["happened_at"] == (
        "phải sau 00:00 ngày 01/01/2000 (UTC)",
        "must be after 00:00 on 01 January 2000 (UTC)",
    )
    listed = _said(ListJobsRequest(page_size=501))
    assert listed["page_size"] == ("phải từ 0 đến 500", "must be from 0 to 500")
    submitted = _said(SubmitDossierRequest(language="fr"))
    assert submitted["language"] == ("phải là một trong vi, en", "must be one of vi, en")
    assert submitted["channel"][1] == "must be chosen (not CHANNEL_UNSPECIFIED)"


def _said(request: Message) -> dict[str, tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        check(request)
    return {v.field: (v.vi, v.en) for v in caught.value.violations}


def test_every_rule_has_both_languages() -> None:
    """No rule is said in one language only, and Vietnamese is not English."""
    for rule in TEXTS:
        entry = TEXTS.entry(rule)
        assert all(entry.vi), rule
        assert all(entry.en), rule
        assert entry.vi != entry.en, rule


@pytest.mark.parametrize(
    ("rule", "limit", "vi", "en"),
    [
        ("uint64.lte", "5", "phải từ 5 trở xuống", "must be 5 or less"),
        ("sfixed32.gt", "0", "phải lớn hơn 0", "must be greater than 0"),
        ("double.finite", "", "phải là số hữu hạn", "must be a finite number"),
        ("duration.gte_lt", "", "nằm ngoài khoảng cho phép", "is outside of the range allowed"),
        (
            "int32.gt_lte_exclusive",
            "",
            "nằm ngoài khoảng cho phép",
            "is outside of the range allowed",
        ),
        (
            "timestamp.within",
            "9 s",
            "phải cách hiện tại không quá 9 s",
            "must be within 9 s of now",
        ),
    ],
)
def test_numbers_of_all_kinds_share_their_texts(rule: str, limit: str, vi: str, en: str) -> None:
    """Whatever the field's type, a comparison has one text."""
    found = rule_text(rule, limit, FixedText("", ""))
    assert (found.vi, found.en) == (vi, en)


def test_unknown_rule_keeps_its_own_text() -> None:
    """A rule without a row keeps protovalidate's text."""
    own = FixedText("must be new", "must be new")
    assert rule_text("string.new_rule", "", own) == own
    assert rule_text("int32.new_rule", "", own) == own


@pytest.mark.parametrize(
    ("seconds", "nanos"),
    [(2**62, 0), (-(2**62), 0), (253_402_300_800, 0), (-62_135_596_801, 0), (0, -1), (0, 10**9)],
)
def test_what_is_no_instant_is_named(seconds: int, nanos: int) -> None:
    """A number that no calendar has would be a fault further in; here it is the caller's."""
    request = GetStateRequest(dossier_code="x")
    request.as_of.seconds, request.as_of.nanos = seconds, nanos
    with pytest.raises(Invalid) as raised:
        check(request)
    assert [(v.field, v.rule) for v in raised.value.violations] == [("as_of", "timestamp.instant")]


@pytest.mark.parametrize("seconds", [0, -62_135_500_000, 253_402_200_000])
def test_instants_of_the_calendar_are_taken(seconds: int) -> None:
    """From the year 1 to the year 9999; an absent one is none."""
    request = GetStateRequest(dossier_code="x")
    check(request)
    request.as_of.seconds = seconds
    check(request)
