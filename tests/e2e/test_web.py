"""The citizens' pages, asked for as a browser asks, in front of a whole stack."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from http.client import HTTPConnection
from itertools import cycle
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import pytest
from motcua.intake.v1 import intake_pb2 as intake

from infra.local.ports import free_port
from infra.supervisor.state import hold, release
from tests.support.feed import wait_until
from tests.support.stack import Stack, running
from tests.support.walk import PROCEDURE, Walk, walking

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]
SCRIPT = "<script>alert(1)</script>"
MOST_BYTES = 40 * 1024


class Page(NamedTuple):
    """What was answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The page as text."""
        return self.body.decode("utf-8")


class Browser:
    """Asks the web process, without following anything."""

    def __init__(self, port: int) -> None:
        self._port = port

    def get(self, path: str, address: str = "192.0.2.1", **headers: str) -> Page:
        """Get a page, as a reverse proxy asks for the citizen at an address."""
        return self._ask("GET", path, None, {"x-forwarded-for": address, **headers})

    def post(self, path: str, **fields: str) -> Page:
        """Send a form."""
        kind = "application/x-www-form-urlencoded"
        return self._ask("POST", path, urlencode(fields), {"content-type": kind})

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> Page:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Page(answer.status, found, answer.read())
        finally:
            connection.close()


@pytest.fixture(scope="module")
def stack(session_dir: Path) -> Iterator[Stack]:
    """A whole stack with its web pages."""
    settings = {"WEB_PORT": str(free_port()), "WEB_PAGE_RATE": "200/5minute"}
    with running(session_dir, settings=settings) as stack:
        yield stack


@pytest.fixture(scope="module")
def browser(stack: Stack) -> Browser:
    """A browser, once the pages are served."""
    found = Browser(int(stack.env["WEB_PORT"]))

    def served() -> bool:
        try:
            return found.get("/healthz").status == 200
        except OSError:
            return False

    wait_until(served, 60, "the web pages are served")
    return found


@pytest.fixture(scope="module")
def walk(stack: Stack) -> Iterator[Walk]:
    """Whoever hands in dossiers and works on them."""
    with walking(stack) as walk:
        yield walk


@pytest.fixture(scope="module")
def dossier(walk: Walk) -> intake.SubmitDossierResponse:
    """A dossier that the departments work on."""
    answer: intake.SubmitDossierResponse = walk.accepted()
    return answer


@pytest.fixture
def port(stack: Stack) -> int:
    """Where the pages are served."""
    return int(stack.env["WEB_PORT"])


def test_up_tells_where_the_pages_are(stack: Stack, browser: Browser) -> None:
    """As a line of its own, with http; the state of the stack names the program, too."""
    assert stack.pid("web") is not None
    log = (stack.folder / "stack.log").read_text("utf-8")
    assert re.search(rf"web +127\.0\.0\.1:{stack.env['WEB_PORT']} +http", log)


@pytest.mark.parametrize("query", ["tro cap that nghiep", "", "2.000004"])
def test_procedures_are_found(browser: Browser, query: str) -> None:
    """By words without accents, by code, and all of them."""
    page = browser.get("/thu-tuc?" + urlencode({"q": query}))
    assert page.status == 200
    assert 'href="/thu-tuc/' in page.text


def test_a_procedure_says_what_it_needs(browser: Browser) -> None:
    """In the language that the address asks for, with no code shown to a reader."""
    vietnamese = browser.get(f"/thu-tuc/{PROCEDURE}")
    english = browser.get(f"/thu-tuc/{PROCEDURE}?lang=en")
    assert (vietnamese.status, english.status) == (200, 200)
    for heading in ("Thời hạn giải quyết", "Phí, lệ phí", "Hồ sơ gồm những gì"):
        assert heading in vietnamese.text
    for heading in ("How long it takes", "What it costs", "What you need"):
        assert heading in english.text
    shown = re.sub(r"<[^>]*>", " ", vietnamese.text.partition("<main")[2])
    assert not re.search(r"\b\d+(wd|cd|wh)\b|CHANNEL_|FEE_|H22", shown)


@pytest.mark.parametrize("way", ["address", "form"])
def test_a_dossier_is_shown_to_whoever_has_its_pin(
    browser: Browser, dossier: intake.SubmitDossierResponse, way: str
) -> None:
    """State, promised date and why, who has it; a PIN need not be in an address."""
    given = {"code": dossier.dossier_code, "pin": dossier.pin}
    ask = browser.post("/tra-cuu", **given) if way == "form" else None
    page = ask or browser.get("/tra-cuu?" + urlencode(given))
    assert page.status == 200
    for text in (
        "Đang giải quyết",
        "Hẹn trả kết quả",
        "Vì sao hẹn ngày này",
        "ngày làm việc, tính từ khi tiếp nhận hồ sơ",
        "Cơ quan giải quyết",
        "Hiện ông/bà không cần làm gì thêm.",
        "Hồ sơ đã được tiếp nhận.",
    ):
        assert text in page.text
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "Being worked on" in browser.post("/tra-cuu?lang=en", **given).text


def test_what_is_to_be_done_is_said(browser: Browser, walk: Walk) -> None:
    """Papers that are asked for, with the office's own note about each."""
    dossier = walk.accepted()
    step = walk.shown(dossier.dossier_code).case.current.step
    walk.ask_supplement(dossier.dossier_code, step)
    given = {"code": dossier.dossier_code, "pin": dossier.pin}
    wait_until(
        lambda: "Chờ bổ sung giấy tờ" in browser.post("/tra-cuu", **given).text, 60, "it is asked"
    )
    page = browser.post("/tra-cuu", **given)
    assert "Việc ông/bà cần làm:" in page.text
    assert "Đơn đăng ký thực hiện chương trình khuyến mại (Chưa ký)" in page.text
    assert "thời hạn giải quyết tạm dừng" in page.text


