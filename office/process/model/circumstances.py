"""The facts that conditions of a process can test, by their names in the file."""

from __future__ import annotations

from collections.abc import Iterable

from office.process.model.conditions import CHANNELS, LEVELS, RESULT_CHANNELS, STATED


def circumstances(
    *,
    procedure: str,
    unit: str,
    channel: int,
    level: int,
    result_channel: int,
    rounds: int,
    stated: Iterable[tuple[str, str]],
) -> dict[str, str]:
    """Return the circumstances of a case from the enum numbers of its events; unset ones are left
    out.
    """
    known = {"procedure": procedure, "unit": unit, "supplement_rounds": str(rounds)}
    for name, names, number in (
        ("channel", CHANNELS, channel),
        ("level", LEVELS, level),
        ("result_channel", RESULT_CHANNELS, result_channel),
    ):
        if 0 < number <= len(names):
            known[name] = names[number - 1]
    return known | {STATED + name: value for name, value in stated}
