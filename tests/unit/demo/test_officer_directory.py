"""The directory that the demonstration writes for itself."""

from pathlib import Path

from demo.week.officer_directory import POSTS, id_of, write_directory
from office.people.files import read_directory
from office.permissions import shipped


def test_officers_have_names_of_their_own(tmp_path: Path) -> None:
    """Each one other than all, and the same each time; the ids hold unit and role."""
    path = tmp_path / "people.toml"
    write_directory(path)
    people = read_directory(path, shipped().roles)
    assert len(people.officers) == len(people.units) * len(POSTS)
    assert len({officer.name for officer in people.officers.values()}) == len(people.officers)
    assert not {officer.name for officer in people.officers.values()} & people.officers.keys()
    first, last = id_of("H22", "receptionist"), id_of("H22", "accountant")
    assert [people.officers[each].name for each in (first, last)] == [
        "Nguyễn Văn An",
        "Vũ Thị Minh",
    ]
