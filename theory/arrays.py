"""Shapes and batches: the only place that words those errors.

Array rule: leading axes are a batch, the last axis holds the parameters. Data have samples as columns.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from theory import memory
from theory.arithmetic import as_array

Layout = tuple[tuple[str, tuple[int, ...]], ...]

MAX_BYTES = 256 * 2**20


def frozen(a: np.ndarray) -> np.ndarray:
    """A read-only copy."""
    out = np.array(a)
    out.flags.writeable = False
    return out


def points(theta: Any, dim: int, where: str, name: str = "theta") -> np.ndarray:
    """``theta`` as an array (..., dim) of one arithmetic."""
    out = as_array(theta, f"{where}: {name}")
    if out.ndim == 0 or out.shape[-1] != dim:
        raise ValueError(
            f"{where}: {name} needs {dim} parameters along its last axis, got shape {out.shape}; "
            "leading axes are a batch, and pack() builds theta from its layers"
        )
    return out


def _real(a: Any, name: str) -> np.ndarray:
    out = as_array(a, name)
    if out.dtype.kind == "c":
        raise TypeError(f"{name} must be real, got {out.dtype}; give the real part")
    return out


def matrix(a: Any, where: str, name: str, rows: int | None = None, columns: int | None = None) -> np.ndarray:
    """Data as a read-only 2-D array with the stated numbers of rows and columns."""
    out = _real(a, f"{where}: {name}")
    if out.ndim == 1:
        raise ValueError(
            f"{where}: {name} must be 2-D with samples as columns, got shape {out.shape}; "
            f"write {name}[None, :] for {out.shape[0]} samples or {name}[:, None] for one sample"
        )
    if out.ndim != 2 or rows not in (None, out.shape[0]) or columns not in (None, out.shape[1]):
        want = f"({rows or 'any'}, {columns or 'any'})"
        raise ValueError(f"{where}: {name} needs shape {want}, samples as columns, got {out.shape}")
    return frozen(out)


def vector(a: Any, where: str, name: str, size: int | None = None) -> np.ndarray:
    """Data as a read-only 1-D array of the stated size."""
    out = _real(a, f"{where}: {name}")
    if out.ndim != 1 or size not in (None, out.shape[0]):
        raise ValueError(f"{where}: {name} needs shape ({size or 'any'},), got {out.shape}")
    return frozen(out)


def targets(y: Any, X: np.ndarray, where: str) -> np.ndarray:
    """Scalar targets y as a read-only array (m,), one for each column of X."""
    try:
        return vector(y, where, "y", X.shape[1])
    except ValueError as error:
        raise ValueError(f"{error}; samples are the columns of X {X.shape}") from None


def positive_int(value: Any, where: str, name: str) -> int:
    """A size: an integer of at least 1."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"{where}: {name} must be an integer of at least 1, got {value!r}")
    return int(value)


def widths_of(widths: Any, where: str) -> tuple[int, ...]:
    """Layer widths (d_0, ..., d_H) with H >= 1."""
    if not isinstance(widths, Sequence | np.ndarray) or isinstance(widths, str) or len(widths) < 2:
        raise ValueError(f"{where}: widths must be (d_0, ..., d_H) with at least two entries, got {widths!r}")
    return tuple(positive_int(d, where, "each width") for d in widths)


def size_of(layout: Layout) -> int:
    """Number of parameters of a layout."""
    return sum(math.prod(shape) for _, shape in layout)


def unpack(theta: np.ndarray, layout: Layout) -> tuple[np.ndarray, ...]:
    """Views (..., *shape), one for each entry of the layout."""
    out, start = [], 0
    for _, shape in layout:
        stop = start + math.prod(shape)
        out.append(theta[..., start:stop].reshape(theta.shape[:-1] + shape))
        start = stop
    return tuple(out)


def pack(parts: Sequence[Any], layout: Layout, where: str) -> np.ndarray:
    """The inverse of ``unpack``; leading axes broadcast."""
    if len(parts) != len(layout):
        names = ", ".join(name for name, _ in layout)
        raise ValueError(f"{where}.pack: needs {len(layout)} arrays ({names}), got {len(parts)}")
    arrays = []
    for (name, shape), part in zip(layout, parts, strict=True):
        a = as_array(part, f"{where}.pack: {name}")
        if a.shape[max(a.ndim - len(shape), 0) :] != shape:
            raise ValueError(f"{where}.pack: {name} needs shape (..., {', '.join(map(str, shape))}), got {a.shape}")
        arrays.append(a)
    leads = {name: a.shape[: a.ndim - len(shape)] for (name, shape), a in zip(layout, arrays, strict=True)}
    memory.refuse((*batch_of(f"{where}.pack", leads), size_of(layout)), float, f"{where}.pack")
    return as_array(join(arrays, [shape for _, shape in layout]), f"{where}.pack")


