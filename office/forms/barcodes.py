"""QR and Code 128 as SVG pictures."""

from __future__ import annotations

from typing import Final

from zint import Symbol, Symbology

_QUIET: Final = 8
"""The quiet zone around a QR symbol: four modules of two units each."""


def qr_svg(text: str) -> str:
    """Return a QR symbol with its quiet zone."""
    symbol = _symbol(Symbology.QRCODE, text)
    return _svg(symbol, _QUIET)


def code128_svg(text: str) -> str:
    """Return a Code 128 symbol without a text below it; the text is ASCII."""
    return _svg(_symbol(Symbology.CODE128, text), 0)


def _symbol(symbology: Symbology, text: str) -> Symbol:
    symbol = Symbol()
    symbol.symbology = symbology
    symbol.show_hrt = False
    symbol.encode(text)
    symbol.buffer_vector(0)
    return symbol


def _svg(symbol: Symbol, quiet: int) -> str:
    vector = symbol.vector
    assert vector is not None, "buffer_vector made it"
    width, height = vector.width + 2 * quiet, vector.height + 2 * quiet
    bars = "".join(
        f"M{each.x + quiet:g} {each.y + quiet:g}h{each.width:g}v{each.height:g}h-{each.width:g}z"
        for each in vector.rectangles
    )
    box = f'viewBox="0 0 {width:g} {height:g}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {box}><path d="{bars}"/></svg>'
