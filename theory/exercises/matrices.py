"""Matrices and chains of layers among the answers: their form is checked here, once, in the words of the student."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theory.exercises.exercise import BadAnswer, rationals, shown

LARGEST_DIMENSION = 80


def matrix(value: Any, where: str, rows: int | None = None, columns: int | None = None) -> np.ndarray:
    """A list of rows from an answer as an array (rows, columns) of rationals; sizes that are None are free.

    Raises
    ------
    BadAnswer
        When it is no list of rows of one length, has another shape, is too large, or an entry is no exact number.
    """
    want = f"a matrix of {_number(rows, 'row')} with {_number(columns, 'entry')} each"
    if not isinstance(value, list) or not value or not all(isinstance(row, list) and row for row in value):
        raise BadAnswer(f"{where}: needs {want}, as a list of rows, got {shown(value)}")
    lengths = {len(row) for row in value}
    if len(lengths) > 1 or rows not in (None, len(value)) or columns not in (None, len(value[0])):
        got = f"{_number(len(value), 'row')} of {' and '.join(map(str, sorted(lengths)))}"
        raise BadAnswer(f"{where}: needs {want}, got {got}")
    if len(value) * len(value[0]) > LARGEST_DIMENSION:
        size = f"{len(value)} x {len(value[0])}"
        raise BadAnswer(f"{where}: needs at most {LARGEST_DIMENSION} entries, got {size}; less will do")
    return np.stack([rationals(row, f"{where}[{i}]") for i, row in enumerate(value)])


def layers(value: Any, where: str, shapes: Sequence[tuple[int, int]]) -> list[np.ndarray]:
    """W_1, ..., W_H of the stated shapes (d_i, d_{i-1})."""
    if not isinstance(value, list) or len(value) != len(shapes):
        raise BadAnswer(f"{where}: needs a list of {_number(len(shapes), 'matrix')}, got {shown(value)}")
    return [matrix(w, f"{where}[{i}]", *shape) for i, (w, shape) in enumerate(zip(value, shapes, strict=True))]


def chain(value: Any, where: str, first: int, last: int) -> list[np.ndarray]:
    """W_1, ..., W_H of any widths that can be multiplied, from ``first`` inputs to ``last`` outputs."""
    if not isinstance(value, list) or not value:
        raise BadAnswer(f"{where}: needs a list of matrices W_1, ..., W_H, got {shown(value)}")
    W: list[np.ndarray] = []
    for i, w in enumerate(value):
        W.append(matrix(w, f"{where}[{i}]", last if i == len(value) - 1 else None, len(W[-1]) if W else first))
    if (dim := sum(w.size for w in W)) > LARGEST_DIMENSION:
        raise BadAnswer(f"{where}: needs at most {LARGEST_DIMENSION} weights, got {dim}; a smaller net will do")
    return W


def printed(a: Any) -> str:
    """An array or nested tuples in the notation of lists of rows."""
    return f"[{', '.join(map(printed, a))}]" if isinstance(a, np.ndarray | tuple | list) else str(a)


def _number(n: int | None, what: str) -> str:
    plural = {"entry": "entries", "matrix": "matrices"}.get(what, f"{what}s")
    return f"{'some' if n is None else n} {what if n == 1 else plural}"
