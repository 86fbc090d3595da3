"""YAML files that people write: documents of texts, lists and tables, with the place of each value.

Values stay the texts of the file (``1.012766`` is no number here); a model says what they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeVar

import yaml

from kernel.documents.mistakes import KeyPath, Position
from kernel.documents.reading import DocumentReader
from kernel.messages.catalogue import BilingualText
from kernel.messages.texts import TEXTS

_Reader = TypeVar("_Reader", bound=DocumentReader)
_DEEPEST: Final = 30
_DIVIDER: Final = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_DIRECTIVES: Final = re.compile(r"(?:[%#][^\n]*\n|\s*\n)*")
_PROBLEMS: Final = (
    (r"character '\\t'", "yaml.tab"),
    (r"mapping values are not allowed", "yaml.colon"),
    (r"could not find expected ':'", "yaml.no_colon"),
    (r"expected ',' or '[\]}]'", "yaml.bracket"),
    (r"unexpected end of stream|unexpected document separator", "yaml.quote"),
    (r"expected <block end>", "yaml.indentation"),
    (r"undefined alias|expected alphabetic or numeric", "yaml.star"),
    (r"duplicate anchor", "yaml.alias"),
    (r"unknown escape|escape sequence", "yaml.escape"),
    (r"cannot start any token", "yaml.first_character"),
    (r"block scalar", "yaml.block"),
    (r"undefined tag handle|tag", "yaml.tag"),
    (r"", "yaml.other"),
)
"""What the messages of the parser hold, and the texts that stand for them."""


def open_yaml(
    text: str, file: str, reader: Callable[[str, Any, Callable[[], _Positions]], _Reader]
) -> list[_Reader]:
    """Return a reader of each document in a text, which mistakes call by ``file``; ``reader`` makes
    one of the file, the content and the positions.

    One that can't be parsed has that mistake, and is not ``complete``. It hides no mistakes of the
    others.
    """
    readers = []
    for line, part in _documents(text):
        tree = _Tree(line)
        try:
            root = yaml.compose(part, Loader=yaml.SafeLoader)
            content = None if root is None else tree.value(root, ())
        except yaml.YAMLError as error:
            made = reader(file, None, dict)
            made.note(*_problem(error, part, line))
        except RecursionError:
            made = reader(file, None, dict)
            made.note((line + 1, 1), "", "yaml", TEXTS.text("yaml.deep"))
        else:
            if root is None:
                continue
            made = reader(file, content, tree.found)
            for path, place, rule, words in tree.mistakes:
                made.note(place, made.where(path), rule, words, path)
        made.complete = not any(mistake.rule == "yaml" for mistake in made.mistakes)
        readers.append(made)
    return readers


_Positions = Mapping[KeyPath, Position]


def _documents(text: str) -> Iterator[tuple[int, str]]:
    """Yield each document with the number of lines before it."""
    begins = 0
    for found in _DIVIDER.finditer(text):
        if _DIRECTIVES.fullmatch(text, begins, found.start()):
            continue
        yield text.count("\n", 0, begins), text[begins : found.start()]
        begins = found.start()
    yield text.count("\n", 0, begins), text[begins:]


def _problem(
    error: yaml.YAMLError, part: str, before: int
) -> tuple[Position, str, str, BilingualText]:
    """Return the place of a syntax error, what is called there, the rule and the text."""
    if isinstance(error, yaml.reader.ReaderError):
        at = error.position
        place = (part.count("\n", 0, at), at - (part.rfind("\n", 0, at) + 1))
        words = TEXTS.text("yaml.character", code=f"{ord(part[at]):04X}")
    else:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        place = (mark.line, mark.column) if mark else (0, 0)
        problem = str(getattr(error, "problem", ""))
        words = TEXTS.text(next(key for form, key in _PROBLEMS if re.search(form, problem)))
    return (before + place[0] + 1, place[1] + 1), "", "yaml", words


class _Tree:
    """The positions and the mistakes in one document; ``before`` are the lines before it."""

    def __init__(self, before: int) -> None:
        self._before = before
        self._positions: dict[KeyPath, Position] = {}
        self._met: set[int] = set()
        self.mistakes: list[tuple[KeyPath, Position, str, BilingualText]] = []

    def found(self) -> _Positions:
        """Return where the key of each value stands, or the value itself in a list."""
        return self._positions

    def value(self, node: yaml.Node, path: KeyPath) -> Any:
        """Return the content of a node."""
        place = self._place(node)
        self._positions.setdefault(path, place)
        if len(path) > _DEEPEST or id(node) in self._met:
            key = "yaml.deep" if len(path) > _DEEPEST else "yaml.alias"
            self.mistakes.append((path, place, "yaml", TEXTS.text(key)))
            return ""
        self._met.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, number)) for number, item in enumerate(node.value)]
        return self._table(node, path) if isinstance(node, yaml.MappingNode) else str(node.value)

    def _table(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        table: dict[str, Any] = {}
        for key, value in node.value:
            place, name = self._place(key), str(key.value)
            if not isinstance(key, yaml.ScalarNode):
                self.mistakes.append((path, place, "yaml", TEXTS.text("yaml.key")))
            elif name in table:
                words = TEXTS.text("yaml.twice")
                self.mistakes.append(((*path, name), place, "duplicate", words))
            else:
                self._positions[*path, name] = place
                table[name] = self.value(value, (*path, name))
        return table

    def _place(self, node: yaml.Node) -> Position:
        return self._before + node.start_mark.line + 1, node.start_mark.column + 1
