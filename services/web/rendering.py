"""Makes pages from templates, in the language that the address names."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from kernel.messages.catalogue import BilingualText
from services.web.texts import TEXTS

_HERE: Final = Path(__file__).parent
_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_SECRET: Final = frozenset({"code", "pin"})
"""Parameters that no link repeats."""


@cache
def _style() -> str:
    """Return what changes with the style's file, so that browsers may keep it."""
    return hashlib.sha256((_HERE / "static" / "style.css").read_bytes()).hexdigest()[:12]


def language_of(request: Request) -> str:
    """Return the page's language: Vietnamese, unless the address asks for English."""
    return "en" if request.query_params.get("lang") == "en" else "vi"


def render(
    request: Request, template: str, context: Mapping[str, Any], *, status: int = 200
) -> HTMLResponse:
    """Return a page."""
    language = language_of(request)

    def text(key: str, **params: object) -> str:
        return words(TEXTS.text(key, **params))

    def words(found: BilingualText) -> str:
        return found.en if language == "en" else found.vi

    def address(path: str, **params: object) -> str:
        given = {name: value for name, value in params.items() if value not in ("", None)}
        if language == "en":
            given["lang"] = "en"
        return quote(path) + (f"?{urlencode(given)}" if given else "")

    shown = {k: v for k, v in request.query_params.items() if k not in _SECRET | {"lang"}}
    other = shown if language == "en" else {**shown, "lang": "en"}
    html = _TEMPLATES.get_template(template).render(
        t=text,
        words=words,
        address=address,
        language=language,
        other_language=quote(request.url.path) + (f"?{urlencode(other)}" if other else ""),
        style=_style(),
        path=request.url.path,
        **context,
    )
    return HTMLResponse(html, status, {"content-language": language})
