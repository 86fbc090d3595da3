"""What a signed paper is good for: one result or one request for papers, and not for ever; and what
is asked of the file of a result.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from motcua.events.v1.common_pb2 import Actor, ActorKind, ResultKind
from motcua.routing.v1 import routing_pb2 as pb
from motcua.routing.v1.types_pb2 import DocumentKind, DocumentStage

from kernel.base.errors import Refusal
from office.process.model.process import DocumentRule
from tests.support.routing_cases import (
    GRANTED,
    IMPORTER,
    REJECTED,
    SYSTEM,
    UNIT,
    Case,
    draft,
    judge,
    papers,
    resolve,
    send_back,
    supplement,
)

MON = "2021-08-09 10:00"
LATER = "2021-08-09 11:00"
HEAD = Actor(kind=ActorKind.ACTOR_KIND_OFFICER, id="truong", unit=UNIT)
BOTH = Actor(kind=ActorKind.ACTOR_KIND_OFFICER, id="sep", unit=UNIT)
REVIEW = DocumentStage.DOCUMENT_STAGE_REVIEW
SIGNATURE = DocumentStage.DOCUMENT_STAGE_SIGNATURE
SUPPLEMENT = DocumentKind.DOCUMENT_KIND_SUPPLEMENT
OTHER = "b"


class Signing(Case):
    """A case of a process that wants its papers signed; ``kind`` is what the result is to be."""

    kind = ResultKind.RESULT_KIND_PAPER
    required: tuple[str, ...] = ("result", "supplement")

    def context(self, when: str, actor: Actor = HEAD) -> Any:
        """Return the context with that process and kind."""
        context = super().context(when, actor)
        wanted = {name: DocumentRule(name, required=True) for name in self.required}
        process = replace(context.process, documents=wanted)
        return replace(context, process=process, result_kind=self.kind)

    def signs(self, number: int, letter: str = "a") -> None:
        """Have a draft reviewed by one and signed by another."""
        self.does(judge(number, REVIEW, letter), MON, HEAD)
        self.does(judge(number, SIGNATURE, letter), MON, BOTH)


def last_step(case: Signing) -> Signing:
    """Bring a case to the step at which its result is given."""
    case.opened().completed(MON, "appraise", "review", "approve")
    return case


def for_result(step: str, letter: str = "a", result: int = GRANTED) -> pb.DraftDocumentRequest:
    asked = draft(step, letter)
    asked.result = result  # type: ignore[assignment]
    return asked


def for_papers(letter: str = "a") -> pb.DraftDocumentRequest:
    return pb.DraftDocumentRequest(step="appraise", kind=SUPPLEMENT, sha256=letter * 64)


# -- one request for papers -----------------------------------------------------------------------


def test_a_signed_supplement_paper_is_good_for_one_request() -> None:
    """The second request needs a paper of its own, which may say the same."""
    case = Signing(process="standard").opened()
    case.when(supplement("appraise"), MON).then("DOCUMENT_NOT_SIGNED")
    (first,) = case.does(for_papers(), MON)
    assert (first.number, first.round, first.result) == (1, 1, 0)
    case.signs(1)
    case.does(supplement("appraise"), MON)
    case.does(papers(1), LATER, SYSTEM)

    case.when(supplement("appraise"), LATER).then("DOCUMENT_OF_OTHER_ROUND")
    (second,) = case.does(for_papers(), LATER)
    assert (second.number, second.round) == (2, 2)
    case.when(for_papers(), LATER).then("ALREADY_DRAFTED")
    case.signs(2)
    (asked,) = case.does(supplement("appraise"), LATER)
    assert asked.round == 2


# -- one result -----------------------------------------------------------------------------------


def test_a_signed_result_paper_is_good_for_the_result_it_was_drafted_for() -> None:
    """Nothing is rejected on a paper that grants, and nothing granted on one that rejects."""
    case = last_step(Signing())
    (payload,) = case.does(draft("seal"), MON)
    assert (payload.result, payload.round) == (GRANTED, 0)
    case.signs(1)
    case.when(resolve("seal", REJECTED, "vì"), MON).then("DOCUMENT_FOR_OTHER_RESULT")
    case.does(for_result("seal", OTHER, REJECTED), MON)
    case.when(resolve("seal", REJECTED, "vì"), MON).then("DOCUMENT_NOT_SIGNED")
    case.signs(2, OTHER)
    case.when(resolve("seal"), MON).then("DOCUMENT_FOR_OTHER_RESULT")
    (resolved,) = case.does(resolve("seal", REJECTED, "vì"), MON)
    assert resolved.result == REJECTED


def test_what_is_sent_back_needs_its_result_drafted_and_signed_again() -> None:
    """The old signature counts for nothing, and the old draft can't be judged; the same content may
    be drafted again.
    """
    case = last_step(Signing())
    case.does(draft("seal"), MON)
    case.signs(1)
    case.does(send_back("seal", "approve"), MON)
    case.completed(LATER, "approve")
    case.when(resolve("seal"), LATER).then("DOCUMENT_SENT_BACK")
    case.does(draft("seal"), LATER)
    case.signs(2)
    case.does(resolve("seal"), LATER)


def test_a_draft_that_was_under_way_ends_when_the_case_is_sent_back() -> None:
    """Its reviewer's word was about what is done anew now; papers of other kinds go on."""
    case = Signing(process="standard").opened()
    case.does(for_papers(), MON)
    case.completed(MON, "appraise")
    case.does(draft("review", OTHER), MON)
    case.does(judge(2, REVIEW, OTHER), MON, HEAD)
    case.does(send_back("review"), MON)
    case.when(judge(2, SIGNATURE, OTHER), MON, BOTH).then("DRAFT_SENT_BACK")
    case.signs(1)
    case.does(supplement("appraise"), MON)


