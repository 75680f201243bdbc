"""Slices in .npz files, with coordinates, directions and the model inside, and a guard against the wrong file."""

from __future__ import annotations

import json
import math
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from theory.arithmetic import as_array
from theory.arrays import MAX_BYTES
from theory.errors import BadFile, TooLarge
from theory.io import files
from theory.io.entries import array_from, lists_from, strings_from
from theory.io.problem import Problem, from_plain, to_plain
from theory.io.schema import refuse_keys
from theory.slices.frame import Frame
from theory.slices.slice import NAMES, Slice
from theory.slices.spans import span

SCHEMA = "exact-landscapes/slice/1"
_REQUIRED = ("schema", "x", "values", "center", "directions", "kind", "about", "way")
_OPTIONAL = ("y", "error", "model")
_TEXTS = ("schema", "kind", "about", "way", "model")
_HEADER = 1024  # bytes of an array in the archive, besides its entries, at most


def save_slice(path: str | Path, piece: Slice, model: Any = None) -> None:
    """Write a slice, with the model (architecture and data) if it is given and a problem file can hold it.

    Raises
    ------
    BadFile
        For another suffix than .npz, and a file that cannot be written.
    TooLarge
        For slices beyond the 256 MiB of a file that can be loaded.
    ValueError
        For a model with another number of parameters, and a slice made by hand that is none.
    TypeError
        For a model that no problem file can hold: leave it out.
    """
    if Path(path).suffix != ".npz":
        raise BadFile(f"{path}: slices are saved as .npz, got {Path(path).suffix or 'no suffix'!r}; name it so")
    if not isinstance(piece, Slice):
        raise TypeError(f"slice: needs a Slice of line, plane or cut, got {type(piece).__name__}")
    _refuse_large(piece.values.nbytes)
    _refuse_inconsistent(piece, getattr(model, "dim", None))
    arrays = {**dict(zip("xy", piece.axes, strict=False)), "values": piece.values, "center": piece.frame.center}
    arrays["directions"] = piece.frame.directions
    written = {name: strings_from(a, name) for name, a in arrays.items()}
    about = json.dumps(piece.frame.about, sort_keys=True)
    texts = {"schema": SCHEMA, "kind": piece.frame.kind, "about": about, "way": piece.way}
    nested = {**texts, **written, "error": piece.error, "model": None if model is None else _text(model)}
    _refuse_large(sum(np.asarray(value).nbytes + _HEADER for value in nested.values()))
    files.write(path, nested)


def load_slice(
    path: str | Path,
    *,
    model: Any = None,
    frame: Frame | None = None,
    x: Any = None,
    y: Any = None,
    way: str | Collection[str] | None = None,
) -> Slice:
    """The slice of a file; whatever is given besides must be what the file was made with.

    Parameters
    ----------
    path : a file that ``save_slice`` has written.
    model : the model it must belong to, architecture and data.
    frame : the center and the directions it must have; its kind and what it says about itself are not compared.
    x, y : the coordinates it must have, as ``plane`` takes them: arrays or "low:high:count".
    way : how the values must have been computed, one or several of those of ``Slice.way``, so that an interpolation
        does not pass for exact values.

    Raises
    ------
    BadFile
        When the file cannot be read, is no slice, or does not match, naming the first difference.
    ValueError, TypeError
        For a demand that no slice can meet.
    """
    ways = NAMES if way is None else (way,) if isinstance(way, str) else tuple(way)
    if unknown := [w for w in ways if w not in NAMES]:
        raise ValueError(f"slice: way needs one of {', '.join(NAMES)}, got {unknown[0]!r}")
    if frame is not None and not isinstance(frame, Frame):
        raise TypeError(f"slice: needs a Frame to compare with, got {type(frame).__name__}")
    text = None if model is None else _text(model)
    nested = files.read(path)
    try:
        piece = _slice(nested)
        if text is not None and nested.get("model") != text:
            got = "one without a model" if "model" not in nested else "another"
            raise BadFile(f"slice: needs one of the given {type(model).__name__}, got {got}; compute it again")
        if piece.way not in ways:
            raise BadFile(f"slice: needs values by {' or '.join(ways)}, got {piece.way}; compute it again")
        _refuse_other(piece, frame, {"x": x, "y": y})
    except (ValueError, TypeError) as error:
        raise BadFile(f"{path}: {error}") from error
    return piece