@pytest.mark.parametrize(
    ("fields", "status", "texts"),
    [
        ({"code": "", "pin": ""}, 400, ("Nhập mã hồ sơ", "Nhập mã PIN")),
        ({"code": SCRIPT, "pin": "12345678"}, 400, ("Mã hồ sơ không đúng",)),
        ({"code": "H22.02-210809-99999", "pin": SCRIPT[:16]}, 400, ("Mã PIN không đúng",)),
        ({"code": "x" * 65, "pin": "1"}, 400, ("Mã hồ sơ quá dài",)),
        ({"code": "x", "pin": "1" * 17}, 400, ("Mã PIN quá dài",)),
    ],
)
def test_a_wrong_field_is_named(
    browser: Browser, fields: dict[str, str], status: int, texts: tuple[str, ...]
) -> None:
    """Above the form with a link to the field, and beside it; nothing typed becomes markup."""
    page = browser.post("/tra-cuu", **fields)
    assert page.status == status
    assert all(page.text.count(text) == 2 for text in texts)
    assert "<title>Lỗi: " in page.text
    assert "<script" not in page.text


def test_a_wrong_pin_waits_as_intake_says(browser: Browser, walk: Walk) -> None:
    """The same answer as for a dossier that is not there; after some tries the wait is said."""
    dossier = walk.submit()
    wrong = f"{(int(dossier.pin) + 1) % 10 ** len(dossier.pin):0{len(dossier.pin)}}"
    first = browser.post("/tra-cuu", code=dossier.dossier_code, pin=wrong)
    assert first.status == 404
    assert "Không có hồ sơ nào khớp" in first.text
    assert wrong not in first.text
    answers = [browser.post("/tra-cuu", code=dossier.dossier_code, pin=wrong) for _ in range(20)]
    assert answers[-1].status == 429
    assert "Nhập sai quá nhiều lần" in answers[-1].text


@pytest.mark.parametrize(
    "path",
    [
        "/khong-co",
        "/thu-tuc/9.999999",
        "/thu-tuc/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/static/../settings.py",
        "/static/%2e%2e/settings.py",
        "/static//etc/passwd",
        "//evil.example/",
        "/thu-tuc/",
        "/thu-tuc/" + SCRIPT.replace("<", "%3C").replace(">", "%3E"),
    ],
)
def test_what_is_no_page_leads_nowhere(browser: Browser, path: str) -> None:
    """No file outside, no redirect to another host, no markup out of an address."""
    page = browser.get(path, host="evil.example")
    assert page.status == 404
    assert "location" not in page.headers
    assert "Không tìm thấy trang" in page.text
    assert 'evil.example"' not in page.text.replace('"//evil.example/?lang=en"', "")
    assert "<script" not in page.text


