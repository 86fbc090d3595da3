"""Prints forms: takes together what stands on one, and has its page set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.intake_pb2 import Applicant, GetFormResponse

from kernel.crypto.keyring import Keyring
from office.catalogue.model import Catalogue
from office.forms.choice import FormKind
from office.forms.typesetting import FormTemplates
from office.people.directory import Directory
from office.sealed_text import AnswerOpener
from services.intake.queries import form_contents
from services.intake.queries.dossier import Row
from services.intake.queries.form_contents import Surroundings


@dataclass(frozen=True)
class FormPrinter:
    """The office's templates, and what they tell of the office; threads may share it."""

    templates: FormTemplates
    people: Callable[[], Directory] | None
    portal: str
    keyring: Keyring

    def pdf(
        self,
        printed: GetFormResponse,
        row: Row,
        events: Sequence[Event],
        applicant: Applicant | None,
        catalogue: Catalogue,
    ) -> bytes:
        """Return the page of a print that was recorded; the same each time."""
        version = catalogue.version(row["procedure_code"], row["procedure_version"])
        around = Surroundings(
            applicant,
            catalogue.units,
            self.people().officers if self.people else {},
            {part.code: part.kind for part in version.parts} if version else {},
            self.portal,
        )
        opened = AnswerOpener(self.keyring).open
        content = form_contents.content_of(events, printed, around, opened)
        return self.templates.pdf(FormKind(printed.form), content, printed.printed_at.seconds)
