"""The ledger: trees over the log, signed checkpoints, proofs, and what a verification finds."""

import hashlib
import random
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise

import pytest
from motcua.audit.v1 import audit_pb2 as pb
from motcua.audit.v1 import types_pb2 as types
from sqlalchemy import delete, update

from kernel.base.errors import Invalid
from kernel.eventsourcing.record import Record
from kernel.ledger import checkpoint as checkpoints
from kernel.ledger import merkle
from kernel.ledger.checkpoint import checkpoint_of
from kernel.ledger.merkle import leaf_hash, root_from_inclusion
from kernel.ledger.signed_note import SignerKey, parse, parse_key, sign, verified
from services.audit.ledger import signing
from services.audit.ledger.proofs import Ledger
from services.audit.ledger.signing import LedgerKeys
from services.audit.reports.queries import timeline
from services.audit.tables import CHAINS, CHECKPOINTS, KERNEL, LOG, TILES, TREES
from services.audit.tables import LEDGER_KEYS as KEYS_TABLE
from tests.support import merkle_oracle as oracle
from tests.support.audit_store import LEDGER, LEDGER_KEYS, Log, Store, log_with_repeats
from tests.support.databases import NewDatabase

OTHER_LEAF = types.FINDING_KIND_OTHER_LEAF
DIFFERS = types.FINDING_KIND_CHECKPOINT_DIFFERS


@pytest.fixture
def log() -> Log:
    """A week in which one record in twenty stands twice."""
    return log_with_repeats()


@pytest.fixture
def store(database_url: str, log: Log) -> Iterator[Store]:
    made = Store(database_url)
    made.take_all(log.records(), 64)
    yield made
    made.close()


@pytest.fixture
def new_store(new_database: NewDatabase) -> Iterator[Callable[[Log], Store]]:
    """Make stores that have read a log."""
    stores: list[Store] = []

    def make(log: Log) -> Store:
        store = Store(new_database())
        stores.append(store)
        store.take_all(log.records())
        return store

    yield make
    for store in stores:
        store.close()


def bodies(records: list[Record]) -> list[bytes]:
    return [record.value or b"" for record in records]


def changed(log: Log, number: int, records: list[Record]) -> Log:
    """Return a log in which a partition has other records, each at the offset of its place."""
    made = Log()
    made.partitions = [list(p) for p in log.partitions]
    made.partitions[number] = [r._replace(offset=at) for at, r in enumerate(records)]
    return made


def repeated(log: Log) -> Record:
    """Return the first record that says again what the one before it says."""
    records = log.partitions[1]
    return next(b for a, b in pairwise(records) if a.value == b.value)


def found(result: pb.VerifyResult, kind: types.FindingKind) -> list[tuple[int, int]]:
    return [(f.partition, f.offset) for f in result.findings if f.kind == kind]


# -- trees -----------------------------------------------------------------------------------------


def test_a_tree_has_a_leaf_for_each_record_of_the_log(store: Store, log: Log) -> None:
    """Its root is that of the definition, over all records and the repeats among them."""
    store.sign()
    heads = {c.partition: c for c in store.ask(LEDGER.newest).checkpoints}

    for number, records in enumerate(log.partitions):
        assert heads[number].size == len(records)
        assert heads[number].root == oracle.mth(bodies(records))


def test_what_is_recorded_is_told_before_it_is_signed(
    new_store: Callable[[Log], Store], log: Log
) -> None:
    """Whoever compares a log does not wait for the next signature."""
    store = new_store(Log())
    store.take(log.partitions[1][:4])
    store.sign()
    store.take(log.partitions[1][4:9])
    answer = store.ask(LEDGER.newest)
    (signed,) = [each for each in answer.checkpoints if each.partition == 1]
    (recorded,) = [each for each in answer.recorded if each.partition == 1]
    assert (signed.size, recorded.size) == (4, 9)
    last = log.partitions[1][8].value or b""
    assert recorded.last_leaf == hashlib.sha256(b"\0" + last).digest()


def test_a_tree_that_is_no_longer_what_was_signed_has_no_last_leaf(store: Store, log: Log) -> None:
    """To whoever compares a log, it is another one."""
    store.sign()
    size = len(log.partitions[1])
    store.execute(update(TREES).where(TREES.c.partition == 1).values(size=size - 1))
    (head,) = [each for each in store.ask(LEDGER.newest).recorded if each.partition == 1]
    assert (head.size, head.last_leaf) == (size, b"")


def test_the_same_log_makes_the_same_tree(
    store: Store, log: Log, new_store: Callable[[Log], Store]
) -> None:
    """Whatever batches it was read in, and however the partitions took turns."""
    other = new_store(Log())
    other.take_all(log.shuffled(random.Random(3)), 7)

    assert other.rows(TILES) == store.rows(TILES)
    assert other.rows(TREES) == store.rows(TREES)


