"""Files through gRPC: handed in, resumed, opened, given to dossiers, and swept."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from motcua.events.v1.common_pb2 import Part
from motcua.intake.v1 import files_pb2 as pb
from motcua.intake.v1 import intake_pb2 as intake
from motcua.intake.v1.dossier_events_pb2 import FileStored
from motcua.routing.v1.case_events_pb2 import SupplementRequested

from kernel.files.segments import SEGMENT
from kernel.rpc.client import explain
from services.intake.application.files import uploads
from services.intake.domain.file_rules import FileLimits
from services.intake.schedulers.upload_sweep import KEPT
from services.intake.tables import FILES, UPLOADS
from tests.support import desk as who
from tests.support.databases import NewDatabase
from tests.support.desk import Desk, open_desk
from tests.support.events import name_of, payload_of
from tests.support.identity import metadata
from tests.support.papers import pdf, pdf_of
from tests.support.uploads import (
    CONTENT,
    folders,
    head_of,
    listed,
    opened,
    refused,
    send,
    sha256_of,
    sweep_of,
)

OTHER_UNIT = metadata("officer", "xa", unit="H22.60.05", roles=["receptionist"], language="en")
CITIZEN = metadata("citizen", "hoa")
IN_ENGLISH = metadata("citizen", "hoa", language="en")
OTHER_CITIZEN = metadata("citizen", "somebody else")
SMALL, MAP, EARLY = pdf(b"small"), pdf(b"map"), pdf(b"early")


def test_a_file_is_added_to_a_dossier_and_opened(any_desk: Desk) -> None:
    """It is named by its hash; from any offset the same bytes come back."""
    code = any_desk.submit().dossier_code
    answer = send(any_desk, head_of(code, part="form"), CONTENT)
    assert (answer.received, answer.stored) == (len(CONTENT), True)
    [file] = listed(any_desk, code)
    assert (file.part, file.sha256, file.size) == ("form", sha256_of(CONTENT), len(CONTENT))
    assert opened(any_desk, code) == CONTENT
    assert opened(any_desk, code, offset=SEGMENT + 5) == CONTENT[SEGMENT + 5 :]
    assert opened(any_desk, code, offset=len(CONTENT)) == b""
    [event] = [e for e in any_desk.events(code) if name_of(e) == "FileStored"]
    stored = payload_of(event, FileStored)
    assert (stored.part, stored.media_type, event.actor.id) == ("form", "application/pdf", "an.nv")


def test_nothing_of_a_file_lies_in_clear(desk: Desk) -> None:
    """Neither in the store nor in the event."""
    content = pdf(b"Nguyen Thi Hoa, 001099123456 " * 50_000)
    code = desk.submit().dossier_code
    before = folders(desk)
    send(desk, head_of(code, content), content)
    [name] = folders(desk) - before
    kept = b"".join(p.read_bytes() for p in desk.store._root.glob(f"*/{name}/*"))
    assert len(kept) >= len(content)
    assert b"Hoa" not in kept + b"".join(e.SerializeToString() for e in desk.events(code)[1:])


def test_an_upload_goes_on_where_it_was_interrupted(any_desk: Desk) -> None:
    """A head alone asks how much is there: whole segments."""
    code = any_desk.submit().dossier_code
    head = head_of(code)
    first = send(any_desk, head, CONTENT[: SEGMENT + 500_000])
    assert (first.received, first.stored) == (SEGMENT, False)
    assert send(any_desk, head).received == SEGMENT
    assert listed(any_desk, code) == []
    head.offset = 17
    wrong = refused(any_desk, head, CONTENT[17:])
    assert (wrong.reason, str(SEGMENT) in wrong.text) == ("UPLOAD_OFFSET", True)
    head.offset = SEGMENT
    assert send(any_desk, head, CONTENT[SEGMENT:]).stored
    assert opened(any_desk, code) == CONTENT
    head.offset = 0
    assert send(any_desk, head).stored
    assert len(listed(any_desk, code)) == 1


def test_the_same_file_twice_is_one_file(desk: Desk) -> None:
    """The second time nothing has to be sent, whoever sends it."""
    code = desk.submit().dossier_code
    send(desk, head_of(code), CONTENT)
    again = send(desk, head_of(code), b"", who.OF_THE_PROVINCE)
    assert (again.received, again.stored) == (len(CONTENT), True)
    assert desk.types(code).count("FileStored") == 1


def test_another_content_than_announced_is_refused_and_swept(desk: Desk) -> None:
    """Another one of the same size, and a longer one; the same upload can't go on."""
    code = desk.submit().dossier_code
    before = folders(desk)
    head = head_of(code)
    other = refused(desk, head, bytes(len(CONTENT)))
    assert other.reason == "FILE_OTHER_CONTENT"
    assert refused(desk, head, CONTENT).reason == "UPLOAD_ENDED"
    longer = refused(desk, head_of(code), CONTENT + b"x")
    assert longer.reason == "FILE_OTHER_CONTENT"
    assert listed(desk, code) == []
    assert folders(desk) > before
    sweep_of(desk).sweep(uploads.now())
    assert folders(desk) == before
    assert send(desk, head, CONTENT).stored


