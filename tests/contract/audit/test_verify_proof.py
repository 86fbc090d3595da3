"""The verifier for others: one file, in a process that has nothing of the project."""

import base64
import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.commands.record.ledger import proof_document
from kernel.ledger.signed_note import SignerKey
from services.audit.reports.queries import timeline
from services.audit.tables import LOG
from tests.support.audit_store import LEDGER, LEDGER_KEYS, Log, Store, week
from tests.support.databases import NewDatabase
from tests.support.paths import ROOT

Check = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture(scope="module")
def verifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The verifier alone in a folder."""
    folder = tmp_path_factory.mktemp("elsewhere")
    return Path(shutil.copy(ROOT / "tools" / "verify_proof.py", folder))


@pytest.fixture
def check(verifier: Path, tmp_path: Path) -> Check:
    """Run the verifier on a document, as somebody does who has nothing else."""

    def run(document: Any, checkpoint: str = "", *keys: str) -> tuple[int, dict[str, Any]]:
        file, kept = tmp_path / "proof.json", tmp_path / "checkpoint"
        file.write_text(document if isinstance(document, str) else json.dumps(document), "utf-8")
        kept.write_text(checkpoint, "utf-8")
        options = ["--checkpoint", str(kept)] if checkpoint else []
        options += [word for key in keys for word in ("--key", key)]
        done = subprocess.run(
            [sys.executable, "-I", str(verifier), str(file), "--json", *options],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={},
            check=False,
        )
        assert done.stderr == "", done.stderr
        [line] = done.stdout.splitlines()
        return done.returncode, json.loads(line)

    return run


@pytest.fixture
def store(new_database: NewDatabase) -> Iterator[Store]:
    """A store that has read a week."""
    made = Store(new_database())
    made.take_all(Log(week(random.Random(21), 30)).records())
    yield made
    made.close()


def proven(store: Store, checkpoint: str = "") -> dict[str, Any]:
    """Return the proof of a dossier with several events."""
    rows = store.rows(LOG)
    code = max(rows, key=lambda row: row["sequence"])["stream_id"]
    answer = store.ask(LEDGER.inclusion, store.ask(timeline, code, None), checkpoint)
    return proof_document(code, answer)


def key(document: dict[str, Any]) -> str:
    origin = LEDGER_KEYS.origin_of(document["entries"][0]["partition"])
    return str(SignerKey(origin, LEDGER_KEYS.seeds[0]).verifier)


def test_a_proof_is_checked_by_a_checkpoint_or_a_key(store: Store, check: Check) -> None:
    """What it shows is named: the events, and the checkpoint that they are in."""
    text = store.sign()
    document = proven(store)

    for given in ((text,), ("", key(document)), (text, key(document))):
        status, result = check(document, *given)
        assert (status, result["proven"]) == (0, True)
        assert result["events"] == len(document["entries"]) > 2
        assert result["code"] == document["code"]
        assert result["checkpoints"][0]["origin"] in text


def test_a_proof_is_made_for_an_older_checkpoint(new_database: NewDatabase, check: Check) -> None:
    """With the older one at hand, a proof by the newest one is not enough."""
    log, store = Log(week(random.Random(21), 30)), Store(new_database())
    try:
        records = log.records()
        code = log.partitions[1][0].key
        older = [r for r in records if r.partition == 1 and r.key == code]
        cut = older[-1].offset + 1
        store.take([r for r in records if r.partition == 1 and r.offset < cut])
        text = store.sign()
        store.take([r for r in records if r.partition != 1 or r.offset >= cut])
        store.sign()
        rows = store.ask(timeline, (code or b"").decode(), None)
        newest = proof_document(rows[0]["stream_id"], store.ask(LEDGER.inclusion, rows, ""))
        fitting = proof_document(rows[0]["stream_id"], store.ask(LEDGER.inclusion, rows, text))
    finally:
        store.close()

    assert check(newest, text)[0] == 1
    assert "another checkpoint" in check(newest, text)[1]["reason"]
    assert check(fitting, text)[0] == 0


def _change(document: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    first, *others = document["entries"]
    return document | {"entries": [first | {name: value}, *others]}


def test_what_was_changed_is_not_proven(store: Store, check: Check) -> None:
    """A changed byte, another place, an event left out, another dossier's: each is told."""
    text = store.sign()
    document = proven(store)
    first, second, *_ = document["entries"]
    event = bytearray(base64.b64decode(first["event"]))
    event[-1] ^= 1
    bent = base64.b64encode(bytes(event)).decode()

    for changed, reason in (
        (_change(document, "event", bent), "not the one in the ledger"),
        (_change(document, "event", second["event"]), "not the one in the ledger"),
        (_change(document, "offset", first["offset"] + 1), "not in its form"),
        (_change(document, "partition", 7), "another partition"),
        (_change(document, "proof", ""), "no checkpoint covers"),
        (document | {"entries": document["entries"][1:]}, "left out"),
        (document | {"code": "H22.12.03-210809-9999"}, "is not of"),
        (document | {"entries": []}, "not one of proofs"),
        (document | {"format": "x"}, "not one of proofs"),
        ({}, "not one of proofs"),
        ([], "not one of proofs"),
        ("no JSON", "can't be read"),
    ):
        status, result = check(changed, text)
        assert (status, result["proven"]) == (1, False)
        assert reason in result["reason"]


def test_a_proof_of_another_ledger_is_not_proven(store: Store, check: Check) -> None:
    """Somebody who signs a history of their own has neither our key nor our checkpoint."""
    ours = store.sign()
    document = proven(store)
    stranger = SignerKey(LEDGER_KEYS.origin_of(0), b"x" * 32)
    assert check(document, "", str(stranger.verifier))[0] == 1
    forged = document["entries"][0]["proof"].replace("\n\n\u2014", "\nmore\n\n\u2014")
    assert check(_change(document, "proof", forged), ours)[0] == 1
    head, _, _ = ours.partition("\n\n")
    assert check(document, head + "\n")[0] == 1


def test_without_anything_to_believe_it_is_wrong_usage(verifier: Path, tmp_path: Path) -> None:
    """A proof alone proves nothing: whoever wrote it may have signed it."""
    file = tmp_path / "proof.json"
    file.write_text("{}", "utf-8")
    done = subprocess.run(
        [sys.executable, "-I", str(verifier), str(file)], capture_output=True, check=False
    )
    assert done.returncode == 2
    assert b"--checkpoint or --key" in done.stderr
