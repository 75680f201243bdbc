"""The bibliography: one key a source in ``references.bib``; every citation resolves there."""

from __future__ import annotations

import functools
import re
from pathlib import Path

BIBLIOGRAPHY = Path(__file__).parents[1] / "references.bib"
OWN = "own derivation"

_ENTRY = re.compile(r"^@(\w+)\{([^,\s]+),(.*?)^\}", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"^\s*(\w+)\s*=\s*[{\"](.*?)[}\"],?\s*$", re.MULTILINE)


def entries(text: str) -> dict[str, dict[str, str]]:
    """Key -> fields of a BibTeX text; an entry ends with a closing brace at the start of a line."""
    found = [(key, dict(_FIELD.findall(body))) for _, key, body in _ENTRY.findall(text)]
    keys = [key for key, _ in found]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise ValueError(f"references.bib: keys must be unique, got {', '.join(twice)} twice")
    return dict(found)


@functools.cache
def bibliography() -> dict[str, dict[str, str]]:
    """The bundled ``references.bib``."""
    return entries(BIBLIOGRAPHY.read_text(encoding="utf-8"))


def citation(source: str) -> str:
    """The entry of a claim's source "key, locator" in one line; "" for our own derivations and unknown keys."""
    fields = bibliography().get(source.split(",")[0].strip(), {}) if BIBLIOGRAPHY.exists() else {}
    where = next((fields[k] for k in ("journal", "booktitle", "publisher", "howpublished", "note") if k in fields), "")
    parts = (fields.get("author", "").replace(" and ", ", "), fields.get("title", ""), where, fields.get("year", ""))
    return ". ".join(re.sub(r"[{}]", "", part) for part in parts if part)
