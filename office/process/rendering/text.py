"""Writer of processes as text, one line for each part."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from office.process.model.conditions import Condition
from office.process.model.process import Child, Consultation, Process, Step, Title
from office.process.rendering.wording import AsWritten

_NAMES: Final = AsWritten("en")


def render_text(process: Process, language: str = "vi") -> str:
    """Return a process as text, with its titles in ``vi`` or ``en``."""

    def title_in(title: Title) -> str:
        return title.vi if language == "vi" else title.en

    period = process.supplement_period
    lines = [
        f"{process.name} v{process.version}  {title_in(process.title)}",
        f"warning {process.warning}, supplements {process.supplement_rounds} x {period}",
    ]
    for fact in process.facts:
        values = " / ".join(fact.values) or "a whole number"
        lines.append(f"fact {fact.name} ({title_in(fact.title)}): {values}")
    for rule in process.documents.values():
        review = f"reviewed by {rule.review}, " if rule.review else ""
        needed = ", required" if rule.required else ""
        lines.append(f"document {rule.kind}: {review}signed by {rule.sign}{needed}")
    for number, step in enumerate(process.steps, 1):
        limit = "" if str(step.time_limit) == "none" else f", {step.time_limit}"
        details = f"{step.unit}, {step.role}{limit}, national state {step.national_state}"
        lines += ["", f"{number}. {step.name}  {title_in(step.title)}  ({details})"]
        lines += [f"   {line}" for line in _parts(step, title_in)]
    return "\n".join(lines)


def _parts(step: Step, title: Callable[[Title], str]) -> list[str]:
    lines = [f"states {', '.join(step.states)}"] if step.states else []
    besides: list[tuple[str, Consultation | Child, str]] = [
        *(("asks ", it, f"{it.unit}, {it.role}, {it.time_limit}") for it in step.consultations),
        *(("opens", it, it.procedure) for it in step.children),
    ]
    for verb, it, details in besides:
        waits = "waits" if it.waits else "goes on"
        lines.append(f"{verb} {it.name}: {title(it.title)} ({details}, {waits}){_when(it.when)}")
    for transition in step.transitions:
        arrow = "<-" if transition.back else "->"
        name, condition = transition.name, _when(transition.when)
        lines.append(f"{arrow} {transition.to}  {name}: {title(transition.title)}{condition}")
    lines += [f"after {timer.after} takes {timer.take}" for timer in step.timers]
    return [*lines, "** gives the result"] if step.resolves else lines


def _when(condition: Condition) -> str:
    text = _NAMES.condition(condition)
    return f"  [{text}]" if text else ""
