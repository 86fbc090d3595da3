"""What officers see in the desk's lists: exactly the dossiers in which they take part."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date

import pytest
from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import Actor, ActorKind
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import DossierSubmitted
from motcua.intake.v1.intake_pb2 import DossierState, ListDossiersRequest
from motcua.routing.v1.case_events_pb2 import CaseOpened, StepCompleted
from motcua.routing.v1.collaboration_events_pb2 import ConsultationRequested, ParticipantChanged
from motcua.routing.v1.event_parts_pb2 import CurrentStep
from motcua.routing.v1.types_pb2 import Participation
from sqlalchemy import Engine, text

from kernel.base.errors import Forbidden
from kernel.base.instants import HOUR
from office.people.access_scope import AccessScope, officer_key
from office.people.directory import DirectoryUnit, below
from services.intake.queries.dossier_list import page
from services.intake.views import access_index
from tests.support.events import payload_of
from tests.support.intake_samples import MONDAY
from tests.support.intake_store import Story, opened, put

DAY = date(2021, 8, 9)
GONE = DirectoryUnit("H22.70", "Gộp", valid_to=date(2021, 6, 30), successor="H22.60")
UNITS = {GONE.code: GONE}
PLACES = ("H22", "H22.12", "H22.60", "H22.60.05", "H22.60.06", "H22.70", "H22.70.01", "H30.01")
PARTICIPATION = Participation
OFFICERS = ("an", "binh")


class PlacedStory(Story):
    """A dossier, with the units and officers that take part in it."""

    def __init__(self, number: int, unit: str, received: str) -> None:
        super().__init__(f"H22-210809-{number:04d}", MONDAY + number % 7 * HOUR)
        self.units = {unit, received}
        self.officers: set[str] = set()
        self.tell("intake", DossierSubmitted(procedure_code="1.000001", unit=unit))
        who = Actor(kind=ActorKind.ACTOR_KIND_OFFICER, id="mc", unit=received)
        self.events[0].actor.CopyFrom(who)

    def at_step(self, unit: str) -> None:
        """Send the case to a unit."""
        self.units.add(unit)
        self.tell("routing", StepCompleted(next=CurrentStep(unit=unit)))

    def asked(self, unit: str) -> None:
        """Ask a unit for its opinion."""
        self.units.add(unit)
        self.tell("routing", ConsultationRequested(number=1, unit=unit))

    def participates(self, officer: str, *, still: bool) -> None:
        """Let an officer watch, and maybe end that."""
        payload: Message = ParticipantChanged(
            officer=officer, participation=PARTICIPATION.PARTICIPATION_WATCHES
        )
        self.tell("routing", payload)
        if still:
            self.officers.add(officer)
        else:
            self.tell("routing", ParticipantChanged(officer=officer))


def placed_stories(seed: int, count: int) -> list[PlacedStory]:
    """Make dossiers of all units, some of which have been elsewhere."""
    chance = random.Random(seed)
    found = []
    for number in range(count):
        one = PlacedStory(number, chance.choice(PLACES), "")
        if chance.random() < 0.3:
            one = PlacedStory(number, chance.choice(PLACES), chance.choice(PLACES))
        one.tell("routing", CaseOpened(process="standard"))
        if chance.random() < 0.3:
            one.at_step(chance.choice(PLACES))
        if chance.random() < 0.3:
            one.asked(chance.choice(PLACES))
        if chance.random() < 0.2:
            one.participates(chance.choice(OFFICERS), still=chance.random() < 0.7)
        found.append(one)
    return found


def sees(unit: str, officer: str) -> Callable[[PlacedStory], bool]:
    """Return, by the words of the rule and not by its tables, which dossiers an officer sees."""
    own = [unit, GONE.code] if below("H22.60", unit) else [unit]

    def takes_part(one: PlacedStory) -> bool:
        covered = any(below(there, mine) for there in one.units for mine in own if there)
        return officer in one.officers or covered

    return takes_part


def walk(engine: Engine, access_scope: AccessScope | None, size: int, **more: object) -> list[str]:
    """Read a list to its end; every page but the last is full."""
    request, codes = ListDossiersRequest(page_size=size, **more), []  # type: ignore[arg-type]
    with engine.connect() as connection:
        while True:
            answer = page(connection, request, access_scope=access_scope)
            codes += [dossier.dossier_code for dossier in answer.dossiers]
            if not answer.next_page_token:
                return codes
            assert len(answer.dossiers) == size
            request.page_token = answer.next_page_token


def events_of(stories: list[PlacedStory]) -> list[Event]:
    """Return all events, dossier by dossier."""
    return [event for story in stories for event in story.events]


@pytest.mark.parametrize("unit", ["H22", "H22.12", "H22.60", "H22.60.05", "H30", "", "H22.6"])
@pytest.mark.parametrize("officer", ["an", "chi"])
def test_a_list_holds_what_the_officer_takes_part_in(
    database_url: str, unit: str, officer: str
) -> None:
    """Pages of any size, full ones, with each dossier once, the newest first, and no other's."""
    stories = placed_stories(seed=11, count=120)
    access_scope = AccessScope(unit, officer, UNITS, DAY)
    with opened(database_url) as engine:
        put(engine, events_of(stories))
        everything = walk(engine, None, 200)
        mine = {story.code for story in stories if sees(unit, officer)(story)}
        expected = [code for code in everything if code in mine]
        for size in (1, 7, 200):
            assert walk(engine, access_scope, size) == expected
        assert len(everything) == 120
        assert len(expected) < 120


