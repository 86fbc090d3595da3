"""Files by the command line, on the whole system."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from kernel.files.segments import SEGMENT, number_of
from tests.support.command import Done
from tests.support.feed import wait_until
from tests.support.papers import pdf
from tests.support.stack import Stack, program
from tests.support.walk import AT_COUNTER, UNIT, walking

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
OFFICER = ("--officer", "an.nv", "--unit", UNIT)
STRANGER = ("--officer", "xa", "--unit", "H22.60.05")
LARGE = 46 * SEGMENT
UNDER_WAY = 8
"""Segments that may still be written after their sender was killed."""
TRIES = 5


def test_a_citizen_hands_in_and_the_officer_opens(stack: Stack, tmp_path: Path) -> None:
    """By the PIN alone; an officer who takes no part in the dossier is refused, as is a guess."""
    with walking(stack) as walk:
        filed = walk.accepted(result_channel=AT_COUNTER)
    code, citizen = filed.dossier_code, ("--citizen", "hoa", "--pin", filed.pin)
    paper, copy = tmp_path / "application.pdf", tmp_path / "copy.pdf"
    paper.write_bytes(pdf("Đơn của công dân".encode()))
    sha256 = hashlib.sha256(paper.read_bytes()).hexdigest()

    put = stack.run("files", "put", code, "don", str(paper), *citizen)
    assert (put.returncode, put.stdout.strip()) == (0, sha256), put
    for who in (citizen, OFFICER):
        listed = stack.motcua("files", "list", code, *who, "--json")["files"]
        assert [(each["part"], each["sha256"]) for each in listed] == [("don", sha256)]
    got = stack.run("files", "get", code, "don", str(copy), *OFFICER)
    assert got.returncode == 0, got
    assert copy.read_bytes() == paper.read_bytes()

    other = tmp_path / "other.pdf"
    for command in (
        ("list", code),
        ("get", code, "don", str(other)),
        ("put", code, "don", str(paper)),
    ):
        refused = stack.run("files", *command, *STRANGER)
        assert (refused.returncode, refused.stdout) == (1, ""), refused
        assert "not of the caller's unit" in refused.stderr, refused
    for pin in (("--pin", "0" * 10), ()):
        guessed = stack.run("files", "list", code, "--citizen", "hoa", *pin)
        assert (guessed.returncode, guessed.stdout) == (1, ""), guessed
        assert "no dossier with this code and PIN" in guessed.stderr, guessed
    assert not other.exists()
    wait_until(lambda: _stored_by(stack, code) == ["hoa"], 30, "audit has read it")


def test_a_file_goes_on_after_its_client_and_intake_are_killed(
    stack: Stack, tmp_path: Path
) -> None:
    """The command is repeated after its own end, and waits for intake after intake's; nothing of
    the file is stored twice, and a rebuild of intake finds it again.
    """
    for number in range(TRIES):
        with walking(stack) as walk:
            code = walk.accepted(result_channel=AT_COUNTER).dossier_code
        paper = tmp_path / f"large-{number}.pdf"
        paper.write_bytes(pdf(os.urandom(LARGE)))
        if _interrupted_twice(stack, code, paper):
            break
    else:
        pytest.fail("each file was whole before it could be interrupted")
    copy = tmp_path / "copy.pdf"
    got = stack.run("files", "get", code, str(copy), *OFFICER)
    assert got.returncode == 0, got
    assert copy.read_bytes() == paper.read_bytes()
    stack.wait_settled()
    assert stack.motcua("rebuild", "intake", "--check", "--json")["equal"]


def _interrupted_twice(stack: Stack, code: str, paper: Path) -> bool:
    """Hand a file in; return whether it was interrupted both times."""
    size = paper.stat().st_size
    put = ("files", "put", code, "don", str(paper), *OFFICER)
    before = _segments(stack)

    def there() -> int:
        return _segments(stack) - before

    client = subprocess.Popen(program("cli.main", *put), env=stack.env)
    try:
        wait_until(lambda: there() > 0 or client.poll() is not None, 60, "it is being sent")
    finally:
        client.kill()
        client.wait()
    first = there()
    with _running(stack, put) as wait:
        wait_until(lambda: there() > first + UNDER_WAY, 60, "it goes on")
        pid = stack.kill("intake")
        second = there()
        stack.wait_back("intake", pid)
        done = wait()
    assert (done.returncode, done.stdout.strip()) == (
        0,
        hashlib.sha256(paper.read_bytes()).hexdigest(),
    ), done
    assert there() == number_of(size)
    return 0 < first < second < number_of(size)


@contextmanager
def _running(stack: Stack, arguments: tuple[str, ...]) -> Iterator[Callable[[], Done]]:
    """Run `motcua` beside what follows; what is given waits for its end."""
    with ThreadPoolExecutor(1) as thread:
        yield thread.submit(stack.run, *arguments, timeout=120.0).result


def _segments(stack: Stack) -> int:
    return sum(1 for path in (stack.folder / "files").glob("*/*/*") if path.name.isdecimal())


def _stored_by(stack: Stack, code: str) -> list[str]:
    events = stack.motcua("timeline", code, "--json")
    return [event["actor"]["id"] for event in events if event["type"] == "FileStored"]