@pytest.mark.parametrize("approved", [True, False])
def test_nobody_judges_a_draft_twice(approved: bool) -> None:
    """Who has both roles reviews or signs, not both; a draft that replaces it is another one."""
    case = last_step(Signing())
    case.does(draft("seal"), MON)
    case.does(judge(1, REVIEW), MON, BOTH)
    again = judge(1, SIGNATURE, approved=approved, reason="sai")
    case.when(again, MON, BOTH).then("REVIEWED_BEFORE")
    case.does(again, MON, HEAD)
    case.does(draft("seal", OTHER), MON)
    case.does(judge(2, REVIEW, OTHER), MON, HEAD)
    case.does(judge(2, SIGNATURE, OTHER), MON, BOTH)


# -- the file of a result -------------------------------------------------------------------------


class Electronic(Signing):
    """Its result is a file."""

    kind = ResultKind.RESULT_KIND_ELECTRONIC
    required = ()


class Signed(Electronic):
    """Its result is a signed file."""

    kind = ResultKind.RESULT_KIND_SIGNED


def with_file(letter: str, result: int = GRANTED) -> pb.ResolveCaseRequest:
    asked = resolve("seal", result, "vì" if result == REJECTED else "")  # type: ignore[arg-type]
    asked.file_sha256 = letter * 64
    return asked


def test_an_electronic_result_is_granted_with_its_file() -> None:
    """The event keeps the file's hash; a rejection needs none."""
    case = last_step(Electronic())
    case.when(resolve("seal"), MON).then("RESULT_FILE_MISSING")
    assert not isinstance(case.asked(resolve("seal", REJECTED, "vì"), MON), Refusal)
    (payload,) = case.does(with_file("a"), MON)
    assert payload.file_sha256 == "a" * 64


def test_a_signed_result_is_the_content_of_a_signed_paper() -> None:
    """Of the latest one, for this result, and not sent back since; whatever the process wants."""
    case = last_step(Signed())
    case.when(resolve("seal"), MON).then("RESULT_FILE_MISSING")
    case.when(with_file("a"), MON).then("RESULT_NOT_SIGNED")
    case.does(draft("seal"), MON)
    case.does(judge(1, REVIEW), MON, HEAD)
    case.when(with_file("a"), MON).then("RESULT_NOT_SIGNED")
    case.does(judge(1, SIGNATURE), MON, BOTH)
    case.when(with_file(OTHER), MON).then("RESULT_NOT_SIGNED")
    back = case.copy()
    back.does(send_back("seal", "approve"), MON)
    back.completed(LATER, "approve")
    back.when(with_file("a"), LATER).then("RESULT_NOT_SIGNED")
    (payload,) = case.does(with_file("a"), MON)
    assert payload.file_sha256 == "a" * 64


def test_a_paper_that_rejects_is_no_signed_result() -> None:
    """Its content is not what was granted."""
    case = last_step(Signed())
    case.does(for_result("seal", "a", REJECTED), MON)
    case.signs(1)
    case.when(with_file("a"), MON).then("RESULT_NOT_SIGNED")
    case.does(with_file("a", REJECTED), MON)


@pytest.mark.parametrize("kind", [ResultKind.RESULT_KIND_PAPER, 0])
def test_a_result_on_paper_needs_no_file(kind: ResultKind) -> None:
    """Nor does one of a procedure that does not say."""
    case = last_step(Electronic())
    case.kind = kind
    (payload,) = case.does(resolve("seal"), MON)
    assert payload.file_sha256 == ""


@pytest.mark.parametrize("actor", [IMPORTER, HEAD])
def test_a_dossier_of_another_system_needs_no_file(actor: Actor) -> None:
    """Its history is taken as it was, and its end here as well."""
    case = Signed(process="imported", imported=True).opened()
    outcome = case.asked(pb.ResolveCaseRequest(step="history", result=GRANTED), MON, actor)
    assert not isinstance(outcome, Refusal), outcome
