"""PDF: whether it can be opened, what it would do by itself, and how much is packed into it."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any, Final

from pypdf import PdfReader
from pypdf.errors import LimitReachedError, PyPdfError
from pypdf.generic import DictionaryObject, IndirectObject, StreamObject

from office.content.findings import Finding, Found

UNPACKED: Final = 1024 * 1024 * 1024
"""Bytes of all streams together."""
PIXELS: Final = 400_000_000
PAGES: Final = 5_000
OBJECTS: Final = 300_000
_PIECE: Final = 1024 * 1024
_TAIL: Final = 2048
_ACTIONS: Final = frozenset({"/JavaScript", "/Launch", "/ImportData", "/SubmitForm"})


def look(content: BytesIO) -> None:
    """Raise ``Found`` when a PDF is not one that can be opened without harm."""
    if b"%%EOF" not in content.getbuffer()[-_TAIL:].tobytes():
        raise Found(Finding.BROKEN)
    try:
        reader = PdfReader(content, strict=False)
        if reader.is_encrypted:
            raise Found(Finding.ENCRYPTED)
        if not 0 < len(reader.pages) <= PAGES:
            raise Found(Finding.TOO_COMPLEX if len(reader.pages) else Finding.BROKEN)
        _look_at_objects(reader)
    except LimitReachedError as fault:
        raise Found(Finding.TOO_COMPLEX) from fault
    except RecursionError as fault:
        raise Found(Finding.TOO_COMPLEX) from fault
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError) as fault:
        raise Found(Finding.BROKEN) from fault  # pypdf meets what is no PDF by any of them


def _look_at_objects(reader: PdfReader) -> None:
    unpacked = 0
    for number, found in enumerate(_objects(reader)):
        if number > OBJECTS:
            raise Found(Finding.TOO_COMPLEX)
        if not isinstance(found, DictionaryObject):
            continue
        for each in _dictionaries(found):
            kind = each.get("/S")
            if isinstance(kind, IndirectObject):
                kind = kind.get_object()
            if kind in _ACTIONS or "/JS" in each:
                raise Found(Finding.UNSAFE)
        if isinstance(found, StreamObject):
            width, height = found.get("/Width", 0), found.get("/Height", 0)
            if isinstance(width, int) and isinstance(height, int) and width * height > PIXELS:
                raise Found(Finding.TOO_COMPLEX)
            unpacked = _unpacked(found, unpacked)


def _objects(reader: PdfReader) -> Iterator[Any]:
    places = [(number, generation) for generation, of in reader.xref.items() for number in of]
    places += [(number, 0) for number in reader.xref_objStm]
    for number, generation in dict.fromkeys(places):
        yield reader.get_object(IndirectObject(number, generation, reader))


def _dictionaries(found: DictionaryObject) -> Iterator[DictionaryObject]:
    """Yield a dictionary, and those that stand within it."""
    waiting: list[Any] = [found]
    while waiting:
        each = waiting.pop()
        if isinstance(each, DictionaryObject):
            yield each
            waiting += list(each.values())
        elif isinstance(each, list):
            waiting += each


def _unpacked(stream: StreamObject, before: int) -> int:
    """Unpack a stream, keep nothing of it, and return how much has been unpacked by then."""
    filters = stream.get("/Filter")
    names = filters if isinstance(filters, list) else [filters]
    if "/FlateDecode" not in names and "/Fl" not in names:
        return before
    data: bytes = stream._data
    depth = sum(name in ("/FlateDecode", "/Fl") for name in names)
    if depth > 1:
        raise Found(Finding.TOO_COMPLEX)
    if names[0] not in ("/FlateDecode", "/Fl"):
        return before + len(data)
    unpacking = zlib.decompressobj()
    while data and not unpacking.eof:
        try:
            before += len(unpacking.decompress(data, _PIECE))
        except zlib.error:
            return before  # viewers show what they can of it
        if before > UNPACKED:
            raise Found(Finding.TOO_COMPLEX)
        data = unpacking.unconsumed_tail
    return before
