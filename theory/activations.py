"""Activation functions: value and first two derivatives in each arithmetic.

``activation.jet(u, order)`` returns (s(u), s'(u), ..., s^(order)(u)), elementwise, in the arithmetic of u. ReLU answers
with the active piece; its kink is inactive (``u > 0``), and a ball that contains the kink raises ``Undecided``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from theory.arithmetic import BALL, FLOAT, RATIONAL, SYMBOLIC, arithmetic_of, flint, sign
from theory.errors import NotExact, UnknownName

Jet = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Activation:
    """A scalar function with its first two derivatives.

    ``analytic`` allows the complex step, ``degree`` is that of a polynomial (None otherwise); ``odd`` and
    ``homogeneous`` (positively, of degree 1) are what the models turn into symmetries.
    """

    name: str
    jet: Callable[[np.ndarray, int], Jet]
    smooth: bool = True
    analytic: bool = True
    degree: int | None = None
    odd: bool = False
    homogeneous: bool = False

    def __call__(self, u: np.ndarray) -> np.ndarray:
        return self.jet(u, 0)[0]

    def __reduce__(self) -> tuple:
        if ACTIVATIONS.get(self.name) is self:
            return named, (self.name,)
        return type(self), tuple(getattr(self, f.name) for f in fields(self))

    def __repr__(self) -> str:
        return self.name


def _transcendental(u: np.ndarray, name: str, in_floats: Any, in_balls: Any, in_symbols: Any) -> np.ndarray:
    """One transcendental function in three arithmetics; it has no rational values."""
    kind = arithmetic_of(u)
    if kind.name == FLOAT:
        return in_floats(u)
    if kind.name == RATIONAL or (kind.name == SYMBOLIC and kind.parent is not None):
        raise NotExact(f"{name}: has no exact {kind.name} values; evaluate at theory.ball(theta) or at floats")
    function = in_balls if kind.name == BALL else in_symbols()
    out = np.empty(u.shape, object)
    out.ravel()[:] = [function(x) for x in u.flat]
    return out


def _sympy(name: str) -> Callable[[], Any]:
    def load() -> Any:
        import sympy

        return getattr(sympy, name)

    return load


def _tanh(u: np.ndarray, order: int = 2) -> Jet:
    t = _transcendental(u, "tanh", np.tanh, lambda x: x.tanh(), _sympy("tanh"))
    if order == 0:
        return (t,)

    def floats(x: np.ndarray) -> np.ndarray:
        """sech^2 x, to full relative accuracy also where tanh x rounds to 1; complex points, for slopes, do without."""
        if x.dtype.kind == "c":
            return (1 - t) * (1 + t)
        with np.errstate(over="ignore"):  # cosh is infinite where sech^2 has long been 0
            c = np.cosh(x)
        np.divide(1, c, out=c)
        return np.multiply(c, c, out=c)

    def symbolic() -> Any:
        tanh = _sympy("tanh")()
        return lambda x: 1 - tanh(x) ** 2

    s1 = _transcendental(u, "tanh", floats, lambda x: x.sech() * x.sech(), symbolic)
    if order == 1:
        return t, s1
    s2 = t * s1
    s2 *= -2
    return t, s1, s2


def _logistic_value(u: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-u)), to full relative accuracy also where it is tiny."""

    def symbolic() -> Any:
        exp = _sympy("exp")()
        return lambda x: 1 / (1 + exp(-x))

    def floats(x: np.ndarray) -> np.ndarray:
        up = x.real > 0
        E = np.exp(np.where(up, -x, x))  # of the side that cannot overflow
        return np.where(up, 1, E) / (1 + E)

    return _transcendental(u, "logistic", floats, lambda x: 1 / (1 + (-x).exp()), symbolic)


def _logistic(u: np.ndarray, order: int = 2) -> Jet:
    s = _logistic_value(u)
    if order == 0:
        return (s,)
    r = _logistic_value(-u)  # 1 - s would cancel
    s1 = s * r
    return (s, s1, s1 * (r - s))[: order + 1]


def _softplus(u: np.ndarray, order: int = 2) -> Jet:
    def symbolic() -> Any:
        import sympy

        return lambda x: sympy.log(1 + sympy.exp(x))

    def floats(x: np.ndarray) -> np.ndarray:
        if x.dtype.kind == "f":
            return np.logaddexp(0, x)
        up = x.real > 0  # exp of the side that cannot overflow
        return np.where(up, x, 0) + np.log1p(np.exp(np.where(up, -x, x)))

    value = _transcendental(u, "softplus", floats, lambda x: (1 + x.exp()).log(), symbolic)
    return (value, *_logistic(u, order - 1)) if order else (value,)


def _erf(u: np.ndarray, order: int = 2) -> Jet:
    def floats(x: np.ndarray) -> np.ndarray:
        from scipy.special import erf

        return erf(x)

    value = _transcendental(u, "erf", floats, lambda x: x.erf(), _sympy("erf"))
    if order == 0:
        return (value,)

    def ball_bell(x: Any) -> Any:
        return 2 * (-x * x).exp() / flint().arb.const_sqrt_pi()

    def symbolic_bell() -> Any:
        import sympy

        return lambda x: 2 * sympy.exp(-x * x) / sympy.sqrt(sympy.pi)

    s1 = _transcendental(u, "erf", lambda x: (2 / np.sqrt(np.pi)) * np.exp(-x * x), ball_bell, symbolic_bell)
    return (value, s1.astype(u.dtype, copy=False), (-2 * u * s1).astype(u.dtype, copy=False))[: order + 1]


def _relu(u: np.ndarray, order: int = 2) -> Jet:
    kind = arithmetic_of(u)
    active = kind.indicator(sign(u) > 0)
    return (u * active, active, 0 * active)[: order + 1]


def _square(u: np.ndarray, order: int = 2) -> Jet:
    return (u * u, 2 * u, 0 * u + 2)[: order + 1]


def _identity(u: np.ndarray, order: int = 2) -> Jet:
    return (u, 0 * u + 1, 0 * u)[: order + 1]


TANH = Activation("tanh", _tanh, odd=True)
LOGISTIC = Activation("logistic", _logistic)
SOFTPLUS = Activation("softplus", _softplus)
ERF = Activation("erf", _erf, odd=True)
RELU = Activation("relu", _relu, smooth=False, analytic=False, homogeneous=True)
SQUARE = Activation("square", _square, degree=2)
IDENTITY = Activation("identity", _identity, degree=1, odd=True, homogeneous=True)

ACTIVATIONS = {a.name: a for a in (TANH, LOGISTIC, SOFTPLUS, ERF, RELU, SQUARE, IDENTITY)}


def named(activation: str | Activation) -> Activation:
    """The activation of this name; an ``Activation`` passes through, so a user can bring their own."""
    if isinstance(activation, Activation):
        return activation
    try:
        return ACTIVATIONS[activation]
    except (KeyError, TypeError):
        raise UnknownName(f"activation: one of {', '.join(ACTIVATIONS)}, got {activation!r}") from None
