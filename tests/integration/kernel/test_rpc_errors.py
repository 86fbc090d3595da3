"""What a caller reads when a call fails, over a real connection, in both languages."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from typing import Any

import grpc
import pytest

from kernel.rpc.client import RpcProblem, explain
from tests.support.identity import metadata
from tests.support.logs import logged
from tests.support.probe.service import EVERYBODY, OFFICER, Running, pb

OFFICER_META = {"kind": "officer", "identity": "an.nv", "unit": "H22.12"}
Code = grpc.StatusCode


def failure(call: Any, request: Any, **meta: Any) -> RpcProblem:
    """Call, and read the failure."""
    with pytest.raises(grpc.RpcError) as caught:
        call(request, timeout=10, metadata=metadata(**{**OFFICER_META, **meta}))
    return explain(caught.value)


@pytest.mark.parametrize(
    ("how", "code", "vi", "en"),
    [
        ("refused", Code.FAILED_PRECONDITION, "đã quá hạn nộp", "it is too late"),
        ("not_found", Code.NOT_FOUND, "không có hồ sơ này", "there is no such dossier"),
        ("exists", Code.ALREADY_EXISTS, "mã đã dùng", "the code is taken"),
        ("conflict", Code.ABORTED, "có người vừa sửa", "somebody was faster"),
        ("unavailable", Code.UNAVAILABLE, "đang bận", "busy"),
        ("forbidden", Code.PERMISSION_DENIED, "không được phép", "not allowed"),
        ("no_credential", Code.UNAUTHENTICATED, "cần chứng thực", "a credential is needed"),
    ],
)
def test_failure_is_told_in_the_language_asked_for(
    probe: Running, how: str, code: grpc.StatusCode, vi: str, en: str
) -> None:
    """Each kind of failure has its own code and is said in Vietnamese, or in English when asked."""
    in_vi = failure(probe.stub.Fail, pb.FailRequest(how=how))
    in_en = failure(probe.stub.Fail, pb.FailRequest(how=how), language="en-GB,en;q=0.8")

    assert (code, vi) == (in_vi.code, in_vi.text)
    assert (code, en) == (in_en.code, in_en.text)


def test_refusal_carries_its_reason(probe: Running) -> None:
    """A refusal by a rule of the office names the rule's code."""
    assert failure(probe.stub.Fail, pb.FailRequest(how="refused")).reason == "TOO_LATE"


@pytest.mark.parametrize("how", ["unavailable", "disk_full"])
def test_unavailable_says_when_to_retry(probe: Running, how: str) -> None:
    """A full disk or a database that is away gives UNAVAILABLE with a time to retry."""
    problem = failure(probe.stub.Fail, pb.FailRequest(how=how))

    assert problem.code == Code.UNAVAILABLE
    assert problem.retry_after == 1.0


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "vi",
            {
                "request_id": "phải là UUID",
                "code": "phải có ít nhất 1 ký tự",
                "full_name": "phải có ít nhất 1 ký tự",
                "copies": "phải từ 0 trở lên",
            },
        ),
        (
            "en",
            {
                "request_id": "must be a UUID",
                "code": "must have at least 1 characters",
                "full_name": "must have at least 1 characters",
                "copies": "must be 0 or more",
            },
        ),
    ],
)
def test_every_wrong_field_is_named(
    probe: Running, language: str, expected: dict[str, str]
) -> None:
    """A wrong request gets INVALID_ARGUMENT with each wrong field and what is wrong with it."""
    problem = failure(
        probe.stub.Write, pb.WriteRequest(request_id="7", copies=-1), language=language
    )

    assert problem.code == Code.INVALID_ARGUMENT
    assert problem.fields == expected
    assert probe.probe.begun == 0


def test_a_field_is_told_with_all_its_mistakes(probe: Running) -> None:
    """Whoever mends the first one is not sent back for the second."""
    request = pb.WriteRequest(request_id=str(uuid.uuid4()), code="A", full_name="\u202e" * 201)

    problem = failure(probe.stub.Write, request, language="en")

    plain = (
        "has control characters, marks that turn the direction, too many combining marks, or signs "
        "that nobody can see; please type it again"
    )
    assert problem.fields == {"full_name": f"{plain}; must have at most 200 characters"}


def test_hostile_text_is_refused_and_named(probe: Running) -> None:
    """Control characters and marks that turn the direction are refused, in lists too."""
    request = pb.WriteRequest(
        request_id=str(uuid.uuid4()),
        code="A",
        full_name="Nguyễn \u202eAn",
        parts=["đơn", "bản\x00sao", "e" + "\u0301" * 10_000],
    )

    problem = failure(probe.stub.Write, request)

    assert set(problem.fields) == {"full_name", "parts[1]", "parts[2]"}


def test_very_many_wrong_fields_still_get_an_answer(probe: Running) -> None:
    """When not all violations fit into the trailers, the rest is counted."""
    request = pb.WriteRequest(
        request_id=str(uuid.uuid4()), code="A", full_name="An", parts=["\x00"] * 100
    )

    problem = failure(probe.stub.Write, request)

    assert problem.code == Code.INVALID_ARGUMENT
    assert "parts[0]" in problem.fields
    assert "chỗ sai khác" in problem.fields[""]