@pytest.mark.parametrize("query", [SCRIPT, '" onfocus="x', "x" * 101, "\u0000", "%%%"])
def test_hostile_queries_stay_text(browser: Browser, query: str) -> None:
    """They find nothing; one that is too long is told so."""
    page = browser.get("/thu-tuc?" + urlencode({"q": query, "trang": "-1"}))
    assert page.status == (400 if len(query) > 100 else 200)
    assert "<script" not in page.text
    assert '" onfocus' not in page.text
    assert ("không được dài quá 100 ký tự" in page.text) is (len(query) > 100)


@pytest.mark.parametrize("path", ["/", "/thu-tuc", f"/thu-tuc/{PROCEDURE}", "/tra-cuu", "/xyz"])
@pytest.mark.parametrize("language", ["", "?lang=en"])
def test_every_page_is_light_and_closed(browser: Browser, path: str, language: str) -> None:
    """At most 40 KB with its style; nothing inline or from elsewhere, no script, no cookie."""
    page = browser.get(path + language, **{"accept-encoding": "gzip"})
    html = gzip.decompress(page.body).decode("utf-8")
    linked = re.findall(r'(?:href|src)="(/static/[^"]+)"', html)
    assert len(linked) == 2
    files = [browser.get(each, **{"accept-encoding": "gzip"}) for each in linked]
    assert [file.status for file in files] == [200, 200]
    assert len(page.body) + sum(len(file.body) for file in files) <= MOST_BYTES
    assert not re.search(r"<script|<style|\bstyle=|\bon[a-z]+=|https?://", html)
    assert "set-cookie" not in page.headers
    assert "server" not in page.headers
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'")
    assert "unsafe" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"


def test_a_form_that_is_too_large_is_not_read(browser: Browser) -> None:
    """It ends with a page that says so, and not with a fault."""
    assert browser.post("/tra-cuu", code="x" * 5000, pin="1").status == 413
    assert browser.post("/tra-cuu", **{f"f{n}": "1" for n in range(50)}).status == 400


def test_one_citizen_throttles_nobody_else(browser: Browser) -> None:
    """Who asks for too many pages is told when to come back; others go on."""
    greedy = [browser.get("/", address="198.51.100.7").status for _ in range(210)]
    assert greedy[:150] == [200] * 150
    assert greedy[-1] == 429
    refused = browser.get("/", address="198.51.100.7")
    assert int(refused.headers["retry-after"]) >= 1
    assert "Quá nhiều yêu cầu" in refused.text
    assert browser.get("/", address="198.51.100.8").status == 200


def test_while_intake_is_away_the_rest_works(
    stack: Stack, browser: Browser, dossier: intake.SubmitDossierResponse
) -> None:
    """The page says that dossiers can't be looked up; procedures are those known before."""
    assert browser.get("/thu-tuc").status == 200
    given = {"code": dossier.dossier_code, "pin": dossier.pin}
    hold(stack.folder, "intake")
    try:
        wait_until(lambda: stack.pid("intake") is None, 60, "intake is away")
        page = browser.post("/tra-cuu", **given)
        assert page.status == 503
        assert "Hiện chưa tra cứu được hồ sơ" in page.text
        assert f'value="{dossier.dossier_code}"' in page.text
        assert [browser.get(path).status for path in ("/", "/thu-tuc", "/healthz")] == [200] * 3
    finally:
        release(stack.folder, "intake")
    stack.wait_ready()
    addresses = (f"198.51.100.{number}" for number in cycle(range(20, 220)))
    path = f"/tra-cuu?{urlencode(given)}"  # from many addresses: who asks again and again waits
    wait_until(lambda: browser.get(path, next(addresses)).status == 200, 90, "intake is back")


def test_no_log_holds_a_pin(
    stack: Stack, browser: Browser, dossier: intake.SubmitDossierResponse
) -> None:
    """Also when it stood in the address."""
    browser.get("/tra-cuu?" + urlencode({"code": dossier.dossier_code, "pin": dossier.pin}))
    assert dossier.pin not in (stack.folder / "log" / "web.log").read_text("utf-8")