def test_what_is_quarantined_and_accepted_later_changes_no_tree(
    new_store: Callable[[Log], Store], log: Log
) -> None:
    """A record has its leaf when it is read: also one that waits for another."""
    records = list(log.partitions[1])
    first = next(a for a in records if any(a.key == b.key and a.value != b.value for b in records))
    moved = changed(log, 1, [*(r for r in records if r.value != first.value), first])
    store = new_store(Log())
    store.take(moved.partitions[1][:-1])
    waiting = store.rows(KERNEL.quarantine)
    store.take(moved.partitions[1][-1:])
    store.sign()

    assert waiting
    assert not store.rows(KERNEL.quarantine)
    root = store.ask(signing.newest)[1].checkpoint.root
    assert root == oracle.mth(bodies(moved.partitions[1]))


def test_an_offset_without_a_record_is_a_leaf_of_no_bytes(
    new_store: Callable[[Log], Store], log: Log
) -> None:
    """Kafka gives some offsets to no record; index and offset stay the same."""
    holed = Log()
    holed.partitions = [list(p) for p in log.partitions]
    records = log.partitions[1]
    holed.partitions[1] = [r._replace(offset=r.offset + 3 * (r.offset > 5)) for r in records]
    store = new_store(holed)
    store.sign()

    root = store.ask(signing.newest)[1].checkpoint.root
    assert root == oracle.mth([*bodies(records[:6]), b"", b"", b"", *bodies(records[6:])])
    assert store.verify(holed).ok


def test_records_that_are_read_again_change_no_tree(store: Store, log: Log) -> None:
    """After a repair of the log positions go back."""
    before = store.rows(TILES)
    store.execute(update(KERNEL.positions).values(position=3, last_offset=None, last_digest=None))
    store.take([r for r in log.records() if r.offset >= 3])

    assert store.rows(TILES) == before


# -- checkpoints -----------------------------------------------------------------------------------


def test_what_is_signed_agrees_with_the_log(store: Store, log: Log) -> None:
    """A verification counts the checkpoints with which the trees agree, once each."""
    text = store.sign()

    assert store.verify(log, checkpoint=text).checkpoints == 3
    assert store.verify(None, checkpoint=text).checkpoints == 3
    assert store.verify(log, checkpoint=text).ok
    assert len(checkpoints.split(text)) == 3


def test_nothing_new_nothing_signed(store: Store) -> None:
    """A checkpoint is signed once, and again when the tree has grown."""
    store.sign()
    before = store.rows(CHECKPOINTS)
    store.sign()

    assert store.rows(CHECKPOINTS) == before


def test_old_checkpoints_are_forgotten_and_cosigned_ones_are_not(
    new_store: Callable[[Log], Store], monkeypatch: pytest.MonkeyPatch, log: Log
) -> None:
    """A bounded number is kept; what a witness has cosigned stays."""
    monkeypatch.setattr(signing, "KEPT", 2)
    store = new_store(Log())
    for at, record in enumerate(log.partitions[0][:6]):
        store.take([record])
        store.sign()
        if at == 0:
            store.execute(update(CHECKPOINTS).values(cosigned=1))

    assert [row["size"] for row in store.rows(CHECKPOINTS)] == [1, 5, 6]


def test_a_key_is_exchanged_while_both_sign(store: Store, log: Log) -> None:
    """Old and new key sign until the old one is taken away; it is known for ever."""
    old, new = LEDGER_KEYS, LedgerKeys(LEDGER_KEYS.origin, [b"n" * 32, *LEDGER_KEYS.seeds])
    first = store.sign(old)
    store.execute(delete(CHECKPOINTS))
    both = store.sign(new)
    store.execute(delete(CHECKPOINTS))
    last = store.sign(replace(new, seeds=[b"n" * 32]))
    keys = [parse_key(k) for k in store.ask(LEDGER.newest).checkpoints[0].keys]

    assert [len(verified(checkpoints.split(t)[0], keys)) for t in (first, both, last)] == [1, 2, 1]
    ledger = Ledger(replace(new, seeds=[b"n" * 32]))
    for text in (first, both, last):
        assert len(store.ask(ledger.signed, text)) == 3


# -- proofs ----------------------------------------------------------------------------------------


