"""What an experiment leaves behind: NAME.npz with the arrays, NAME.json with how they came about.

``theory.io.files.read`` reads both; nothing is pickled, and rationals are "p/q" strings.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from theory.arithmetic import RATIONAL, arithmetic_of, as_array, to_strings
from theory.io.files import write
from theory.io.results import plain

SCHEMA = "exact-landscapes/experiment/1"
PACKAGES = ("exact-landscapes", "numpy", "scipy", "python-flint")


def storable(name: str, a: Any) -> np.ndarray:
    """The array as it is stored: numbers and strings as they are, rationals as "p/q".

    Raises
    ------
    ValueError
        For a name that is no identifier.
    TypeError
        For objects other than rationals.
    """
    if not name.isidentifier():
        raise ValueError(f"results: names of arrays must be identifiers, got {name!r}; rename it")
    a = np.asarray(a)
    if a.dtype.kind in "fiubU":
        return a
    if a.dtype.kind == "O" and _rational(a):
        return np.array(to_strings(a))
    raise TypeError(f"results: {name} needs numbers, rationals or strings, got {a.dtype}; convert it")


def _rational(a: np.ndarray) -> bool:
    try:
        return a.size > 0 and arithmetic_of(as_array(a)).name == RATIONAL
    except TypeError:  # entries of no arithmetic
        return False


def save(folder: Path, name: str, arrays: Mapping[str, Any], manifest: Mapping[str, Any]) -> Path:
    """Write both files and return the path of the arrays; the same arrays give the same bytes.

    Raises
    ------
    BadFile
        When one cannot be written.
    """
    path = folder / f"{name}.npz"
    stored = {key: storable(key, a) for key, a in arrays.items()}
    write(path, stored)
    facts = {
        "schema": SCHEMA,
        "experiment": name,
        **manifest,
        "versions": {"python": platform.python_version(), **{package: version(package) for package in PACKAGES}},
        "arrays": {key: f"{a.dtype.kind}{list(a.shape)}" for key, a in stored.items()},
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    write(folder / f"{name}.json", plain(facts))
    return path
