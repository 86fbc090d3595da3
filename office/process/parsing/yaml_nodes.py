"""YAML documents as trees with line numbers, and a reader of their tables.

Values stay the texts of the file (``1.012766`` is no number here) until a reader asks for a type.
Mistakes are collected, so that all of them are reported at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ProcessMistake:
    """One mistake in a file: its place, the broken rule, and a message."""

    file: str
    line: int
    rule: str
    where: str
    text: str

    def __str__(self) -> str:
        """Return the mistake on one line, the place first."""
        at = f"{self.file}:{self.line}" if self.line else self.file
        where = f" {self.where}:" if self.where else ""
        return f"{at}: [{self.rule}]{where} {self.text}"


@dataclass(frozen=True, slots=True)
class TextForm:
    """The required form of a text: a pattern, and a description that follows "must be"."""

    pattern: str
    description: str


LINE: Final = TextForm(r".{1,200}", "a text of 1 to 200 characters on one line")


@dataclass(frozen=True, slots=True)
class YamlNode:
    """A part of a document; exactly one of ``text``, ``items`` and ``table`` is not None."""

    line: int
    text: str | None = None
    items: tuple[YamlNode, ...] | None = None
    table: dict[str, YamlNode] | None = None

    @property
    def kind(self) -> str:
        """The kind of node, as messages call it."""
        if self.text is not None:
            return "a text"
        return "a list" if self.items is not None else "a table"


@dataclass
class MistakeList:
    """The mistakes found in one file so far."""

    file: str
    mistakes: list[ProcessMistake] = field(default_factory=list)
    noted: int = 0
    """How often ``add`` was called: unchanged while a part without mistakes is read."""

    def add(self, line: int, rule: str, where: str, text: str) -> None:
        """Add a mistake unless it is there already."""
        self.noted += 1
        mistake = ProcessMistake(self.file, line, rule, where, text)
        if mistake not in self.mistakes:
            self.mistakes.append(mistake)

    def remove(self, mistake: ProcessMistake) -> None:
        """Remove a mistake that another one explains better; ``noted`` stays."""
        if mistake in self.mistakes:
            self.mistakes.remove(mistake)


class TableReader:
    """Reads one table key by key; ``done`` reports the keys that were not read."""

    def __init__(self, node: YamlNode, where: str, mistake_list: MistakeList) -> None:
        self.node = node
        self.line = node.line
        self.where = where
        self.mistake_list = mistake_list
        self._asked: list[str] = []
        self._missing: dict[str, ProcessMistake] = {}
        if node.table is None:
            mistake_list.add(node.line, "wrong-type", where, f"must be a table, not {node.kind}")
        self._table = node.table or {}

    def at(self, *keys: str) -> int:
        """Return the line of the first of these keys that is there, or of the table."""
        return next((self._table[key].line for key in keys if key in self._table), self.line)

    def wrong(self, rule: str, text: str, line: int = 0) -> None:
        """Add a mistake of this table."""
        self.mistake_list.add(line or self.line, rule, self.where, text)

    def has(self, key: str) -> bool:
        """Return whether a key is there."""
        return key in self._table

    def get(self, key: str, *, needed: bool = False) -> YamlNode | None:
        """Return the node under a key, None if it is missing; add a mistake for a needed one."""
        self._asked.append(key)
        found = self._table.get(key)
        if found is None and needed and self.node.table is not None:
            text = f"{key} is missing"
            self._missing[key] = ProcessMistake(
                self.mistake_list.file, self.line, "missing", self.where, text
            )
            self.wrong("missing", text)
        return found

    def named(self, key: str, form: TextForm, *, default: str | None = None) -> str:
        """Return a name as ``text`` does; one of a wrong form is returned too, after adding a
        mistake, so that references to it resolve.
        """
        node = self._table.get(key)
        raw = (node.text or "") if node is not None else ""
        return self.text(key, form, default=default) or raw

    def lists(self, key: str) -> bool:
        """Return whether the node under a key is a list of tables, or missing."""
        node = self._table.get(key)
        return node is None or (
            node.items is not None and all(item.table is not None for item in node.items)
        )

    def text(self, key: str, form: TextForm = LINE, *, default: str | None = None) -> str:
        """Return a text of a form; ``default`` when the key is missing or wrong.

        A key without a default is required. Add a mistake for a wrong or missing value.
        """
        node = self.get(key, needed=default is None)
        if node is None:
            return default or ""
        if node.text is None:
            self.wrong("wrong-type", f"{key} must be a text, not {node.kind}", node.line)
            return default or ""
        if not node.text and default is None:
            self.wrong("missing", f"{key} is empty", node.line)
            return ""
        if not re.fullmatch(form.pattern, node.text):
            self.wrong("wrong-value", f"{key}: {node.text!r} must be {form.description}", node.line)
            return default or ""
        return node.text

    def choice(self, key: str, allowed: Sequence[str], *, default: str | None = None) -> str:
        """Return one of the allowed words; add a mistake for others."""
        value = self.text(key, default=default)
        if value and value != default and value not in allowed:
            text = f"{key}: {value!r} is none of {', '.join(allowed)}"
            self.wrong("wrong-value", text, self.at(key))
            return default or ""
        return value

    def number(self, key: str, low: int, high: int, *, default: int | None = None) -> int:
        """Return a whole number within bounds; add a mistake for others."""
        value = self.text(key, default="" if default is not None else None)
        if not value:
            return low if default is None else default
        if not re.fullmatch(r"-?\d{1,9}", value, re.ASCII) or not low <= int(value) <= high:
            text = f"{key}: {value!r} is no whole number from {low} to {high}"
            self.wrong("wrong-value", text, self.at(key))
            return low if default is None else default
        return int(value)

    def flag(self, key: str, *, default: bool) -> bool:
        """Return a truth value; add a mistake for other texts than true and false."""
        value = self.text(key, default="true" if default else "false")
        if value not in ("true", "false"):
            self.wrong("wrong-value", f"{key}: {value!r} is neither true nor false", self.at(key))
        return value == "true"

    def parsed(self, key: str, parse: Callable[[str], T], default: T) -> T:
        """Return a parsed text; add the ``ValueError`` of ``parse`` as a mistake."""
        value = self.text(key, default="")
        if not value:
            return default
        try:
            return parse(value)
        except ValueError as error:
            self.wrong("wrong-value", f"{key}: {error}", self.at(key))
            return default

    def texts(self, key: str) -> list[str]:
        """Return a list of texts; a text alone is a list of one."""
        node = self.get(key)
        if node is None:
            return []
        found = []
        for item in node.items if node.items is not None else (node,):
            if item.text is None:
                self.wrong("wrong-type", f"{key} must hold texts, not {item.kind}", item.line)
            elif item.text in found:
                self.wrong("duplicate", f"{key}: {item.text!r} stands there twice", item.line)
            else:
                found.append(item.text)
        return found

    def tables(self, key: str, noun: str, *, needed: bool = False) -> Iterator[TableReader]:
        """Yield readers of the tables in a list, called by their names or else by their numbers."""
        node = self.get(key, needed=needed)
        if node is None:
            return
        if node.items is None:
            self.wrong("wrong-type", f"{key} must be a list, not {node.kind}", node.line)
            return
        if needed and not node.items:
            self.wrong("missing", f"{key} is empty", node.line)
        for number, item in enumerate(node.items, 1):
            name = (item.table or {}).get("name")
            called = name.text if name is not None and name.text else f"number {number}"
            outer = f"{self.where}, " if self.where else ""
            yield TableReader(item, f"{outer}{noun} {called}", self.mistake_list)

    def inner(self, key: str) -> TableReader | None:
        """Return a reader of the table under a key; None if it is missing."""
        node = self.get(key)
        return (
            None if node is None else TableReader(node, f"{self.where}, {key}", self.mistake_list)
        )

    def names(self) -> list[str]:
        """Return the keys that are there."""
        return list(self._table)

    def misspelt(self, key: str, known: Sequence[str]) -> bool:
        """Return whether a key is missing and an unknown one resembles it."""
        strange = [name for name in self._table if name not in known]
        return key not in self._table and any(
            get_close_matches(name, known, 1) == [key] for name in strange
        )

    def done(self) -> None:
        """Add a mistake for each key that was not read."""
        for key, node in self._table.items():
            if key not in self._asked:
                near = get_close_matches(key, self._asked, 1)
                hint = f"; is {near[0]} meant?" if near else ""
                if near and near[0] in self._missing:  # the key is there, misspelt
                    self.mistake_list.remove(self._missing[near[0]])
                self.wrong("unknown-key", f"{key} means nothing here{hint}", node.line)