def test_an_upload_keeps_its_file_and_its_caller(desk: Desk) -> None:
    """Its id names nothing else, and nobody else goes on with it."""
    code = desk.submit().dossier_code
    head = head_of(code)
    send(desk, head, CONTENT[:SEGMENT])
    other = head_of(code, b"x", request_id=head.request_id)
    assert refused(desk, other, b"x").reason == "UPLOAD_OTHER"
    province = refused(desk, head, b"", who.OF_THE_PROVINCE)
    assert province.reason == "UPLOAD_OTHER"


def test_only_who_may_see_a_dossier_adds_and_opens_files(any_desk: Desk) -> None:
    """Citizens who have its PIN, officers who take part; nobody else."""
    submitted = any_desk.submit(CITIZEN)
    code, pin = submitted.dossier_code, submitted.pin
    send(any_desk, head_of(code, pin=pin), CONTENT, CITIZEN)
    wrong = f"{(int(pin) + 1) % 10**10:010d}"
    assert opened(any_desk, code, OTHER_CITIZEN, pin=pin) == CONTENT
    for caller, given, code_of in (
        (OTHER_CITIZEN, wrong, grpc.StatusCode.NOT_FOUND),
        (OTHER_UNIT, "", grpc.StatusCode.PERMISSION_DENIED),
        (who.OPERATOR, "", grpc.StatusCode.PERMISSION_DENIED),
        (who.IMPORTER, "", grpc.StatusCode.PERMISSION_DENIED),
        (who.GUEST, pin, grpc.StatusCode.UNAUTHENTICATED),
    ):
        for attempt in (
            lambda c=caller, p=given: send(any_desk, head_of(code, b"x", pin=p), b"x", c),
            lambda c=caller, p=given: opened(any_desk, code, c, pin=p),
            lambda c=caller, p=given: listed(any_desk, code, c, p),
        ):
            with pytest.raises(grpc.RpcError) as caught:
                attempt()
            assert caught.value.code() == code_of, caller
    assert len(listed(any_desk, code)) == 1


def test_files_handed_in_before_the_dossier_go_to_the_one_that_names_them(any_desk: Desk) -> None:
    """Sealed by its key from then on; another citizen's submission does not get them."""
    for content in (CONTENT, MAP):
        assert send(any_desk, head_of("", content), content, CITIZEN).stored
    parts = [
        intake.SubmittedPart(code="form", sha256=sha256_of(CONTENT)),
        intake.SubmittedPart(code="map", copies=2, sha256=sha256_of(MAP)),
    ]
    theirs = any_desk.submit(OTHER_CITIZEN, parts=parts, procedure_code="1.000006")
    assert listed(any_desk, theirs.dossier_code) == []
    code = any_desk.submit(CITIZEN, parts=parts, procedure_code="1.000006").dossier_code
    assert [(f.part, f.size) for f in listed(any_desk, code)] == [
        ("form", len(CONTENT)),
        ("map", len(MAP)),
    ]
    assert opened(any_desk, code) == CONTENT
    assert any_desk.types(code)[0] == "DossierSubmitted"
    again = any_desk.submit(CITIZEN, parts=parts, procedure_code="1.000006").dossier_code
    assert listed(any_desk, again) == []


