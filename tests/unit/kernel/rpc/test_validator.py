"""Plain text, and the words of rules."""

from __future__ import annotations

import unicodedata
import uuid

import pytest
from motcua.audit.v1.audit_pb2 import GetStateRequest
from motcua.operations.v1.operations_pb2 import ListQuarantinedRequest, RedriveRequest
from motcua.routing.v1.routing_pb2 import ResumeCaseRequest

from kernel.base.errors import Invalid
from kernel.messages.catalogue import FixedText
from kernel.messages.texts import TEXTS
from kernel.rpc.validation.messages import rule_text
from kernel.rpc.validation.validator import check


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
