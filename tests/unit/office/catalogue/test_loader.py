"""The catalogue of procedures: what ships, how versions are chosen, and how mistakes are named."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from motcua.events.v1.common_pb2 import Channel, ResultChannel, ResultKind, ServiceLevel
from motcua.intake.v1.types_pb2 import FeeTiming

from kernel.documents.mistakes import DocumentError
from office.catalogue.loader import load_catalogue, shipped_catalogue
from office.catalogue.model import Catalogue, Condition, CopyKind, FeeKind, UnitLevel
from office.catalogue.responsible_unit import ResponsibleUnits
from office.process.model.process import IMPORTED
from office.worktime.durations import TimeLimit
from tests.support.office_files import standard_processes

DEMO_WEEK = date(2021, 8, 9)

UNITS = """
[[unit]]
code = "H22"
name_vi = "Tỉnh"
name_en = "Province"
level = "province"
[[unit]]
code = "H22.02"
name_vi = "Sở Công Thương"
name_en = "Department of Industry and Trade"
level = "province"
valid_from = 2015-01-01
valid_to = 2025-02-28
"""
PROCEDURES = """
[[field]]
code = "G02"
name_vi = "Xúc tiến thương mại"
name_en = "Trade promotion"
[[procedure]]
code = "2.000004"
name_vi = "Khuyến mại"
name_en = "Promotion"
field = "G02"
unit = "H22.02"
[[procedure.version]]
version = 1
valid_from = 2018-07-15
valid_to = 2020-12-31
level = "partial"
time_limit = "7wd"
channels = ["counter"]
result_channels = ["counter"]
process = "standard"
parts = [{ code = "01", name_vi = "Đơn", name_en = "Application" }]
[[procedure.version]]
version = 2
valid_from = 2021-02-01
level = "whole"
time_limit = "5wd"
online_time_limit = "4wd"
channels = ["online", "counter", "post"]
result_channels = ["online", "post"]
process = "simple"
resume_policy = "restart"
fee_timing = "after"
result_kind = "signed"
units = ["H22", "commune"]
conditions = [{ name_vi = "Đủ tuổi", name_en = "Of age" }]
exempt = [{ code = "ngheo", name_vi = "Hộ nghèo", name_en = "Poor households" }]
parts = [
  { code = "01", name_vi = "Đơn", name_en = "Application" },
  { code = "02", name_vi = "Ảnh", name_en = "Photo", kind = "copy", copies = 2, required = false },
]
fees = [{ kind = "le_phi", name_vi = "Lệ phí", name_en = "Fee", amount = 100000 }]
"""
SECOND = PROCEDURES[PROCEDURES.index("[[procedure]]") :].replace("2.000004", "2.000005")


def loaded(folder: Path, procedures: str = PROCEDURES, units: str = UNITS) -> Catalogue:
    """Load a catalogue from texts."""
    (folder / "procedures.toml").write_text(procedures, encoding="utf-8")
    (folder / "units.toml").write_text(units, encoding="utf-8")
    return load_catalogue(folder / "procedures.toml", folder / "units.toml")


def problems(folder: Path, procedures: str = PROCEDURES, units: str = UNITS) -> list[str]:
    """List what is wrong with a catalogue."""
    with pytest.raises(DocumentError) as caught:
        loaded(folder, procedures, units)
    return [str(problem) for problem in caught.value.mistakes]


def test_shipped_catalogue_covers_the_province() -> None:
    """At least 24 procedures are offered in the demo's week, over every kind of unit."""
    shipped = shipped_catalogue()
    offered = ResponsibleUnits(shipped, DEMO_WEEK).offered()

    assert len(offered) >= 24
    assert {shipped.units[entry.unit].level for entry in offered} == set(UnitLevel)
    assert len({entry.unit for entry in offered}) >= 10
    assert {entry.resume_policy for entry in offered} == {"keep", "restart"}
    assert any(entry.same_day for entry in offered)
    assert any(len(shipped.procedures[entry.code]) > 1 for entry in offered)


def test_shipped_procedures_name_processes_of_routing() -> None:
    """Every process that a procedure names is defined in routing's data."""
    defined = {process.name for process in standard_processes().all()}
    named = {v.process for versions in shipped_catalogue().procedures.values() for v in versions}

    assert named == defined - {IMPORTED}


def test_imported_environmental_permits_have_a_procedure_since_2010() -> None:
    """Environmental permits from another system find their procedure on their own day."""
    found = shipped_catalogue().find("3.000900", date(2010, 10, 1))

    assert found is not None
    assert found.unit == "H22.05"
    assert str(found.time_limit) == "56cd"


