"""Both languages have the same texts, code names only texts that exist, and each one is used."""

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from motcua.buf.validate.validate_pb2 import FieldRules

from kernel.messages.catalogue import MessageCatalogue
from tests.support.paths import ROOT, code_files

CATALOGUES = sorted(
    path for top in ("kernel", "office", "services", "cli") for path in (ROOT / top).rglob("vi.po")
)
KEY_AT = {"text": 0, "both": 0, "refusal": 0, "_refusal": 0, "broken_rule": 0, "refused": 0}
KEY_AT |= {"violation": 1, "_violation": 1, "own_violation": 1, "rule_text": 0}
"""The functions that take a key, and its place among their arguments."""
SPACES = re.compile(r"{[^}]*}")
WITH_LIMIT = {"broken_rule", "violation", "own_violation", "rule_text", "refused"}
"""Of these, the parameter has one name for all texts."""
RULES = {field.name for field in FieldRules.DESCRIPTOR.fields} | {"number", "message"}
"""What begins with one of these is named by protovalidate, after the rules in protos/."""


CONTRACTS = {
    word
    for proto in (ROOT / "protos").rglob("*.proto")
    for word in re.findall(r"^ +([A-Z][A-Z_]+) = \d", proto.read_text("utf-8"), re.MULTILINE)
}
"""The names of enumerated values, by which their words are found."""


def owner(path: Path) -> Path | None:
    """Return the catalogue whose texts a module names: the nearest above it."""
    return next((up / "vi.po" for up in path.parents if up / "vi.po" in CATALOGUES), None)


def trees(catalogue: Path, *, named: bool = False) -> Iterator[tuple[Path, ast.Module]]:
    """Yield the modules that belong to a catalogue; ``named``: and those that name its codes."""
    for path in code_files():
        belongs = owner(path) == catalogue
        # The office's libraries tell services the code of a refusal.
        if belongs or (named and path.is_relative_to(ROOT / "office")):
            yield path, ast.parse(path.read_text("utf-8"))


def named_literally(tree: ast.Module) -> Iterator[str]:
    """Yield the texts of a module that are no docstrings, patterns among them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [
                re.escape(str(part.value)) if isinstance(part, ast.Constant) else r"[\w.]+"
                for part in node.values
            ]
            yield "".join(parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield re.escape(node.value)


def named_in_templates(catalogue: Path) -> Iterator[str]:
    """Yield the keys that pages name, as patterns; a part that is computed stands for any."""
    for page in catalogue.parent.glob("templates/*.html"):
        for first, joined in re.findall(r'\bt\(["\']([\w.]+)["\']( ~)?', page.read_text("utf-8")):
            yield re.escape(first) + (r"[\w.]+" if joined else "")


def parameters(text: str) -> set[str]:
    """Return the names of the places in a text."""
    fields = (name for _, name, _, _ in string.Formatter().parse(text) if name is not None)
    return {name.partition(".")[0] for name in fields}


def test_there_are_catalogues() -> None:
    """Of the kernel, the office and each service."""
    assert len(CATALOGUES) >= 7


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: str(path.relative_to(ROOT)))
def test_both_languages_say_the_same(path: Path) -> None:
    """Each entry has both languages, they differ, and they have the same parameters."""
    catalogue = MessageCatalogue(path)
    for key in catalogue:
        entry = catalogue.entry(key)
        english = SPACES.sub("", entry.en[0])
        # A text of parameters alone, or of the office's own terms, is the same in both.
        has_words = english.isascii() and re.search("[a-z]{2}", english)
        assert entry.vi != entry.en or not has_words, key
        names = [parameters(text) for text in (*entry.vi, *entry.en)]
        assert all(found == names[0] for found in names), key
        assert all(name.isidentifier() for name in names[0]), key
        assert len(entry.vi) == 1, key
        assert "count" in names[0] or len(entry.en) == 1, key


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_text_is_used(path: Path) -> None:
    """Its key stands in the code, as a whole or as a pattern, or it is a rule of protovalidate."""
    patterns = {pattern for _, tree in trees(path, named=True) for pattern in named_literally(tree)}
    patterns |= set(named_in_templates(path))
    fixed = {pattern for pattern in patterns if "[" not in pattern}
    others = [re.compile(pattern) for pattern in patterns - fixed if len(pattern) > 8]
    unused = [
        key
        for key in MessageCatalogue(path)
        if re.escape(key) not in fixed
        and not any(pattern.fullmatch(key) for pattern in others)
        and key not in CONTRACTS
        and not (path.parent.name == "kernel" and key.partition(".")[0] in RULES)
    ]
    assert unused == []


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_text_that_is_named_exists(path: Path) -> None:
    """With exactly the parameters that it is given."""
    checked = 0
    for module, tree in trees(path):
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            name = node.func.id if isinstance(node.func, ast.Name) else name
            catalogue, place = MessageCatalogue(path), KEY_AT.get(name)
            if place is None or len(node.args) <= place:
                continue
            if name in ("text", "both") and "TEXTS." not in ast.unparse(node.func):
                continue  # another function of this name
            key = node.args[place]
            if not (isinstance(key, ast.Constant) and isinstance(key.value, str)):
                continue
            where = f"{module.relative_to(ROOT)}:{node.lineno}: {key.value}"
            if name == "broken_rule":  # of the catalogue of procedures, whoever asks for it
                catalogue = MessageCatalogue(ROOT / "office" / "catalogue" / "vi.po")
            assert key.value in catalogue, where
            given = {word.arg for word in node.keywords}
            if name not in WITH_LIMIT and None not in given:
                assert given == parameters(catalogue.entry(key.value).en[0]), where
            checked += 1
    for pattern in (each for each in named_in_templates(path) if "[" not in each):
        assert pattern in {re.escape(key) for key in MessageCatalogue(path)}, pattern
        checked += 1
    assert checked or "office" in path.parts
