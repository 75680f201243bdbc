"""Numbers in files: ints and "p/q" or decimal strings are exact, numbers with a point are floats."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

import numpy as np

from theory.arithmetic import BALL, FLOAT, RATIONAL, arithmetic_of, as_array, rational, to_float, to_strings
from theory.constructors import EXACT_NUMBER
from theory.errors import NotExact

ARITHMETICS = (RATIONAL, FLOAT, BALL)

_EXACT = re.compile(EXACT_NUMBER, re.ASCII)
_LARGEST_INTEGER_IN_JSON = 2**53


def array_from(value: Any, where: str, arithmetic: str | None = None) -> np.ndarray:
    """The array of a nested list or of an array of a file: rational, unless there are floats or floats are asked for.

    Parameters
    ----------
    value : a number, a string, nested lists of them, or a float array.
    where : the key, for messages.
    arithmetic : "rational" refuses floats, "float" rounds to them, "ball" and None leave the entries as they are.

    Raises
    ------
    TypeError, ValueError, NotExact
        For other entries, ragged or empty lists, NaN, floats that should be exact.
    """
    out = as_array(value, where) if isinstance(value, np.ndarray) else _from_lists(value, where)
    if out.dtype != object and arithmetic == RATIONAL:
        raise NotExact(f'{where}: needs exact numbers, got floats; write 0.1 as "1/10" or "0.1"')
    return to_float(out) if arithmetic == FLOAT else out


def _from_lists(value: Any, where: str) -> np.ndarray:
    a = np.array(value, dtype=object)
    if a.ndim > 2:
        raise ValueError(f"{where}: needs a number, a list or a list of lists, got {a.ndim} levels")
    types = set(map(type, a.flat))
    if list in types:
        raise ValueError(f"{where}: needs a rectangular array, got nested lists of different lengths")
    wrong = sorted(t.__name__ for t in types - {int, float, str})
    if wrong:
        raise TypeError(f'{where}: entries must be numbers or strings "p/q", got {", ".join(wrong)}')
    if float not in types:
        return as_array(rational(_map(exact, a, where)), where)
    if str in types:
        raise NotExact(f"{where}: needs one kind of numbers, got floats and strings; write all of them as strings")
    try:
        return as_array(a.astype(float), where)
    except OverflowError:
        raise ValueError(f"{where}: entries must fit into a float, got a larger integer; write strings") from None


def _map(function: Any, a: np.ndarray, where: str) -> np.ndarray:
    out = np.empty(a.shape, object)
    out.ravel()[:] = [function(x, where) for x in a.flat]
    return out


def exact(value: int | str, where: str) -> Fraction | int:
    """An int, or a string "p/q" or "5.1" as the fraction that it denotes."""
    if isinstance(value, int):
        return value
    try:
        if _EXACT.fullmatch(value.strip()):
            return Fraction(value)
    except (ValueError, ZeroDivisionError):
        pass
    shown = value if len(value) <= 40 else value[:37] + "..."
    raise ValueError(f'{where}: needs a number, got {shown!r}; write "p/q" with integers p and q != 0, or a decimal')


def lists_from(a: Any, where: str) -> Any:
    """Nested lists of ints and "p/q" strings, or of floats: what goes into JSON.

    Raises
    ------
    NotExact
        For balls and symbols.
    """
    a = np.asarray(a)
    if a.dtype.kind == "f":
        return a.tolist()
    _require_rational(a, where)
    return _map(lambda x, _: _plain(x), a, where).tolist()


def strings_from(a: Any, where: str) -> np.ndarray:
    """A float array as it is, a rational one as an array of "p/q" strings: what goes into .npz without pickle."""
    a = np.asarray(a)
    if a.dtype.kind == "f":
        return a
    _require_rational(a, where)
    return np.array(to_strings(a))


def _require_rational(a: np.ndarray, where: str) -> None:
    kind = arithmetic_of(as_array(a, where)).name
    if kind != RATIONAL:
        raise NotExact(f'{where}: files hold rationals and floats, got {kind} entries; set the option "arithmetic"')


def _plain(x: Any) -> int | str:
    small = x.q == 1 and abs(int(x.p)) < _LARGEST_INTEGER_IN_JSON
    return int(x.p) if small else str(x)
