"""Dossiers as an event log in XES (IEEE 1849): a trace for each dossier."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO, Final
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

from cli.exporting.spool import ExportedDossier, ExportedEvent
from kernel.base.instants import isoformat
from office.catalogue.dossier_code import OFFICE_ZONE

_EXTENSIONS: Final = (
    ("Concept", "concept"),
    ("Time", "time"),
    ("Organizational", "org"),
    ("Lifecycle", "lifecycle"),
)

_NONE: Final[AttributesImpl[str]] = AttributesImpl({})


def write_xes(dossiers: Iterable[ExportedDossier], file: BinaryIO) -> None:
    """Write a log to a file."""
    xml = XMLGenerator(file, "utf-8", short_empty_elements=True)
    xml.startDocument()
    xml.startElement(
        "log",
        AttributesImpl(
            {
                "xes.version": "1849-2016",
                "xes.features": "",
                "xmlns": "http://www.xes-standard.org/",
            }
        ),
    )
    for name, prefix in _EXTENSIONS:
        uri = f"http://www.xes-standard.org/{prefix}.xesext"
        _empty(xml, "extension", name=name, prefix=prefix, uri=uri)
    _global(xml, "trace", [("string", "concept:name", "")])
    _global(
        xml,
        "event",
        [
            ("string", "concept:name", ""),
            ("date", "time:timestamp", isoformat(0, OFFICE_ZONE)),
            ("string", "lifecycle:transition", "complete"),
        ],
    )
    _empty(xml, "classifier", name="Activity", keys="concept:name")
    for dossier in dossiers:
        _trace(xml, dossier)
    xml.endElement("log")
    xml.endDocument()


def _trace(xml: XMLGenerator, dossier: ExportedDossier) -> None:
    xml.startElement("trace", _NONE)
    _empty(xml, "string", key="concept:name", value=dossier.code)
    for name, value in dossier.facts.items():
        if value:
            _empty(xml, "string", key=name, value=value)
    for event in dossier.events:
        _event(xml, event)
    xml.endElement("trace")


def _event(xml: XMLGenerator, event: ExportedEvent) -> None:
    xml.startElement("event", _NONE)
    _empty(xml, "string", key="concept:name", value=event.type)
    _empty(xml, "date", key="time:timestamp", value=isoformat(event.at, OFFICE_ZONE))
    _empty(xml, "string", key="lifecycle:transition", value="complete")
    for name, value in (
        ("org:resource", event.actor),
        ("org:group", event.unit),
        ("org:role", event.actor_kind),
        ("step", event.step),
        ("source", event.source),
        ("event_id", event.event_id),
    ):
        if value:
            _empty(xml, "string", key=name, value=value)
    xml.endElement("event")


def _global(xml: XMLGenerator, scope: str, attributes: Iterable[tuple[str, str, str]]) -> None:
    xml.startElement("global", AttributesImpl({"scope": scope}))
    for kind, key, value in attributes:
        _empty(xml, kind, key=key, value=value)
    xml.endElement("global")


def _empty(xml: XMLGenerator, element: str, **attributes: str) -> None:
    xml.startElement(element, AttributesImpl(attributes))
    xml.endElement(element)
    xml.ignorableWhitespace("\n")
