"""Processes that would open child dossiers without end are refused, with the way round."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from office.process import repository
from office.process.catalogue_view import ListedVersion, known_procedures, processes_in_use
from office.process.repository import ProcessError, check_files, load_processes
from office.process.verification.child_cycles import ProcedureProcesses
from tests.support.office_files import NOTHING_PUBLISHED
from tests.support.process_texts import HEAD, process, step

ASK = "children: [{{name: other, title: {{vi: Con, en: Child}}, procedure: {}{}}}]"


def opening(name: str, procedure: str, when: str = "", version: int = 1) -> str:
    """Write a process that opens a child of a procedure."""
    head = HEAD.replace("process: p", f"process: {name}").replace("n: 1", f"n: {version}")
    return process(step("a", more=ASK.format(procedure, when)), head=head)


def mistakes_in(folder: Path, works: dict[str, ProcedureProcesses], *texts: str) -> list[str]:
    """Check processes as files of their own; gives each mistake in a line."""
    paths = []
    for number, text in enumerate(texts):
        paths.append(folder / f"{number}.yaml")
        paths[-1].write_text(text, encoding="utf-8")
    return [str(m).removeprefix(f"{folder}/") for m in check_files(paths, works=works)[1]]


def worked(*processes: str, unit: str = "H22.05") -> ProcedureProcesses:
    return ProcedureProcesses(unit, processes)


def test_a_child_that_is_worked_by_the_same_process_is_refused(tmp_path: Path) -> None:
    """The mistake stands at the child and names the way round."""
    works = {"1.000001": worked("p")}
    assert mistakes_in(tmp_path, works, opening("p", "1.000001")) == [
        "0.yaml:11:16: [child-cycle] process p, step a, child other: would open dossiers without "
        "end: p → 1.000001 → p"
    ]
    assert mistakes_in(tmp_path, {"1.000001": worked("q")}, opening("p", "1.000001")) == []
    assert mistakes_in(tmp_path, {}, opening("p", "1.000001")) == []


def test_a_cycle_over_several_processes_is_told_in_each_of_them(tmp_path: Path) -> None:
    """A third process that only leads into the cycle is not in it."""
    works = {"1.000001": worked("p"), "1.000002": worked("q")}
    texts = (opening("p", "1.000002"), opening("q", "1.000001"), opening("r", "1.000001"))
    ways = [line.rpartition(": ")[2] for line in mistakes_in(tmp_path, works, *texts)]
    assert ways == ["p → 1.000002 → q → 1.000001 → p", "q → 1.000001 → p → 1.000002 → q"]


@pytest.mark.parametrize(
    ("when", "cycles"),
    [
        ("{channel: [online, counter, post]}", 0),
        ("{channel: [internal]}", 1),
        ("{procedure: [1.000009]}", 0),
        ("{procedure: [1.000001]}", 1),
        ("{unit: [H22.12]}", 0),
        ("{unit: [H22]}", 1),
        ("{not: {channel: [internal]}}", 0),
    ],
)
def test_a_condition_that_no_child_meets_ends_the_cycle(
    when: str, cycles: int, tmp_path: Path
) -> None:
    """A child comes internally, of its own procedure and in that procedure's unit."""
    works = {"1.000001": worked("p")}
    found = mistakes_in(tmp_path, works, opening("p", "1.000001", f", when: {when}"))
    assert len(found) == cycles


def test_the_next_version_mends_a_cycle(tmp_path: Path) -> None:
    """New dossiers take the latest version, so an older one, which stays in its file, does no
    harm.
    """
    works = {"1.000001": worked("p")}
    mended = process(step("a")).replace("version: 1", "version: 2")
    assert mistakes_in(tmp_path, works, opening("p", "1.000001"), mended) == []
    again = opening("p", "1.000001", version=2)
    assert len(mistakes_in(tmp_path, works, process(step("a")), again)) == 1


def test_what_will_be_in_force_counts_and_what_was_does_not() -> None:
    """By the days of a procedure's versions."""
    versions = [
        ListedVersion("1.000001", 2, date(2022, 1, 1), "H22.05", "q"),
        ListedVersion("1.000001", 1, date(2021, 1, 1), "H22.05", "p"),
    ]
    assert processes_in_use(versions, date(2021, 6, 1)) == {"1.000001": worked("p", "q")}
    assert processes_in_use(versions, date(2022, 1, 1)) == {"1.000001": worked("q")}


def test_routing_does_not_start_with_a_cycle(tmp_path: Path) -> None:
    """A file of the office's own closes a cycle with what ships: 1.004237 is worked by `simple`,
    whose next version would open a child of it.
    """
    text = opening("simple", "1.004237", version=2)
    (tmp_path / "simple.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ProcessError, match=r"simple → 1\.004237 → simple"):
        repository.installed_processes(tmp_path, NOTHING_PUBLISHED)


def test_the_repository_of_published_procedures_counts_where_it_is_at_hand(tmp_path: Path) -> None:
    """What can't be read there is left to intake."""
    (tmp_path / "release-000001.json").write_text(
        '{"procedures": [{"code": "9.000001", "version": 1, "valid_from": "2021-01-01",'
        ' "unit": "H22.05", "process": "p"}]}',
        encoding="utf-8",
    )
    (tmp_path / "release-000002.json").write_text("{", encoding="utf-8")
    found = known_procedures(tmp_path)
    assert found["9.000001"] == worked("p")
    assert found["1.004237"] == worked("simple")


def test_what_ships_opens_no_dossiers_without_end() -> None:
    """Checked as routing does at its start."""
    files = repository.files_in(repository.STANDARD_FOLDER)
    load_processes(files, known_procedures(NOTHING_PUBLISHED))