def test_bytes_that_are_no_message_are_refused(probe: Running) -> None:
    """A request that can't be decoded gets INVALID_ARGUMENT, not a fault of ours."""
    raw: Any = probe.channel.unary_unary("/motcuaprobe.v1.ProbeService/Write")

    problem = failure(raw, b"\xff\xff\xff")

    assert problem.code == Code.INVALID_ARGUMENT


def test_internal_error_names_only_its_trace(
    probe: Running, capfd: pytest.CaptureFixture[str]
) -> None:
    """A bug gives INTERNAL with the trace's id; neither the answer nor the log has the value."""
    problem = failure(
        probe.stub.Fail,
        pb.FailRequest(how="bug", full_name="Trần Thị Bí Mật"),
        trace="00-0123456789abcdef0123456789abcdef-0123456789abcdef-01",
    )

    assert problem.code == Code.INTERNAL
    assert problem.trace == "0123456789abcdef0123456789abcdef"
    assert "Bí Mật" not in problem.text
    printed = capfd.readouterr()
    assert "RuntimeError" in printed.out + printed.err
    assert "Bí Mật" not in printed.out + printed.err


def test_actor_language_and_trace_reach_the_handler(probe: Running) -> None:
    """The handler sees who calls, in which language, and within which trace."""
    trace = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"
    answer = probe.stub.Who(
        pb.WhoRequest(),
        timeout=10,
        metadata=metadata("officer", "an:nv", unit="H22.12", language="en", trace=trace),
    )

    assert (answer.kind, answer.id, answer.unit) == (2, "an:nv", "H22.12")
    assert answer.language == "en"
    assert answer.trace.split("-")[1] == "0123456789abcdef0123456789abcdef"


def test_access_rules_hold(start_probe: Any) -> None:
    """Who is not in a method's rule is refused; who says nothing is asked to say it."""
    names = ("Write", "WriteAgain", "Fail", "Who", "Watch", "Gather")
    head = replace(OFFICER, roles=frozenset({"head"}))
    probe = start_probe(access={**dict.fromkeys(names, OFFICER), "Write": head})
    request = pb.WriteRequest(request_id=str(uuid.uuid4()), code="A", full_name="An")

    english = failure(probe.stub.Write, request, roles=["clerk"], language="en")
    assert (english.code, english.reason) == (Code.PERMISSION_DENIED, "ROLE_MISSING")
    assert english.text == "this needs the role: head of a division"
    vietnamese = failure(probe.stub.Write, request)
    assert vietnamese.text == "chỉ dành cho người được giao nhiệm vụ: Lãnh đạo phòng"
    as_head = metadata("officer", "an", roles=["clerk", "head"])
    assert probe.stub.Write(request, timeout=10, metadata=as_head).sequence == 1
    assert failure(probe.stub.Who, pb.WhoRequest(), kind="citizen").code == Code.PERMISSION_DENIED
    assert failure(probe.stub.Who, pb.WhoRequest(), kind="").code == Code.UNAUTHENTICATED
    assert probe.stub.Who(pb.WhoRequest(), timeout=10, metadata=metadata("officer", "an")).kind == 2


def test_an_answer_whose_scope_nobody_checked_is_withheld(start_probe: Any) -> None:
    """A handler under the rule ``part`` that forgets to ask whose dossiers are seen shows none."""
    part = replace(OFFICER, scope="part")
    probe = start_probe(access={**dict.fromkeys(EVERYBODY, OFFICER), "Who": part})
    assert failure(probe.stub.Who, pb.WhoRequest()).code == Code.INTERNAL


def test_method_without_a_rule_stops_the_start(start_probe: Any) -> None:
    """A method that nobody gave a rule does not go into service; the message says what to add."""
    with pytest.raises(ValueError, match="Watch has no rule") as caught:
        start_probe(access=dict.fromkeys(("Write", "WriteAgain", "Fail", "Who", "Gather"), OFFICER))

    message = str(caught.value)
    assert 'Add under ["motcuaprobe.v1.ProbeService"]' in message
    assert "office/permissions.toml: Watch = { kinds = [" in message
    with pytest.raises(ValueError, match="ProbeService/Gone is not a method"):
        start_probe(access={**EVERYBODY, "Gone": OFFICER})


def test_a_denial_leaves_a_line_and_nothing_personal(start_probe: Any) -> None:
    """Operators see that somebody was turned away, where and why, but not by name; and not every
    time.
    """
    with logged("probe", "info") as stream:
        probe = start_probe(access={**EVERYBODY, "Who": OFFICER})
        for _ in range(30):
            failure(probe.stub.Who, pb.WhoRequest(), kind="citizen", identity="bi-mat-7f3a")

    lines = [line for line in stream.getvalue().splitlines() if '"rpc.denied"' in line]
    assert 1 <= len(lines) <= 10
    line = json.loads(lines[0])
    assert line["method"] == "motcuaprobe.v1.ProbeService/Who"
    assert line["reason"] == "KIND_NOT_ALLOWED"
    assert "bi-mat" not in stream.getvalue()