def batch_of(where: str, leads: Mapping[str, tuple[int, ...]]) -> tuple[int, ...]:
    """The common batch of named arrays with these leading axes."""
    try:
        return np.broadcast_shapes(*leads.values())
    except ValueError:
        got = ", ".join(f"{lead} of {name}" for name, lead in leads.items())
        raise ValueError(f"{where}: needs batches that broadcast against each other, got {got}") from None


def join(
    parts: Sequence[np.ndarray], shapes: Sequence[tuple[int, ...]], batch: tuple[int, ...] = ()
) -> np.ndarray:
    """The flat vectors (..., n) of arrays (..., *shape) whose leading axes broadcast, with ``batch`` too."""
    layers = [np.asarray(p) for p in parts]
    leads = {p.shape[: p.ndim - len(shape)] for p, shape in zip(layers, shapes, strict=True)}
    if leads != {batch}:
        batch = np.broadcast_shapes(batch, *leads)
        layers = [np.broadcast_to(p, batch + shape) for p, shape in zip(layers, shapes, strict=True)]
    return np.concatenate([p.reshape(*batch, math.prod(s)) for p, s in zip(layers, shapes, strict=True)], axis=-1)


def batch_matrix(out: np.ndarray | None, shape: tuple[int, ...], dtype: Any, where: str) -> np.ndarray:
    """The array to write Hessians into: ``out`` if it fits, else a new one; refused before any work if impossible."""
    if out is None:
        return memory.new(shape, dtype, where)
    want = f"a writeable C-contiguous {np.dtype(dtype)} array of shape {shape}"
    if not isinstance(out, np.ndarray):
        raise TypeError(f"{where}: out must be {want}, got {type(out).__name__}; make it with np.empty")
    if out.shape != shape or out.dtype != dtype or not (out.flags.writeable and out.flags.c_contiguous):
        raise ValueError(f"{where}: out must be {want}, got {out.dtype} {out.shape}")
    return out


def chunks(count: int, bytes_each: int, max_bytes: int = MAX_BYTES) -> range:
    """Starts of chunks whose temporaries stay below ``max_bytes``; the step is the chunk size."""
    return range(0, count, max(1, min(count, max_bytes // max(bytes_each, 1))))


def in_chunks(
    function: Callable[..., np.ndarray], vectors: Sequence[np.ndarray], bytes_each: int, max_bytes: int = MAX_BYTES
) -> np.ndarray:
    """A batched function of vectors (..., n), on chunks of the batch whose temporaries stay below ``max_bytes``.

    A vector without a batch is handed on as it is, so that what depends on it alone is computed once a chunk.
    """
    batch = np.broadcast_shapes(*(v.shape[:-1] for v in vectors))
    starts = chunks(math.prod(batch), bytes_each, max_bytes)
    if len(starts) == 1:
        return function(*vectors)
    takers = [_taker(v, batch) for v in vectors]
    out = None
    for s in starts:
        part = function(*(take(s, s + starts.step) for take in takers))
        if out is None:
            out = memory.new((math.prod(batch), *part.shape[1:]), part.dtype, "a batch")
        out[s : s + starts.step] = part
    assert out is not None
    return out.reshape(batch + out.shape[1:])


def _taker(v: np.ndarray, batch: tuple[int, ...]) -> Callable[[int, int], np.ndarray]:
    """The vectors from start to stop of v (..., n) broadcast to the flattened batch, never all of them at once."""
    if v.ndim == 1:
        return lambda start, stop: v
    if v.shape[:-1] == batch and v.flags.c_contiguous:
        rows = v.reshape(-1, v.shape[-1])
        return lambda start, stop: rows[start:stop]
    full, count = np.broadcast_to(v, batch + v.shape[-1:]), math.prod(batch)
    return lambda start, stop: full[np.unravel_index(np.arange(start, min(stop, count)), batch)]
