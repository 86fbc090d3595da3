"""The catalogue of procedures: what may be asked for, of which unit, with which papers, by when.

Plain values and look-ups; ``loader.py`` and ``files/`` read them from files. Days are local days
of the office.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType

from motcua.events.v1.common_pb2 import Channel, ResultKind
from motcua.intake.v1.types_pb2 import FeeTiming

from office.worktime.durations import Duration, TimeLimit


class UnitLevel(StrEnum):
    """The level of government to which a unit belongs."""

    PROVINCE = "province"
    DISTRICT = "district"
    COMMUNE = "commune"


class CopyKind(StrEnum):
    """In what form a part is handed in."""

    ORIGINAL = "original"
    COPY = "copy"
    ELECTRONIC = "electronic"


class FeeKind(StrEnum):
    """What is paid for; the two are kept apart in law and in accounts."""

    PHI = "phi"
    """A service fee (phí): for a service of an agency."""
    LE_PHI = "le_phi"
    """An administrative fee (lệ phí): for an act of the state."""


class FeePer(StrEnum):
    """What an amount is asked for; all but the dossier are counted at the desk."""

    DOSSIER = "dossier"
    PAGE = "page"
    COPY = "copy"
    ITEM = "item"


@dataclass(frozen=True, slots=True)
class CatalogueUnit:
    """A unit of the administration; by its code, ``H22.12.03`` lies within ``H22.12``."""

    code: str
    name_vi: str
    name_en: str
    level: UnitLevel | None
    """None where it is not known."""
    valid_from: date | None = None
    valid_to: date | None = None
    old_code: str = ""
    """The code of 13 characters by QCVN 102:2016; empty where the unit never had one."""
    old_code_to: date | None = None
    """The last day on which dossiers are numbered under ``old_code``."""
    successor: str = ""
    """The unit that takes over its work after ``valid_to``."""
    address: str = ""
    """Where its counter is: house, street, commune, province; empty where nobody has said."""
    phone: str = ""

    def agency_on(self, day: date) -> str:
        """Return the agency code in the numbers of this unit's dossiers on a local day."""
        if self.old_code and self.old_code_to is not None and day <= self.old_code_to:
            return self.old_code
        return self.code

    @property
    def parent(self) -> str:
        """The code of the unit above; empty at the top."""
        return self.code.rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class Field:
    """A field of administration to which procedures belong."""

    code: str
    name_vi: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Part:
    """A paper that a procedure asks for; ``code`` is unique within the procedure."""

    code: str
    name_vi: str
    name_en: str
    kind: CopyKind
    copies: int
    required: bool
    """Without it a dossier is refused."""
    form: str = ""
    """The number or name of the form to be filled in; empty where there is none."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold for the result to be granted."""

    name_vi: str
    name_en: str


@dataclass(frozen=True, slots=True)
class ExemptGroup:
    """People who pay nothing; ``code`` is unique within the procedure."""

    code: str
    name_vi: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Fee:
    """What a procedure costs, in đồng."""

    kind: FeeKind
    name_vi: str
    name_en: str
    amount: int
    per: FeePer = FeePer.DOSSIER
    """What the amount is asked for; more than one of them may be owed unless it is the dossier."""