def test_each_event_of_a_dossier_is_proven(store: Store, log: Log) -> None:
    """Each proof leads from the bytes of the event to the root of a signed checkpoint."""
    text = store.sign()
    code = store.rows(LOG)[0]["stream_id"]
    rows = store.ask(timeline, code, None)
    answer = store.ask(LEDGER.inclusion, rows, "")
    keys = [parse_key(key) for key in answer.keys]

    assert [entry.event_id for entry in answer.entries] == [row["event_id"] for row in rows]
    for entry in answer.entries:
        header, index, *rest = entry.proof.split("\n\n")[0].split("\n")
        note = parse(entry.proof.split("\n\n", 1)[1])
        head = checkpoint_of(note)
        path = [b64decode(line) for line in rest]
        assert (header, index) == ("c2sp.org/tlog-proof@v1", f"index {entry.offset}")
        assert verified(note, keys)
        leaf = leaf_hash(entry.body)
        assert root_from_inclusion(leaf, entry.offset, head.size, path) == head.root
    assert store.ask(LEDGER.inclusion, rows, text) == answer


def test_what_no_checkpoint_covers_has_no_proof_yet(store: Store) -> None:
    """An event is listed before it is signed, without a proof."""
    rows = store.rows(LOG)[:3]
    answer = store.ask(LEDGER.inclusion, rows, "")

    assert [entry.proof for entry in answer.entries] == ["", "", ""]
    assert not answer.keys


def test_newer_checkpoints_continue_older_ones(new_store: Callable[[Log], Store], log: Log) -> None:
    """The proof leads from the old root to the new one."""
    store = new_store(Log())
    store.take([r for r in log.records() if r.offset < 20])
    text = store.sign()
    store.take([r for r in log.records() if r.offset >= 20])
    store.sign()
    answer = store.ask(LEDGER.consistency, text)

    assert [proof.partition for proof in answer.proofs] == [0, 1, 2]
    for note, proof in zip(checkpoints.split(text), answer.proofs, strict=True):
        old, new = checkpoint_of(note), checkpoint_of(parse(proof.note))
        assert (proof.old_size, proof.size) == (20, new.size)
        assert merkle.is_consistent(old.size, old.root, new.size, new.root, proof.hashes)


def refusal(store: Store, ask: Callable[..., object], *given: object) -> tuple[str, str]:
    with pytest.raises(Invalid) as caught:
        store.ask(ask, *given)
    [violation] = caught.value.violations
    assert violation.vi
    assert violation.en
    return violation.field, violation.rule


def test_checkpoints_of_others_are_refused(store: Store) -> None:
    """No text, another origin, another key or root: each is refused with its rule."""
    [note, *_] = checkpoints.split(store.sign())
    head = checkpoint_of(note)
    mine, stranger = LEDGER_KEYS.signers(0), [SignerKey(head.origin, b"x" * 32)]
    other = sign(replace(head, root=bytes(32)).text, mine)

    for text, rule in (
        ("x", "checkpoint.form"),
        (str(sign(replace(head, origin="a/0").text, mine)), "checkpoint.other"),
        (str(sign(head.text, stranger)), "checkpoint.unsigned"),
        (str(note).replace("\n\n", "\nmore\n\n"), "checkpoint.unsigned"),
        (str(other), "checkpoint.other"),
        (str(sign(replace(head, size=head.size + 1).text, mine)), "checkpoint.other"),
    ):
        assert refusal(store, LEDGER.consistency, text) == ("checkpoint", rule)
        assert refusal(store, LEDGER.inclusion, store.rows(LOG)[:1], text) == ("checkpoint", rule)
    assert store.ask(LEDGER.heads, str(other)) == [(0, checkpoint_of(other))]
    store.execute(delete(CHECKPOINTS))
    store.execute(delete(KEYS_TABLE))
    assert len(store.ask(LEDGER.signed, str(note))) == 1, "the configured key is known as well"


# -- what a verification finds ---------------------------------------------------------------------


def test_a_changed_byte_in_the_log_is_named(store: Store, log: Log) -> None:
    """Also where only the tree has the record: a repeat, which the store does not keep."""
    store.sign()
    repeat = repeated(log)
    records = list(log.partitions[1])
    body = bytearray(repeat.value or b"")
    body[-1] ^= 1
    records[repeat.offset] = repeat._replace(value=bytes(body))
    result = store.verify(changed(log, 1, records))

    assert not result.ok
    assert found(result, OTHER_LEAF) == [(1, repeat.offset)]
    assert not found(result, DIFFERS)


def test_an_event_deleted_from_log_and_store_is_named(store: Store, log: Log) -> None:
    """Whoever deletes in both, and mends the chain, meets the tree."""
    store.sign()
    last = store.rows(LOG)[-1]
    place = last["partition"], last["offset"]
    here = (LOG.c.partition == place[0]) & (LOG.c.offset == place[1])
    store.execute(delete(LOG).where(here))
    rest = [r for r in store.rows(LOG) if r["partition"] == place[0]]
    head = {"offset": rest[-1]["offset"], "events": len(rest), "hash": rest[-1]["hash"]}
    store.execute(update(CHAINS).where(CHAINS.c.partition == place[0]).values(head))
    records = [r for r in log.partitions[place[0]] if r.offset < place[1]]
    result = store.verify(changed(log, place[0], records))

    assert not result.ok
    assert found(result, OTHER_LEAF)[0] == place