def test_files_of_a_supplement_go_to_its_dossier(desk: Desk) -> None:
    """Those that were handed in without naming it."""
    submitted = desk.accepted()
    code = submitted.dossier_code
    desk.hear(code, "routing", SupplementRequested(round=1, parts=[Part(code="form")]))
    send(desk, head_of("", SMALL), SMALL, CITIZEN)
    request = intake.SubmitSupplementRequest(
        request_id=str(uuid.uuid4()),
        dossier_code=code,
        pin=submitted.pin,
        parts=[intake.SubmittedPart(code="form", sha256=sha256_of(SMALL))],
    )
    desk.call("SubmitSupplement", request, CITIZEN)
    assert opened(desk, code, content=SMALL) == SMALL


def test_an_erased_dossier_has_no_files_any_more(any_desk: Desk) -> None:
    """Also those that were handed in before it: their own key is gone, once it was swept."""
    send(any_desk, head_of("", EARLY), EARLY, CITIZEN)
    parts = [intake.SubmittedPart(code="form", sha256=sha256_of(EARLY))]
    code = any_desk.submit(CITIZEN, parts=parts).dossier_code
    send(any_desk, head_of(code), CONTENT)
    with any_desk.reading.connect() as connection:
        rows = [uploads.Upload(**row._mapping) for row in connection.execute(UPLOADS.select())]
    assert len(rows) == 2
    sweep_of(any_desk).sweep(uploads.now())
    any_desk.keyring.destroy(code)
    for content in (EARLY, CONTENT):
        with pytest.raises(grpc.RpcError) as caught:
            opened(any_desk, code, who.ENGLISH_OFFICER, content)
        assert explain(caught.value).reason == "FILE_ERASED"
    assert [uploads.opened(any_desk.keyring, row.key_stream, row.key) for row in rows] == [b""] * 2
    with any_desk.reading.connect() as connection:
        assert connection.execute(UPLOADS.select()).all() == []


def test_what_no_dossier_names_is_swept_after_a_day(any_desk: Desk) -> None:
    """Not before, and never what a dossier has."""
    code = any_desk.submit().dossier_code
    send(any_desk, head_of(code), CONTENT)
    kept = folders(any_desk)
    send(any_desk, head_of("", EARLY), EARLY, CITIZEN)
    send(any_desk, head_of("", b"unfinished" * 200_000), b"unfinished" * 150_000, CITIZEN)
    now, sweep = uploads.now(), sweep_of(any_desk)
    sweep.sweep(now + KEPT - 3_600_000_000)
    assert len(folders(any_desk)) == len(kept) + 2
    sweep.sweep(now + KEPT + 3_600_000_000)
    assert folders(any_desk) == kept
    parts = [intake.SubmittedPart(code="form", sha256=sha256_of(EARLY))]
    assert listed(any_desk, any_desk.submit(CITIZEN, parts=parts).dossier_code) == []
    assert opened(any_desk, code) == CONTENT


