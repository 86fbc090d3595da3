"""Processes written as YAML."""

from __future__ import annotations

from kernel.documents.mistakes import DocumentMistake
from office.process.repository import check_text

HEAD = """process: p
version: 1
title: {vi: Quy trình, en: Process}
"""


def step(name: str, ways: str = "", more: str = "") -> str:
    """Write a step; ``ways`` are lines of transitions, without one it gives the result."""
    text = f"""  - name: {name}
    title: {{vi: Bước, en: Step}}
    unit: dossier
    role: specialist
    national_state: 4
"""
    if not ways and "resolves" not in more:
        text += "    resolves: true\n"
    if ways:
        text += "    transitions:\n" + "".join(f"      - {way}\n" for way in ways.split("\n"))
    return text + "".join(f"    {line}\n" for line in more.split("\n") if line)


def way(to: str, more: str = "", name: str = "") -> str:
    return f"{{name: {name or 'to-' + to}, title: {{vi: Đi, en: Go}}, to: {to}{more}}}"


def process(*steps: str, head: str = HEAD) -> str:
    return head + "steps:\n" + "".join(steps or (step("a"),))


def mistakes(text: str, units: set[str] | None = None) -> list[DocumentMistake]:
    return check_text(text, "p.yaml", units)[1]


FACTS = "facts:\n  - {name: size, title: {vi: Cỡ, en: Size}, values: [big, small]}\n"


AREA = "facts:\n  - {name: area, title: {vi: Đất, en: Area}, kind: number}\n"
