"""Chapter 12, exercise 12.6: which local minima lie in spurious valleys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np

from theory.arithmetic import ball, flint, precision, rational
from theory.calculus.inertia import inertia
from theory.calculus.unit_interval import interpolated, is_nonnegative, is_positive
from theory.claims.cases import Case, exact_tuple
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, erratum, verdict
from theory.claims.linear_data import Choose, chosen

# -- exercise 12.6 ---------------------------------------------------------------------------------------------------

Terms = tuple[tuple[int, int, Any], ...]


@dataclass(frozen=True)
class Minimum(Case):
    """A local minimum of a polynomial on the plane, with everything that decides whether a spurious valley contains it.

    Attributes
    ----------
    terms : (i, j, c) for each c x^i y^j.
    point : the local minimum.
    lowest : a global minimum.
    squares : (factor, terms) with f - f(lowest) = sum factor * (terms)^2, factors positive.
    radius : the square around the point on whose boundary f > f(point); 0 if there is none.
    path : from the point to ``lowest``, straight from one to the next, with f <= f(point); () if there is none.
    """

    terms: Terms
    point: tuple
    lowest: tuple
    squares: tuple
    radius: Any
    path: tuple

    def __call__(self, x: Any, y: Any) -> Any:
        """f(x, y) in any arithmetic."""
        return evaluated(self.terms, x, y)

    @property
    def is_global(self) -> bool:
        """Whether the point is a global minimum."""
        return bool(self(*rational(self.point)) == self(*rational(self.lowest)))

    @cached_property
    def is_proved(self) -> bool:
        """Whether f - f(lowest) is the stated sum of squares, as polynomials."""
        from sympy import QQ, ring

        _, x, y = ring("x,y", QQ)
        rest = evaluated(self.terms, x, y) - _in_qq(self(*rational(self.lowest)))
        for factor, terms in self.squares:
            rest -= _in_qq(rational([factor])[0]) * evaluated(terms, x, y) ** 2
        return not rest and all(factor > 0 for factor, _ in self.squares)

    def along(self, p: Any, q: Any) -> np.ndarray:
        """Coefficients in t of f(p + t (q - p))."""
        degree = max(i + j for i, j, _ in self.terms)
        p, q = rational(p), rational(q)
        return interpolated(np.array([self(*(p + (q - p) * t)) for t in _nodes(degree)], object))


def evaluated(terms: Terms, x: Any, y: Any) -> Any:
    """sum c x^i y^j; powers are products, which every arithmetic has."""
    return sum((prod([x] * i + [y] * j, start=_number_like(x, c)) for i, j, c in terms), start=0 * x)


def _number_like(x: Any, c: Any) -> Any:
    """The number c in the arithmetic of x."""
    exact = rational([c])[0]
    return x.ring.ground_new(_in_qq(exact)) if hasattr(x, "ring") else type(x)(exact)


def _in_qq(c: Any) -> Any:
    from sympy import QQ

    return QQ(int(c.p), int(c.q))


def _nodes(degree: int) -> np.ndarray:
    return rational([Fraction(i, max(degree, 1)) for i in range(degree + 1)])


def _hessian(case: Minimum) -> np.ndarray:
    """The Hessian at the point, term by term."""
    x, y = rational(case.point)
    H = rational(np.zeros((2, 2), int))
    for i, j, c in case.terms:
        c = rational([c])[0]
        H[0, 0] += c * i * (i - 1) * x ** max(i - 2, 0) * y**j
        H[1, 1] += c * j * (j - 1) * x**i * y ** max(j - 2, 0)
        H[0, 1] += c * i * j * x ** max(i - 1, 0) * y ** max(j - 1, 0)
    H[1, 0] = H[0, 1]
    return H


def _is_strict(case: Minimum) -> bool:
    """Gradient zero, Hessian positive definite."""
    x, y = case.point
    slopes = [case.along((x, y), end)[1] for end in ((x + 1, y), (x, y + 1))]
    return not any(slopes) and tuple(inertia(_hessian(case))) == (0, 0, 2)


def _is_minimum(case: Minimum) -> bool:
    """Strict, or f = y^2 g at a point with y = 0 and g > 0."""
    x, y = rational(case.point)
    factor = tuple((i, j - 2, c) for i, j, c in case.terms)
    floor = y == 0 and all(j >= 0 for _, j, _ in factor) and evaluated(factor, x, y) > 0
    return bool(floor) or _is_strict(case)


def _in_valley(case: Minimum) -> bool | None:
    """True: the square confines the component of {f <= f(point)}, and f > min there. False: a path to the minimum."""
    level = case(*rational(case.point))
    if case.path:
        ends = (case.path[0], case.path[-1]) == (case.point, case.lowest)
        below = all(is_nonnegative([level - c[0], *-c[1:]]) for c in (case.along(*leg) for leg in pairwise(case.path)))
        return False if ends and below else None
    x, y, r = (*case.point, case.radius)
    corners = [(x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r)]
    walls = [case.along(corners[i - 1], corners[i]) for i in range(4)]
    closed = r > 0 and all(is_positive([c[0] - level, *c[1:]]) for c in walls)
    with precision(128):
        inside = case(*(ball([t])[0] + flint().arb(0, flint().arb(flint().fmpq(*_pair(r)))) for t in (x, y)))
        above = bool(inside > flint().arb(case(*rational(case.lowest))))
    return True if closed and above else None


def _pair(r: Any) -> tuple[int, int]:
    return Fraction(r).as_integer_ratio()


def _check_valley(case: Minimum, law: Callable[[bool], bool]) -> Verdict:
    """A global minimum is in no spurious valley: every sublevel component of it contains it."""
    inside = False if case.is_global else _in_valley(case)
    holds = None if inside is None or not case.is_proved else law(case.is_global) == inside
    return verdict(holds, detail="a wall around the point, or a path to the minimum, by exact root counts")


def wells() -> Any:
    """h(x + k y; s, t) + h(y; s', t') at one of its four minima, h(u; s, t) = u^2 ((u - p)^2 / 4 + gap) with t <= 2s.

    Here h' = u (u - s) (u - t), p = 2(s + t)/3, gap = st/2 - (s + t)^2/9: minima at 0, the lowest, and at t.
    """

    def build(choose: Choose) -> Minimum:
        from sympy import QQ, ring

        _, x, y = ring("x,y", QQ)
        k, squares, at = choose((0, 1, -1)), [], []
        for u in (x + k * y, y):
            s, t = choose(((2, 3), (3, 4), (3, 5), (4, 5)))
            p = Fraction(2 * (s + t), 3)
            squares += [(Fraction(1, 4), u * (u - QQ(*_pair(p)))), (Fraction(s * t, 2) - p * p / 4, u)]
            at.append(choose((0, t, t)))
        f = sum((QQ(*_pair(c)) * g**2 for c, g in squares), start=0 * x)
        point = (at[0] - k * at[1], at[1])
        proof = tuple((c, _terms(g)) for c, g in squares)
        return Minimum(_terms(f), point, (0, 0), proof, Fraction(1, 8192), ())

    return chosen(build)


def _terms(f: Any) -> Terms:
    return tuple((i, j, exact_tuple(rational([str(c)])[0])) for (i, j), c in f.terms())


# y^2 (x^2 + 2y^2 - 4x) + 2 = (y(x - 2))^2 + 2(y^2 - 1)^2: along y = 0 it vanishes, near (-1, 0) it is non-negative.
_SLIDE = Minimum(
    ((2, 2, 1), (0, 4, 2), (1, 2, -4)),
    (-1, 0),
    (2, 1),
    ((1, ((1, 1, 1), (0, 1, -2))), (2, ((0, 2, 1), (0, 0, -1)))),
    0,
    ((-1, 0), (2, 0), (2, 1)),
)

_GLOBAL = Minimum(((2, 0, 1), (0, 2, 1)), (0, 0), (0, 0), ((1, ((1, 0, 1),)), (1, ((0, 1, 1),))), 1, ())
_LIFTED = Minimum(
    ((4, 0, Fraction(1, 4)), (3, 0, Fraction(-5, 3)), (2, 0, 3), (0, 2, 1)),
    (3, 0),
    (0, 0),
    ((Fraction(1, 4), ((2, 0, 1), (1, 0, Fraction(-10, 3)))), (Fraction(2, 9), ((1, 0, 1),)), (1, ((0, 1, 1),))),
    Fraction(1, 8192),
    (),
)

STRICT = Claim(
    id="valleys.strict_minima",
    title="Every strict local minimum that is not global lies in a spurious valley",
    statement=r"Let $f$ be any function and $\theta$ a strict local minimum. A path in $\Omega(f(\theta))$ that starts "
    r"at $\theta$ never leaves it, so $\{\theta\}$ is a path component of $\Omega(f(\theta))$: a spurious valley, "
    r"unless $\theta$ is a global minimum. Checked on polynomials, by a wall $f > f(\theta)$ around $\theta$.",
    source="petersenzech2024, Exercise 12.6, corrected; own derivation",
    case_type=Minimum,
    cases=wells,
    law=lambda is_global: not is_global,
    check=_check_valley,
    hypotheses=(
        Hypothesis(
            "strict", "the gradient is 0 and the Hessian positive definite, so that the minimum is strict", _is_strict
        ),
    ),
    counterexamples=(Counterexample("strict", _SLIDE, "flat along y = 0, which leads to a lower point"),),
    false_laws={
        "global minima too": lambda is_global: True,
        "no local minimum": lambda is_global: False,
    },
    examples=(_LIFTED, _GLOBAL),
    deviations="The exercise asks it of all local minima of differentiable functions; see valleys.exercise_12_6.",
    exercises=("12.6",),
)

STRICT_ERRATUM = erratum(
    "valleys.exercise_12_6",
    "Exercise 12.6 is false: local minima outside of every spurious valley",
    statement="Printed: a local minimum of a differentiable function is contained in a spurious valley.",
    source="petersenzech2024, Exercise 12.6",
    corrects=STRICT,
    printed=lambda is_global: True,
    witness=_SLIDE,
    hypotheses=(
        Hypothesis("local minimum", "strict, or $f = y^2g$ with $g > 0$ at a point of $y = 0$", _is_minimum),
        Hypothesis("not global", "the minimum is not global", lambda case: not case.is_global),
    ),
    deviations="y^2(x^2 + 2y^2 - 4x) at (-1, 0), not even a global minimum: the floor y = 0 leads to (2, 0) and down.",
)

CLAIMS = (STRICT, STRICT_ERRATUM)