def test_two_repeats_swapped_in_the_log_are_named(store: Store, log: Log) -> None:
    """Order counts also where the store keeps nothing: the first of the two is named."""
    store.sign()
    records = list(log.partitions[1])
    places = [at for at in range(1, len(records)) if records[at].value == records[at - 1].value][:2]
    records[places[0]], records[places[1]] = records[places[1]], records[places[0]]
    result = store.verify(changed(log, 1, records))

    assert found(result, OTHER_LEAF) == [(1, at) for at in places]


def test_a_cut_tail_of_the_log_is_named(store: Store, log: Log) -> None:
    """The first record that is gone is named, whether the store keeps it or not."""
    store.sign()
    cut = repeated(log).offset
    result = store.verify(changed(log, 1, log.partitions[1][:cut]))

    assert not result.ok
    assert found(result, OTHER_LEAF)[0] == (1, cut)


def test_a_rewritten_history_does_not_agree_with_yesterdays_checkpoint(
    store: Store, log: Log, new_store: Callable[[Log], Store]
) -> None:
    """Whoever writes log and store anew makes a sound record; the checkpoint at hand says no."""
    yesterday = store.sign()
    records = list(log.partitions[1])
    del records[10]
    rewritten = changed(log, 1, records)
    forged = new_store(rewritten)
    forged.sign()

    assert forged.verify(rewritten).checkpoints == 3
    result = forged.verify(rewritten, checkpoint=yesterday)
    assert not result.ok
    [finding] = [f for f in result.findings if f.kind == DIFFERS]
    assert (finding.partition, finding.offset, finding.end_offset) == (1, 0, len(records) + 1)


def test_checkpoints_between_narrow_the_place_down(
    new_store: Callable[[Log], Store], log: Log
) -> None:
    """The place lies behind the last checkpoint that agrees, and before the first that does not."""
    store = new_store(Log())
    texts = []
    for first in range(0, 40, 8):
        store.take([r for r in log.partitions[1] if first <= r.offset < first + 8])
        texts.append(store.sign())
    records = list(log.partitions[1][:40])
    records[19] = records[19]._replace(value=b"forged")
    forged = new_store(changed(Log(), 1, records))
    text = "\n".join(texts)
    result = forged.verify(None, checkpoint=text)

    [finding] = [f for f in result.findings if f.kind == DIFFERS]
    assert (finding.partition, finding.offset, finding.end_offset) == (1, 16, 24)


def test_a_record_made_from_a_rewritten_log_is_not_signed(
    store: Store, log: Log, new_store: Callable[[Log], Store]
) -> None:
    """Signed checkpoints outlive a rebuild, and nothing is signed that takes them back."""
    store.sign()
    before = store.rows(CHECKPOINTS)
    records = list(log.partitions[1])
    records[3] = records[3]._replace(value=b"forged")
    forged = new_store(changed(log, 1, [*records, records[-1]]))
    for row in before:
        forged.execute(CHECKPOINTS.insert().values(row))
    forged.sign()

    assert forged.rows(CHECKPOINTS) == before
    assert found(forged.verify(None), DIFFERS) == [(1, 0)]


@pytest.mark.parametrize("level", [0, 1])
def test_a_changed_hash_of_the_tree_is_named(
    new_store: Callable[[Log], Store], log: Log, level: int
) -> None:
    """A leaf's hash is found at its place, one of a tile above by the root."""
    store = new_store(Log())
    records = [log.partitions[1][at % 9]._replace(offset=at) for at in range(300)]
    store.take(records)
    [row] = [r for r in store.rows(TILES) if (r["level"], r["index"]) == (level, 0)]
    hashes = bytearray(row["hashes"])
    hashes[0] ^= 1
    here = (TILES.c.level == level) & (TILES.c.index == 0)
    store.execute(update(TILES).where(here).values(hashes=bytes(hashes)))
    result = store.verify(changed(Log(), 1, records))

    assert found(result, OTHER_LEAF)[0] == ((1, 0) if level == 0 else (1, 300))


def test_tiles_that_are_gone_are_told(store: Store, log: Log) -> None:
    """A tree without its hashes proves nothing, and is no reason to fail."""
    store.execute(delete(TILES))
    result = store.verify(log)

    assert not result.ok
    assert found(result, OTHER_LEAF)[0] == (0, 0)
