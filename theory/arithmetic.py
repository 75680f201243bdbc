"""Float, rational, ball, symbolic: what the entries of an array are, and the one place where they change.

One closed form serves all four because object arrays support ``@``, ``+``, ``*`` and slicing. What must never happen is
that two kinds meet in one product: the libraries accept ``arb * Rational`` or ``Symbol * 0.5`` and silently lose the
enclosure or the exactness. So theta chooses the arithmetic and ``Arithmetic.convert`` brings the data into it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory.backends import flint as flint
from theory.backends import precision as precision
from theory.constructors import ball as ball
from theory.constructors import each, entries_of, refuse_masks
from theory.constructors import rational as rational
from theory.constructors import symbols as symbols
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
            return self.parent.type(_quotient(p, q))
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
        ValueError
            When a number is too large for the floats of theta.
        """
        kind = arithmetic_of(a)
        if kind == self:
            return a
        if kind.name == FLOAT and kind.parent.kind == "c":
            raise NotExact("arithmetic: data must be real, got complex; their imaginary part would be lost")
        if self.name == FLOAT and kind.name == FLOAT:
            return _narrowed(a, self.parent)
        if kind.name == RATIONAL:
            if self.name == FLOAT:
                return _narrowed(each(lambda x: _quotient(int(x.p), int(x.q)), a).astype(float), self.parent)
            if self.name == BALL:
                return each(flint().arb, a)
            return each(lambda x: self.fraction(int(x.p), int(x.q)), a)
        if self.name == BALL and kind.name == FLOAT:
            return each(lambda x: flint().arb(float(x)), a)
        if self.name == BALL and kind.name == BALL:
            return a
        raise NotExact(
            f"arithmetic: {kind.name} data cannot become {self.name} without losing what is known about them; "
            f"give the data as integers or rationals, or evaluate at a {kind.name} theta"
        )


def _data_dtype(dtype: np.dtype) -> np.dtype:
    """Data stay real beside a complex theta (the complex step)."""
    return np.empty(0, dtype).real.dtype


def _quotient(p: int, q: int) -> float:
    try:
        return p / q
    except OverflowError:
        raise _too_large_for(np.dtype(float)) from None


def _narrowed(a: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Finite floats in the real precision of ``dtype``."""
    with np.errstate(over="ignore"):
        out = a.astype(_data_dtype(dtype), copy=False)
    if not np.isfinite(out).all():
        raise _too_large_for(out.dtype)
    return out


def _too_large_for(dtype: np.dtype) -> ValueError:
    top = f"{np.finfo(dtype).max:.1e}"
    return ValueError(f"arithmetic: {dtype} needs numbers up to {top}, got a larger one; evaluate at a rational theta")


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


def common_arithmetic(*arrays: np.ndarray) -> Arithmetic:
    """The arithmetic that all of these arrays can enter: what is rational goes anywhere, and floats enter balls.

    Raises
    ------
    NotExact
        When symbols meet floats, balls or symbols of another kind.
    """
    kinds = {arithmetic_of(a) for a in arrays} - {Arithmetic(RATIONAL)}
    if len(kinds) < 2:
        return kinds.pop() if kinds else Arithmetic(RATIONAL)
    names = sorted(kind.name for kind in kinds)
    if SYMBOLIC in names:
        raise NotExact(
            f"arithmetic: symbols go together with rationals and symbols of their own kind, got {', '.join(names)}; "
            "give rational data, or build all symbols in one call of theory.symbols"
        )
    if BALL in names:
        return next(kind for kind in kinds if kind.name == BALL)
    return Arithmetic(FLOAT, np.result_type(*(kind.parent for kind in kinds)))


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
        For object arrays of floats or of mixed kinds, booleans, masked arrays and other dtypes.
    ValueError
        For ragged or empty input, NaN and infinities.
    """
    refuse_masks(a, name)
    try:
        out = np.asarray(a)
    except ValueError as error:
        raise ValueError(f"{name}: needs a rectangular array, got nested lists of different lengths") from error
    if out.size == 0:
        raise ValueError(f"{name}: needs at least one entry, got shape {out.shape}")
    if out.dtype.kind in "iufc" and not hasattr(a, "__array__"):
        out = _as_written(a, out, name)
    if out.dtype.kind in "fc":
        if out.dtype.itemsize < 4 or out.dtype not in (np.float32, np.float64, np.complex128):
            raise TypeError(f"{name}: floats must be float32, float64 or complex128, got {out.dtype}")
        distinct = out[tuple(slice(None, None if step else 1) for step in out.strides)]  # a broadcast array is one row
        if not np.isfinite(distinct).all():
            raise ValueError(f"{name}: entries must be finite, got NaN or infinity")
        return out
    if out.dtype.kind in "iuU":
        return _promoted(a if out.dtype.kind == "U" else out, name)
    if out.dtype != object:
        raise TypeError(f"{name}: needs numbers, got dtype {out.dtype}")
    if any(isinstance(x, int | np.integer | Fraction) or type(x) is flint().fmpz for x in out.flat):
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


def _as_written(a: Any, out: np.ndarray, name: str) -> np.ndarray:
    """Lists hold what was written: numpy reads [2**63, -1] as floats and [True, 2] as integers."""
    entries = entries_of(a, name)
    types = set(map(type, entries.flat))
    if types & {bool, np.bool_}:
        raise TypeError(f"{name}: needs numbers, got a truth value in a list; write 1 for True, 0 for False")
    return out if any(issubclass(t, float | complex | np.inexact) for t in types) else entries


def _promoted(a: Any, name: str) -> np.ndarray:
    try:
        return rational(a)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}: {error}") from None


def is_zero(a: np.ndarray) -> np.ndarray:
    """Elementwise: proved equal to zero. For balls only the exact zero is; for expressions after expansion."""
    if a.dtype != object:
        return a == 0
    if a.size == 0:
        return np.zeros(a.shape, bool)
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
    if a.size == 0:
        return np.zeros(a.shape, np.int8)
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