@dataclass(frozen=True, slots=True)
class Procedure:
    """One version of a procedure; a dossier keeps the one of the day of its submission."""

    code: str
    version: int
    """Counts 1, 2, 3 ... within a code."""
    valid_from: date
    valid_to: date | None
    """The last day as published; a later version may end it earlier (``Catalogue.ends``)."""
    name_vi: str
    name_en: str
    field: str
    unit: str
    """The code of the responsible unit."""
    level: int
    """A ``ServiceLevel`` of the events."""
    time_limit: TimeLimit
    """One duration, or up to three phases."""
    online_time_limit: TimeLimit | None
    """A shorter limit for dossiers handed in online; None: the same."""
    same_day: bool
    """Answered on the day of receipt; what comes after 15:00, on the next working day."""
    parts: tuple[Part, ...]
    fees: tuple[Fee, ...]
    channels: tuple[int, ...]
    """The ``Channel`` values on which it can be handed in."""
    result_channels: tuple[int, ...]
    """The ``ResultChannel`` values on which the result can be had."""
    process: str
    """The name of the process by which the departments work."""
    resume_policy: str
    """``keep`` or ``restart``: how a supplement changes the due date."""
    units: tuple[str, ...] = ()
    """Further units that take it: codes, or a level (``commune``) for every unit of it."""
    conditions: tuple[Condition, ...] = ()
    fee_timing: int = FeeTiming.FEE_TIMING_UNSPECIFIED
    """A ``FeeTiming``; unspecified where there are no fees."""
    exempt: tuple[ExemptGroup, ...] = ()
    """Who pays nothing."""
    result_kind: int = ResultKind.RESULT_KIND_PAPER
    """A ``ResultKind`` of the events."""
    supplement_rounds: int | None = None
    """How often papers may be asked of the citizen; None: as often as the process says."""
    supplement_period: Duration | None = None
    """How long the citizen has to answer; None: as long as the process says."""

    def owed(self, kind: FeeKind) -> int:
        """Return the least amount of one kind that a dossier owes, in đồng."""
        return sum(fee.amount for fee in self.fees if fee.kind is kind)

    def open_ended(self, kind: FeeKind) -> bool:
        """Return whether more may be owed, because pages, copies or items are counted."""
        return any(fee.kind is kind and fee.per is not FeePer.DOSSIER for fee in self.fees)

    def limit(self, channel: int) -> TimeLimit:
        """Return the time limit of a dossier that came by a ``Channel``."""
        if channel == Channel.CHANNEL_ONLINE and self.online_time_limit is not None:
            return self.online_time_limit
        return self.time_limit


@dataclass(frozen=True, eq=False)
class Catalogue:
    """All procedures in all their versions, with the units and fields that they name."""

    units: Mapping[str, CatalogueUnit]
    fields: Mapping[str, Field]
    procedures: Mapping[str, tuple[Procedure, ...]]
    """The versions of each code, oldest first."""
    digest: str = field(default="")
    """8 hexadecimal digits of the SHA-256 of the files."""

    def knows(self, code: str) -> bool:
        """Return whether the catalogue has a procedure in any version."""
        return code in self.procedures

    def find(self, code: str, on: date) -> Procedure | None:
        """Return the version in force on a local day; None if the code is unknown or none is."""
        versions = self.procedures.get(code, ())
        begun = bisect_right(versions, on, key=lambda version: version.valid_from)
        if not begun:
            return None
        found = versions[begun - 1]
        return found if found.valid_to is None or on <= found.valid_to else None

    def ends(self, version: Procedure) -> date | None:
        """Return the last day of a version: its own, or the day before the next one begins; None
        for no end.
        """
        next_version = self.version(version.code, version.version + 1)
        if next_version is None:
            return version.valid_to
        last = next_version.valid_from - timedelta(days=1)
        return last if version.valid_to is None else min(version.valid_to, last)

    def unit_of(self, agency: str) -> CatalogueUnit | None:
        """Return the unit with a present or former agency code of either form; None for none."""
        found = self.units.get(agency)
        if found is not None:
            return found
        return next((unit for unit in self.units.values() if unit.old_code == agency), None)

    def version(self, code: str, number: int) -> Procedure | None:
        """Return a version by its number, as events record it; None for an unknown one."""
        return next((v for v in self.procedures.get(code, ()) if v.version == number), None)


def build_catalogue(
    units: Iterable[CatalogueUnit],
    fields: Iterable[Field],
    versions: Iterable[Procedure],
    digest: str,
) -> Catalogue:
    """Return a catalogue of checked values."""
    by_code: dict[str, list[Procedure]] = {}
    for version in versions:
        by_code.setdefault(version.code, []).append(version)
    return Catalogue(
        MappingProxyType({unit.code: unit for unit in units}),
        MappingProxyType(
            {administration_field.code: administration_field for administration_field in fields}
        ),
        MappingProxyType({code: tuple(found) for code, found in by_code.items()}),
        digest,
    )
