"""Float, rational, ball, symbolic: what the entries of an array are, and the one place where they change.

One closed form serves all four because object arrays support ``@``, ``+``, ``*`` and slicing. What must never happen is
that two kinds meet in one product: the libraries accept ``arb * Rational`` or ``Symbol * 0.5`` and silently lose the
enclosure or the exactness. So theta chooses the arithmetic and ``Arithmetic.convert`` brings the data into it.
"""

from __future__ import annotations

import copyreg
import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory.backends import flint as flint
from theory.backends import precision as precision
from theory.backends import reduce_ring
from theory.errors import NotExact, Undecided

FLOAT, RATIONAL, BALL, SYMBOLIC = "float", "rational", "ball", "symbolic"


@dataclass(frozen=True)
class Arithmetic:
    """The kind of the entries of an array; ``parent`` is the dtype, the precision or the polynomial ring."""

    name: str
    parent: Any = None

    @property
    def is_exact(self) -> bool:
        """True where a zero is a zero: rational and symbolic entries."""
        return self.name in (RATIONAL, SYMBOLIC)

    def fraction(self, p: int, q: int = 1) -> Any:
        """The number p/q: exact, except for floats and for the rounding of a ball that encloses it."""
        if self.name == FLOAT:
            return self.parent.type(p / q)
        if self.name == RATIONAL:
            return flint().fmpq(p, q)
        if self.name == BALL:
            return flint().arb(flint().fmpq(p, q))
        if self.parent is None:
            import sympy

            return sympy.Rational(p, q)
        return self.parent.ground_new(self.parent.domain(p, q))

    def zeros(self, shape: tuple[int, ...] | int) -> np.ndarray:
        """An array of zeros of this kind (never Python ints in an object array)."""
        if self.name == FLOAT:
            return np.zeros(shape, self.parent)
        out = np.empty(shape, object)
        out.fill(self.fraction(0))
        return out

    def eye(self, n: int) -> np.ndarray:
        """The identity matrix of this kind."""
        out = self.zeros((n, n))
        np.fill_diagonal(out, self.fraction(1))
        return out

    def indicator(self, mask: np.ndarray) -> np.ndarray:
        """The 0/1 array of a boolean mask in this arithmetic (floats stay real)."""
        if self.name == FLOAT:
            return mask.astype(_data_dtype(self.parent))
        out = self.zeros(mask.shape)
        out[mask] = self.fraction(1)
        return out

    def convert(self, a: np.ndarray) -> np.ndarray:
        """The array ``a`` in this arithmetic.

        Raises
        ------
        NotExact
            When floats would become rationals or symbols, or balls would lose their radius.
        """
        kind = arithmetic_of(a)
        if kind == self:
            return a
        if kind.name == FLOAT and kind.parent.kind == "c":
            raise NotExact("arithmetic: data must be real, got complex; their imaginary part would be lost")
        if self.name == FLOAT and kind.name == FLOAT:
            return a.astype(_data_dtype(self.parent), copy=False)
        if kind.name == RATIONAL:
            if self.name == FLOAT:
                return _map(_to_float, a).astype(_data_dtype(self.parent))
            if self.name == BALL:
                return _map(flint().arb, a)
            return _map(lambda x: self.fraction(int(x.p), int(x.q)), a)
        if self.name == BALL and kind.name == FLOAT:
            return _map(lambda x: flint().arb(float(x)), a)
        if self.name == BALL and kind.name == BALL:
            return a
        raise NotExact(
            f"arithmetic: {kind.name} data cannot become {self.name} without losing what is known about them; "
            f"give the data as integers or rationals, or evaluate at a {kind.name} theta"
        )


def _data_dtype(dtype: np.dtype) -> np.dtype:
    """Data stay real beside a complex theta (the complex step)."""
    return np.empty(0, dtype).real.dtype


def _map(function: Any, a: np.ndarray) -> np.ndarray:
    out = np.empty(a.shape, object)
    out.ravel()[:] = [function(x) for x in a.flat]
    return out


def _to_float(x: Any) -> float:
    return int(x.p) / int(x.q)


def arithmetic_of(a: np.ndarray) -> Arithmetic:
    """The arithmetic of an array whose entries are already of one kind (see ``as_array``)."""
    if a.dtype.kind in "fc":
        return Arithmetic(FLOAT, a.dtype)
    if a.dtype != object or a.size == 0:
        raise TypeError(f"arithmetic: needs floats or exact entries, at least one, got {a.dtype} of shape {a.shape}")
    types = set(map(type, a.flat))
    lib = flint()
    if types == {lib.fmpq}:
        return Arithmetic(RATIONAL)
    if types == {lib.arb}:
        return Arithmetic(BALL, lib.ctx.prec)
    rings = {getattr(x, "ring", None) for x in a.flat}
    if len(rings) == 1 and (None not in rings or _all_sympy(a)):
        return Arithmetic(SYMBOLIC, rings.pop())
    names = sorted(t.__name__ for t in types)
    raise TypeError(
        f"arithmetic: one kind of entries in an array, got {', '.join(names)}; "
        "use theory.rational, theory.ball or theory.symbols to build object arrays"
    )


