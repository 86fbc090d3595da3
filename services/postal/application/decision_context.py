"""The decision context of offers: who collects, and which numbers are free."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kernel.eventsourcing.unit_of_work import UnitOfWork
from services.postal.config.partners import Partner, Partners
from services.postal.domain.decider import OfferContext
from services.postal.domain.s10 import item_number
from services.postal.tables import COUNTERS, ITEMS


def offers(uow: UnitOfWork, partners: Partners, unit: str) -> OfferContext:
    """Return who collects at a unit, and the number that each partner's next offer gets."""
    numbers = {p.id: _last(uow, p.id, "last_offer") + 1 for p in partners.all}
    return OfferContext(partners.serving(unit), numbers)


def still_owed(submission: Mapping[str, Any] | None) -> tuple[int, int]:
    """Return the phí and the lệ phí that a dossier still owes, in đồng."""
    if submission is None or submission["exemptions"]:
        return 0, 0
    phi, le_phi = (
        max(0, submission[f"{kind}_owed"] - submission[f"{kind}_paid"])
        for kind in ("phi", "le_phi")
    )
    return phi, le_phi


def left_to_collect(job: Mapping[str, Any], owed: tuple[int, int]) -> tuple[int, int]:
    """Return the phí and the lệ phí that the holder is to collect: of what the taking said, no more
    than the dossier still owes.
    """
    return min(job["collect_phi"], owed[0]), min(job["collect_le_phi"], owed[1])


def next_serial(uow: UnitOfWork, partner: Partner) -> int | None:
    """Return the first free serial of the partner's series; None when none is left."""
    serial = max(_last(uow, partner.id, "last_serial") + 1, partner.first_serial)
    while serial <= partner.last_serial:
        if uow.get(ITEMS, item_number(serial)) is None:
            return serial
        serial += 1
    return None


def _last(uow: UnitOfWork, partner_id: str, column: str) -> int:
    row = uow.get(COUNTERS, partner_id)
    return 0 if row is None else int(row[column])