def test_what_a_dossier_has_is_not_swept_with_an_older_row_of_its_upload(desk: Desk) -> None:
    """A database that was put back may hold the upload as one that waits."""
    code = desk.submit().dossier_code
    send(desk, head_of(code), CONTENT)
    mine = UPLOADS.select().where(UPLOADS.c.dossier_code == code)
    row = desk.run(lambda uow: dict(uow.query(mine).one()._mapping))
    desk.run(lambda uow: uow.put(UPLOADS, {**row, "state": "stored"}))
    sweep = sweep_of(desk)
    while sweep.sweep(uploads.now() + 2 * KEPT):
        pass
    assert opened(desk, code) == CONTENT


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"request_id": "x"}, "head.request_id"),
        ({"sha256": ""}, "head.sha256"),
        ({"sha256": "12ab"}, "head.sha256"),
        ({"size": 0}, "head.size"),
        ({"size": 5 * 1024**3}, "head.size"),
        ({"media_type": "text/html"}, "head.media_type"),
        ({"offset": -1}, "head.offset"),
    ],
)
def test_a_wrong_head_names_its_field(desk: Desk, values: dict[str, Any], field: str) -> None:
    """A file of 0 bytes and one of 5 GB are refused before anything is sent."""
    problem = refused(desk, head_of("", **values), b"", CITIZEN)
    assert (problem.code, set(problem.fields)) == (grpc.StatusCode.INVALID_ARGUMENT, {field})


def test_the_first_message_alone_says_what_the_file_is(desk: Desk) -> None:
    """No message, content without a head, and a second head are refused."""
    head = pb.UploadFileRequest(head=head_of("", b"xx"))
    for messages in ([], [pb.UploadFileRequest(chunk=b"x")], [head, head]):
        with pytest.raises(grpc.RpcError) as caught:
            desk.files.UploadFile(iter(messages), timeout=20, metadata=CITIZEN)
        assert set(explain(caught.value).fields) == {"head"}


def test_a_piece_that_is_too_large_is_refused(desk: Desk) -> None:
    """A piece is bounded, so memory is."""
    content = bytes(SEGMENT + 1)

    def messages() -> Iterator[pb.UploadFileRequest]:
        yield pb.UploadFileRequest(head=head_of("", content))
        yield pb.UploadFileRequest(chunk=content)

    with pytest.raises(grpc.RpcError) as caught:
        desk.files.UploadFile(messages(), timeout=20, metadata=CITIZEN)
    assert set(explain(caught.value).fields) == {"chunk"}


def test_whoever_did_not_sign_in_names_a_dossier(desk: Desk) -> None:
    """The files of all who share a token would be anybody's."""
    shared = metadata("citizen", "guest", language="en")
    assert refused(desk, head_of("", b"x"), b"x", shared).reason == "SIGN_IN"
    submitted = desk.submit()
    head = head_of(submitted.dossier_code, SMALL, pin=submitted.pin)
    assert send(desk, head, SMALL, shared).stored


def test_a_dossier_that_has_ended_takes_no_more_files(desk: Desk) -> None:
    """Those that it has can be opened."""
    code = desk.submit().dossier_code
    send(desk, head_of(code), CONTENT)
    request = intake.RefuseDossierRequest(
        request_id=str(uuid.uuid4()), dossier_code=code, reason_code="out_of_scope", reason="no"
    )
    desk.call("RefuseDossier", request)
    assert refused(desk, head_of(code, b"x"), b"x").reason == "ALREADY_REFUSED"
    assert opened(desk, code) == CONTENT


def test_what_one_dossier_and_one_caller_have_is_bounded(new_database: NewDatabase) -> None:
    """The limits count what is being received, too, and say how much they allow."""
    limits = FileLimits(file=2**20, dossier=2 * 2**20, caller=3 * 2**20)
    with open_desk(new_database("intake"), new_database("keys"), limits=limits) as desk:
        code = desk.submit().dossier_code
        large = refused(desk, head_of(code, bytes(2**20 + 1)))
        assert "1 MB" in large.fields["head.size"]
        for number in range(2):
            content = pdf_of(2**20, b"%d" % number)
            send(desk, head_of(code, content), content)
        full = refused(desk, head_of(code, b"x"), b"x")
        assert (full.reason, "2 MB" in full.text) == ("DOSSIER_FILES_FULL", True)
        for number in range(3):
            content = pdf_of(2**20, b"%d" % number)
            send(desk, head_of("", content), content[:100], CITIZEN)
        many = refused(desk, head_of("", b"x"), b"x", IN_ENGLISH)
        assert (many.reason, "3 MB" in many.text) == ("UPLOADS_FULL", True)
        assert send(desk, head_of("", SMALL), SMALL, OTHER_CITIZEN).stored


