"""The decision to print a form about a dossier. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from motcua.intake.v1.dossier_events_pb2 import FormPrinted

from kernel.base.errors import Refusal
from office.forms.choice import FormKind, form_of
from services.intake.domain.refusals import refusal
from services.intake.domain.state import State

About = tuple[str, int]
"""The source and the sequence of an event of the dossier."""


def print_form(
    state: State, kind: FormKind, about: About | None, received_on: date
) -> Sequence[FormPrinted] | Refusal:
    """Record a print; ``about`` is the event that the form tells, None where there is none.

    ``received_on`` is the local day of the acceptance, or of the submission without any.
    """
    if about is None:
        return refusal("NOT_ACCEPTED" if kind is FormKind.RECEIPT else "NOTHING_TO_PRINT")
    form = form_of(kind, received_on)
    if form is None:
        return refusal("FORM_NOT_IN_FORCE")
    source, sequence = about
    return [
        FormPrinted(
            form=kind.value,
            form_number=form.number,
            circular=form.circular,
            copy=state.prints.get((kind.value, source, sequence), 0),
            about_source=source,
            about_sequence=sequence,
        )
    ]
