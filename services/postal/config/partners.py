"""The postal partners: who they are, how they prove it, and where they collect."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from services.postal.domain.s10 import MAX_SERIAL

SPIFFE = "spiffe://motcua/partner/"
DEVELOPMENT_TOKENS = {
    "buudien": "motcua-development-buudien",
    "chuyenphat": "motcua-development-chuyenphat",
}
_SHIPPED = Path(__file__).with_name("partners.toml")
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FIELDS = {"id", "name", "token_sha256", "serves", "serials"}


class PartnersError(ValueError):
    """The partners' file can't be used; the message names the file, the partner and the rule."""


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


def load(path: Path, mode: str) -> Partners:
    """Read the partners' file.

    Raise ``PartnersError`` when it is wrong, or unsafe for ``mode`` production.
    """
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise PartnersError(f"POSTAL_PARTNERS: {path} can't be read: {error}") from error
    partners = Partners(tuple(_partner(path, row) for row in data.get("partner", [])))
    _check(path, partners.all)
    if mode == "production":
        public = {hashlib.sha256(t.encode()).hexdigest() for t in DEVELOPMENT_TOKENS.values()}
        for partner in partners.all:
            if partner.token_sha256 in public:
                raise PartnersError(
                    f"POSTAL_PARTNERS: {path}: {partner.id} has a public development token"
                )
    return partners


@lru_cache(maxsize=1)
def configured() -> Partners:
    """Read the file that POSTAL_PARTNERS names, or the one for development; once per process."""
    path = os.environ.get("POSTAL_PARTNERS", "")
    return load(Path(path) if path else _SHIPPED, os.environ.get("MOTCUA_MODE", "development"))


def _partner(path: Path, row: dict[str, Any]) -> Partner:
    name = row.get("id", "?")
    try:
        if unknown := set(row) - _FIELDS:
            raise ValueError(f"unknown field {min(unknown)}")
        first, last = row["serials"]
        partner = Partner(
            row["id"],
            row["name"],
            row.get("token_sha256", ""),
            tuple(row.get("serves", ())),
            first,
            last,
        )
        if not _ID.fullmatch(partner.id):
            raise ValueError("id must be lower-case letters, digits and hyphens")
        if partner.token_sha256 and not _SHA256.fullmatch(partner.token_sha256):
            raise ValueError("token_sha256 must be 64 lower-case hexadecimal digits")
        if not 0 <= first <= last <= MAX_SERIAL:
            raise ValueError("serials must be two numbers of at most 8 digits, the lower one first")
    except (KeyError, TypeError, ValueError) as error:
        raise PartnersError(f"POSTAL_PARTNERS: {path}: partner {name}: {error}") from error
    return partner


def _check(path: Path, partners: Sequence[Partner]) -> None:
    def wrong(rule: str) -> PartnersError:
        return PartnersError(f"POSTAL_PARTNERS: {path}: {rule}")

    ids = [p.id for p in partners]
    tokens = [p.token_sha256 for p in partners if p.token_sha256]
    if len(set(ids)) != len(ids):
        raise wrong("two partners have the same id")
    if len(set(tokens)) != len(tokens):
        raise wrong("two partners have the same token")
    ranges = sorted((p.first_serial, p.last_serial, p.id) for p in partners)
    for (_, last, one), (first, _, other) in pairwise(ranges):
        if first <= last:
            raise wrong(f"the serials of {one} and {other} overlap")
