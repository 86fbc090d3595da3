"""The life of one dossier in the week, played by the office's clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cache

from google.protobuf.timestamp_pb2 import Timestamp
from motcua.routing.v1 import routing_pb2 as routing
from motcua.routing.v1.routing_pb2 import CaseStep

from demo.results.own_count import Entry, OwnCount, PlayedStep
from demo.week import consultations, immediate_service, papers
from demo.week.office_client import OfficeClient
from demo.week.pauses import PAUSES, ask_opinion, extend, give_opinion
from demo.week.scenario import Filing, as_child
from kernel.base.clock import Clock
from kernel.base.instants import HOUR, MINUTE, SECOND, to_us
from office.worktime.calendars.model import Calendar
from office.worktime.calendars.vietnam import state_office
from office.worktime.durations import Duration
from office.worktime.working_time import due_at, next_working_instant, working_us


@cache
def _calendar() -> Calendar:
    return state_office()


A_DAY = Duration.parse("1wd")
TIME_FOR_AN_APOLOGY = 10 * HOUR
"""Working time before the due date: the working day that the rule asks for, and some hours."""


def _us(moment: Timestamp) -> int | None:
    return to_us(moment) if moment.seconds else None


class Week:
    """Plays dossiers until the week's last working minute."""

    def __init__(
        self, client: OfficeClient, own_count: OwnCount, clock: Clock, speed: float, closes: int
    ) -> None:
        self._client = client
        self._own_count = own_count
        self._clock = clock
        self._speed = speed
        self._closes = closes

    async def live(self, filing: Filing) -> None:
        """Play one dossier from its submission as far as it comes."""
        await self._until(filing.at)
        submitted = await self._client.submit(filing)
        entry = Entry(
            number=filing.number,
            code=submitted.dossier_code,
            unit=filing.offer.unit,
            channel=filing.channel,
            result_channel=filing.result_channel,
            consent=filing.consent,
        )
        self._own_count.entries.append(entry)
        entry.expect_mail("submitted")
        if filing.paper:
            await papers.hand_in(self._client, filing, entry, submitted.pin)
        if filing.channel == "online" and not await self._work(self._clock.now() + HOUR):
            return
        if filing.refused:
            await self._client.refuse(entry.code, entry.unit)
            entry.refused = True
            entry.expect_mail("refused")
            return
        if submitted.HasField("fees"):
            await self._client.pay(entry.code, entry.unit, submitted.fees)
        accepted = await self._client.accept(entry.code, entry.unit)
        entry.accepted_at = to_us(accepted.accepted_at)
        entry.due_at = _us(accepted.due_at)
        entry.expect_mail("accepted")
        entry.process = (await self._client.case(entry.code, entry.unit)).case.process
        entry.asked = consultations.asked_at_once(entry.process)
        if entry.process == immediate_service.PROCESS:
            await immediate_service.serve(
                self._client, self._clock, filing.number, entry, self._work
            )
        elif await self._process(filing, entry, submitted.pin):
            await self._give_result(filing, entry)

    async def _process(self, filing: Filing, entry: Entry, pin: str) -> bool:
        """Play the departments' work; return whether the dossier was resolved in the week."""
        children = await self._children(filing, entry)
        if filing.withdrawn:
            if await self._work(self._clock.now() + 2 * HOUR):
                await self._withdraw(entry, pin)
            return False
        asked = False
        paused = ""
        steps = 0
        while True:
            found = await self._client.case(entry.code, entry.unit)
            last = found.resolvable and not found.next_steps
            step = found.case.current
            if not await self._work(self._next_moment(filing, entry, step, steps, last=last)):
                return False
            if filing.pause and not asked:
                asked, paused = True, step.step
                if not await self._pause(filing, entry, pin, step):
                    return False
                continue
            if steps == 0:
                await self._client.assign(entry.code, step)
                await papers.open_all(self._client, entry)
                await self._extend(filing, entry)
                if filing.consulted and not last and not await self._consult(entry, step):
                    return False
                if not await self._others_work(entry, children):
                    return False
                if not await consultations.answers(self._client, self._clock, entry, self._work):
                    return False
            if last:
                break
            asked_at = self._clock.now()
            await consultations.complete(self._client, entry, found)
            self._done(entry, step, asked_at, paused=step.step == paused)
            steps += 1
        overdue = entry.due_at is not None and self._clock.now() >= entry.due_at - 30 * MINUTE
        asked_at = self._clock.now()
        case = await self._client.resolve(entry.code, step, filing.number, late=overdue)
        self._done(entry, step, asked_at, paused=step.step == paused)
        entry.resolved_at = _us(case.ended_at)
        entry.expect_mail("resolved")
        return True

    async def _children(self, filing: Filing, entry: Entry) -> list[tuple[Filing, Entry]]:
        """Find the dossiers that other agencies work on for this one."""
        found = await self._case_when(
            entry, lambda case: all(child.dossier_code for child in case.children)
        )
        children = []
        for child in found.children:
            case = (await self._client.case(child.dossier_code, entry.unit)).case
            made = Entry(
                number=filing.number,
                code=case.dossier_code,
                unit=case.unit,
                channel="internal",
                result_channel="",
                consent=False,
                accepted_at=_us(case.opened_at),
                due_at=_us(case.due_at),
                process=case.process,
                parent=entry.code,
            )
            self._own_count.entries.append(made)
            children.append((as_child(filing), made))
        return children

    async def _others_work(self, entry: Entry, children: list[tuple[Filing, Entry]]) -> bool:
        """Play the other agencies' part; False when the week ends before they are done."""
        for filing, child in children:
            if not await self._process(filing, child, ""):
                return False
        await self._case_when(entry, lambda case: all(child.ending for child in case.children))
        return True

    async def _consult(self, entry: Entry, step: CaseStep) -> bool:
        """Have another unit asked and answer; False when the week ends before it does."""
        unit = await ask_opinion(self._client, entry.code, step)
        entry.asked += 1
        if not await self._work(self._clock.now() + (1 + entry.number % 5) * HOUR):
            return False
        await give_opinion(self._client, entry.code, unit, entry.asked)
        entry.answered += 1
        return True

    async def _withdraw(self, entry: Entry, pin: str) -> None:
        await self._client.withdraw(entry.code, pin)
        found = await self._case_when(entry, lambda case: case.case.HasField("withdrawal"))
        answer = routing.AnswerWithdrawalRequest(
            dossier_code=entry.code, number=found.case.withdrawal.number, approved=True
        )
        case = await self._client.decide("AnswerWithdrawal", answer, entry.unit, "leader")
        entry.withdrawn_at = _us(case.ended_at)
        entry.expect_mail("withdrawn")

    async def _pause(self, filing: Filing, entry: Entry, pin: str, step: CaseStep) -> bool:
        """Let the clock stand still for some hours; False when the week ends before they do."""
        pause = PAUSES[filing.pause]
        await pause.begin(self._client, filing, entry.code, step)
        entry.suspended = True
        entry.pauses.append(filing.pause)
        entry.expect_mail(pause.begun_mail)
        if not await self._work(self._clock.now() + (3 + filing.number % 9) * HOUR):
            return False
        if filing.pause == "supplement":
            await papers.hand_in(self._client, filing, entry, pin, supplement=True)
        await pause.end(self._client, filing, entry.code, step, pin)
        found = await self._case_when(
            entry, lambda case: case.case.state == routing.CASE_STATE_RUNNING
        )
        entry.suspended = False
        entry.due_at = _us(found.case.due_at)
        entry.expect_mail(pause.ended_mail)
        return True

    async def _case_when(
        self, entry: Entry, holds: Callable[[routing.GetCaseResponse], bool]
    ) -> routing.GetCaseResponse:
        """Wait until something holds of the case."""
        while not holds(found := await self._client.case(entry.code, entry.unit)):
            await asyncio.sleep(0.05)
        return found

    async def _extend(self, filing: Filing, entry: Entry) -> None:
        """Move the promised date by a working day, where there is time for an apology."""
        due = entry.due_at
        if not filing.extended or due is None:
            return
        if working_us(_calendar(), self._clock.now(), due) < TIME_FOR_AN_APOLOGY:
            return
        case = await extend(self._client, filing, entry.code, due, due_at(_calendar(), due, A_DAY))
        entry.extended = True
        entry.due_at = _us(case.due_at)
        entry.expect_mail("extended")

    def _done(self, entry: Entry, step: CaseStep, asked_at: int, *, paused: bool) -> None:
        due, answered_at = _us(step.due_at), self._clock.now()
        entry.steps.append(PlayedStep(step.step, due, asked_at, answered_at, paused))

    async def _give_result(self, filing: Filing, entry: Entry) -> None:
        if filing.result_channel == "online":
            entry.handed_over = True
            entry.expect_mail("returned")
            return
        comes = filing.result_channel == "counter" and filing.number % 5 != 0
        if comes and await self._work(self._clock.now() + (1 + filing.number % 4) * HOUR):
            await self._client.hand_over(entry.code, entry.unit)
            entry.handed_over = True
            entry.expect_mail("returned")

    # -- time --------------------------------------------------------------------------------------

    def _next_moment(
        self, filing: Filing, entry: Entry, step: CaseStep, steps: int, *, last: bool
    ) -> int:
        """Spread the steps over the part of the promised time that this dossier takes; who is not
        late keeps the limit of the step too.
        """
        now = self._clock.now()
        if entry.accepted_at is None or entry.due_at is None:
            return now + 4 * HOUR
        whole = working_us(_calendar(), entry.accepted_at, entry.due_at)
        part = 1.0 if last else min(0.9, (steps + 1) / 4)
        wanted = int(whole * filing.pace * part)
        moment = _calendar().span_index.after(entry.accepted_at, max(wanted, MINUTE))
        due = _us(step.due_at)
        if filing.late or due is None or due <= now:
            return moment
        left = working_us(_calendar(), now, due)
        return min(moment, _calendar().span_index.after(now, max(int(left * filing.pace), MINUTE)))

    async def _work(self, at: int) -> bool:
        """Wait until an instant, or the next working one; False when the week is over by then."""
        at = next_working_instant(_calendar(), max(at, self._clock.now()))
        if at > self._closes:
            return False
        await self._until(at)
        return True

    async def _until(self, at: int) -> None:
        while (left := at - self._clock.now()) > 0:
            await asyncio.sleep(min(left / SECOND / self._speed, 5.0))
