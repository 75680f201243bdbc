"""Whether a function falls on an interval: Sturm chains for polynomials, interval bounds for analytic functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

import numpy as np

from theory.arithmetic import flint, precision, rational
from theory.calculus.exact_linalg import array_of, rational_matrix
from theory.errors import Undecided

Interval = tuple[Any, Any]
MAX_PIECES = 2048


def polynomial(coefficients: Iterable[Any]) -> Any:
    """The ``fmpq_poly`` with these rational coefficients, that of degree 0 first."""
    return flint().fmpq_poly(list(coefficients))


def interpolated(values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Coefficients (N, ...) of the polynomials of degree < N with the values (N, ...) at N distinct points (N,)."""
    powers = rational_matrix(np.stack([at**i for i in range(len(at))], axis=1))
    return array_of(powers.solve(rational_matrix(values.reshape(len(at), -1)))).reshape(values.shape)


def sturm_count(p: Any, a: Any, b: Any) -> int:
    """The number of distinct real roots of a nonzero polynomial in (a, b], by Sturm's theorem.

    Sign changes of the chain p, p', -(p mod p'), ... at a minus those at b; p may have multiple roots, which the common
    divisor of the chain removes.
    """
    chain = [p, p.derivative()]
    while chain[-1].degree() > 0:
        chain.append(-(chain[-2] % chain[-1]))
    if chain[-1] == 0:
        chain.pop()
    common = chain[-1]
    chain = [q // common for q in chain]

    def changes(t: Any) -> int:
        signs = [q(t) > 0 for q in chain if q(t) != 0]
        return sum(s != r for s, r in pairwise(signs))

    return changes(a) - changes(b)


def nonpositive(p: Any, a: Any, b: Any) -> bool:
    """Whether p(t) <= 0 on [a, b], a < b, decided exactly: p has no sign change inside and is negative somewhere."""
    if p == 0:
        return True
    odd = polynomial([1])
    for factor, multiplicity in p.numer().factor_squarefree()[1]:
        if multiplicity % 2:
            odd = odd * flint().fmpq_poly(factor)
    if odd.degree() > 0 and sturm_count(odd, a, b) - (odd(b) == 0) > 0:
        return False
    inside = (p(a + (b - a) / (p.degree() + 2) * i) for i in range(1, p.degree() + 2))
    return next(value for value in inside if value != 0) < 0


def roots_inside(p: Any, a: Any, b: Any) -> list[Interval]:
    """The real roots of p in the open (a, b), ascending, each between two rationals, equal if the root is rational."""
    if p.degree() < 1:
        return []
    found: list[Interval] = []
    for factor, _ in p.numer().factor()[1]:
        if factor.degree() == 1:
            root = flint().fmpq(-factor[0], factor[1])
            found.append((root, root))
        elif factor.degree() > 1 and sturm_count(flint().fmpq_poly(factor), a, b):
            with precision(128):
                found += [_ends(root.real) for root, _ in factor.complex_roots() if root.imag == 0]
    return sorted((r for r in found if a < r[0] and r[1] < b), key=lambda r: r[0])


def _ends(x: Any) -> Interval:
    """Rationals below and above a real ball."""
    mid, rad = (_dyadic(part) for part in (x.mid(), x.rad()))
    return mid - rad, mid + rad


def _dyadic(x: Any) -> Any:
    m, e = x.man_exp()
    two, e = flint().fmpz(2), int(e)
    return flint().fmpq(m) * two**e if e >= 0 else flint().fmpq(m) / two**-e


def pieces(a: Any, b: Any, cuts: Iterable[Interval]) -> list[tuple[Interval, Interval]]:
    """[a, b] cut at roots: pairs of an interval inside each piece and one around it, the same where cuts are rational.

    Raises
    ------
    Undecided
        Where intervals of distinct roots overlap.
    """
    ends = [(a, a), *sorted(set(cuts)), (b, b)]
    for left, right in pairwise(ends):
        if left[1] >= right[0]:
            raise Undecided("pieces: needs kinks whose enclosures are apart, got two that overlap; move theta")
    return [((left[1], right[0]), (left[0], right[1])) for left, right in pairwise(ends)]


def piece_falls(p: Any, inner: Interval, outer: Interval) -> bool | None:
    """Whether p does not increase on a piece between ``inner`` and ``outer``; None if only its open ends could tell."""
    slope = p.derivative()
    if nonpositive(slope, *outer):
        return True
    return None if nonpositive(slope, *inner) and inner != outer else False


def extremes(p: Any, interval: Interval) -> list[Any]:
    """Values of p at the ends of an interval and at its critical points inside: balls at irrational ones."""
    a, b = interval
    values = [p(a), p(b)]
    for low, high in roots_inside(p.derivative(), a, b):
        with precision(128):
            values.append(p(low) if low == high else flint().arb_poly(p)(flint().arb(low).union(flint().arb(high))))
    return values


def greatest(values: list[Any]) -> Any:
    """The greatest of rationals and balls: a rational if it is proved to be, else a ball that contains it."""
    arb = flint().arb
    best = [v for v in values if isinstance(v, flint().fmpq)]
    top = max(best) if best else None
    balls = [v for v in values if not isinstance(v, flint().fmpq)]
    if top is not None and all(v <= top for v in balls):
        return top
    out = arb(top) if top is not None else balls[0]
    for v in balls:
        out = out.max(v)
    return out


def least(values: list[Any]) -> Any:
    """The least of rationals and balls, as ``greatest``."""
    return -greatest([-v for v in values])


def falls_by_intervals(slope: Callable[[Any], Any], max_pieces: int = MAX_PIECES) -> bool | None:
    """Whether slope <= 0 on [0, 1], for a function of balls; False as soon as it is positive at a point, None if open.

    Intervals on which the ball of the slope has no sign are halved.
    """
    todo, count = [tuple(rational([0, 1]))], 0
    while todo:
        a, b = todo.pop()
        count += 1
        ball = flint().arb(a).union(flint().arb(b))
        value = slope(ball)
        if value <= 0:
            continue
        middle = (a + b) / 2
        if slope(flint().arb(middle)) > 0 or value > 0:
            return False
        if count > max_pieces:
            return None
        todo += [(a, middle), (middle, b)]
    return True


def range_by_intervals(function: Callable[[Any], Any], count: int = 256) -> tuple[Any, Any]:
    """Balls that contain the least and the greatest value of a function of balls on [0, 1]."""
    arb, grid = flint().arb, [rational([i])[0] / count for i in range(count + 1)]
    inside = [function(arb(t)) for t in grid]
    around = [function(arb(s).union(arb(t))) for s, t in pairwise(grid)]
    low, high = inside[0], inside[0]
    for v in inside:
        low, high = low.min(v), high.max(v)
    bottom, top = low, high
    for v in around:
        bottom, top = bottom.min(v), top.max(v)
    return arb(bottom.lower()).union(low), high.union(arb(top.upper()))
