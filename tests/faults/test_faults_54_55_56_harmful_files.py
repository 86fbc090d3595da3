"""Faults 54, 55 and 56: files that would take all memory, act when opened, or hold harm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import grpc
import pytest

from office.content.kinds import DOCX, XLSX
from services.intake.application.files import uploads
from tests.support.databases import NewDatabase
from tests.support.desk import open_desk
from tests.support.fake_clamd import EICAR, FakeClamd
from tests.support.papers import deflated, package, pdf
from tests.support.uploads import (
    CONTENT,
    folders,
    head_of,
    listed,
    opened,
    refused,
    send,
    sweep_of,
)

pytestmark = pytest.mark.faults
BOMB = package(DOCX, **{"word/media/a.bmp": bytes(600 * 2**20)})
PDF_BOMB = pdf(deflated(1100 * 2**20), stream="/Filter /FlateDecode")
ENTITIES = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "cc">]><a>&b;</a>'


def _wrong_sum() -> bytes:
    whole = package(DOCX, **{"word/media/a.bin": bytes(5000)})
    at = whole.rindex(b"word/media/a.bin") - 30  # in the archive's list of entries
    return whole[:at] + bytes(4) + whole[at + 4 :]


SCRIPT = "/OpenAction << /S /JavaScript /JS (app.alert) >>"

HARMFUL: list[tuple[str, bytes, dict[str, Any], str]] = [
    ("54 zip bomb", BOMB, {"media_type": DOCX}, "FILE_TOO_COMPLEX"),
    (
        "54 entries",
        package(XLSX, **{f"xl/{n}.xml": b"" for n in range(5_000)}),
        {"media_type": XLSX},
        "FILE_TOO_COMPLEX",
    ),
    ("54 sums", _wrong_sum(), {"media_type": DOCX}, "FILE_BROKEN"),
    ("54 names", package(DOCX, **{"../../a": b"x"}), {"media_type": DOCX}, "FILE_UNSAFE"),
    ("54 pdf bomb", PDF_BOMB, {}, "FILE_TOO_COMPLEX"),
    ("55 script", pdf(catalog=SCRIPT), {}, "FILE_UNSAFE"),
    ("55 kind", b"MZ\x90\0" + bytes(500), {}, "FILE_OTHER_KIND"),
    ("55 EICAR", EICAR, {}, "FILE_OTHER_KIND"),
    ("55 broken", pdf(CONTENT)[:-200], {}, "FILE_BROKEN"),
    (
        "55 macros",
        package(DOCX, **{"word/vbaProject.bin": b"x"}),
        {"media_type": DOCX},
        "FILE_MACROS",
    ),
    ("55 picture", pdf(b"x", stream="/Width 99999 /Height 99999"), {}, "FILE_TOO_COMPLEX"),
    ("56 entities", package(DOCX, **{"word/s.xml": ENTITIES}), {"media_type": DOCX}, "FILE_UNSAFE"),
]


def test_faults_54_55_56_what_can_harm_is_not_taken(new_database: NewDatabase) -> None:
    """Each with its code; nothing of it is stored, and what is in order is taken afterwards."""
    with open_desk(new_database("intake"), new_database("keys")) as desk:
        code = desk.submit().dossier_code
        for name, content, values, reason in HARMFUL:
            problem = refused(desk, head_of(code, content, **values), content)
            assert (problem.code, problem.reason) == (
                grpc.StatusCode.FAILED_PRECONDITION,
                reason,
            ), name
        for size in (0, 5 * 1024**3):
            assert set(refused(desk, head_of(code, size=size)).fields) == {"head.size"}
        assert list(listed(desk, code)) == []
        sweep_of(desk).sweep(uploads.now())
        assert folders(desk) == set()
        assert send(desk, head_of(code), CONTENT).stored
        assert opened(desk, code) == CONTENT


def test_fault_55_nothing_is_taken_that_the_scanner_has_not_called_clean(
    new_database: NewDatabase, tmp_path: Path
) -> None:
    """While it is away, what was sent waits; when it is back, the upload goes on with its head."""
    url, keys, socket = new_database("intake"), new_database("keys"), tmp_path / "clamd.ctl"
    with open_desk(url, keys, scanner=f"unix://{socket}") as desk:
        code = desk.submit().dossier_code
        head = head_of(code)
        for _ in range(2):
            away = refused(desk, head, CONTENT[head.offset :])
            assert (away.reason, away.code) == ("SCANNER_AWAY", grpc.StatusCode.UNAVAILABLE)
            head.offset = len(CONTENT)
        assert listed(desk, code) == []
        with pytest.raises(grpc.RpcError) as caught:
            opened(desk, code)
        assert caught.value.code() == grpc.StatusCode.NOT_FOUND
        with FakeClamd(socket) as clamd:
            clamd.says = "stream: Can't allocate memory ERROR"
            assert refused(desk, head).reason == "SCANNER_AWAY"
            clamd.says = ""
            assert send(desk, head).stored
            assert clamd.scanned == [len(CONTENT)] * 2
            infected = pdf(EICAR)
            assert refused(desk, head_of(code, infected), infected).reason == "FILE_INFECTED"
        assert opened(desk, code) == CONTENT
        assert len(listed(desk, code)) == 1