def test_a_file_that_is_damaged_or_gone_is_never_opened(desk: Desk) -> None:
    """The caller hears that the office knows; other segments are given out up to there."""
    code = desk.submit().dossier_code
    before = folders(desk)
    send(desk, head_of(code), CONTENT)
    [name] = folders(desk) - before
    [segment] = desk.store._root.glob(f"*/{name}/1")
    whole = segment.read_bytes()
    segment.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    for _ in range(2):
        with pytest.raises(grpc.RpcError) as caught:
            opened(desk, code, who.ENGLISH_OFFICER)
        assert explain(caught.value).reason == "FILE_DAMAGED"
        segment.unlink(missing_ok=True)


def test_a_store_that_is_away_loses_nothing(desk: Desk) -> None:
    """Both ways it is said to try again; then it goes on."""
    code = desk.submit().dossier_code
    send(desk, head_of(code), CONTENT)
    head = head_of(code, SMALL)
    root: Path = desk.store._root
    away = root.with_name(f"{root.name}-away")
    root.rename(away)
    try:
        assert refused(desk, head, SMALL).reason == "FILES_AWAY"
        with pytest.raises(grpc.RpcError) as caught:
            opened(desk, code)
        assert explain(caught.value).reason == "FILES_AWAY"
    finally:
        away.rename(root)
    assert send(desk, head, SMALL).stored
    assert opened(desk, code) == CONTENT


def test_a_file_of_another_dossier_is_unknown(desk: Desk) -> None:
    """A hash opens nothing beyond the dossier that has it."""
    code, other = desk.submit().dossier_code, desk.submit().dossier_code
    send(desk, head_of(code), CONTENT)
    with pytest.raises(grpc.RpcError) as caught:
        opened(desk, other)
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND
    with desk.reading.connect() as connection:
        rows = connection.execute(FILES.select().where(FILES.c.dossier_code == other)).all()
    assert rows == []


@pytest.mark.parametrize("piece", [70_001, SEGMENT - 1, SEGMENT])
def test_the_pieces_of_an_upload_have_any_size(desk: Desk, piece: int) -> None:
    """As long as none has more than a megabyte."""
    code = desk.submit().dossier_code
    assert send(desk, head_of(code), CONTENT, piece=piece).stored
    assert opened(desk, code) == CONTENT
    too_large = pdf_of(SEGMENT + 1)
    with pytest.raises(grpc.RpcError) as caught:
        send(desk, head_of(code, too_large), too_large, piece=SEGMENT + 1)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_the_ending_of_a_name_fits_the_kind(desk: Desk) -> None:
    """Otherwise it is refused before anything is sent; the name is kept nowhere."""
    code = desk.submit().dossier_code
    for name in ("page.docx", "page.pdf.exe", "page"):
        problem = refused(desk, head_of(code, SMALL, file_name=name))
        assert set(problem.fields) == {"head.file_name"}
    assert send(desk, head_of(code, SMALL, file_name="Nguyễn Thị Hoa.PDF"), SMALL).stored
    assert b"Hoa" not in b"".join(e.SerializeToString() for e in desk.events(code)[1:])


def test_a_part_is_one_of_the_procedure(desk: Desk) -> None:
    """Events say it in clear: nobody writes a name there."""
    code = desk.submit().dossier_code
    problem = refused(desk, head_of(code, SMALL, part="Nguyen Thi Hoa"), SMALL)
    assert set(problem.fields) == {"head.part"}
    assert send(desk, head_of("", SMALL, part="Nguyen Thi Hoa"), SMALL, CITIZEN).stored
    with desk.reading.connect() as connection:
        assert "Hoa" not in str(connection.execute(UPLOADS.select()).all())
