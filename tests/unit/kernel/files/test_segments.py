"""Segments of files: what is changed, exchanged or cut off can't be read."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.files.segments import (
    KEY_BYTES,
    SEGMENT,
    Damaged,
    SegmentCipher,
    number_of,
    sealed_size,
)

KEY = os.urandom(KEY_BYTES)


@given(st.binary(min_size=1, max_size=2000))
def test_a_segment_is_read_as_it_was_written(content: bytes) -> None:
    """Its size is known from the content's."""
    cipher = SegmentCipher("file", KEY, len(content))
    sealed = cipher.seal(0, content)
    assert cipher.open(0, sealed) == content
    assert len(sealed) == sealed_size(len(content), 0)


def test_the_same_content_is_never_encrypted_alike() -> None:
    """Nobody sees by the bytes that two segments are the same."""
    cipher = SegmentCipher("file", KEY, 4)
    assert cipher.seal(0, b"same") != cipher.seal(0, b"same")


def test_a_changed_segment_is_damaged() -> None:
    """Each byte counts, also those before the content; so does the length."""
    cipher = SegmentCipher("file", KEY, 4)
    sealed = cipher.seal(0, b"text")
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(Damaged):
            cipher.open(0, bytes(changed))
    for cut in range(len(sealed)):
        with pytest.raises(Damaged):
            cipher.open(0, sealed[:cut])


def test_a_segment_is_bound_to_its_file_its_place_and_its_key() -> None:
    """Segments that are exchanged are damaged, also between files of one key."""
    size = 3 * SEGMENT
    cipher = SegmentCipher("file", KEY, size)
    sealed = cipher.seal(1, b"x" * SEGMENT)
    assert cipher.open(1, sealed)
    for other, number in (
        (cipher, 0),
        (cipher, 2),
        (SegmentCipher("other", KEY, size), 1),
        (SegmentCipher("file", os.urandom(KEY_BYTES), size), 1),
    ):
        with pytest.raises(Damaged):
            other.open(number, sealed)


def test_a_file_that_is_cut_off_behind_a_segment_is_damaged() -> None:
    """The last segment says that it is the last one, and no other does."""
    whole, shorter = SegmentCipher("file", KEY, 2 * SEGMENT), SegmentCipher("file", KEY, SEGMENT)
    first = whole.seal(0, b"x" * SEGMENT)
    with pytest.raises(Damaged):
        shorter.open(0, first)
    with pytest.raises(Damaged):
        whole.open(0, shorter.seal(0, b"x" * SEGMENT))


@pytest.mark.parametrize(
    ("size", "number"), [(1, 1), (SEGMENT - 1, 1), (SEGMENT, 1), (SEGMENT + 1, 2)]
)
def test_only_the_last_segment_is_shorter(size: int, number: int) -> None:
    """An exact multiple has no empty segment behind it."""
    assert number_of(size) == number
    assert sum(sealed_size(size, n) - 28 for n in range(number)) == size
