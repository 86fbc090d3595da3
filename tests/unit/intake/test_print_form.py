"""Whether a form is printed, and which."""

from datetime import date

from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import FormPrinted

from kernel.base.errors import Refusal
from office.forms.choice import FormKind
from services.intake.domain.state import State, evolve
from services.intake.domain.use_cases.print_form import print_form
from tests.support.events import make_event
from tests.support.intake_samples import MONDAY, OFFICER

_OLD, _NEW = date(2025, 9, 14), date(2025, 9, 15)
_ABOUT = ("intake", 2)


def _event(sequence: int, printed: FormPrinted) -> Event:
    return make_event(
        "H22.12-250915-0001",
        "intake",
        sequence,
        printed,
        actor=OFFICER,
        occurred_at=MONDAY,
        recorded_at=MONDAY,
        causation_id="",
        correlation_id="",
    )


def _printed(state: State, day: date) -> FormPrinted:
    decision = print_form(state, FormKind.RECEIPT, _ABOUT, day)
    assert not isinstance(decision, Refusal)
    return decision[0]


def test_prints_are_counted() -> None:
    """The first is no reprint; each later one is, by its number."""
    state, copies = State(), []
    for sequence in range(1, 4):
        printed = _printed(state, _NEW)
        copies.append(printed.copy)
        state = evolve(state, _event(sequence, printed))
    assert copies == [0, 1, 2]


def test_the_form_of_another_event_is_no_reprint() -> None:
    """A second request for papers has a first print of its own."""
    state = State(prints={("supplement", "routing", 3): 4})
    copies = []
    for about in (("routing", 3), ("routing", 7)):
        decision = print_form(state, FormKind.SUPPLEMENT, about, _NEW)
        assert not isinstance(decision, Refusal)
        copies.append(decision[0].copy)
    assert copies == [4, 0]


def test_a_form_without_its_event_is_not_printed() -> None:
    """Nobody asked for papers."""
    refused = print_form(State(), FormKind.SUPPLEMENT, None, _NEW)
    assert isinstance(refused, Refusal)
    assert refused.code == "NOTHING_TO_PRINT"


def test_the_form_is_of_the_day_of_receipt() -> None:
    """Both circulars have it as number 01."""
    found = [(p.form_number, p.circular) for p in (_printed(State(), d) for d in (_OLD, _NEW))]
    assert found == [("01", "01/2018/TT-VPCP"), ("01", "03/2025/TT-VPCP")]


def test_what_is_not_accepted_has_no_receipt() -> None:
    """Nothing is promised yet."""
    refused = print_form(State(), FormKind.RECEIPT, None, _NEW)
    assert isinstance(refused, Refusal)
    assert refused.code == "NOT_ACCEPTED"


def test_a_form_that_its_day_did_not_have_is_not_printed() -> None:
    """The stop notice came with the circular of 2025."""
    refused = print_form(State(), FormKind.STOP, _ABOUT, _OLD)
    assert isinstance(refused, Refusal)
    assert refused.code == "FORM_NOT_IN_FORCE"
