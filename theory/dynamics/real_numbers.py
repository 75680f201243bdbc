"""Numbers and arrays for formulas that have no rational values: floats stay floats, all else becomes balls."""

from __future__ import annotations

from typing import Any

import numpy as np

from theory.arithmetic import BALL, FLOAT, RATIONAL, Arithmetic, as_array, common_arithmetic, flint
from theory.arrays import batch_of
from theory.constructors import each
from theory.errors import NotExact


def real_numbers(where: str, **values: Any) -> tuple[Any, ...]:
    """The common arithmetic of named array-likes, their common shape (...), and the arrays broadcast to it, flattened.

    The arithmetic is that of floats, or of balls at the precision in force. Flattened, since object arrays without axes
    turn into their entry in every operation.

    Raises
    ------
    NotExact
        For symbols and complex numbers.
    """
    arrays = [as_array(value, f"{where}: {name}") for name, value in values.items()]
    kind = common_arithmetic(*arrays)
    if kind.name not in (FLOAT, RATIONAL, BALL) or (kind.name == FLOAT and kind.parent.kind == "c"):
        got = "complex numbers" if kind.name == FLOAT else f"{kind.name} ones"
        raise NotExact(f"{where}: needs real numbers, got {got}; give floats, rationals or balls")
    if kind.name == RATIONAL:
        kind = Arithmetic(BALL, flint().ctx.prec)
    shape = batch_of(where, {name: a.shape for name, a in zip(values, arrays, strict=True)})
    return kind, shape, *(np.broadcast_to(kind.convert(a), shape).ravel() for a in arrays)


def require(where: str, need: str, holds: Any, hint: str, **got: Any) -> None:
    """Raise ValueError unless the conditions hold everywhere."""
    if not np.all(holds):
        values = ", ".join(f"{name} = {np.squeeze(value)}" for name, value in got.items())
        raise ValueError(f"{where}: needs {need}, got {values}; {hint}")


def elementary(name: str, x: np.ndarray) -> np.ndarray:
    """The function of this name (exp, expm1, log, sqrt) at every entry, in floats or balls."""
    return getattr(np, name)(x) if x.dtype != object else each(lambda entry: getattr(entry, name)(), x)


def root(x: np.ndarray, n: int) -> np.ndarray:
    """x^{1/n} for x >= 0."""
    return x ** (1 / n) if x.dtype != object else each(lambda entry: entry.root(n), x)
