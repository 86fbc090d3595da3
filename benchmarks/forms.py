"""A receipt as PDF against a bare page set by the same library, in one process and one run."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median
from typing import Any

import typst

from benchmarks.harness import Figures, Servers, Size
from office.forms.choice import FormKind
from office.forms.contents import Receipt
from office.forms.samples import sample
from office.forms.typesetting import FormTemplates

NAME = "forms: a receipt against a bare page of the same library"
TARGET_MS = 30.0
COUNTS = {Size.SMALL: 20, Size.USUAL: 200, Size.FULL: 1_000}
_BARE = b'#set page(paper: "a5")\n#sys.inputs.text'


def _milliseconds(work: Callable[[int], Any], count: int) -> float:
    """Return the median of one call; each has another content, so that no cache holds it."""
    took = []
    for number in range(count):
        began = time.perf_counter()
        work(number)
        took.append((time.perf_counter() - began) * 1e3)
    return median(took)


def run(size: Size, _servers: Servers) -> Figures:
    """Measure both, print and return the figures."""
    count, templates = COUNTS[size], FormTemplates()
    content: Receipt = sample(FormKind.RECEIPT)
    fonts = typst.Fonts(include_system_fonts=False)

    def receipt(number: int) -> bytes:
        owner = f"Nguyễn Thị Ngọc Ánh {number}"
        return templates.pdf(FormKind.RECEIPT, replace(content, owner=owner), number)

    def bare(number: int) -> Any:
        return typst.Compiler(font_paths=fonts, ignore_system_fonts=True).compile(
            _BARE, format="pdf", sys_inputs={"text": f"Trang {number}"}, timestamp=number
        )

    receipt(-1), bare(-1)
    figures = {"receipt ms": _milliseconds(receipt, count), "bare ms": _milliseconds(bare, count)}
    print(
        f"receipt {figures['receipt ms']:.1f} ms (target < {TARGET_MS:.0f}), "
        f"bare page {figures['bare ms']:.1f} ms, median of {count}"
    )
    return figures
