"""One trace follows a dossier through all services, and nothing personal is left on the way."""

import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from motcua.intake.v1 import intake_pb2 as intake

from kernel.rpc.client import explain
from tests.support.feed import wait_until
from tests.support.invariants import records
from tests.support.stack import Stack
from tests.support.walk import AT_COUNTER, applicant, submission, walking

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

NAME = "Zuyển Thị Quắcxơ"
RECEIVER = "Vừ Mí Kỳlạwê"
PLANTED = {
    "full_name": NAME,
    "identity_number": "091190333555",
    "phone": "0987123987",
    "email": "zuyen.quacxo@planted.example",
    "address": "Số 871 ngõ Bằng Lăng Tím",
    "province": "Tỉnh Bịa Đặt",
    "district": "Huyện Khôngcó",
}
WRONG_EMAIL = "zuyen.quacxo planted example"
SECRETS = (*PLANTED.values(), RECEIVER, WRONG_EMAIL)
TRIES = 3
"""What a busy machine reads late it reads in bulk, and that leaves no spans: then once more."""
EXEMPT = ("keyring.sqlite3", "mail/")
"""Keys of personal data lie wrapped in the keyring; the sink has the mails themselves."""


def new_trace() -> str:
    """Return the traceparent of a caller's own trace."""
    return f"00-{uuid.uuid4().hex}-{uuid.uuid4().hex[:16]}-01"


def spans(stack: Stack, trace: str) -> list[dict[str, Any]]:
    """Read the spans of a trace that the services have written so far."""
    lines = Path(stack.env["MOTCUA_TRACE_FILE"]).read_text().splitlines()
    return [s for line in lines if (s := json.loads(line))["trace_id"] == trace.split("-")[1]]


def kinds(stack: Stack, trace: str) -> set[tuple[str, str]]:
    """Return service and kind of work (its call, relay or log) of a trace's spans."""
    return {(s["service"], _work(s["name"])) for s in spans(stack, trace)}


def _within(seconds: float, condition: Callable[[], bool]) -> bool:
    try:
        wait_until(condition, seconds)
    except AssertionError:
        return False
    return True


def _whole(found: list[dict[str, Any]], trace: str) -> bool:
    """Return whether every span hangs below another one, or below the caller's own."""
    known = {span["span_id"] for span in found} | {trace.split("-")[2]}
    return all(span["parent_id"] in known for span in found)


def _work(name: str) -> str:
    return "rpc" if "/" in name else name.partition(".")[0]


def walk_the_whole_way(stack: Stack, trace: str) -> str:
    """Bring one dossier from its submission to the addressee; gives its code."""
    with walking(stack, trace=trace) as walk:
        return walk.delivered(RECEIVER, applicant=applicant(**PLANTED))


def test_one_trace_follows_a_dossier_through_all_services(stack: Stack) -> None:
    """The caller's trace id is in the spans of calls, relays and readers of every service."""
    trace = new_trace()
    wanted = {(service, "rpc") for service in ("intake", "routing", "postal")}
    wanted |= {(service, "relay") for service in ("intake", "routing", "postal", "notify")}
    wanted |= {(service, "log") for service in ("intake", "routing", "postal", "notify", "audit")}
    for _ in range(TRIES):
        code = walk_the_whole_way(stack, trace)
        if _within(8, lambda: wanted <= kinds(stack, trace)):
            break
    assert wanted <= kinds(stack, trace), kinds(stack, trace)

    events = [r for r in records(stack.bootstrap, stack.topic) if r.key == code.encode()]
    headers = [dict(event.headers) for event in events]
    assert len({header["ce_source"] for header in headers}) == 4
    # A mail is sent in its own time: that is an act of its own, and no part of the caller's.
    caused = [h for h in headers if not h["ce_type"].endswith(b"MessageSent")]
    assert {h["traceparent"].split(b"-")[1].decode() for h in caused} == {trace.split("-")[1]}
    output = stack.motcua("timeline", code, "--json")
    assert len(output) == len(events)
    wait_until(lambda: _whole(spans(stack, trace), trace), 10, "no span lacks its parent")


def test_planted_personal_data_is_in_no_file_and_no_record(stack: Stack) -> None:
    """After a whole life and many refused calls nothing planted is in any file or record."""
    code = walk_the_whole_way(stack, new_trace())
    _refused_calls(stack)
    stack.wait_settled()
    found = [f"{where}: {secret}" for where, data in _everything(stack) for secret in _in(data)]
    assert not found, found

    with walking(stack) as walk:  # and it is there for who may see it
        request = intake.GetDossierRequest(dossier_code=code)
        shown = walk.call(walk.intake.GetDossier, request, walk.officer).applicant
        assert {name: getattr(shown, name) for name in PLANTED} == PLANTED
    mails = b"".join(path.read_bytes() for path in (stack.folder / "mail").glob("*.eml"))
    assert PLANTED["email"].encode() in mails


def _refused_calls(stack: Stack) -> None:
    """Send the planted data where it is refused: by shape, by rule, by state, and by who asks."""
    person = applicant(**PLANTED)
    with walking(stack) as walk:
        submit = walk.intake.SubmitDossier
        stranger = walk.who("operator", "x")
        for request, who, code in (
            (submission(applicant=applicant(**{**PLANTED, "email": WRONG_EMAIL})), walk.citizen, 3),
            (submission(applicant=applicant(phone=NAME)), walk.citizen, 3),
            (submission(procedure_code=NAME, applicant=person), walk.citizen, 3),
            (submission(foreign_code="A1", applicant=person), walk.citizen, 3),
            (submission(result_channel=AT_COUNTER, language=NAME), walk.citizen, 3),
            (submission(applicant=person), stranger, 7),
        ):
            with pytest.raises(grpc.RpcError) as caught:
                walk.call(submit, request, who)
            assert explain(caught.value).code.value[0] == code
            assert not any(secret in str(caught.value) for secret in SECRETS)
        for name in (NAME, PLANTED["email"]):
            track = intake.TrackDossierRequest(dossier_code=name, pin="0000")
            with pytest.raises(grpc.RpcError):
                walk.call(walk.intake.TrackDossier, track, walk.citizen)


def _everything(stack: Stack) -> Iterator[tuple[str, bytes]]:
    """Return every file of the stack, the trace file, and every record of the log, as raw bytes."""
    for path in sorted(stack.folder.rglob("*")):
        name = str(path.relative_to(stack.folder))
        if path.is_file() and not name.startswith(EXEMPT):
            yield name, path.read_bytes()
    trace_file = Path(stack.env["MOTCUA_TRACE_FILE"])
    yield trace_file.name, trace_file.read_bytes()
    for record in records(stack.bootstrap, stack.topic):
        headers = b"".join(name.encode() + (value or b"") for name, value in record.headers)
        place = f"partition {record.partition}, offset {record.offset}"
        yield place, (record.key or b"") + (record.value or b"") + headers


def _in(data: bytes) -> Iterator[str]:
    for secret in SECRETS:
        shapes = {secret.encode(), json.dumps(secret)[1:-1].encode(), secret.encode("utf-16-le")}
        if any(shape in data for shape in shapes):
            yield secret