def _slice(nested: dict[str, Any]) -> Slice:
    """The slice that a nested dictionary describes."""
    refuse_keys("slice", nested, _REQUIRED, _OPTIONAL)
    for name in _TEXTS:
        if not isinstance(nested.get(name, ""), str):
            raise BadFile(f"{name}: needs text, got {type(nested[name]).__name__}")
    if nested["schema"] != SCHEMA:
        raise BadFile(f"schema: needs {SCHEMA!r}, got {nested['schema']!r}")
    about = _json("about", nested["about"])
    frame = Frame(_array(nested, "center"), _array(nested, "directions"), nested["kind"], about)
    axes = tuple(_array(nested, name) for name in "xy" if name in nested)
    piece = Slice(axes, _array(nested, "values"), frame, nested["way"], nested.get("error"))
    model = from_plain(_json("model", nested["model"]), where="model").model if "model" in nested else None
    _refuse_inconsistent(piece, getattr(model, "dim", None))
    return piece


def _refuse_inconsistent(piece: Slice, dim: int | None) -> None:
    """Raise unless the parts of a slice and the dimension of its model fit to each other."""
    frame, exact = piece.frame, piece.frame.center.dtype == object
    for name, a in (*zip("xy", piece.axes, strict=False), ("values", piece.values)):
        if as_array(a, name).dtype != (object if exact else float):
            want, got = "rationals" if exact else "float64", "rationals" if a.dtype.kind == "O" else a.dtype
            raise ValueError(f"{name}: needs {want}, as the frame has, got {got}")
    for name, a in zip("xy", piece.axes, strict=False):
        if span(a, name, exact=exact).shape != a.shape:
            raise ValueError(f"{name}: needs shape (n,), got {a.shape}")
    shape = tuple(len(axis) for axis in reversed(piece.axes))
    if piece.values.shape != shape or len(piece.axes) != frame.count:
        want = f"{frame.count} coordinates and values of shape {shape}"
        raise ValueError(f"slice: needs {want}, got {len(piece.axes)} coordinates and {piece.values.shape}")
    if piece.way not in (ways := ("direct",) if exact else NAMES):
        raise ValueError(f"way: needs one of {', '.join(ways)}, got {piece.way!r}")
    error = piece.error
    if error is not None and not (isinstance(error, float | int) and 0 <= error < math.inf):
        raise ValueError(f"error: needs a finite number of at least 0, got {error!r}")
    if dim not in (None, frame.dim):
        raise ValueError(f"model: needs the {frame.dim} parameters of the frame, got {dim}; give the slice's own model")


def _refuse_large(size: int) -> None:
    if size > MAX_BYTES:
        got = f"a slice of {size / 2**20:.0f} MiB"
        raise TooLarge(
            f"slice: a file holds {MAX_BYTES >> 20} MiB, got {got}; take a coarser grid, or save parts of it"
        )


def _array(nested: dict[str, Any], name: str) -> np.ndarray:
    """Read-only, of any number of axes: rationals by their strings, row by row."""
    a = np.asarray(nested[name])
    out = as_array(a, name) if a.dtype.kind == "f" else array_from(a.ravel().tolist(), name).reshape(a.shape)
    out.flags.writeable = False
    return out


def _json(name: str, text: str) -> dict[str, Any]:
    try:
        return files.from_json(text.encode())
    except BadFile as error:
        raise BadFile(f"{name}: {error}") from None


def _text(model: Any) -> str:
    return json.dumps(to_plain(Problem(model), lists_from), sort_keys=True)


def _refuse_other(piece: Slice, frame: Frame | None, spans: dict[str, Any]) -> None:
    """Raise at the first of the demanded center, directions and coordinates that the slice does not have."""
    names = ("center", "directions") if frame is not None else ()
    pairs = [(name, getattr(frame, name), getattr(piece.frame, name)) for name in names]
    axes, exact = dict(zip("xy", piece.axes, strict=False)), piece.values.dtype == object
    for name, want in spans.items():
        if want is not None:
            if name not in axes:
                raise BadFile(f"slice: has the coordinates {', '.join(axes)}, got {name!r}")
            pairs.append((name, span(want, name, exact=exact), axes[name]))
    for name, want, got in pairs:
        if want.shape != got.shape or want.dtype != got.dtype or not (want == got).all():
            raise BadFile(f"slice: needs the given {name}, got a file made with other ones; compute it again")
