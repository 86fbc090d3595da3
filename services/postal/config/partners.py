"""The postal partners: who they are, how they prove it, and where they collect."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from kernel.documents.reading import (
    DocumentReader,
    DocumentTable,
    open_toml,
    read_document,
)
from kernel.documents.rules import must
from services.postal.domain.refusals import TEXTS
from services.postal.domain.s10 import MAX_SERIAL

SPIFFE = "spiffe://motcua/partner/"
DEVELOPMENT_TOKENS = {
    "buudien": "motcua-development-buudien",
    "chuyenphat": "motcua-development-chuyenphat",
}
SHIPPED = Path(__file__).with_name("partners.toml")
"""The file for development."""
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def _is_digest(text: str) -> bool:
    return not text or _SHA256.fullmatch(text) is not None


def _is_range(serials: Sequence[int]) -> bool:
    return len(serials) == 2 and 0 <= serials[0] <= serials[1] <= MAX_SERIAL


@dataclass(frozen=True, slots=True)
class Partner:
    """One partner. ``token_sha256`` is empty for one that has a client certificate only."""

    id: str
    name: str
    token_sha256: str
    serves: tuple[str, ...]
    """Agency codes at or below which it collects; empty for all."""
    first_serial: int
    last_serial: int

    def collects(self, unit: str) -> bool:
        """Return whether it collects at a unit."""
        return not self.serves or any(f"{unit}.".startswith(f"{code}.") for code in self.serves)


@dataclass(frozen=True, slots=True)
class Partners:
    """All partners, in the order in which jobs are offered to them."""

    all: tuple[Partner, ...]

    def find(self, partner_id: str) -> Partner | None:
        """Return the partner with this id, or None."""
        return next((p for p in self.all if p.id == partner_id), None)

    def serving(self, unit: str) -> tuple[str, ...]:
        """Return the partners that collect at a unit, in order."""
        return tuple(p.id for p in self.all if p.collects(unit))

    def by_token(self, token: str) -> Partner | None:
        """Return the partner whose token this is, or None; takes the same time whichever it is."""
        digest = hashlib.sha256(token.encode()).hexdigest()
        found = None
        for partner in self.all:
            if hmac.compare_digest(partner.token_sha256 or "-" * 64, digest):
                found = partner
        return found if token else None

    def by_uris(self, uris: Sequence[str]) -> Partner | None:
        """Return the partner that a client certificate names, or None.

        A certificate that names two partners names none.
        """
        named = {uri.removeprefix(SPIFFE) for uri in uris if uri.startswith(SPIFFE)}
        return self.find(named.pop()) if len(named) == 1 else None


class _Row(DocumentTable):
    id: Annotated[str, must(_ID.fullmatch, "id", TEXTS.text("partner.id"))]
    name: str
    token_sha256: Annotated[str, must(_is_digest, "token", TEXTS.text("partner.token"))] = ""
    serves: list[str] = Field(default_factory=list)
    serials: Annotated[list[int], must(_is_range, "serials", TEXTS.text("partner.serials"))]


class _PartnersFile(DocumentTable):
    partner: list[_Row] = Field(default_factory=list)


def load(path: Path, mode: str) -> Partners:
    """Read the partners' file.

    Raise ``DocumentError`` with all mistakes when it is wrong, or unsafe for ``mode`` production.
    """
    reader = open_toml(path, "POSTAL_PARTNERS")
    file = read_document(_PartnersFile, reader)
    with reader.rule():
        _check(file.partner if file else [], reader, public=mode == "production")
    reader.raise_mistakes()
    return Partners(
        tuple(
            Partner(row.id, row.name, row.token_sha256, tuple(row.serves), *row.serials)
            for row in (file.partner if file else ())
        )
    )


def _check(rows: Sequence[_Row], reader: DocumentReader, *, public: bool) -> None:
    """Note identities, tokens and serials that two partners share, and tokens known to all."""
    known = {hashlib.sha256(token.encode()).hexdigest() for token in DEVELOPMENT_TOKENS.values()}
    for place, row in enumerate(rows):
        for other in rows[:place]:
            with reader.rule():
                if row.id == other.id:
                    reader.wrong((*row.path, "id"), "twice", TEXTS.text("partner.id_twice"))
            with reader.rule():
                if row.token_sha256 and row.token_sha256 == other.token_sha256:
                    text = TEXTS.text("partner.token_twice")
                    reader.wrong((*row.path, "token_sha256"), "twice", text)
            with reader.rule():
                if row.serials[0] <= other.serials[1] and other.serials[0] <= row.serials[1]:
                    text = TEXTS.text("partner.serials_overlap", one=other.id, other=row.id)
                    reader.wrong((*row.path, "serials"), "overlap", text)
        with reader.rule():
            if public and row.token_sha256 in known:
                text = TEXTS.text("partner.token_public", partner=row.id)
                reader.wrong((*row.path, "token_sha256"), "public", text)
