"""The services' models as tests use them: with the files that ship, no directory of people."""

from office.catalogue.known_units import shipped_units
from office.permissions import shipped
from services.audit import definition as audit
from services.intake import definition as intake
from services.intake.application.reactions import ChildDossierOpener
from services.notify import definition as notify
from services.postal import definition as postal
from services.routing import definition as routing
from services.routing.application.decision_context import CaseContextLoader
from services.routing.config.escalation_files import SHIPPED, load_policies
from tests.support.office_files import PARTNERS, office_calendars, standard_processes

CHILD_OPENER = ChildDossierOpener()
"""Intake's; a test whose dossiers have children gives it handlers, and takes them back."""
OFFICE = CaseContextLoader(
    standard_processes(), office_calendars, load_policies(SHIPPED, shipped().roles, shipped_units())
)
INTAKE = intake.make_model(CHILD_OPENER)
ROUTING = routing.make_model(OFFICE)
POSTAL = postal.make_model(PARTNERS)
NOTIFY = notify.make_model()
AUDIT = audit.make_model()
MODELS = {model.source: model for model in (INTAKE, ROUTING, POSTAL, NOTIFY, AUDIT)}
