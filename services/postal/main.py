"""The postal service: what it is made of. Run with ``python -m services.postal.main``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Final

from services.kernel.clock import Clock
from services.kernel.instants import HOUR, local_date
from services.kernel.model import Model
from services.kernel.rpc.identity import Caller
from services.kernel.service import Parts, Runtime, run
from services.people.shelf import configured as directory
from services.people.sight import Sight, sight_of
from services.postal import partner_rpc, reactions, rpc, views, watches
from services.postal.decider import INITIAL, evolve
from services.postal.office import Office
from services.postal.partners import configured
from services.postal.queries import Queries
from services.postal.tables import KERNEL, SUBMISSIONS

OFFICE_ZONE: Final = "Asia/Ho_Chi_Minh"
MODEL = Model(
    source="postal",
    tables=KERNEL,
    projections=views.PROJECTIONS,
    reactions=reactions.REACTIONS,
    initial=INITIAL,
    evolve=evolve,
    by_dossier=(SUBMISSIONS,),
)


def lease_from_environment() -> int:
    """Read POSTAL_LEASE_HOURS, hours of the office's time (24 unless told), as microseconds.

    Raises ``ValueError`` naming the variable.
    """
    text = os.environ.get("POSTAL_LEASE_HOURS", "24")
    try:
        hours = float(text)
    except ValueError:
        hours = 0
    if not 0 < hours <= 24 * 365:
        raise ValueError(f"POSTAL_LEASE_HOURS: must be a number of hours above 0, got {text!r}")
    return int(hours * HOUR)


def build(runtime: Runtime) -> Parts:
    """Compose the service; raises ``ValueError`` for settings that can't be used."""
    partners = configured()
    office = Office(partners, lease_from_environment())
    queries = Queries(runtime.keyring, partners)
    bell = partner_rpc.Bell()
    runtime.writer.on_publish(bell.ring)
    commands, reads = runtime.commands, runtime.reads
    sight = _sight(runtime.clock)
    return Parts(
        servicers=(
            rpc.service(rpc.PostalServicer(commands, reads, office, queries, sight)),
            partner_rpc.service(
                partner_rpc.PartnerServicer(commands, reads, office, queries, bell), partners
            ),
        ),
        watches=(watches.leases(office),),
    )


def _sight(clock: Clock) -> Callable[[Caller], Sight | None]:
    """Give what tells which units' jobs a caller sees, by the directory as it is now."""
    people = directory("postal")

    def sight(who: Caller) -> Sight | None:
        units = people().units if people else {}
        return sight_of(who, units, local_date(clock.now(), OFFICE_ZONE))

    return sight


def main() -> None:
    """Run the service; exit status 2, with the reason, for settings that can't be used."""
    try:
        configured()
        lease_from_environment()
    except ValueError as wrong:
        print(f"postal: {wrong}", file=sys.stderr)
        sys.exit(2)
    run("postal", MODEL, build)


if __name__ == "__main__":
    main()