def test_filters_narrow_what_is_seen(database_url: str) -> None:
    """A filter keeps of what is seen what it names; another's unit shows what one takes part in."""
    stories = placed_stories(seed=12, count=120)
    access_scope = AccessScope("H22.60", "an", UNITS, DAY)
    state = DossierState.DOSSIER_STATE_SUBMITTED
    with opened(database_url) as engine:
        put(engine, events_of(stories))
        seen = walk(engine, access_scope, 200)
        for more in ({"state": state}, {"unit": "H22.60.05"}, {"unit": "H22.12"}, {"channel": 1}):
            whole = walk(engine, None, 200, **more)
            expected = [code for code in whole if code in seen]
            assert walk(engine, access_scope, 5, **more) == expected
        assert (
            0
            < len(walk(engine, access_scope, 5, unit="H22.12"))
            < len(walk(engine, None, 5, unit="H22.12"))
        )


def test_one_dossier_is_shown_to_whom_its_list_shows_it(database_url: str) -> None:
    """The same readers decide about one dossier as about a list."""
    stories = placed_stories(seed=13, count=80)
    with opened(database_url) as engine:
        put(engine, events_of(stories))
        for unit, officer in (("H22.60.05", "an"), ("H22.12", "binh"), ("H30.01", "chi")):
            access_scope = AccessScope(unit, officer, UNITS, DAY)
            listed = set(walk(engine, access_scope, 200))
            with engine.connect() as connection:
                for story in stories:
                    own = payload_of(story.events[0], DossierSubmitted).unit
                    try:
                        access_scope.require([own], access_index.readers(connection, story.code))
                        shown = True
                    except Forbidden:
                        shown = False
                    assert shown == (story.code in listed)


def test_only_units_beside_the_usual_ones_are_kept(database_url: str) -> None:
    """A dossier that stays where it belongs costs no row more."""
    one = PlacedStory(1, "H22.60.05", "H22.60.05")
    one.at_step("H22.60")
    one.asked("H22.60.06")
    one.participates("an", still=True)
    with opened(database_url) as engine:
        put(engine, one.events)
        with engine.connect() as connection:
            kept = connection.execute(text("select reader from readers")).scalars()
            assert sorted(kept) == [officer_key("an"), "H22.60.06"]
