"""The decision to print a form about a dossier. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from motcua.intake.v1.dossier_events_pb2 import FormPrinted

from kernel.base.errors import Refusal
from office.forms.choice import FormKind, form_of
from services.intake.domain.refusals import refusal
from services.intake.domain.state import State


def print_form(
    state: State, kind: FormKind, accepted_on: date | None
) -> Sequence[FormPrinted] | Refusal:
    """Record a print; ``accepted_on`` is the local day of the acceptance, None without any."""
    if accepted_on is None:
        return refusal("NOT_ACCEPTED")
    form = form_of(kind, accepted_on)
    if form is None:
        return refusal("FORM_NOT_IN_FORCE")
    copy = state.prints.get(kind.value, 0)
    return [
        FormPrinted(form=kind.value, form_number=form.number, circular=form.circular, copy=copy)
    ]
