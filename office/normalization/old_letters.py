"""Recognizes words whose letters were written in one encoding and read in another.

As they stand such words are no Vietnamese syllables, and read in the encoding they are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

_FRAME: Final = ".,;:!?()[]{}\"'“”‘’-–/\\&"
"""Signs around a word."""
_ONSETS: Final = "b|ch?|d|đ|gh?|gi|h|kh?|l|m|nh?|ngh?|ph?|qu|r|s|th?|tr|v|x"
_RHYMES: Final = (
    "(?:oa|oă|oe|ua|uâ|uê|uơ|uô|ươ|uy|uyê|iê|yê|[aăâeêioôơuưy])(?:ch?|m|ng?|nh|p|t)?"
    "|ai|ao|au|ay|âu|ây|eo|êu|ia|iu|iêu|yêu|oai|oay|oeo|oi|ôi|ơi|ui|uya|uyu|uôi|uây|ưa|ưi|ưu|ươi|ươu"
)
_SYLLABLE: Final = re.compile(f"(?:{_ONSETS})?(?:{_RHYMES})")
_TONES: Final = ("\u0301", "\u0300", "\u0309", "\u0303", "\u0323")
_CIRCUMFLEX, _BREVE = "\u0302", "\u0306"

_TCVN3: Final = str.maketrans(
    "¡¢£¤¥¦§¨©ª«¬\u00ad®µ¶·¸¹»¼½¾ÆÇÈÉÊËÌÎÏÐÑÒÓÔÕÖ×ØÜÝÞßáâãäåæçèéêëìíîïñòóôõö÷øùúûüýþ",
    "ĂÂÊÔƠƯĐăâêôơưđàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ",
)
_VNI_LETTERS: Final = str.maketrans("ñÑöÖôÔæÆóÓòÒîÎ", "đĐưƯơƠỉỈĩĨịỊỵỴ")
_VNI_MARKS: Final = {
    sign: mark + tone
    for signs, mark in (("âáàåãä", _CIRCUMFLEX), ("êéèúüë", _BREVE))
    for sign, tone in zip(signs, ("", *_TONES), strict=True)
} | dict(zip("ùøûõï", _TONES, strict=True))
_VNI_PAIR: Final = re.compile(f"([aeouyöô])([{''.join(_VNI_MARKS)}])", re.IGNORECASE)
"""A vowel and the mark behind it."""


def old_encoding(text: str) -> str:
    """Return the encoding of the first word that was read in another one; empty for none."""
    if text.isascii():
        return ""
    words = (word.strip(_FRAME) for word in text.split() if not word.isascii())
    return next(filter(None, map(_of_word, words)), "")


@lru_cache(maxsize=4096)
def _of_word(word: str) -> str:
    if _is_syllable(word) or not any(sign.isascii() and sign.isalpha() for sign in word):
        return ""
    for name, converted in _ENCODINGS.items():
        try:
            if _is_syllable(converted(word).strip(_FRAME)):
                return name
        except UnicodeError:
            continue
    return ""


def _is_syllable(word: str) -> bool:
    """Return whether a word, which is not all ASCII, is written as one Vietnamese syllable."""
    letters = unicodedata.normalize("NFD", word.lower())
    tones = sum(map(letters.count, _TONES))
    plain = "".join(sign for sign in letters if sign not in _TONES)
    found = _SYLLABLE.fullmatch(unicodedata.normalize("NFC", plain))
    return found is not None and tones <= 1 and not word.isascii()


def _from_vni(word: str) -> str:
    marked = _VNI_PAIR.sub(lambda pair: pair[1] + _VNI_MARKS[pair[2].lower()], word)
    return marked.translate(_VNI_LETTERS)


_ENCODINGS: Final[Mapping[str, Callable[[str], str]]] = {
    "UTF-8": lambda word: word.encode("cp1252").decode("utf-8"),
    "VNI": _from_vni,
    "TCVN3 (ABC)": lambda word: word.translate(_TCVN3),
    "Windows-1258": lambda word: word.encode("cp1252").decode("cp1258"),
}