def _all_sympy(a: np.ndarray) -> bool:
    import sympy

    return all(isinstance(x, sympy.Basic) for x in a.flat)


def _has_float(x: Any) -> bool:
    import sympy

    return x.has(sympy.Float)


def as_array(a: Any, name: str = "array") -> np.ndarray:
    """Any array-like as an array of one arithmetic: integers and strings become rationals, never wrapping int64.

    Raises
    ------
    TypeError
        For object arrays of floats or of mixed kinds, booleans and other dtypes.
    ValueError
        For ragged or empty input, NaN and infinities.
    """
    try:
        out = np.asarray(a)
    except ValueError as error:
        raise ValueError(f"{name}: needs a rectangular array, got nested lists of different lengths") from error
    if out.size == 0:
        raise ValueError(f"{name}: needs at least one entry, got shape {out.shape}")
    if out.dtype.kind in "fc":
        if out.dtype.itemsize < 4 or out.dtype not in (np.float32, np.float64, np.complex128):
            raise TypeError(f"{name}: floats must be float32, float64 or complex128, got {out.dtype}")
        if not np.isfinite(out).all():
            raise ValueError(f"{name}: entries must be finite, got NaN or infinity")
        return out
    if out.dtype.kind in "iuU":
        return _promoted(a if out.dtype.kind == "U" else out, name)
    if out.dtype != object:
        raise TypeError(f"{name}: needs numbers, got dtype {out.dtype}")
    if any(isinstance(x, int | Fraction) or type(x) is flint().fmpz for x in out.flat):
        return _promoted(out, name)
    try:
        kind = arithmetic_of(out)
    except TypeError as error:
        raise TypeError(f"{name}: {error}") from None
    if kind.name == BALL and not all(x.is_finite() for x in out.flat):
        raise ValueError(f"{name}: entries must be finite, got an unbounded ball")
    if kind == Arithmetic(SYMBOLIC) and any(_has_float(x) for x in out.flat):
        raise NotExact(f"{name}: expressions must be exact, got one with a float inside; write Rational(1, 2) for 0.5")
    return out


def _promoted(a: Any, name: str) -> np.ndarray:
    try:
        return rational(a)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}: {error}") from None


def rational(a: Any) -> np.ndarray:
    """An object array of exact rationals (``fmpq``) from ints, Fractions, SymPy rationals or strings "p/q".

    >>> rational(["1/2", 3])
    array([1/2, 3], dtype=object)

    Raises
    ------
    NotExact
        For floats: write "1/10", or ``Fraction(x)`` if the float's own binary value is meant.
    """
    return _map(_fmpq, _entries(a))


def _entries(a: Any) -> np.ndarray:
    return a if isinstance(a, np.ndarray) else np.array(a, dtype=object)


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

    return _map(one, _entries(a))


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


def is_zero(a: np.ndarray) -> np.ndarray:
    """Elementwise: proved equal to zero. For balls only the exact zero is; for expressions after expansion."""
    if a.dtype != object:
        return a == 0
    if arithmetic_of(a) == Arithmetic(SYMBOLIC):
        import sympy

        return np.array([sympy.expand(x) == 0 for x in a.flat], bool).reshape(a.shape)
    return np.array([bool(x == 0) for x in a.flat], bool).reshape(a.shape)


def sign(a: np.ndarray) -> np.ndarray:
    """Elementwise sign -1, 0, 1 as an int8 array.

    Raises
    ------
    Undecided
        When a ball contains zero without being zero.
    """
    if a.dtype != object:
        return np.sign(a.real).astype(np.int8)

    def one(x: Any) -> int:
        if x > 0:
            return 1
        if x < 0:
            return -1
        if x == 0:
            return 0
        raise Undecided(f"sign: {x} is not separated from zero; raise the precision or move theta")

    if arithmetic_of(a).name == SYMBOLIC:
        raise Undecided("sign: a symbol has no sign; evaluate at numbers")
    return np.array([one(x) for x in a.flat], np.int8).reshape(a.shape)


def to_float(a: np.ndarray) -> np.ndarray:
    """The nearest floats, for drawing and for a first guess that something else then certifies."""
    kind = arithmetic_of(a)
    if kind.name == BALL:
        return np.array([float(x.mid()) for x in a.flat]).reshape(a.shape)
    return Arithmetic(FLOAT, np.dtype(float)).convert(a) if kind.name != FLOAT else a


def to_strings(a: np.ndarray) -> Any:
    """Nested lists of "p/q" strings of a rational array: how exact numbers are written to JSON."""
    return np.array([str(x) for x in a.flat], object).reshape(a.shape).tolist()
