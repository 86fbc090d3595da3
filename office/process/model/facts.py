"""What conditions of a process can look at, in the words of the file."""

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
    """Return them from the numbers of the events; a word that is not said is left out."""
    known = {"procedure": procedure, "unit": unit, "supplement_rounds": str(rounds)}
    for name, names, number in (
        ("channel", CHANNELS, channel),
        ("level", LEVELS, level),
        ("result_channel", RESULT_CHANNELS, result_channel),
    ):
        if 0 < number <= len(names):
            known[name] = names[number - 1]
    return known | {STATED + name: value for name, value in stated}
