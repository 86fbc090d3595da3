"""Fault 87: a case is closed while papers that the desk has taken are still on their way."""

from __future__ import annotations

from pathlib import Path

import grpc
import psutil
import pytest
from motcua.events.v1.common_pb2 import Part
from motcua.intake.v1 import intake_pb2 as intake
from motcua.routing.v1 import routing_pb2 as routing

from kernel.base.instants import SECOND, to_timestamp, to_us
from kernel.rpc.client import explain
from tests.support.feed import wait_until
from tests.support.stack import Stack, running
from tests.support.walk import Walk, new_id, walking

pytestmark = [pytest.mark.faults, pytest.mark.e2e, pytest.mark.timeout(240)]


def asked(walk: Walk) -> tuple[str, str]:
    """Return code and PIN of a dossier whose citizen's time for papers is over."""
    filed = walk.accepted()
    code = filed.dossier_code
    request = routing.RequestSupplementRequest(
        request_id=new_id(),
        dossier_code=code,
        step="appraise",
        parts=[Part(code="don")],
        reason="Chưa ký.",
        answer_due_at=to_timestamp(walk.stack.clock.now() + SECOND),
    )
    walk.call(walk.routing.RequestSupplement, request, walk.officer)
    wait_until(lambda: walk.dossier(code).supplement_round == 1, 60, "the desk has heard")
    over = to_us(request.answer_due_at)
    wait_until(lambda: walk.stack.clock.now() > over, 60, "the time for papers is over")
    return code, filed.pin


def hand_in(walk: Walk, code: str, pin: str) -> None:
    """Hand the papers in: the desk answers OK."""
    part = intake.SubmittedPart(code="don", copies=1)
    request = intake.SubmitSupplementRequest(
        request_id=new_id(), dossier_code=code, pin=pin, parts=[part]
    )
    walk.call(walk.intake.SubmitSupplement, request, walk.citizen)


def close(walk: Walk, code: str) -> str:
    """Close the case; return "" or the code of the refusal."""
    request = routing.CloseCaseRequest(
        request_id=new_id(), dossier_code=code, round=1, reason="Quá hạn bổ sung."
    )
    try:
        walk.call(walk.routing.CloseCase, request, walk.officer)
    except grpc.RpcError as error:
        return explain(error).reason
    return ""


def types(stack: Stack, code: str) -> list[str]:
    """Return the types of a dossier's events that others than notify wrote, as audit has them."""
    entries = stack.motcua("timeline", code, "--json")
    return [entry["type"] for entry in entries if entry["source"] != "notify"]


def test_fault_87_papers_cross_the_closing(session_dir: Path) -> None:
    """Both are answered with OK while the broker does not answer; the papers count. Without an
    outage it is the same, whichever comes first.
    """
    with running(session_dir) as stack, walking(stack) as walk:
        code, pin = asked(walk)
        at_once = [asked(walk) for _ in range(3)]
        pid = stack.pid("kafka")
        assert pid is not None
        broker = psutil.Process(pid)
        broker.suspend()
        try:
            hand_in(walk, code, pin)
            assert close(walk, code) == ""
        finally:
            broker.resume()
        for other, its_pin in at_once:
            hand_in(walk, other, its_pin)
            assert close(walk, other) in ("", "NO_PAPERS_AWAITED")
        for each in (code, *(other for other, _ in at_once)):
            walk.opened(each)
            walk.complete(each, "appraise")
        stack.wait_settled()
        expected = ["CaseClosed", "CaseReopened", "CaseResumed"]
        assert [name for name in types(stack, code) if name in expected] == expected
        subjects = [mail["Subject"] for mail in stack.mails() if code in str(mail["Subject"])]
        assert any("được tiếp tục giải quyết" in str(subject) for subject in subjects)
