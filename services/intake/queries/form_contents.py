"""What stands on the forms about a dossier, made from its events.

Pure. A form tells what was so when the desk acted: what changes later is on none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import Part, ResultChannel
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import (
    DossierAccepted,
    DossierRefused,
    DossierSubmitted,
)
from motcua.intake.v1.event_parts_pb2 import FeesDue
from motcua.intake.v1.intake_pb2 import Applicant, GetFormResponse
from motcua.routing.v1.case_events_pb2 import CaseSuspended, SupplementRequested
from motcua.routing.v1.deadline_events_pb2 import DeadlineExtended
from motcua.routing.v1.types_pb2 import SuspensionKind

from kernel.base.instants import instant_in, local_date, to_us
from kernel.eventsourcing.envelope import payload_of
from office.catalogue.dossier_code import OFFICE_ZONE
from office.catalogue.model import CatalogueUnit, CopyKind
from office.forms.barcodes import code128_svg, qr_svg
from office.forms.choice import FormKind
from office.forms.contents import (
    Apology,
    DossierForm,
    FeeLine,
    PartLine,
    PhaseLine,
    Receipt,
    Refusal,
    Stop,
    Supplement,
)
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
_GROUNDS: Final[Mapping[FormKind, type[Message]]] = {
    FormKind.RECEIPT: DossierAccepted,
    FormKind.SUPPLEMENT: SupplementRequested,
    FormKind.REFUSAL: DossierRefused,
    FormKind.APOLOGY: DeadlineExtended,
    FormKind.STOP: CaseSuspended,
}
"""The event that each form tells; of pauses, only those for a third party."""
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


def latest_of(kind: FormKind, events: Iterable[Event]) -> tuple[str, int] | None:
    """Return the source and sequence of the latest event that a form of this kind tells."""
    found = [event for event in events if _tells(kind, payload_of(event))]
    event = max(found, key=lambda event: (to_us(event.occurred_at), event.sequence), default=None)
    return None if event is None else (event.source, event.sequence)


def _tells(kind: FormKind, payload: Message | None) -> bool:
    if isinstance(payload, CaseSuspended):
        return kind is FormKind.STOP and payload.kind == SuspensionKind.SUSPENSION_KIND_STOPPED
    return isinstance(payload, _GROUNDS[kind])


def content_of(
    events: Sequence[Event],
    printed: GetFormResponse,
    around: Surroundings,
    opened: Callable[[Any], Any],
) -> DossierForm:
    """Return what stands on a print; ``opened`` opens the sealed texts of a payload."""
    about = (printed.about_source, printed.about_sequence)
    event = next(event for event in events if (event.source, event.sequence) == about)
    submitted = _latest(events, DossierSubmitted)
    return _MAKERS[FormKind(printed.form)](
        _Ground(events, event, opened(payload_of(event)), submitted, printed, around)
    )


@dataclass(frozen=True, slots=True)
class _Ground:
    """The event that a form tells, and what it needs beside."""

    events: Sequence[Event]
    event: Event
    payload: Any
    submitted: DossierSubmitted
    printed: GetFormResponse
    around: Surroundings

    @property
    def common(self) -> dict[str, Any]:
        """What stands on every form."""
        return _common(self.event, self.submitted, self.printed, self.around)

    @property
    def received_at(self) -> str:
        """When the dossier was accepted."""
        found = (each for each in self.events if isinstance(payload_of(each), DossierAccepted))
        event = next(found, None)
        return self.at(event, "occurred_at") if event else ""

    def at(self, message: Message, field: str) -> str:
        """Write an instant of a message; empty where it is absent."""
        us = instant_in(message, field)
        zone = self.submitted.time_zone or OFFICE_ZONE
        return "" if us is None else written_moment(us, zone)

    def name_of(self, officer: str) -> str:
        """Return the name of an officer; empty for one whom the directory does not have."""
        found = self.around.officers.get(officer)
        return found.name if found else ""


def _supplement(ground: _Ground) -> Supplement:
    payload: SupplementRequested = ground.payload
    return Supplement(
        **ground.common,
        round=payload.round,
        parts=_lines(payload.parts, ground),
        reason=payload.reason,
        answer_until=ground.at(payload, "answer_due_at"),
        officer=ground.name_of(ground.event.actor.id),
    )


def _refusal(ground: _Ground) -> Refusal:
    reason = ground.payload.reason
    return Refusal(**ground.common, reason=reason, officer=ground.name_of(ground.event.actor.id))


def _apology(ground: _Ground) -> Apology:
    payload: DeadlineExtended = ground.payload
    return Apology(
        **ground.common,
        apology_number=payload.apology_number,
        received_at=ground.received_at,
        promised_at=ground.at(payload, "previous_due_at"),
        new_promised_at=ground.at(payload, "due_at"),
        reason=payload.reason,
        apology=payload.apology,
        signer=ground.name_of(payload.signer),
        signer_title=payload.signer_title,
    )


def _stop(ground: _Ground) -> Stop:
    payload: CaseSuspended = ground.payload
    return Stop(
        **ground.common,
        received_at=ground.received_at,
        stopped_at=ground.at(ground.event, "occurred_at"),
        counterpart=payload.counterpart,
        until=ground.at(payload, "expected_end_at"),
        reason=payload.reason,
        officer=ground.name_of(ground.event.actor.id),
    )


def _receipt(ground: _Ground) -> Receipt:
    submitted, accepted = ground.submitted, ground.payload
    phases = (
        PhaseLine(written_limit(each.time_limit), ground.at(each, "due_at"))
        for each in accepted.phases
    )
    return Receipt(
        **ground.common,
        parts=_lines(submitted.parts, ground),
        time_limit=written_limit(accepted.time_limit),
        received_at=ground.received_at,
        promised_at=ground.at(accepted, "due_at"),
        phases=tuple(phases),
        result_way=_RESULT_WAYS.get(submitted.result_channel, ""),
        fees=tuple(_fees(submitted.fees)),
        officer=ground.name_of(ground.event.actor.id),
    )


_MAKERS: Final[Mapping[FormKind, Callable[[_Ground], DossierForm]]] = {
    FormKind.RECEIPT: _receipt,
    FormKind.SUPPLEMENT: _supplement,
    FormKind.REFUSAL: _refusal,
    FormKind.APOLOGY: _apology,
    FormKind.STOP: _stop,
}


def _latest(events: Iterable[Event], kind: type[M]) -> M:
    return [found for event in events if isinstance(found := payload_of(event), kind)][-1]


def _common(
    event: Event, submitted: DossierSubmitted, printed: GetFormResponse, around: Surroundings
) -> dict[str, Any]:
    """Return what stands on every form; its day is that of the event."""
    code, person = event.stream_id, around.applicant or Applicant()
    unit = around.units.get(submitted.unit)
    above = around.units.get(unit.parent) if unit else None
    day = local_date(to_us(event.occurred_at), submitted.time_zone or OFFICE_ZONE)
    url = f"{around.portal.rstrip('/')}/tra-cuu?code={code}" if around.portal else ""
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


def _lines(parts: Iterable[Part], ground: _Ground) -> tuple[PartLine, ...]:
    names = {each.code: each.name for each in ground.submitted.part_names}
    copies = ground.around.copies
    return tuple(
        _line(names.get(part.code) or part.code, part, _kind(part, copies)) for part in parts
    )


def _kind(part: Part, copies: Mapping[str, CopyKind]) -> CopyKind:
    return CopyKind.ELECTRONIC if part.sha256 else copies.get(part.code, CopyKind.ORIGINAL)


def _line(name: str, part: Part, kind: CopyKind) -> PartLine:
    counts = {each: max(part.copies, 1) if each is kind else 0 for each in CopyKind}
    return PartLine(
        name,
        counts[CopyKind.ORIGINAL],
        counts[CopyKind.COPY],
        counts[CopyKind.ELECTRONIC],
        part.note,
    )


def _fees(due: FeesDue) -> Iterable[FeeLine]:
    for name, amount in (("Phí", due.phi), ("Lệ phí", due.le_phi)):
        if amount:
            yield FeeLine(name, written_sum(amount), sum_in_words(amount))
