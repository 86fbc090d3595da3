"""Reads the events of an XES log (IEEE 1849), packed by gzip or not."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import iterparse

from cli.importing.rows import SourceRow

_GZIP: Final = b"\x1f\x8b"
_VALUES: Final = frozenset({"string", "date", "int", "float", "boolean", "id"})


def xes_events(path: Path) -> Iterator[SourceRow]:
    """Yield the events of an XES log, each with its trace's attributes named ``case:…``."""
    number = 0
    with _open(path) as file:
        for _event, element in iterparse(file, events=("end",), forbid_dtd=True):
            if _name(element) != "trace":
                continue
            case = {f"case:{k}": v for k, v in _attributes(element).items()}
            for child in element:
                if _name(child) == "event":
                    number += 1
                    yield SourceRow(number, case | _attributes(child))
            element.clear()


@contextmanager
def _open(path: Path) -> Iterator[IO[bytes] | gzip.GzipFile]:
    with path.open("rb") as file:
        packed = file.read(len(_GZIP)) == _GZIP
        file.seek(0)
        if not packed:
            yield file
            return
        with gzip.GzipFile(fileobj=file) as unpacked:
            yield unpacked


def _attributes(element: Element) -> dict[str, str]:
    return {
        child.attrib["key"]: child.attrib.get("value", "")
        for child in element
        if _name(child) in _VALUES and "key" in child.attrib
    }


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]
