"""The commands and questions of the week's citizens and officers, through the services' public
gRPC interfaces and nothing else.
"""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from motcua.events.v1.common_pb2 import Channel, ResultChannel
from motcua.intake.v1 import files_pb2 as files
from motcua.intake.v1 import intake_pb2 as intake
from motcua.intake.v1.files_pb2_grpc import FileServiceStub
from motcua.intake.v1.intake_pb2_grpc import IntakeServiceStub
from motcua.routing.v1 import routing_pb2 as routing
from motcua.routing.v1.routing_pb2_grpc import CaseServiceStub, WorkListServiceStub
from motcua.routing.v1.types_pb2 import CaseResult

from demo.results.own_count import OwnCount
from demo.week.officer_directory import id_of
from demo.week.scenario import Filing, ScenarioOffer
from kernel.auth.issuer import LocalIssuer
from kernel.rpc.client import explain, metadata
from office.worktime.durations import DurationUnit, TimeLimit

TIMEOUT = 10.0
PATIENCE = 30.0
CHANNELS = {
    "online": Channel.CHANNEL_ONLINE,
    "counter": Channel.CHANNEL_COUNTER,
    "post": Channel.CHANNEL_POST,
}
RESULTS = {
    "online": ResultChannel.RESULT_CHANNEL_ONLINE,
    "counter": ResultChannel.RESULT_CHANNEL_COUNTER,
    "post": ResultChannel.RESULT_CHANNEL_POST,
}
_NAME_OF = {number: name for name, number in CHANNELS.items()}
_RESULT_OF = {number: name for name, number in RESULTS.items()}
_LATER = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.UNKNOWN,  # a connection that broke within a stream
    grpc.StatusCode.CANCELLED,
}


