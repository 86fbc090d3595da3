"""The checks of words and of clear text in events, tried on texts that are wrong on purpose."""

import tomllib
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto

from tools.proto_rules.clear_text import LIST, problems
from tools.words import ListError, bad_docstrings, read_list, used_words

WORDS = """
[[word]]
word = "old word"
say = "new word"
forms = ["old word", "old words"]
allowed = ["docs/history.md", "office"]
[docstrings]
verbs = ["Give"]
phrases = ["Raises ``"]
allowed = ["office"]
"""
NAMES = ["kernel/a.py", "docs/b.md", "docs/history.md", "office/c.py"]


@pytest.mark.parametrize(
    "text", ["an old word", "Old words", "the old\nword", "old_word", "theOldWord", "OLD_WORD = 1"]
)
def test_a_retired_word_is_found(text: str) -> None:
    """In prose and in names, with the line and what to say instead."""
    words, _ = read_list(WORDS, NAMES)
    (line,) = used_words("docs/b.md", f"first\n{text}\n", words)
    assert line.startswith("docs/b.md:2: ")
    assert "'new word'" in line


@pytest.mark.parametrize("text", ["cold word", "old wordy", "old\n\n# word", "OLD_WORDING"])
def test_other_words_are_not(text: str) -> None:
    """A word within another one is not meant."""
    words, _ = read_list(WORDS, NAMES)
    assert not list(used_words("docs/b.md", text, words))


def test_a_word_is_forbidden_where_the_list_says() -> None:
    """Not in other folders, nor in a file where it means something else."""
    words, _ = read_list(WORDS, NAMES)
    assert not list(used_words("office/c.py", "old word", words))
    assert not list(used_words("docs/history.md", "old word", words))
    assert list(used_words("docs/old_word.md", "", words))


def test_a_word_may_be_forbidden_as_a_name_alone() -> None:
    """As a whole name in code; prose and other names have it as they like."""
    words, _ = read_list(WORDS.replace("[docstrings]", "names = true\n[docstrings]"), NAMES)
    (word,) = [replace(word, forms=("old",)) for word in words]
    code = '"""An old one."""\nold = older(old_one)\n'
    (line,) = used_words("kernel/a.py", code, [word])
    assert line.startswith("kernel/a.py:2: the name 'old'")
    assert not list(used_words("docs/b.md", "old", [word]))


def test_a_folder_of_the_list_is_there() -> None:
    """A folder that was renamed does not silently lose its check."""
    with pytest.raises(ListError, match="office is not there"):
        read_list(WORDS, ["docs/b.md", "docs/history.md"])


def test_docstrings() -> None:
    """A verb that opens one and a phrase in one are found; comments and other words are not."""
    _, rule = read_list(WORDS, NAMES)
    code = '''"""Give it."""
def one():
    """Return it. Raises ``ValueError``."""
def two():
    """Given a value, return it."""
    # Give it.
'''
    assert list(bad_docstrings("kernel/a.py", code, rule)) == [
        "kernel/a.py:1: a docstring opens with 'Give'",
        "kernel/a.py:2: a docstring has 'Raises ``'",
    ]
    assert not list(bad_docstrings("office/c.py", code, rule))


@pytest.fixture
def listed() -> dict[str, Any]:
    """A list that fits `file`."""
    return {
        "sealed": ["Person"],
        "made": ["unit"],
        "clear": [
            {"writer": "officer", "reason": "It is short.", "fields": ["Sent.note", "Sent.values"]}
        ],
    }


@pytest.fixture
def file() -> FileDescriptorProto:
    """An event with a code, a text, a map and a number, and a person, who is sealed."""
    file = FileDescriptorProto(name="motcua/post/v1/events.proto")
    sent = file.message_type.add(name="Sent")
    sent.field.add(name="unit", type=FieldDescriptorProto.TYPE_STRING)
    sent.field.add(name="note", type=FieldDescriptorProto.TYPE_STRING)
    sent.field.add(name="count", type=FieldDescriptorProto.TYPE_INT32)
    kind = ".motcua.post.v1.Sent.ValuesEntry"
    sent.field.add(name="values", type=FieldDescriptorProto.TYPE_MESSAGE, type_name=kind)
    entry = sent.nested_type.add(name="ValuesEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", type=FieldDescriptorProto.TYPE_STRING)
    entry.field.add(name="value", type=FieldDescriptorProto.TYPE_STRING)
    person = file.message_type.add(name="Person")
    person.field.add(name="name", type=FieldDescriptorProto.TYPE_STRING)
    return file


def test_listed_strings_pass(file: FileDescriptorProto, listed: dict[str, Any]) -> None:
    """What is listed or sealed is no problem, nor is a message that is no event."""
    rpc = deepcopy(file)
    rpc.name = "motcua/post/v1/post.proto"
    rpc.message_type[0].name = "SendRequest"
    assert problems([file, rpc], listed) == []


def test_a_new_string_is_refused(file: FileDescriptorProto, listed: dict[str, Any]) -> None:
    """Also one of the same name in another message, and one in a map."""
    file.message_type.add(name="Lost").field.add(name="note", type=FieldDescriptorProto.TYPE_STRING)
    listed["clear"][0]["fields"].remove("Sent.values")
    assert problems([file], listed) == [
        "Lost.note is a string, not sealed and not listed",
        "Sent.values is a string, not sealed and not listed",
    ]


def test_the_list_stays_true(file: FileDescriptorProto, listed: dict[str, Any]) -> None:
    """An entry whose field is gone is named, and so is a list that fits no event at all."""
    listed["clear"][0]["fields"].append("Gone.note")
    listed["made"].append("gone")
    assert problems([file], listed) == [
        "Gone.note is listed, and no event has it",
        "gone is listed under `made`, and no event has it",
    ]
    assert problems([], listed) != []


def test_a_citizen_writes_nothing_in_clear(
    file: FileDescriptorProto, listed: dict[str, Any]
) -> None:
    """No reason makes up for it: what a person wrote can be erased."""
    listed["clear"][0]["writer"] = "citizen"
    assert problems([file], listed) == ["Sent.note: what a citizen writes is sealed"]


def test_every_reason_is_given() -> None:
    """The list of this repository says why each of its fields may be read."""
    for entry in tomllib.loads(LIST.read_text("utf-8"))["clear"]:
        assert entry["reason"].endswith(".")
        assert entry["fields"]
