"""What stands on each form. Pure: a value here and its template make the same page every time.

Texts come from people: ``document_of`` makes them printable. A field that is empty or 0 is not
there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from office.forms.choice import FormKind
from office.forms.wording import printed

_PICTURES: Final = frozenset({"qr", "barcode"})


@dataclass(frozen=True, slots=True)
class DossierForm:
    """What stands on every form about a dossier."""

    form_number: str
    circular: str
    agency_above: str
    """The agency above, the first line of the heading."""
    agency: str
    """The agency that answers for the dossier, the second line."""
    agency_address: str
    agency_phone: str
    place: str
    day: str
    """The day of what the form tells, such as of the acceptance."""
    code: str
    qr: str
    """An SVG picture: where the dossier is looked up, or its code."""
    barcode: str
    """An SVG picture of the code."""
    track_url: str
    copy: int
    """0 for the first print, and 1 for the first reprint."""
    owner: str
    """Who handed the dossier in."""
    identity_number: str
    address: str
    phone: str
    email: str
    procedure: str


@dataclass(frozen=True, slots=True)
class PartLine:
    """One paper and how many of it, by how it was handed in."""

    name: str
    original: int = 0
    copy: int = 0
    electronic: int = 0
    note: str = ""
    """What is missing or wrong with it, in requests for a supplement."""


@dataclass(frozen=True, slots=True)
class PhaseLine:
    """One phase of a limit that has several."""

    time_limit: str
    promised_at: str


@dataclass(frozen=True, slots=True)
class FeeLine:
    """Money that is owed or was paid."""

    name: str
    amount: str
    words: str


@dataclass(frozen=True, slots=True)
class Receipt(DossierForm):
    """Form 01: the receipt, and the appointment for the result."""

    parts: tuple[PartLine, ...]
    time_limit: str
    received_at: str
    promised_at: str
    phases: tuple[PhaseLine, ...]
    result_way: str
    fees: tuple[FeeLine, ...]
    officer: str
    """The name of the officer who accepted it."""


@dataclass(frozen=True, slots=True)
class Supplement(DossierForm):
    """Form 02: the request to complete the dossier."""

    round: int
    """Counts the requests of this dossier."""
    parts: tuple[PartLine, ...]
    reason: str
    answer_until: str
    officer: str
    """The name of the officer who asks, and guides the applicant."""


@dataclass(frozen=True, slots=True)
class Refusal(DossierForm):
    """Form 03: the dossier is not accepted."""

    reason: str
    officer: str


@dataclass(frozen=True, slots=True)
class Apology(DossierForm):
    """Form 04: the apology for the delay, and the new appointment."""

    apology_number: str
    received_at: str
    promised_at: str
    """The date that held until then."""
    new_promised_at: str
    reason: str
    apology: str
    signer: str
    signer_title: str


@dataclass(frozen=True, slots=True)
class Stop(DossierForm):
    """Form 05 of 2025: the work on the dossier has stopped."""

    received_at: str
    stopped_at: str
    counterpart: str
    """Who is waited for."""
    until: str
    reason: str
    officer: str


CONTENTS: Final[Mapping[FormKind, type[Any]]] = {
    FormKind.RECEIPT: Receipt,
    FormKind.SUPPLEMENT: Supplement,
    FormKind.REFUSAL: Refusal,
    FormKind.APOLOGY: Apology,
    FormKind.STOP: Stop,
}
"""What a template of each kind is given."""


def document_of(content: Any) -> dict[str, Any]:
    """Return the fields of a form as its template has them."""
    return {name: _printable(name, value) for name, value in asdict(content).items()}


def names_of(kind: FormKind) -> frozenset[str]:
    """Return the names of the fields that a template of a kind may use."""
    return frozenset(field.name for field in fields(CONTENTS[kind]))


def _printable(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return value if name in _PICTURES else printed(value)
    if isinstance(value, tuple | list):
        return [_printable(name, each) for each in value]
    if isinstance(value, dict):
        return {key: _printable(key, each) for key, each in value.items()}
    return value