class RequestRefused(Exception):
    """A service refused a call; ``reason`` is the code of the rule."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(f"{reason} {text}")
        self.reason = reason


class OfficeClient:
    """Calls the services as citizens, and as officers of the counter and of the departments."""

    def __init__(
        self, intake_channel: Any, routing_channel: Any, own_count: OwnCount, issuer: LocalIssuer
    ) -> None:
        """``issuer`` signs for whoever calls."""
        self._intake: Any = IntakeServiceStub(intake_channel)
        self._files: Any = FileServiceStub(intake_channel)
        self._work_list: Any = WorkListServiceStub(routing_channel)
        self._cases: Any = CaseServiceStub(routing_channel)
        self._own_count = own_count
        self._issuer = issuer

    def _citizen(self) -> Any:
        return metadata(self._issuer.token("citizen", ""))

    def _officer(self, unit: str, role: str) -> Any:
        return metadata(self._issuer.token("officer", id_of(unit, role), unit, (role,)))

    def _counter(self, unit: str) -> Any:
        return self._officer(unit, "receptionist")

    async def offers(self) -> list[ScenarioOffer]:
        """Read the portal's list of procedures."""
        answer = await self._ask(
            self._intake.ListProcedures,
            intake.ListProceduresRequest(on="2021-08-09"),
            self._citizen(),
        )
        return [_offer(p) for p in answer.procedures]

    # -- citizens and the counter ------------------------------------------------------------------

    async def submit(self, filing: Filing) -> intake.SubmitDossierResponse:
        """Hand in a dossier: online by the citizen, otherwise by the officer who takes it in."""
        number = filing.number
        request = intake.SubmitDossierRequest(
            procedure_code=filing.offer.code,
            channel=CHANNELS[filing.channel],
            result_channel=RESULTS[filing.result_channel],
            applicant=intake.Applicant(
                full_name=filing.name,
                identity_number=f"002{number:09d}",
                phone=f"09{number:08d}",
                email=filing.email,
                address=f"Số {number} đường Trần Phú",
                province="Hà Giang",
                district="Vị Xuyên",
            ),
            parts=[
                intake.SubmittedPart(code=code, copies=copies)
                for code, copies in filing.offer.parts
            ],
            language=filing.language,
            consent_email=filing.consent,
        )
        who = self._citizen() if filing.channel == "online" else self._counter(filing.offer.unit)
        answer: intake.SubmitDossierResponse = await self._act(
            self._intake.SubmitDossier, request, who
        )
        return answer

    async def pay(self, code: str, unit: str, fees: intake.FeeAccount) -> None:
        """Record at the counter what the citizen has paid; each kind has its receipt."""
        request = intake.RecordFeeRequest(dossier_code=code, method="cash")
        for kind in ("phi", "le_phi"):
            owed = getattr(fees, f"{kind}_due")
            if owed:
                setattr(request, kind, owed)
                setattr(request, f"{kind}_receipt", f"{kind[0].upper()}-{code}")
        await self._act(self._intake.RecordFee, request, self._counter(unit))

    async def accept(self, code: str, unit: str) -> intake.AcceptDossierResponse:
        """Accept a dossier at the counter."""
        request = intake.AcceptDossierRequest(dossier_code=code)
        answer: intake.AcceptDossierResponse = await self._act(
            self._intake.AcceptDossier, request, self._counter(unit)
        )
        return answer

    async def refuse(self, code: str, unit: str) -> None:
        """Refuse a dossier at the counter."""
        request = intake.RefuseDossierRequest(
            dossier_code=code,
            reason_code="not_eligible",
            reason="Hồ sơ không thuộc đối tượng giải quyết.",
        )
        await self._act(self._intake.RefuseDossier, request, self._counter(unit))

    async def hand_in(self, code: str, part: str, content: bytes, pin: str, unit: str) -> None:
        """Hand in a PDF: as an officer of the counter, or without a unit as the citizen."""
        head = files.UploadHead(
            dossier_code=code,
            pin=pin,
            part=part,
            sha256=hashlib.sha256(content).hexdigest(),
            size=len(content),
            media_type="application/pdf",
        )

        async def upload(asked: files.UploadHead, **options: Any) -> files.UploadFileResponse:
            first = files.UploadFileRequest(head=asked)
            answer: files.UploadFileResponse = await self._files.UploadFile([first], **options)
            if answer.stored:
                return answer
            first.head.offset = answer.received
            rest = files.UploadFileRequest(chunk=content[answer.received :])
            whole: files.UploadFileResponse = await self._files.UploadFile([first, rest], **options)
            return whole

        who = self._counter(unit) if unit else self._citizen()
        await self._act(upload, head, who)

    async def open_file(self, code: str, sha256: str, unit: str) -> bytes:
        """Open a file of a dossier as a specialist of its unit."""

        async def download(request: files.DownloadFileRequest, **options: Any) -> bytes:
            answers = self._files.DownloadFile(request, **options)
            return b"".join([answer.chunk async for answer in answers])

        request = files.DownloadFileRequest(dossier_code=code, sha256=sha256)
        content: bytes = await self._ask(download, request, self._officer(unit, "specialist"))
        return content

    async def supplement(self, code: str, pin: str, part: str) -> None:
        """Bring the papers that were asked for."""
        request = intake.SubmitSupplementRequest(
            dossier_code=code, pin=pin, parts=[intake.SubmittedPart(code=part, copies=1)]
        )
        await self._act(self._intake.SubmitSupplement, request, self._citizen(), patient=True)

    async def withdraw(self, code: str, pin: str) -> None:
        """Ask for the dossier back."""
        request = intake.RequestWithdrawalRequest(
            dossier_code=code, pin=pin, reason="Không còn nhu cầu."
        )
        await self._act(self._intake.RequestWithdrawal, request, self._citizen())

    async def hand_over(self, code: str, unit: str) -> None:
        """Hand the result over at the counter."""
        request = intake.ReturnResultRequest(dossier_code=code)
        await self._act(self._intake.ReturnResult, request, self._counter(unit), patient=True)

    async def track(self, code: str, pin: str) -> intake.TrackDossierResponse:
        """Look at a dossier as a guest."""
        request = intake.TrackDossierRequest(dossier_code=code, pin=pin)
        answer: intake.TrackDossierResponse = await self._ask(
            self._intake.TrackDossier, request, self._citizen()
        )
        return answer

    # -- the departments ---------------------------------------------------------------------------

    async def case(self, code: str, unit: str) -> routing.GetCaseResponse:
        """Look at a case; waits until it is open."""
        end = asyncio.get_running_loop().time() + PATIENCE
        while True:
            try:
                answer: routing.GetCaseResponse = await self._ask(
                    self._work_list.GetCase,
                    routing.GetCaseRequest(dossier_code=code),
                    self._officer(unit, "specialist"),
                )
                if answer.case.state != routing.CASE_STATE_UNSPECIFIED:
                    return answer
            except RequestRefused:
                pass
            if asyncio.get_running_loop().time() > end:
                raise TimeoutError(f"no case of {code} is opened")
            await asyncio.sleep(0.05)

    async def assign(self, code: str, step: Any) -> None:
        """Take a step, as the officer of its unit and role."""
        request = routing.AssignStepRequest(
            dossier_code=code, step=step.step, assignee=id_of(step.unit, step.role)
        )
        await self._act(self._cases.AssignStep, request, self._officer(step.unit, step.role))

    async def complete(self, code: str, step: Any) -> routing.Case:
        """Complete a step, as the officer of its unit and role."""
        request = routing.CompleteStepRequest(dossier_code=code, step=step.step)
        answer: routing.CompleteStepResponse = await self._act(
            self._cases.CompleteStep, request, self._officer(step.unit, step.role)
        )
        return answer.case

    async def decide(self, method: str, request: Any, unit: str, role: str) -> routing.Case:
        """Send another command on a case, by the name of its method, as an officer of a role."""
        answer = await self._act(getattr(self._cases, method), request, self._officer(unit, role))
        case: routing.Case = answer.case
        return case

    async def resolve(self, code: str, step: Any, number: int, *, late: bool) -> routing.Case:
        """Resolve a case: one in twenty-five is rejected, the others are granted."""
        granted = number % 25 != 0
        result = CaseResult.CASE_RESULT_GRANTED if granted else CaseResult.CASE_RESULT_REJECTED
        explanation = "" if granted else "Không đủ điều kiện theo quy định."
        if late and not explanation:
            explanation = "Phải xác minh thêm tại cơ sở."
        request = routing.ResolveCaseRequest(
            dossier_code=code,
            step=step.step,
            result=result,
            result_number=f"{number}/QĐ-2021",
            explanation=explanation,
        )
        answer: routing.ResolveCaseResponse = await self._act(
            self._cases.ResolveCase, request, self._officer(step.unit, step.role)
        )
        return answer.case

    # -- calls -------------------------------------------------------------------------------------

    async def _act(self, method: Any, request: Any, who: Any, *, patient: bool = False) -> Any:
        request.request_id = str(uuid.uuid4())
        return await self._call(method, request, who, patient=patient)

    async def _ask(self, method: Any, request: Any, who: Any) -> Any:
        return await self._call(method, request, who)

    async def _call(
        self,
        method: Callable[..., Awaitable[Any]],
        request: Any,
        who: Any,
        *,
        patient: bool = False,
    ) -> Any:
        """Call; a service that is away is called again with the same request id. ``patient``:
        its event may not have arrived yet.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + PATIENCE
        while True:
            try:
                answer = await method(request, timeout=TIMEOUT, metadata=who)
            except grpc.aio.AioRpcError as error:
                problem = explain(error)
                waits = error.code() in _LATER or (
                    patient and error.code() == grpc.StatusCode.FAILED_PRECONDITION
                )
                if not waits or loop.time() > end:
                    raise RequestRefused(
                        problem.reason or problem.code.name, _text(problem)
                    ) from None
                await asyncio.sleep(0.1)
            else:
                self._own_count.calls += 1
                return answer


def _text(problem: Any) -> str:
    return "; ".join(f"{name}: {text}" for name, text in problem.fields.items()) or str(
        problem.text
    )


def _working_days(text: str) -> float | None:
    """Return the working days of a limit; None for one that has calendar days, or none."""
    days = {DurationUnit.WORKING_DAY: 1.0, DurationUnit.WORKING_HOUR: 1 / 8}
    phases = TimeLimit.parse(text).phases
    if not phases or any(phase.unit not in days for phase in phases):
        return None
    return sum(float(phase.amount) * days[phase.unit] for phase in phases)


def _offer(procedure: intake.Procedure) -> ScenarioOffer:
    return ScenarioOffer(
        code=procedure.code,
        unit=procedure.unit,
        parts=tuple((part.code, part.copies) for part in procedure.parts if part.required),
        channels=frozenset(_NAME_OF[c] for c in procedure.channels if c in _NAME_OF),
        result_channels=frozenset(
            _RESULT_OF[c] for c in procedure.result_channels if c in _RESULT_OF
        ),
        working_days=_working_days(procedure.time_limit),
    )