def test_a_version_as_a_value(tmp_path: Path) -> None:
    """A version carries everything that its file says, in the words of the events."""
    found = loaded(tmp_path).find("2.000004", DEMO_WEEK)

    assert found is not None
    assert (found.version, found.name_vi, found.name_en) == (2, "Khuyến mại", "Promotion")
    assert found.level == ServiceLevel.SERVICE_LEVEL_WHOLE
    assert found.channels == (
        Channel.CHANNEL_ONLINE,
        Channel.CHANNEL_COUNTER,
        Channel.CHANNEL_POST,
    )
    assert found.result_channels == (
        ResultChannel.RESULT_CHANNEL_ONLINE,
        ResultChannel.RESULT_CHANNEL_POST,
    )
    photo, fee = found.parts[1], found.fees[0]
    assert (photo.kind, photo.copies, photo.required) == (CopyKind.COPY, 2, False)
    assert (fee.kind, fee.amount) == (FeeKind.LE_PHI, 100_000)
    assert (found.process, found.resume_policy) == ("simple", "restart")
    assert found.fee_timing == FeeTiming.FEE_TIMING_AFTER
    assert found.result_kind == ResultKind.RESULT_KIND_SIGNED
    assert found.conditions == (Condition("Đủ tuổi", "Of age"),)
    assert [group.code for group in found.exempt] == ["ngheo"]
    assert (found.owed(FeeKind.LE_PHI), found.owed(FeeKind.PHI)) == (100_000, 0)
    assert not found.open_ended(FeeKind.LE_PHI)


def test_who_takes_a_procedure(tmp_path: Path) -> None:
    """Its own unit, the ones named, and all units of a level that is named take it."""
    commune = '[[unit]]\ncode = "H22.05"\nname_vi = "Xã"\nname_en = "C"\nlevel = "commune"\n'
    catalogue = loaded(tmp_path, units=UNITS + commune)
    found = catalogue.find("2.000004", DEMO_WEEK)

    assert found is not None
    takers = ResponsibleUnits(catalogue, DEMO_WEEK)
    assert [takers.takes(found, unit) for unit in ("H22.02", "H22", "H22.05", "H23")] == [
        True,
        True,
        True,
        False,
    ]
    assert [unit.code for unit in takers.offered("H22.05")] == ["2.000004"]


def test_a_follower_ends_the_version_before_it(tmp_path: Path) -> None:
    """A version without an end holds until its follower begins, and never again after that."""
    text = PROCEDURES.replace("valid_to = 2020-12-31\n", "").replace(
        "valid_from = 2021-02-01", "valid_from = 2021-02-01\nvalid_to = 2021-12-31"
    )
    catalogue = loaded(tmp_path, text)
    first, second = catalogue.procedures["2.000004"]

    assert catalogue.find("2.000004", date(2021, 1, 31)) is first
    assert catalogue.find("2.000004", date(2021, 2, 1)) is second
    assert catalogue.find("2.000004", date(2022, 1, 1)) is None
    assert catalogue.ends(first) == date(2021, 1, 31)
    assert catalogue.ends(second) == date(2021, 12, 31)


def test_online_dossiers_may_have_a_shorter_limit(tmp_path: Path) -> None:
    """The online limit holds for the online channel only, and only where there is one."""
    catalogue = loaded(tmp_path)
    old, new = catalogue.version("2.000004", 1), catalogue.version("2.000004", 2)
    assert old is not None
    assert new is not None

    assert new.limit(Channel.CHANNEL_ONLINE) == TimeLimit.parse("4wd")
    assert new.limit(Channel.CHANNEL_COUNTER) == TimeLimit.parse("5wd")
    assert old.limit(Channel.CHANNEL_ONLINE) == TimeLimit.parse("7wd")


@pytest.mark.parametrize(
    ("day", "version"),
    [
        (date(2018, 7, 14), None),
        (date(2018, 7, 15), 1),
        (date(2020, 12, 31), 1),
        (date(2021, 1, 15), None),
        (date(2021, 2, 1), 2),
        (date(2099, 1, 1), 2),
    ],
)
def test_the_version_of_a_day(tmp_path: Path, day: date, version: int | None) -> None:
    """The version found is the one in force on the day; its last day is included."""
    catalogue = loaded(tmp_path)
    found = catalogue.find("2.000004", day)

    assert (found.version if found else None) == version
    assert [version.version for version in ResponsibleUnits(catalogue, day).offered()] == (
        [version] if version else []
    )


