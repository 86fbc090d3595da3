"""A dossier's way through a running stack, one blocking call after the other, by public gRPC."""

import hashlib
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from motcua.events.v1.common_pb2 import Channel, Part, ResultChannel
from motcua.intake.v1 import intake_pb2 as intake
from motcua.intake.v1.intake_pb2_grpc import IntakeServiceStub
from motcua.postal.v1 import postal_partner_pb2 as postal
from motcua.postal.v1.postal_partner_pb2_grpc import PostalPartnerServiceStub
from motcua.routing.v1 import routing_pb2 as routing
from motcua.routing.v1.types_pb2 import CaseResult
from sqlalchemy import text

from demo.local_stack import PARTNERS
from kernel.base.instants import to_timestamp
from tests.support.feed import wait_until
from tests.support.identity import metadata
from tests.support.routing_stubs import RoutingStubs
from tests.support.stack import Stack

PROCEDURE = "2.000004"
"""Of the catalogue that is shipped: every channel, three required parts, the standard process."""
UNIT = "H22.02"
PARTS = ("don", "the-le", "mau")
EVERY_ROLE = ("receptionist", "specialist", "head", "leader", "clerk")
BY_POST = ResultChannel.RESULT_CHANNEL_POST
AT_COUNTER = ResultChannel.RESULT_CHANNEL_COUNTER
TIMEOUT = 15.0
Metadata = tuple[tuple[str, str], ...]


def new_id() -> str:
    """Return a new request id."""
    return str(uuid.uuid4())


def applicant(**changes: str) -> intake.Applicant:
    """Return an applicant who can be reached every way."""
    values = {
        "full_name": "Nguyễn Thị Hoa",
        "identity_number": "002190000123",
        "phone": "0912 345 678",
        "email": "hoa@example.vn",
        "address": "Số 5 đường Trần Phú",
        "province": "Hà Giang",
    }
    return intake.Applicant(**(values | changes))


def submission(**changes: Any) -> intake.SubmitDossierRequest:
    """Return a request to hand in a dossier online that is in order, as changed."""
    values: dict[str, Any] = {
        "request_id": new_id(),
        "procedure_code": PROCEDURE,
        "channel": Channel.CHANNEL_ONLINE,
        "result_channel": BY_POST,
        "applicant": applicant(),
        "parts": [intake.SubmittedPart(code=code, copies=1) for code in PARTS],
        "consent_email": True,
    }
    return intake.SubmitDossierRequest(**(values | changes))


