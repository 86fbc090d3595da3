"""The services' models as tests use them: with the files that ship, no directory of people."""

from services.audit import definition as audit
from services.intake import definition as intake
from services.intake.application.reactions import ChildDossierOpener
from services.notify import definition as notify
from services.postal import definition as postal
from services.routing import definition as routing

CHILD_OPENER = ChildDossierOpener()
"""Intake's; a test whose dossiers have children gives it handlers, and takes them back."""
OFFICE = routing.make_context_loader()
INTAKE = intake.make_model(CHILD_OPENER)
ROUTING = routing.make_model(OFFICE)
POSTAL = postal.make_model()
NOTIFY = notify.make_model()
AUDIT = audit.make_model()
MODELS = {model.source: model for model in (INTAKE, ROUTING, POSTAL, NOTIFY, AUDIT)}