def test_look_ups(tmp_path: Path) -> None:
    """Unknown codes and numbers find nothing; lists can be narrowed to a unit and a field."""
    catalogue = loaded(tmp_path, PROCEDURES + SECOND)

    assert catalogue.knows("2.000004")
    assert not catalogue.knows("2.999999")
    assert catalogue.find("2.999999", DEMO_WEEK) is None
    assert catalogue.version("2.000004", 3) is None
    takers = ResponsibleUnits(catalogue, DEMO_WEEK)
    assert [it.code for it in takers.offered()] == ["2.000004", "2.000005"]
    assert len(takers.offered(unit="H22.02", field="G02")) == 2
    assert takers.offered(unit="H23") == []
    assert takers.offered(field="G99") == []
    assert catalogue.units["H22.02"].parent == "H22"
    assert catalogue.units["H22"].parent == ""
    assert catalogue.fields["G02"].name_en == "Trade promotion"


def test_digest_names_the_content(tmp_path: Path) -> None:
    """The digest is the same for the same files and another for other ones."""
    digest = loaded(tmp_path).digest

    assert loaded(tmp_path).digest == digest
    assert loaded(tmp_path, PROCEDURES + SECOND).digest != digest
    assert loaded(tmp_path, PROCEDURES, UNITS + "\n").digest != digest


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            'code = "2.000004"',
            'code = "2.4"',
            "procedure 1 (2.4), code: must be a procedure's code such as 1.012766",
        ),
        ('code = "2.000004"\n', "", "procedure 1, code: is missing"),
        (
            'name_en = "Promotion"',
            'name_en = ""',
            "procedure 1 (2.000004), name_en: must not be empty",
        ),
        ('field = "G02"', 'field = "G03"', "procedure 1 (2.000004), field: 'G03' is no field"),
        ('unit = "H22.02"', 'unit = "H22.99"', "procedure 1 (2.000004), unit: 'H22.99' is no unit"),
        ('"7wd"', '"7 days"', "procedure 1 (2.000004), version 1, time_limit: must look like 3wd"),
        (
            '"7wd"',
            "7",
            "procedure 1 (2.000004), version 1, time_limit: must be a text that looks like 3wd",
        ),
        (
            '"4wd"',
            '"5wd"',
            "procedure 1 (2.000004), version 2, online_time_limit: must be shorter than 5wd",
        ),
        (
            '"4wd"',
            '"4cd"',
            "procedure 1 (2.000004), version 2, online_time_limit: must be shorter than 5wd",
        ),
        (
            '"4wd"',
            '"none"',
            "procedure 1 (2.000004), version 2, online_time_limit: must be shorter than 5wd",
        ),
        (
            '["online", "counter", "post"]',
            '["counter"]',
            "version 2, online_time_limit: needs the channel",
        ),
        (
            '["online", "post"]',
            '["fax"]',
            "version 2, result_channels 1: must be one of online, counter, post",
        ),
        ('["online", "post"]', "[]", "version 2, result_channels: must have at least 1 entry"),
        (
            '["online", "post"]',
            '["post", "post"]',
            "version 2, result_channels: names a channel twice",
        ),
        ("2020-12-31", "2018-07-14", "version 1, valid_to: lies before valid_from"),
        (
            "2020-12-31",
            "2021-02-01",
            "version 2, valid_from: must lie after the valid_to of version",
        ),
        ("2021-02-01", "2020-12-31", "version 2, valid_from: must lie after the valid_to"),
        (
            "valid_to = 2020-12-31\n",
            "valid_to = 2020-12-31\n[[procedure.version]]\nversion = 1\n",
            "procedure 1 (2.000004), version 1, level: is missing",
        ),
        (
            '"after"',
            '"none"',
            "version 2, fee_timing: must be before or after where there are fees",
        ),
        ('"after"', '"later"', "version 2, fee_timing: must be one of none, before, after"),
        ('"H22", "commune"', '"H22", "H22"', "version 2, units: names a unit twice"),
        ('"H22", "commune"', '"H99"', "version 2, units: 'H99' is neither a unit nor a level"),
        ('"signed"', '"oral"', "version 2, result_kind: must be one of electronic, signed"),
        (
            'code = "ngheo"',
            'code = "hộ"',
            "version 2, exempt 1 (hộ), code: must be 1 to 16 letters",
        ),
        ('"Đủ tuổi"', '"Đủ tuổi "', "conditions 1, name_vi: begins or ends with blanks"),
        (
            '"Đủ tuổi"',
            '"Đủ\u0323 tuổi"',
            "conditions 1, name_vi: is not in Unicode's composed form",
        ),
        ('"Đủ tuổi"', '"Đủ\\u202Etuổi"', "contains the control character U+202E"),
        (
            "version = 2",
            "version = 3",
            "procedure 1 (2.000004), version 2, version: is 3: versions count 1, 2, 3",
        ),
        (
            '"7wd"',
            '"7wd"\nsame_day = true',
            "version 1, time_limit: must be one working day or less",
        ),
        ('code = "02"', 'code = "01"', "version 2, parts 2 (01), code: '01' is there already"),
        ("copies = 2", "copies = 0", "version 2, parts 2 (02), copies: must be 1 or more"),
        ('kind = "copy"', 'kind = "fax"', "version 2, parts 2 (02), kind: must be one of original"),
        ("amount = 100000", "amount = -1", "version 2, fees 1, amount: must be 0 or more"),
        ("amount = 100000", "amount = 0.5", "version 2, fees 1, amount: must be a whole number"),
        ('"le_phi"', '"tip"', "version 2, fees 1, kind: must be one of phi, le_phi"),
        ('"restart"', '"forget"', "version 2, resume_policy: must be one of keep, restart"),
        ('"simple"', '"Simple!"', "version 2, process: must be a process's name"),
        ('level = "whole"', 'level = "4"', "version 2, level: must be one of whole, partial"),
        ("amount = ", "price = 1, amount = ", "version 2, fees 1, price: is no key here"),
        ('code = "G02"', 'code = "g02"', "field 1 (g02), code: must be 1 to 64 capital letters"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, old: str, new: str, expected: str) -> None:
    """A mistake in a procedure is told with its code, the key and the rule."""
    assert old in PROCEDURES
    found = problems(tmp_path, PROCEDURES.replace(old, new))

    assert any(expected in problem for problem in found), found


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('code = "H22.02"', 'code = "h22"', "unit 2 (h22), code: must be a unit's code such as"),
        ('code = "H22.02"', 'code = "H22"', "unit 2 (H22), code: 'H22' is there already"),
        (
            'code = "H22"\n',
            'code = "H23"\n',
            "unit 2 (H22.02), code: lies within 'H22', which is no unit",
        ),
        ("2025-02-28", "2014-12-31", "unit 2 (H22.02), valid_to: lies before valid_from"),
        ('level = "province"', 'level = "state"', "unit 1 (H22), level: must be one of province"),
    ],
)
def test_a_mistake_in_a_unit_is_named(tmp_path: Path, old: str, new: str, expected: str) -> None:
    """A mistake in a unit is told with its code, the key and the rule."""
    found = problems(tmp_path, PROCEDURES, UNITS.replace(old, new))

    assert any(expected in problem for problem in found), found


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    """Mistakes of several procedures come together, each once."""
    second = SECOND.replace('unit = "H22.02"', 'unit = "H22.99"').replace('"7wd"', '"soon"')
    first = PROCEDURES.replace('field = "G02"', 'field = "G03"')

    assert problems(tmp_path, first + second) == [
        "procedures.toml:10:1: procedure 1 (2.000004), field: 'G03' is no field",
        "procedures.toml:47:1: procedure 2 (2.000005), unit: 'H22.99' is no unit",
        "procedures.toml:53:1: procedure 2 (2.000005), version 1, time_limit: must look like 3wd,"
        " 0.5wd, 5cd, 4wh or none",
    ]


def test_repeated_codes_are_named(tmp_path: Path) -> None:
    """Two procedures of one code are refused."""
    repeated = PROCEDURES + SECOND.replace("2.000005", "2.000004")

    assert problems(tmp_path, repeated) == [
        "procedures.toml:43:1: procedure 2 (2.000004), code: '2.000004' is there already"
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[[procedure", "procedures.toml:1:12: is no TOML"),
        (
            'colour = "red"',
            "procedures.toml:1:1: colour: is no key here (there are field, procedure)",
        ),
        ("", "field: is missing"),
        (
            "field = 1\nprocedure = 2",
            "procedures.toml:1:1: field: must be tables, each under [[field]]",
        ),
        ("field = [1]\nprocedure = [[]]", "procedure 1: must be an entry with keys"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    """A file that is no catalogue is refused by name."""
    assert any(expected in problem for problem in problems(tmp_path, text))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """A file that is not there is refused like a wrong one."""
    with pytest.raises(DocumentError, match=r"nothing\.toml: there is no such file"):
        load_catalogue(tmp_path / "nothing.toml", tmp_path / "units.toml")
