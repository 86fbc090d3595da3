"""The notify service: what it is made of. Run with ``python -m services.notify.main``."""

from __future__ import annotations

import sys

from services.kernel.model import Model
from services.kernel.service import Parts, Runtime, run
from services.notify import reactions, rpc, settings, views
from services.notify.decider import State, evolve
from services.notify.sender import Sender
from services.notify.tables import KERNEL, OPERATIONAL, RECIPIENTS
from services.people.shelf import configured

MODEL = Model(
    source="notify",
    tables=KERNEL,
    projections=views.PROJECTIONS,
    reactions=reactions.REACTIONS,
    initial=State(),
    evolve=evolve,
    by_dossier=(RECIPIENTS,),
    operational=OPERATIONAL,
)


def build(runtime: Runtime) -> Parts:
    """Compose the service; raises ``ValueError`` for settings that can't be used."""
    return Parts(
        servicers=(rpc.service(rpc.NotifyServicer(runtime.commands, runtime.reads)),),
        workers=(Sender(runtime, settings.load(), configured(MODEL.source)),),
    )


def main() -> None:
    """Run the service; exit status 2, with the reason, for settings that can't be used."""
    try:
        settings.load()
    except ValueError as wrong:
        print(f"notify: {wrong}", file=sys.stderr)
        sys.exit(2)
    configured(MODEL.source)  # a directory that can't be used ends the process here
    run("notify", MODEL, build)


if __name__ == "__main__":
    main()
