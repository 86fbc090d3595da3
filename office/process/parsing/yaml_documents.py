"""The documents of a YAML file as trees of nodes, with plain messages for syntax errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import yaml

from office.process.parsing.yaml_nodes import MistakeList, YamlNode

_DEEPEST: Final = 30
_DIVIDER: Final = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_DIRECTIVES: Final = re.compile(r"(?:[%#][^\n]*\n|\s*\n)*")
_MESSAGES: Final = (
    (r"character '\\t'", "a tab stands where only blanks may indent"),
    (r"mapping values are not allowed", "a colon stands where no key can be: is a text meant, put "
     "it in quotes; else look at the indentation"),
    (r"could not find expected ':'", "a key has no colon after it"),
    (r"expected ',' or '[\]}]'", "a comma or the closing bracket is missing before this; a text "
     "with : or , in it needs quotes"),
    (r"unexpected end of stream", "a quotation mark is not closed"),
    (r"unexpected document separator", "a quotation mark is not closed"),
    (r"expected <block end>", "this does not fit the indentation of the lines above"),
    (r"undefined alias|expected alphabetic or numeric", "a text that begins with * or & needs "
     "quotes"),
    (r"duplicate anchor", "aliases (*name) are not used in process files"),
    (r"unknown escape|escape sequence", "after \\ stands a letter without a meaning: write \\\\"),
    (r"cannot start any token", "a text that begins with this character needs quotes"),
    (r"block scalar", "after | or > nothing else may stand on the line"),
    (r"undefined tag handle|tag", "a text that begins with ! needs quotes"),
)  # fmt: skip
_OTHER_MESSAGE: Final = (
    "this can't be read as YAML: look at the indentation, brackets and quotes here"
)


def parse_documents(text: str, mistake_list: MistakeList) -> list[YamlNode]:
    """Return the documents of a file; record at most one syntax error of each."""
    nodes = []
    for line, part in _documents(text):
        try:
            root = yaml.compose(part, Loader=yaml.SafeLoader)
        except yaml.YAMLError as error:
            _note(error, part, line, mistake_list)
            continue
        except RecursionError:
            mistake_list.add(line + 1, "yaml", "", "is nested too deeply")
            continue
        if root is not None:
            nodes.append(_node(root, mistake_list, line, set(), 0))
    return nodes


def _documents(text: str) -> Iterator[tuple[int, str]]:
    """Yield each document with the number of lines before it, so that a syntax error in one does
    not hide the mistakes of the others.
    """
    begins = 0
    for found in _DIVIDER.finditer(text):
        if _DIRECTIVES.fullmatch(text, begins, found.start()):
            continue
        yield text.count("\n", 0, begins), text[begins : found.start()]
        begins = found.start()
    yield text.count("\n", 0, begins), text[begins:]


def _note(error: yaml.YAMLError, part: str, line: int, mistake_list: MistakeList) -> None:
    if isinstance(error, yaml.reader.ReaderError):
        before = part[: error.position]
        at, column = before.count("\n"), error.position - (before.rfind("\n") + 1)
        message = f"the character U+{ord(part[error.position]):04X} can't be in a YAML file"
    else:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        at, column = (mark.line, mark.column) if mark else (0, 0)
        problem = str(getattr(error, "problem", ""))
        message = next(
            (message for form, message in _MESSAGES if re.search(form, problem)), _OTHER_MESSAGE
        )
    mistake_list.add(line + at + 1, "yaml", "", f"column {column + 1}: {message}")


def _node(
    node: yaml.Node, mistake_list: MistakeList, before: int, met: set[int], depth: int
) -> YamlNode:
    line = before + node.start_mark.line + 1
    if depth > _DEEPEST:
        mistake_list.add(line, "yaml", "", "is nested too deeply")
        return YamlNode(line, text="")
    if id(node) in met:
        mistake_list.add(line, "yaml", "", "aliases (*name) are not used in process files")
        return YamlNode(line, text="")
    met.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        items = (_node(item, mistake_list, before, met, depth + 1) for item in node.value)
        return YamlNode(line, items=tuple(items))
    if isinstance(node, yaml.MappingNode):
        table: dict[str, YamlNode] = {}
        for key, value in node.value:
            name, at = str(key.value), before + key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                mistake_list.add(at, "yaml", "", "a key must be a word")
            elif name in table:
                mistake_list.add(at, "duplicate", name, "this key stands here twice")
            else:
                table[name] = _node(value, mistake_list, before, met, depth + 1)
        return YamlNode(line, table=table)
    return YamlNode(line, text=str(node.value))
