"""What stands on the forms about a dossier, made from its events.

Pure. A form tells what was so when the desk acted: what changes later is on none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import Part, ResultChannel
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import DossierAccepted, DossierSubmitted, FormPrinted
from motcua.intake.v1.event_parts_pb2 import FeesDue
from motcua.intake.v1.intake_pb2 import Applicant

from kernel.base.instants import local_date, to_us
from kernel.eventsourcing.envelope import payload_of
from office.catalogue.dossier_code import OFFICE_ZONE
from office.catalogue.model import CatalogueUnit, CopyKind
from office.forms.barcodes import code128_svg, qr_svg
from office.forms.contents import FeeLine, PartLine, PhaseLine, Receipt
from office.forms.wording import (
    sum_in_words,
    written_day,
    written_limit,
    written_moment,
    written_sum,
)
from office.people.directory import Officer

_RESULT_WAYS: Final = {
    ResultChannel.RESULT_CHANNEL_COUNTER: "trực tiếp tại Bộ phận Tiếp nhận và Trả kết quả",
    ResultChannel.RESULT_CHANNEL_POST: "qua dịch vụ bưu chính công ích",
    ResultChannel.RESULT_CHANNEL_ONLINE: "bản điện tử, qua mạng",
}
_AREAS: Final = ("tỉnh ", "thành phố ", "xã ", "phường ", "thị trấn ", "đặc khu ")
M = TypeVar("M", bound=Message)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a form tells beside the dossier's own events."""

    applicant: Applicant | None
    """None where there is none."""
    units: Mapping[str, CatalogueUnit]
    officers: Mapping[str, Officer]
    """The officers by id; empty without a directory."""
    copies: Mapping[str, CopyKind]
    """In what form the procedure asks for each part, by code."""
    portal: str
    """The address of the portal on which a citizen looks a dossier up; empty for none."""


def receipt(events: Sequence[Event], printed: FormPrinted, around: Surroundings) -> Receipt:
    """Return the receipt of a dossier that was accepted."""
    _, submitted = _latest(events, DossierSubmitted)
    event, accepted = _latest(events, DossierAccepted)
    zone, at = submitted.time_zone or OFFICE_ZONE, to_us(event.occurred_at)
    phases = (
        PhaseLine(written_limit(each.time_limit), written_moment(to_us(each.due_at), zone))
        for each in accepted.phases
    )
    due = accepted.HasField("due_at")
    return Receipt(
        **_common(event, submitted, printed, around),
        parts=_parts(submitted, around.copies),
        time_limit=written_limit(accepted.time_limit),
        received_at=written_moment(at, zone),
        promised_at=written_moment(to_us(accepted.due_at), zone) if due else "",
        phases=tuple(phases),
        result_way=_RESULT_WAYS.get(submitted.result_channel, ""),
        fees=tuple(_fees(submitted.fees)),
        officer=_name_of(event.actor.id, around),
    )


def _name_of(officer: str, around: Surroundings) -> str:
    """Return the name of an officer; empty for one whom the directory does not have."""
    found = around.officers.get(officer)
    return found.name if found else ""


def _latest(events: Iterable[Event], kind: type[M]) -> tuple[Event, M]:
    found = ((event, payload_of(event)) for event in events)
    return [(event, payload) for event, payload in found if isinstance(payload, kind)][-1]


def _common(
    event: Event, submitted: DossierSubmitted, printed: FormPrinted, around: Surroundings
) -> dict[str, Any]:
    """Return what stands on every form; its day is that of the event."""
    code, person = event.stream_id, around.applicant or Applicant()
    unit = around.units.get(submitted.unit)
    above = around.units.get(unit.parent) if unit else None
    day = local_date(to_us(event.occurred_at), submitted.time_zone or OFFICE_ZONE)
    url = f"{around.portal.rstrip('/')}/?code={code}" if around.portal else ""
    where = (person.address, person.district, person.province)
    return {
        "form_number": printed.form_number,
        "circular": printed.circular,
        "agency_above": above.name_vi if above else "",
        "agency": unit.name_vi if unit else submitted.unit_name or submitted.unit,
        "agency_address": unit.address if unit else "",
        "agency_phone": unit.phone if unit else "",
        "place": _place(unit.address) if unit else "",
        "day": written_day(day),
        "code": code,
        "qr": qr_svg(url or code),
        "barcode": code128_svg(code),
        "track_url": url,
        "copy": printed.copy,
        "owner": person.full_name,
        "identity_number": person.identity_number,
        "address": ", ".join(dict.fromkeys(filter(None, where))),
        "phone": person.phone,
        "email": person.email,
        "procedure": submitted.procedure_name or submitted.procedure_code,
    }


def _place(address: str) -> str:
    """Return the name of the widest area of an address: Hà Giang of "..., tỉnh Hà Giang"."""
    area = address.rpartition(",")[2].strip()
    for kind in _AREAS:
        if area.lower().startswith(kind):
            return area[len(kind) :]
    return area


def _parts(submitted: DossierSubmitted, copies: Mapping[str, CopyKind]) -> tuple[PartLine, ...]:
    names = {each.code: each.name for each in submitted.part_names}
    return tuple(
        _line(names.get(part.code) or part.code, max(part.copies, 1), _kind(part, copies))
        for part in submitted.parts
    )


def _kind(part: Part, copies: Mapping[str, CopyKind]) -> CopyKind:
    return CopyKind.ELECTRONIC if part.sha256 else copies.get(part.code, CopyKind.ORIGINAL)


def _line(name: str, number: int, kind: CopyKind) -> PartLine:
    counts = {each: number if each is kind else 0 for each in CopyKind}
    return PartLine(
        name, counts[CopyKind.ORIGINAL], counts[CopyKind.COPY], counts[CopyKind.ELECTRONIC]
    )


def _fees(due: FeesDue) -> Iterable[FeeLine]:
    for name, amount in (("Phí", due.phi), ("Lệ phí", due.le_phi)):
        if amount:
            yield FeeLine(name, written_sum(amount), sum_in_words(amount))
