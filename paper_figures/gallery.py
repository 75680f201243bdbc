"""A page with all figures of a folder and what each of them shows."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path
from types import ModuleType

from paper_figures.rendering import message

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Exact Landscapes: figures</title>
<style>
body {{ font-family: sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }}
figure {{ margin: 2.5rem 0; }}
img, object {{ width: 100%; }}
object {{ height: 32rem; }}
figcaption {{ line-height: 1.4; }}
code {{ color: #666; font-size: 85%; }}
</style>
<h1>Figures</h1>
{figures}
</html>
"""
_IMAGE = '<img src="{file}" alt="{text}">'
_PDF = '<object data="{file}" type="application/pdf"><a href="{file}">{file}</a></object>'
_FIGURE = "<figure>{shown}<figcaption>{text}<br><code>{name}: {claims}</code></figcaption></figure>"


def page(figures: Iterable[ModuleType], format: str) -> str:
    """HTML that shows the files ``fig_NAME.format`` beside it, each with its message and the claims it rests on."""
    return _PAGE.format(figures="\n".join(_entry(figure, format) for figure in figures))


def _entry(figure: ModuleType, format: str) -> str:
    stem, text = figure.__name__.rpartition(".")[2], escape(message(figure))
    shown = (_PDF if format == "pdf" else _IMAGE).format(file=f"{stem}.{format}", text=text)
    return _FIGURE.format(shown=shown, text=text, name=stem.removeprefix("fig_"), claims=", ".join(figure.CLAIMS))


def write(folder: Path, figures: Iterable[ModuleType], format: str) -> Path:
    """The page in ``folder``."""
    path = folder / "index.html"
    path.write_text(page(figures, format), encoding="utf-8")
    return path