@dataclass
class Walk:
    """Citizen, officers and the postman of dossiers; ``trace`` is the traceparent of every call."""

    stack: Stack
    intake: Any
    routing: Any
    partner: Any
    trace: str = ""
    language: str = "vi"

    def who(
        self, kind: str, identity: str = "", unit: str = "", roles: Sequence[str] = ()
    ) -> Metadata:
        """Return the metadata of a caller."""
        return metadata(
            kind, identity, unit=unit, roles=roles, language=self.language, trace=self.trace
        )

    @property
    def citizen(self) -> Metadata:
        """A citizen."""
        return self.who("citizen")

    @property
    def officer(self) -> Metadata:
        """An officer of the unit that answers for the dossiers."""
        return self.who("officer", "an.nv", UNIT, EVERY_ROLE)

    @property
    def other(self) -> Metadata:
        """Another officer of that unit."""
        return self.who("officer", "binh.tt", UNIT, EVERY_ROLE)

    @property
    def importer(self) -> Metadata:
        """A program that brings in another system's dossiers."""
        return self.who("importer", "walk")

    def call(self, method: Any, request: Message, who: Metadata) -> Any:
        """Call a method; raise ``grpc.RpcError``."""
        return method(request, timeout=TIMEOUT, metadata=who)

    # -- the desk ---------------------------------------------------------------------------------

    def submit(self, **changes: Any) -> intake.SubmitDossierResponse:
        """Hand in a dossier."""
        return self.call(self.intake.SubmitDossier, submission(**changes), self.citizen)

    def accept(self, code: str) -> intake.AcceptDossierResponse:
        """Accept it."""
        request = intake.AcceptDossierRequest(request_id=new_id(), dossier_code=code)
        return self.call(self.intake.AcceptDossier, request, self.officer)

    def dossier(self, code: str) -> intake.Dossier:
        """Look at it as the desk sees it."""
        request = intake.GetDossierRequest(dossier_code=code)
        return self.call(self.intake.GetDossier, request, self.officer).dossier

    def accepted(self, **changes: Any) -> intake.SubmitDossierResponse:
        """Hand in a dossier, accept it, and wait for its case."""
        answer = self.submit(**changes)
        self.accept(answer.dossier_code)
        self.opened(answer.dossier_code)
        return answer

    # -- the departments --------------------------------------------------------------------------

    def shown(self, code: str) -> routing.GetCaseResponse:
        """Look at the case."""
        request = routing.GetCaseRequest(dossier_code=code)
        return self.call(self.routing.GetCase, request, self.officer)

    def opened(self, code: str) -> None:
        """Wait until the departments have opened the case."""
        wait_until(lambda: self._state(code) == routing.CASE_STATE_RUNNING, 60, "the case runs")

    def _state(self, code: str) -> int:
        request = routing.ListWorkRequest(unit=UNIT, page_size=500)
        items = self.call(self.routing.ListWork, request, self.officer).items
        return next((i.state for i in items if i.dossier_code == code), 0)

    def complete(self, code: str, step: str) -> routing.Case:
        """Complete the current step."""
        request = routing.CompleteStepRequest(request_id=new_id(), dossier_code=code, step=step)
        return self.call(self.routing.CompleteStep, request, self.officer).case

    def to_the_end(self, code: str) -> str:
        """Complete every step but the last one; gives its name."""
        found = self.shown(code)
        while found.next_steps:
            self.complete(code, found.case.current.step)
            found = self.shown(code)
        assert found.resolvable
        return str(found.case.current.step)

    def ask_supplement(self, code: str, step: str) -> routing.Case:
        """Ask the citizen for a paper."""
        request = routing.RequestSupplementRequest(
            request_id=new_id(),
            dossier_code=code,
            step=step,
            parts=[Part(code="don", note="Chưa ký")],
            reason="Đơn chưa ký.",
        )
        return self.call(self.routing.RequestSupplement, request, self.officer).case

    def resolve(self, code: str) -> routing.Case:
        """Work the case to its end and give the result."""
        request = routing.ResolveCaseRequest(
            request_id=new_id(),
            dossier_code=code,
            step=self.to_the_end(code),
            result=CaseResult.CASE_RESULT_GRANTED,
            result_number="01/GP",
            explanation="Theo quy định.",
        )
        return self.call(self.routing.ResolveCase, request, self.officer).case

    # -- the post ---------------------------------------------------------------------------------

    def deliver(self, code: str, receiver: str = "") -> None:
        """Take the dossier's job as the partner that is offered it, and deliver it."""
        name, job_id = self._offered(code)
        request = postal.TakeJobRequest(request_id=new_id(), job_id=job_id)
        taken = self.call(self.partner.TakeJob, request, _token(name, self.trace))
        given: dict[str, Any] = {"job_id": job_id, "attempt": taken.attempt}
        picked_up = postal.ReportTrackingRequest(
            request_id=new_id(), report_id="1", code="EMA", happened_at=self._now(), **given
        )
        self.call(self.partner.ReportTracking, picked_up, _token(name, self.trace))
        brought = postal.ReportDeliveredRequest(
            request_id=new_id(),
            report_id="2",
            happened_at=self._now(),
            proof_sha256=hashlib.sha256(job_id.encode()).hexdigest(),
            receiver_name=receiver,
            **given,
        )
        self.call(self.partner.ReportDelivered, brought, _token(name, self.trace))

    def delivered(self, receiver: str = "", **changes: Any) -> str:
        """Bring a dossier from its submission to the citizen; gives its code."""
        code: str = self.accepted(**changes).dossier_code
        self.resolve(code)
        self.deliver(code, receiver)
        returned = intake.DOSSIER_STATE_RETURNED
        wait_until(lambda: self.dossier(code).state == returned, 60, "it is delivered")
        return code

    def _offered(self, code: str) -> tuple[str, str]:
        """Wait for the job of a dossier; gives its partner and its id."""
        found: list[tuple[str, str]] = []

        def look() -> bool:
            with self.stack.store("postal") as engine, engine.connect() as connection:
                question = "SELECT partner_id, job_id FROM jobs WHERE dossier_code = :code"
                found.extend(
                    (r[0], r[1]) for r in connection.execute(text(question), {"code": code})
                )
            return bool(found)

        wait_until(look, 60, "the post has a job")
        return found[0]

    def _now(self) -> Timestamp:
        return to_timestamp(self.stack.clock.now())


def _token(partner: str, trace: str) -> Metadata:
    return metadata(token=PARTNERS[partner], trace=trace)


@contextmanager
def walking(stack: Stack, **given: Any) -> Iterator[Walk]:
    """Connect to a stack's services."""
    with ExitStack() as channels:
        intake_, routing_, postal_ = [
            channels.enter_context(stack.channel(name)) for name in ("intake", "routing", "postal")
        ]
        yield Walk(
            stack,
            IntakeServiceStub(intake_),
            RoutingStubs(routing_),
            PostalPartnerServiceStub(postal_),
            **given,
        )
