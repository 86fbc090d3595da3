"""Find uses of retired words, and docstrings that open with a retired verb.

`python -m tools.words` reads tools/retired_words.toml and every text file of the repository; 1 when
a word is used where the list forbids it. With --free it prints, for each word and for docstrings,
what the list allows and is free of it.
"""

import ast
import io
import re
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIST = Path(__file__).with_name("retired_words.toml")
SKIPPED = ("requirements.lock", "tests/golden/events/", "tools/retired_words.toml")
"""What nobody writes by hand, and the list itself."""
SUFFIXES = {".py", ".proto", ".md", ".toml", ".yaml", ".txt", ".csv", ".json", ".mako", ".po", ""}
NODES = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


class ListError(Exception):
    """The list of retired words cannot be read, or names a file or folder that is not there."""


@dataclass(frozen=True)
class Retired:
    """A word, what is said instead, and the files and folders that may have it."""

    word: str
    say: str
    forms: tuple[str, ...]
    allowed: tuple[str, ...]
    names: bool
    """Whether only whole names in Python code are meant; in prose the word is as good as any."""

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Match every form."""
        return word_pattern(self.forms)

    @cached_property
    def parts(self) -> tuple[tuple[str, ...], ...]:
        """What a text that has a form holds in lower case; quick to look for."""
        return tuple({tuple(re.split(r"[\s-]", form.lower())) for form in self.forms})

    def may_be_in(self, lower: str) -> bool:
        """Return whether a text in lower case holds all the parts of a form."""
        return any(all(part in lower for part in form) for form in self.parts)

    def holds_for(self, name: str) -> bool:
        """Return whether the word is forbidden in a file."""
        return not _below(name, self.allowed)


@dataclass(frozen=True)
class Docstrings:
    """Verbs that open no docstring, phrases that are in none, and who may have them."""

    verbs: frozenset[str]
    phrases: tuple[str, ...]
    allowed: tuple[str, ...]


def read_list(text: str, names: Iterable[str]) -> tuple[list[Retired], Docstrings]:
    """Read the list; ``names`` are the repository's files.

    Raise ListError when it names a file or folder that holds none of them.
    """
    try:
        content = tomllib.loads(text)
        words = [
            Retired(
                entry["word"],
                entry["say"],
                tuple(entry.get("forms", [entry["word"]])),
                tuple(entry.get("allowed", ())),
                entry.get("names", False),
            )
            for entry in content["word"]
        ]
        given = content["docstrings"]
        docstrings = Docstrings(
            frozenset(given["verbs"]), tuple(given["phrases"]), tuple(given["allowed"])
        )
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise ListError(f"{LIST.name}: {error}") from error
    places = {place for each in words for place in each.allowed}
    known = list(names)
    for place in sorted(places | set(docstrings.allowed)):
        if not any(_below(name, (place,)) for name in known):
            raise ListError(f"{LIST.name}: {place} is not there")
    return words, docstrings


def word_pattern(forms: Iterable[str]) -> re.Pattern[str]:
    """Match the forms of a word as words, and as parts of names such as `old_word` and `OldWord`.

    The words of a form may be joined by spaces, hyphens, underscores or new lines; those with a
    hyphen, by no space.
    """
    alternatives = []
    for form in forms:
        parts = re.split(r"[\s-]", form)
        joined = (r"[_-]*" if "-" in form else r"[\s_-]*").join(map(re.escape, parts))
        camel_case = "".join(re.escape(part.capitalize()) for part in parts)
        alternatives += [
            rf"(?<![A-Za-z])(?i:{joined})(?![a-z])(?!(?<=[A-Z])[A-Z])",
            rf"(?<=[a-z]){camel_case}(?![a-z])",
        ]
    return re.compile("|".join(alternatives))


def used_words(name: str, text: str, words: Iterable[Retired]) -> Iterator[str]:
    """Yield a line for each use of a word that is forbidden in a file, the file's name included."""
    lower = f"{name}\n{text}".lower()
    for each in words:
        if not each.holds_for(name) or not each.may_be_in(lower):
            continue
        if each.names:
            if name.endswith(".py"):
                yield from _used_names(name, text, each)
            continue
        if each.pattern.search(name):
            yield f"{name}: the file's name has {each.word!r}; say {each.say!r}"
        for found in each.pattern.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            yield f"{name}:{line}: {found[0]!r}; say {each.say!r}"


def _used_names(name: str, text: str, word: Retired) -> Iterator[str]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME and token.string.lower() in word.forms:
            yield f"{name}:{token.start[0]}: the name {token.string!r}; say {word.say!r}"


def bad_docstrings(name: str, text: str, rule: Docstrings) -> Iterator[str]:
    """Yield a line for each docstring of a Python file that the rule forbids."""
    if not name.endswith(".py") or _below(name, rule.allowed):
        return
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, NODES) or not (doc := ast.get_docstring(node)):
            continue
        line = getattr(node, "lineno", 1)
        first = re.match(r"\w+", doc)
        if first and first[0] in rule.verbs:
            yield f"{name}:{line}: a docstring opens with {first[0]!r}"
        for phrase in rule.phrases:
            if phrase in doc:
                yield f"{name}:{line}: a docstring has {phrase!r}"


def texts(root: Path) -> dict[str, str]:
    """Return the repository's own texts by their names."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        check=True,
    )
    return {
        name: (root / name).read_text("utf-8")
        for name in sorted(filter(None, listed.stdout.decode().split("\0")))
        if Path(name).suffix in SUFFIXES
        and not _below(name, SKIPPED)
        and (root / name).is_file()  # not one that is deleted and not yet committed
    }


def _below(name: str, places: Iterable[str]) -> bool:
    return any(name == p or name.startswith(p.rstrip("/") + "/") or p == "." for p in places)


def _print_free(what: str, allowed: Iterable[str], uses: set[str]) -> None:
    free = [place for place in allowed if not any(_below(name, (place,)) for name in uses)]
    print(f"{what}: {', '.join(free) or '-'}")


def main(arguments: list[str]) -> int:
    """Print what is forbidden and used; 1 when something is."""
    found = texts(ROOT)
    try:
        words, docstrings = read_list(LIST.read_text("utf-8"), found)
    except ListError as error:
        print(error, file=sys.stderr)
        return 1
    if arguments == ["--free"]:
        for each in words:
            anywhere = replace(each, allowed=())
            uses = {n for n, text in found.items() if any(used_words(n, text, [anywhere]))}
            _print_free(each.word, each.allowed, uses)
        rule = replace(docstrings, allowed=())
        bad = {n for n, text in found.items() if any(bad_docstrings(n, text, rule))}
        _print_free("docstrings", docstrings.allowed, bad)
        return 0
    lines = [
        line
        for name, text in found.items()
        for line in (*used_words(name, text, words), *bad_docstrings(name, text, docstrings))
    ]
    print("\n".join(lines), end="\n" if lines else "", file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
