"""The services' models as tests use them: with the files that ship, no directory of people."""

from services.audit import definition as audit
from services.intake import definition as intake
from services.intake.application.reactions import Desk
from services.notify import definition as notify
from services.postal import definition as postal
from services.routing import definition as routing

DESK = Desk()
"""Intake's desk; a test whose dossiers ask for others gives it an office, and takes it back."""
OFFICE = routing.make_context_loader()
INTAKE = intake.make_model(DESK)
ROUTING = routing.make_model(OFFICE)
POSTAL = postal.make_model()
NOTIFY = notify.make_model()
AUDIT = audit.make_model()
MODELS = {model.source: model for model in (INTAKE, ROUTING, POSTAL, NOTIFY, AUDIT)}
