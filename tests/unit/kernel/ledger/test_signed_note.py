"""Notes, keys, checkpoints and cosignatures, against the vectors of Go's sumdb and of C2SP."""

import base64

import pytest

from kernel.ledger import checkpoint
from kernel.ledger.checkpoint import Checkpoint, checkpoint_of
from kernel.ledger.cosignature import Witness, cosigned
from kernel.ledger.signed_note import (
    COSIGNATURE,
    BadNote,
    Note,
    SignerKey,
    VerifierKey,
    open_note,
    parse,
    parse_key,
    sign,
    verified,
)

VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
"""The key of Go's sumdb/note, with its private part and the note that is signed by it."""
SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
NOTE = TEXT + (
    "\n\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdn"
    "gotpRZb6KE6RyyBwJnAM=\n"
)
C2SP = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zh"
    "cyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "\u2014 witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJs"
    "X3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)
"""The example of C2SP tlog-cosignature."""
PETER = SignerKey("PeterNeumann", SEED)
HEAD = Checkpoint("motcua.example/ledger/0", 7, bytes(range(32)))


def test_the_note_of_go_is_signed_and_opened() -> None:
    """Ed25519 is deterministic: the same key and text make the published note."""
    assert str(sign(TEXT, [PETER])) == NOTE
    assert open_note(NOTE, [parse_key(VKEY)]).text == TEXT
    assert str(PETER.verifier) == VKEY


def test_the_example_of_c2sp_is_read() -> None:
    """Origin, size, root, and the time in the witness's signature are those of the example."""
    note = parse(C2SP)
    found = checkpoint_of(note)

    assert (found.origin, found.size) == ("example.com/behind-the-sofa", 20852163)
    assert found.text == note.text
    assert [each.name for each in note.signatures] == [found.origin, "witness.example.com/w1"]
    assert int.from_bytes(note.signatures[1].value[:8], "big") == 1679315147
    assert str(note) == C2SP


@pytest.mark.parametrize(
    "text",
    [
        *(VKEY[:-1], VKEY[1:], VKEY.replace("c7", "c8"), VKEY + "A", "", "a", "a+b", "a+00+"),
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADK",
        "PeterNeumann+c74f20a3+ARpc2QcU PDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ],
)
def test_a_key_in_another_form_is_refused(text: str) -> None:
    """A key that was shortened, changed, or is of an unknown kind is none."""
    with pytest.raises(BadNote):
        parse_key(text)


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        TEXT + "\n",
        NOTE[:-1],
        NOTE.replace("\u2014", "-"),
        NOTE.replace("x08g", "x08!"),
        NOTE.replace("If", "If\t"),
        NOTE.replace("If", "If\r"),
        TEXT + "\n\u2014 a+b x08go/ZJ\n",
        TEXT + "\n\u2014 ab x08g\n",
        "x" * 70_000 + NOTE,
    ],
)
def test_a_note_in_another_form_is_refused(text: str) -> None:
    """What is no note is not read as one."""
    with pytest.raises(BadNote):
        parse(text)


def test_a_changed_text_and_an_unknown_key_are_refused() -> None:
    """A note is believed when a known key has signed just this text."""
    key = parse_key(VKEY)
    with pytest.raises(BadNote, match="not of this text"):
        open_note(NOTE.replace("think", "thinK"), [key])
    with pytest.raises(BadNote, match="no known key"):
        open_note(NOTE, [SignerKey("PeterNeumann", bytes(32)).verifier])
    with pytest.raises(BadNote, match="no known key"):
        open_note(NOTE, [])


def test_old_and_new_key_sign_one_note() -> None:
    """While keys rotate, whoever knows one of them believes the note."""
    old, new = SignerKey(HEAD.origin, b"o" * 32), SignerKey(HEAD.origin, b"n" * 32)
    note = parse(str(sign(HEAD.text, [new, old])))

    assert verified(note, [old.verifier]) == [old.verifier]
    assert verified(note, [new.verifier]) == [new.verifier]


def test_witnesses_cosign_beside_others() -> None:
    """A cosignature counts with its time; a witness that is not known is ignored."""
    first, second = Witness("w.example/1", b"1" * 32), Witness("w.example/2", b"2" * 32)
    note = sign(HEAD.text, [PETER])
    note = note.with_signatures([first.cosign(HEAD.text, 1_700_000_000)])
    note = parse(str(note.with_signatures([second.cosign(HEAD.text, 1_700_000_007)])))

    assert first.verifier.kind == COSIGNATURE
    assert [(each.key.name, each.at) for each in cosigned(note, [first.verifier])] == [
        ("w.example/1", 1_700_000_000)
    ]
    assert len(cosigned(note, [first.verifier, second.verifier])) == 2
    assert verified(note, [PETER.verifier]) == [PETER.verifier]
    assert parse_key(str(first.verifier)) == first.verifier


def test_a_cosignature_of_another_text_or_time_is_refused() -> None:
    """Who claims to be a witness and is not is told, not ignored."""
    witness = Witness("w.example/1", b"1" * 32)
    right = witness.cosign(HEAD.text, 1_700_000_000)
    later = right.value[:7] + bytes([right.value[7] ^ 1]) + right.value[8:]
    for value in (later, right.value[:8], right.value[:-1], b"\xff" * 72):
        bent = type(right)(right.name, right.key_id, value)
        with pytest.raises(BadNote, match=r"w\.example/1"):
            cosigned(Note(HEAD.text, (bent,)), [witness.verifier])
    with pytest.raises(BadNote, match=r"w\.example/1"):
        cosigned(Note(HEAD.text + "more\n", (right,)), [witness.verifier])


@pytest.mark.parametrize(
    "text",
    [
        "o\n7\n",
        "o\n07\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "o\n-7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "o\n\u0667\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "o\n9223372036854775808\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        f"o\n{'9' * 5000}\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "o\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw==\n",
        "o\n7\n?\n",
        "\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
    ],
)
def test_a_checkpoint_in_another_form_is_refused(text: str) -> None:
    """A size or a root in another form is none."""
    with pytest.raises(BadNote):
        checkpoint_of(Note(text))


def test_checkpoints_of_several_trees_are_one_text() -> None:
    """Notes that were joined are taken apart again."""
    heads = [Checkpoint(f"o/{n}", n, bytes([n] * 32)) for n in range(3)]
    notes = [sign(head.text, [PETER]) for head in heads]

    assert checkpoint.split(checkpoint.join(notes)) == notes
    assert [checkpoint_of(note) for note in notes] == heads
    for bad in ("", "x", checkpoint.join(notes) + "\nmore\n"):
        with pytest.raises(BadNote):
            checkpoint.split(bad)


def test_a_name_with_a_plus_or_a_space_names_no_key() -> None:
    """Such a name could be taken for another key's."""
    for name in ("", "a b", "a+b", "a\u00a0b"):
        with pytest.raises(BadNote):
            VerifierKey(name, bytes(32))
