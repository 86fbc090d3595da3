"""Names of the states, and one line about each event, in Vietnamese and English.

The lines are texts of audit's catalogue, ``event.NAME`` by the name of the event; where there are
several of one event, ``event.NAME.VARIANT``. A parameter is a field of the payload, or one of
``_COMPUTED`` or ``_NAMED``. Lines hold codes, units and dates of the event, with names of units and
officers where the directory has them; never anything that a person wrote or a citizen's data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.message import DecodeError, Message
from google.protobuf.timestamp_pb2 import Timestamp
from motcua.events.v1.event_pb2 import Event
from motcua.routing.v1.types_pb2 import DocumentStage

from kernel.eventsourcing.envelope import payload_of, short_name
from kernel.messages.catalogue import BilingualText, FixedText
from office.tracking_codes import tracked_line
from services.audit.wording.formatting import Text, dong, moment
from services.audit.wording.names import NO_NAMES, Names
from services.audit.wording.texts import TEXTS, key_of_value

NO_WORDS: Final = FixedText("", "")
STATES: Final = range(1, 11)
"""The states of the national portal."""


def state_name(state: int) -> Text:
    """Return the name of a state of the national portal."""
    return TEXTS.both(f"state.{state}")


def message_kinds() -> dict[str, str]:
    """Return the kinds of messages in the order of a dossier's life, with what each says in
    English.
    """
    keys = [key for key in TEXTS if key.startswith("message.")]
    return {key.removeprefix("message."): TEXTS.text(key).en for key in keys}


def summary(type_name: str, body: bytes, time_zone: str, names: Names = NO_NAMES) -> Text:
    """Return in one line what happened; for a type that this build does not know, its name."""
    name = short_name(type_name) or "?"
    try:
        payload = payload_of(Event.FromString(body))
    except DecodeError:
        payload = None
    if payload is None:
        return TEXTS.both("unknown_event", name=name)
    return line_of(payload, time_zone, names)


def line_of(payload: Any, time_zone: str, names: Names = NO_NAMES) -> Text:
    """Return the line of a payload."""
    name = payload.DESCRIPTOR.name
    choose = _VARIANTS.get(name)
    variant = choose(payload) if choose else ""
    key = f"event.{name}.{variant}" if variant else f"event.{name}"
    if key not in TEXTS:
        return TEXTS.both("unknown_event", name=name)
    text = TEXTS.filled(key, _Fields(payload, time_zone, names))
    return text.vi, text.en


@dataclass(frozen=True, slots=True)
class _Fields:
    """The fields of a payload as a line shows them: instants in the dossier's zone, enumerated
    values by their words in the catalogue, units and officers by their names.
    """

    payload: Any
    time_zone: str
    names: Names

    @property
    def vi(self) -> _Inner:
        """The fields of a message that is a field itself, in Vietnamese."""
        return _Inner(self, "vi")

    @property
    def en(self) -> _Inner:
        """The same in English."""
        return _Inner(self, "en")

    def __getitem__(self, name: str) -> object:
        if name in _NAMED:
            return _NAMED[name](self.payload, self.names)
        if name in _COMPUTED:
            return _COMPUTED[name](self.payload, self.time_zone)
        value = getattr(self.payload, name)
        if isinstance(value, Timestamp):
            return FixedText(*moment(value, self.time_zone))
        if isinstance(value, Message):
            return _Fields(value, self.time_zone, self.names)
        if isinstance(value, str):
            return self.names.of_field(name, value)
        if self.payload.DESCRIPTOR.fields_by_name[name].enum_type is None:
            return value
        return _word(key_of_value(self.payload, name, ""))


@dataclass(frozen=True, slots=True)
class _Inner:
    """The fields of a message that is a field itself, in one language: ``{next.unit}``."""

    fields: _Fields
    language: str

    def __getattr__(self, name: str) -> object:
        """Return a field as a line shows it."""
        value = self.fields[name]
        return getattr(value, self.language, value)


def _word(key: str) -> BilingualText:
    return TEXTS.text(key) if key in TEXTS else NO_WORDS


def _after_comma(value: str) -> str:
    return f", {value}" if value else ""


def _in_brackets(value: str) -> str:
    return f" ({value})" if value else ""


def _due(payload: Any, time_zone: str) -> BilingualText:
    if not payload.HasField("due_at"):
        return TEXTS.text("no_due_date")
    return TEXTS.text("due", at=FixedText(*moment(payload.due_at, time_zone)))


def _scope(payload: Any, names: Names) -> BilingualText:
    key = key_of_value(payload, "scope", "DEADLINE_SCOPE_DOSSIER")
    number = getattr(payload, "consultation", 0)
    return TEXTS.text(key, step=names.step(payload.step), number=number)


def _pause(payload: Any, _time_zone: str) -> BilingualText:
    key = key_of_value(payload, "kind", "SUSPENSION_KIND_UNSPECIFIED")
    if not payload.HasField("payment"):
        return TEXTS.text(key)
    phi, le_phi = dong(payload.payment.phi), dong(payload.payment.le_phi)
    return TEXTS.text("pause.payment", pause=TEXTS.text(key), phi=phi, le_phi=le_phi)


def _judgement(payload: Any, _time_zone: str) -> BilingualText:
    signs = payload.stage == DocumentStage.DOCUMENT_STAGE_SIGNATURE
    signing = "signature" if signs else "review"
    return TEXTS.text(f"judgement.{signing}.{'yes' if payload.approved else 'no'}")


def _answering(payload: Any, names: Names) -> object:
    unit = names.unit(payload.unit)
    if not payload.successor_unit:
        return unit
    return TEXTS.text("unit.successor", successor=names.unit(payload.successor_unit), unit=unit)


def _message(payload: Any, _time_zone: str) -> object:
    key = f"message.{payload.kind}"
    return TEXTS.text(key) if key in TEXTS else payload.kind


_COMPUTED: Final[Mapping[str, Callable[[Any, str], object]]] = {
    "due": _due,
    "phi": lambda payload, _: dong(payload.phi),
    "le_phi": lambda payload, _: dong(payload.le_phi),
    "result_number": lambda payload, _: _after_comma(payload.result_number),
    "document_number": lambda payload, _: _after_comma(payload.document_number),
    "held": lambda payload, _: _word("resumed.held") if payload.extension_holds else "",
    "after": lambda payload, _: _word("resumed.after_missed") if payload.after_missed else "",
    "pause": _pause,
    "judgement": _judgement,
    "message": _message,
    "tracked": lambda payload, _: FixedText(*tracked_line(payload.item_number, payload.code)),
    "corrected": lambda payload, _: payload.result_number,
}
"""Parameters that are no field as it stands."""

_NAMED: Final[Mapping[str, Callable[[Any, Names], object]]] = {
    "answering": _answering,
    "scope": _scope,
    "of_unit": lambda payload, names: _in_brackets(names.unit(payload.unit)),
    "officers": lambda payload, names: _in_brackets(
        ", ".join(map(names.officer, payload.officers))
    ),
}
"""Parameters made of names."""

_VARIANTS: Final[Mapping[str, Callable[[Any], str]]] = {
    "ItemTracked": lambda payload: "contradicts" if payload.contradicts else "",
    "CaseWithdrawn": lambda payload: "parent" if payload.parent_code else "",
    "ResultReturned": lambda payload: "item" if payload.item_number else "",
    "StepCompleted": lambda payload: "next" if payload.HasField("next") else "",
    "FeeRecorded": lambda payload: "exempt" if payload.exempt_group else "",
    "PostalJobChangeAnswered": lambda payload: "" if payload.accepted else "late",
    "ConsultationRequested": lambda payload: "due" if payload.HasField("due_at") else "",
}
"""Events of which there are several lines."""
