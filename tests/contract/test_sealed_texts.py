"""Texts that officers write: sealed when their event is written, opened in what is given out."""

import asyncio
from base64 import b64decode, b64encode
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from motcua.events.v1.common_pb2 import Part, SealedData
from motcua.notify.v1.message_events_pb2 import MessageQueued
from motcua.routing.v1 import routing_pb2 as pb
from motcua.routing.v1.case_events_pb2 import CaseWithdrawn, SupplementRequested

from kernel.base.plain_text import plain
from kernel.crypto.keyring import ERASED, Keyring, NewKey, Tampered
from kernel.eventsourcing.envelope import payload_of
from kernel.storage.engines import open_engine
from office.sealed_text import AnswerOpener, open_texts, seal_texts
from tests.golden import samples
from tests.support.models import MODELS

CODE, OTHER = "H22.12.03-210809-0001", "H22.12.03-210809-0002"
WORDS = "Ông Nam đang nằm viện"


class Vault:
    """A keyring, and what a unit of work is to the sealing of texts."""

    def __init__(self, url: str) -> None:
        self.engine = open_engine(url, "keyring")
        self.keyring = Keyring(self.engine, b"k" * 32)
        self.made = 0

    def new_key(self, stream_id: str) -> NewKey:
        """Return a key that is saved at once."""
        self.made += 1
        key = self.keyring.new_key(stream_id)
        self.keyring.save([key])
        return key

    def seal(self, payload: Any, code: str = CODE) -> Any:
        """Return a payload as it would be written."""
        uow: Any = SimpleNamespace(saved_keyring=lambda: self.keyring, new_key=self.new_key)
        return seal_texts(uow, code, payload)

    def opened(self, message: Any) -> Any:
        """Return a message as it would be given out."""
        return asyncio.run(AnswerOpener(self.keyring)(message))


@pytest.fixture
def vault(database_url: str) -> Iterator[Vault]:
    made = Vault(database_url)
    yield made
    made.engine.dispose()


def test_a_reason_is_sealed_and_opened(vault: Vault) -> None:
    """Also a note within the event; one key for both, and the payload given is left as it was."""
    given = SupplementRequested(reason=WORDS, round=1, parts=[Part(code="don", note=WORDS)])
    sealed = vault.seal(given)
    assert WORDS.encode() not in sealed.SerializeToString()
    assert (sealed.round, sealed.parts[0].code, vault.made) == (1, "don", 1)
    assert given.reason == WORDS
    assert vault.opened(sealed) == given


@pytest.mark.parametrize("name", samples.types())
def test_every_event_can_be_sealed_and_opened(vault: Vault, name: str) -> None:
    """Whatever is marked in its contract; one with nothing marked stays the same object."""
    payload = payload_of(samples.full(name))
    assert payload is not None
    sealed = vault.seal(payload)
    assert (sealed is payload) == (vault.made == 0)
    assert vault.opened(sealed) == payload


def test_every_service_seals_what_it_writes() -> None:
    """None writes a text in clear because nobody has told it how to seal one."""
    assert {model.source for model in MODELS.values() if model.seal is not seal_texts} == set()


def test_an_empty_text_stays_empty(vault: Vault) -> None:
    """No key is made for what nobody wrote."""
    assert vault.seal(SupplementRequested(round=1)) == SupplementRequested(round=1)
    assert vault.made == 0


def test_a_text_copied_within_its_dossier_is_sealed_once(vault: Vault) -> None:
    """It keeps its key, and is opened in the middle of a longer text too."""
    sealed = vault.seal(SupplementRequested(reason=WORDS))
    assert vault.seal(CaseWithdrawn(reason=sealed.reason)).reason == sealed.reason
    queued = MessageQueued(values={"documents": f"1 don: {sealed.reason}", "reason": ""})
    assert vault.opened(queued).values["documents"] == f"1 don: {WORDS}"
    assert vault.made == 1


def test_a_text_copied_to_another_dossier_is_sealed_anew(vault: Vault) -> None:
    """A child's words outlive the keys of its parent, and go with its own."""
    sealed = vault.seal(SupplementRequested(reason=WORDS))
    child = vault.seal(CaseWithdrawn(reason=sealed.reason), OTHER)
    vault.keyring.destroy(CODE)
    assert vault.opened(sealed).reason == ERASED
    assert vault.opened(child).reason == WORDS
    vault.keyring.destroy(OTHER)
    assert vault.opened(child).reason == ERASED


def test_what_was_written_in_clear_is_read_as_it_is(vault: Vault) -> None:
    """Events that are older than the sealing go on being shown."""
    answer = pb.GetCaseResponse(entries=[pb.CaseEntry(note=WORDS)])
    assert vault.opened(answer) is answer
    assert open_texts(None, WORDS) == WORDS


def test_an_answer_is_opened_however_deep(vault: Vault) -> None:
    """Lists and messages within messages; other fields are left alone."""
    token = vault.seal(SupplementRequested(reason=WORDS)).reason
    answer = pb.GetCaseResponse(
        case=pb.Case(dossier_code=CODE), entries=[pb.CaseEntry(note=f"H22.12: {token}", step="s")]
    )
    opened = vault.opened(answer)
    assert opened.entries[0].note == f"H22.12: {WORDS}"
    assert (opened.entries[0].step, opened.case.dossier_code) == ("s", CODE)
    assert token in answer.entries[0].note


def test_nobody_can_type_a_sealed_text(vault: Vault) -> None:
    """Who has seen the bytes of another dossier can't have them opened: no request takes them."""
    token = vault.seal(SupplementRequested(reason=WORDS)).reason
    assert plain(token) is None


def test_a_sealed_text_that_was_changed_is_not_opened(vault: Vault) -> None:
    """Nor one whose key is said to be another dossier's."""
    token = vault.seal(SupplementRequested(reason=WORDS)).reason
    head, _, body = token.rstrip("\x03").partition(":")
    changed = SealedData.FromString(b64decode(body))
    changed.ciphertext = bytes([changed.ciphertext[0] ^ 1]) + changed.ciphertext[1:]
    moved = SealedData.FromString(b64decode(body))
    moved.key_id = vault.new_key(OTHER).key_id
    for sealed in (changed, moved):
        text = f"{head}:{b64encode(sealed.SerializeToString()).decode()}\x03"
        with pytest.raises(Tampered):
            open_texts(vault.keyring, text)
