"""Forms by the command line, on the whole system."""

from pathlib import Path

import pytest
from pypdf import PdfReader

from tests.support.feed import wait_until
from tests.support.stack import Stack
from tests.support.walk import AT_COUNTER, walking

pytestmark = pytest.mark.e2e


def test_a_receipt_is_printed_and_its_reprint_is_marked(stack: Stack, tmp_path: Path) -> None:
    """The page has the letters of the applicant's name, and the timeline who printed it."""
    with walking(stack) as walk:
        code = walk.accepted(result_channel=AT_COUNTER).dossier_code
    first, second = tmp_path / "first.pdf", tmp_path / "second.pdf"
    for output in (first, second):
        done = stack.run(
            *("form", code, "--form", "receipt", "--output", str(output)),
            *("--officer", "an.nv", "--unit", code.partition("-")[0]),
        )
        assert done.returncode == 0, done
    pages = [PdfReader(file).pages[0].extract_text() for file in (first, second)]
    assert all(f"Mã hồ sơ: {code}" in page for page in pages)
    assert ["Bản in lại lần 1" in page for page in pages] == [False, True]
    wait_until(lambda: _printers(stack, code) == ["an.nv", "an.nv"], 30, "audit has read both")


def test_a_request_for_papers_is_printed_in_the_officer_s_words(
    stack: Stack, tmp_path: Path
) -> None:
    """Routing has sealed them, intake opens them for the page."""
    with walking(stack) as walk:
        code = walk.accepted(result_channel=AT_COUNTER).dossier_code
        walk.opened(code)
        walk.ask_supplement(code, str(walk.shown(code).case.current.step))
    output = tmp_path / "letter.pdf"
    arguments = ("form", code, "--form", "supplement", "--output", str(output))
    who = ("--officer", "an.nv", "--unit", code.partition("-")[0])
    wait_until(lambda: stack.run(*arguments, *who).returncode == 0, 30, "intake has read it")
    page = PdfReader(output).pages[0].extract_text()
    assert "PHIẾU YÊU CẦU BỔ SUNG, HOÀN THIỆN HỒ SƠ" in page
    assert "Lý do: Đơn chưa ký." in page
    assert "(Chưa ký)" in page


def _printers(stack: Stack, code: str) -> list[str]:
    events = stack.motcua("timeline", code, "--json")
    return [event["actor"]["id"] for event in events if event["type"] == "FormPrinted"]
