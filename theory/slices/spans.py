"""The values of one coordinate of a slice: "-1:1:51", or the values themselves."""

from __future__ import annotations

import re
import sys
from fractions import Fraction
from typing import Any

import numpy as np

from theory import arrays
from theory.arithmetic import as_array, rational, to_float
from theory.constructors import EXACT_NUMBER

_SPAN = re.compile(rf"\s*({EXACT_NUMBER})\s*:\s*({EXACT_NUMBER})\s*:\s*(\d+)\s*", re.ASCII)
_FORM = 'low:high:count such as "-1:1:51", or increasing numbers'
_LARGEST = Fraction(sys.float_info.max)


def span(values: Any, name: str, *, exact: bool = False) -> np.ndarray:
    """The strictly increasing values (num,), at least one.

    Parameters
    ----------
    values : "low:high:count" with both ends included, or a sequence of increasing numbers.
    name : of the coordinate, for messages.
    exact : rationals (floats are refused where the frame is exact) in place of floats.

    Raises
    ------
    ValueError
        For other texts, values that do not increase, and such that coincide as floats.
    TypeError
        For what is neither text nor numbers.

    >>> span("-1:1:5", "x")
    array([-1. , -0.5,  0. ,  0.5,  1. ])
    >>> span("0:1:3", "x", exact=True)
    array([0, 1/2, 1], dtype=object)
    """
    if isinstance(values, str):
        out = _between(*parsed(values, name), exact)
    elif values is None:
        raise TypeError(f"slice: {name} needs {_FORM}, got None")
    else:
        out = arrays.vector(np.atleast_1d(as_array(values, f"slice: {name}")), "slice", name)
        out = rational(out) if exact else np.asarray(to_float(out), float)
    if (out[1:] <= out[:-1]).any():
        if isinstance(values, str):
            reason = f"got {values!r}, whose values coincide as floats; take fewer or a wider range"
            raise ValueError(f"slice: {name} must increase strictly, {reason}")
        raise ValueError(f"slice: {name} must increase strictly, got {out[0]} to {out[-1]} in another order; sort it")
    return out


def parsed(text: str, name: str) -> tuple[Fraction, Fraction, int]:
    """low, high and count of a text."""
    match = _SPAN.fullmatch(text)
    try:
        if match is None:
            raise ValueError
        low, high, count = Fraction(match[1]), Fraction(match[2]), int(match[3])
    except ValueError:  # also what has thousands of digits
        shown = text if len(text) <= 60 else text[:57] + "..."
        raise ValueError(f"slice: {name} needs {_FORM}, got {shown!r}") from None
    except ZeroDivisionError:
        raise ValueError(f"slice: {name} needs {_FORM}, got {text!r} with denominator 0") from None
    if count < 1 or (count == 1) != (low == high) or low > high:
        reason = "reversed" if low > high else f"{count} values"
        want = "low < high and count >= 2 (or low = high and count 1)"
        raise ValueError(f"slice: {name} needs {want}, got {text!r}, {reason}")
    if max(-low, high) > _LARGEST:
        raise ValueError(f"slice: {name} needs ends within the range of floats, got {text!r}")
    if count > (most := arrays.MAX_BYTES // 8):
        raise ValueError(f"slice: {name} needs at most {most} values, got {count}; take a coarser grid")
    return low, high, count


def _between(low: Fraction, high: Fraction, count: int, exact: bool) -> np.ndarray:
    if exact:
        return rational([low + (high - low) * i / max(count - 1, 1) for i in range(count)])
    first, last = float(low), float(high)
    if np.isfinite(last - first):
        return np.linspace(first, last, count)
    return 2 * np.linspace(first / 2, last / 2, count)  # the width alone overflows; halves are exact
