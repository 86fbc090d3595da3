"""A postal partner for demonstrations and tests: ``python -m partner_sim --help``.

It knows the office by PostalPartnerService alone. On SIGTERM or SIGINT it finishes the calls that
run and prints what it did as one JSON document on stdout. Exit status 0, or 1 when its credential
is refused, 2 for wrong usage.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from dataclasses import fields
from typing import Final

import grpc

from partner_sim.api import Tls, connect
from partner_sim.clock import parse_clock
from partner_sim.fate import Rates
from partner_sim.simulator import Simulator


def main() -> int:
    """Read the arguments and work until asked to end."""
    arguments = _arguments()
    try:
        arguments.clock = parse_clock(arguments.clock)
    except ValueError as wrong:
        print(f"partner_sim: --clock: {wrong}", file=sys.stderr)
        return 2
    return asyncio.run(_run(arguments))


async def _run(arguments: argparse.Namespace) -> int:
    try:
        partner = connect(*_target(arguments))
    except OSError as error:
        print(f"partner_sim: {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    rates = Rates(**{f.name: getattr(arguments, f.name) for f in fields(Rates)})
    simulator = Simulator(partner, arguments.clock, rates, arguments.seed, arguments.pace)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, simulator.end)
    try:
        await simulator.run()
    except grpc.aio.AioRpcError as error:
        print(f"partner_sim: {error.code().name}: {error.details()}", file=sys.stderr)
        return 1
    finally:
        simulator.count.print()
        await partner.close()
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m partner_sim", description=__doc__)
    add = parser.add_argument
    add(
        "--address",
        default="",
        help="the postal service (default MOTCUA_HOST and POSTAL_TLS_PORT, or POSTAL_PORT)",
    )
    add("--token", default=os.environ.get("PARTNER_TOKEN", ""), help="or PARTNER_TOKEN")
    add(
        "--tls",
        action="store_true",
        help="speak TLS; by itself where POSTAL_TLS_PORT is the address, or a file is named here",
    )
    for name, (variable, what) in _FILES.items():
        add(f"--{name}", default="", help=f"{what}, a PEM file (default {variable})")
    add("--seed", type=int, default=1, help="the same seed does the same (default 1)")
    add(
        "--clock",
        default=os.environ.get("MOTCUA_CLOCK") or "real",
        help="the office's time, START@SPEED@ANCHOR (default MOTCUA_CLOCK, or real time)",
    )
    add("--pace", type=float, default=1.0, help="stretches the journey's times (default 1)")
    for field in fields(Rates):
        name = f"--{field.name.replace('_', '-')}"
        add(name, type=_share, default=field.default, help="share, 0 to 1 (default %(default)s)")
    return parser.parse_args()


_FILES: Final = {
    "ca": ("MOTCUA_TLS_CA", "the authorities of the service's certificate"),
    "cert": ("MOTCUA_TLS_OWN_CERT", "the certificate that is shown"),
    "key": ("MOTCUA_TLS_OWN_KEY", "its key"),
}


def _target(arguments: argparse.Namespace) -> tuple[str, str, Tls | None]:
    """Return the address, the token, and how TLS is spoken; None in the clear."""
    host, tls_port = os.environ.get("MOTCUA_HOST") or "127.0.0.1", os.environ.get("POSTAL_TLS_PORT")
    port = tls_port or os.environ.get("POSTAL_PORT") or "7403"
    named = {name: getattr(arguments, name) for name in _FILES}
    secured = arguments.tls or any(named.values()) or bool(tls_port and not arguments.address)
    files = {name: named[name] or os.environ.get(_FILES[name][0], "") for name in _FILES}
    return (
        arguments.address or f"{host}:{port}",
        arguments.token,
        Tls(**files) if secured else None,
    )


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return value


if __name__ == "__main__":
    sys.exit(main())
