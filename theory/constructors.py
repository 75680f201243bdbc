"""How exact arrays are written down: rationals, balls, the generators of a polynomial ring."""

from __future__ import annotations

import copyreg
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from theory import memory
from theory.backends import flint, reduce_ring
from theory.errors import NotExact

# Exponents of three digits at most: the fraction of "1e999999999" would not fit into memory.
EXACT_NUMBER = r"[+-]?(?:\d+/\d+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)"


def each(function: Callable[[Any], Any], a: np.ndarray) -> np.ndarray:
    """The object array of function(x) for the entries x of a."""
    out = memory.new(a.shape, object, "exact entries")
    out.ravel()[:] = [function(x) for x in a.flat]
    return out


def entries_of(a: Any, where: str) -> np.ndarray:
    """The entries of an array-like as they were written: numpy alone would read [2**63, -1] as floats."""
    refuse_masks(a, where)
    if isinstance(a, np.ndarray):
        return a
    out = np.array(a, dtype=object)
    if any(isinstance(x, np.ndarray) for x in out.flat):  # arrays without axes in a list
        out = each(lambda x: x[()] if isinstance(x, np.ndarray) else x, out)
    return out


def refuse_masks(a: Any, where: str) -> None:
    """A masked array, alone or in a list, would silently lose its mask."""
    for x in (a, *(a if isinstance(a, list | tuple) else ())):
        if isinstance(x, np.ndarray) and hasattr(x, "mask"):
            raise TypeError(f"{where}: needs an array without gaps, got a masked one; drop its samples or use filled()")


def rational(a: Any) -> np.ndarray:
    """An object array of exact rationals (``fmpq``) from ints, Fractions, SymPy rationals or strings "p/q".

    >>> rational(["1/2", 3])
    array([1/2, 3], dtype=object)

    Raises
    ------
    NotExact
        For floats: write "1/10", or ``Fraction(x)`` if the float's own binary value is meant.
    """
    return each(_fmpq, entries_of(a, "rational"))


def _fmpq(x: Any) -> Any:
    lib = flint()
    if isinstance(x, lib.fmpq):
        return x
    if isinstance(x, lib.fmpz):
        return lib.fmpq(x)
    if isinstance(x, bool | np.bool_):
        raise TypeError(f"rational: needs numbers, got {x}")
    if isinstance(x, float | np.floating):
        raise NotExact(
            f"rational: needs exact numbers, got the float {x!r}; write \"1/10\" or, for its binary value, Fraction(x)"
        )
    try:
        f = Fraction(int(x)) if isinstance(x, np.integer) else Fraction(x)
    except TypeError:
        if not getattr(x, "is_Rational", False):
            name = type(x).__name__
            raise TypeError(f"rational: needs ints, Fractions, SymPy rationals or strings, got {name}") from None
        f = Fraction(int(x.p), int(x.q))
    except (ValueError, ZeroDivisionError):
        raise ValueError(f'rational: cannot read {str(x)!r}; write "p/q" with integers p and q != 0') from None
    return lib.fmpq(f.numerator, f.denominator)


def ball(a: Any) -> np.ndarray:
    """An object array of real balls (``arb``): floats exactly, rationals and decimal strings enclosed.

    Radii depend on the precision in force: work inside ``with theory.precision(bits)``.
    """
    lib = flint()

    def one(x: Any) -> Any:
        if isinstance(x, lib.arb):
            return x
        if isinstance(x, float | np.floating):
            if not math.isfinite(x):
                raise ValueError(f"ball: entries must be finite, got {x}")
            return lib.arb(float(x))
        return lib.arb(_fmpq(x))

    return each(one, entries_of(a, "ball"))


def symbols(**shapes: int | tuple[int, ...]) -> Any:
    """Arrays of generators of one polynomial ring over the rationals, one array for each keyword.

    Ring elements prove polynomial identities with decidable zero, some 100 times faster than expressions.

    >>> theta, x = symbols(theta=2, x=(1, 2))
    >>> (x @ theta)[0]
    theta0*x0_0 + theta1*x0_1
    """
    import sympy

    copyreg.pickle(sympy.polys.rings.PolyRing, reduce_ring)
    sizes = {name: (s,) if isinstance(s, int) else tuple(s) for name, s in shapes.items()}
    names = [name + "_".join(map(str, i)) for name, shape in sizes.items() for i in np.ndindex(*shape)]
    _, *generators = sympy.ring(names, sympy.QQ)
    out, start = [], 0
    for shape in sizes.values():
        a = np.empty(shape, object)
        a.ravel()[:] = generators[start : (start := start + a.size)]
        out.append(a)
    return out[0] if len(out) == 1 else tuple(out)
