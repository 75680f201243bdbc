"""A filter-normalised slice through a certified saddle: a bowl on a stated window, lower than its centre outside."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory.arithmetic import rational
from theory.calculus.exact_linalg import solve
from theory.calculus.inertia import inertia
from theory.claims.claim import Claim, Verdict, verdict
from theory.claims.slice_honesty import HALF, HiddenSaddle


@dataclass(frozen=True)
class Window:
    """The centre is the strict minimum of the slice for |x|, |y| <= inside, and no minimum for |x|, |y| <= outside."""

    inside: Fraction
    outside: Fraction


def coefficients(case: HiddenSaddle) -> np.ndarray:
    """c[i, j] of x^i y^j in L(theta + x d_1 + y d_2) - L(theta), of degree 4 in each: from 5 x 5 values, exactly."""
    nodes = rational(range(-2, 3))
    moves = rational([[x, y] for x in range(-2, 3) for y in range(-2, 3)]) @ case.frame
    values = (case.net.loss(case.theta + moves) - case.net.loss(case.theta)).reshape(5, 5)
    powers = np.stack([nodes**i for i in range(5)], axis=1)
    return solve(powers, solve(powers, values).T).T


def least_slope(c: np.ndarray) -> Any:
    """A rational mu, up to 1/64 the largest, with second-order part >= mu (x^2 + y^2)."""
    P = np.array([[c[2, 0], c[1, 1] / 2], [c[1, 1] / 2, c[0, 2]]], object)
    one, mu = rational(np.eye(2, dtype=int)), rational([0])[0]
    for step in rational([Fraction(8, 2**k) for k in range(10)]):
        while inertia(P - (mu + step) * one).positive == 2:
            mu = mu + step
    return mu


def _check_window(case: HiddenSaddle, law: Window) -> Verdict:
    """Third order: |x^i y^j| <= h (x^2 + y^2) for i + j = 3 and |x|, |y| <= h. Fourth order: |z|^2 |p|^2 >= 0.

    Here p and z are the movements of the layers. So the slice exceeds its centre by (mu - h sum |c_ij|) (x^2 + y^2) or
    more. That it does not outside is shown at a point.
    """
    c, D, n = coefficients(case), case.frame, case.n
    flat = all(c[i, j] == 0 for i in range(5) for j in range(5) if i + j < 2 or i + j > 4)
    grid = rational([[x, y] for x in range(-2, 3) for y in range(-2, 3)])
    squares = [((g @ D[:, :n]) ** 2).sum() * ((g @ D[:, n:]) ** 2).sum() for g in grid]
    fourth = [sum(c[i, 4 - i] * g[0] ** i * g[1] ** (4 - i) for i in range(5)) for g in grid]
    margin = least_slope(c) - rational([law.inside])[0] * sum(abs(c[i, 3 - i]) for i in range(4))
    ticks = rational([[Fraction(i, 16), Fraction(j, 16)] for i in range(-16, 17) for j in range(-16, 17) if i or j])

    def lowest(half: Fraction) -> Any:
        moves = rational([half])[0] * ticks @ D
        return (case.net.loss(case.theta + moves) - case.net.loss(case.theta)).min()

    bowl = True if flat and squares == fourth and margin > 0 else False if lowest(law.inside) <= 0 else None
    leaves = True if lowest(law.outside) < 0 else False if law.outside <= law.inside and bowl else None
    answer = False if bowl is False or leaves is False else True if bowl and leaves else None
    return verdict(answer, detail=f"a bowl up to {law.inside}, margin {float(margin.p) / float(margin.q):.3f}")


WITNESS = HiddenSaddle(4, 3, HALF, ((-1, 2, 3), 0, (1, -1)), ((0, 1, 0), 2, (-1, -1)))

WINDOW = Claim(
    id="slice_honesty.window",
    title="A filter-normalised slice with a strict minimum at a strict saddle, on an exact window",
    statement=r"At the saddle for $n = 4$, $s = 3$ and the rotation by $(\frac35, \frac45)$ the filter-normalised "
    r"slice along the rational directions with $p = (\frac{13}{15}, -\frac2{15}, \frac4{15}, \frac25)$, $z = "
    r"(\frac45, -\frac35)$ and $p' = (0, 1, 0, 0)$, $z' = (-\frac45, -\frac35)$ has a strict minimum at its centre "
    r"for all $|x|, |y| \le \frac1{10}$, though not for $|x|, |y| \le 2$: the whole slice, not only its Hessian.",
    source="own derivation",
    case_type=HiddenSaddle,
    cases=(WITNESS,),
    law=Window(Fraction(1, 10), Fraction(2)),
    check=_check_window,
    false_laws={
        "a bowl wherever one looks": Window(Fraction(2), Fraction(4)),
        "no bowl at all": Window(Fraction(1, 10), Fraction(1, 10)),
    },
    uses=("slice_honesty.saddle", "slice_honesty.filter_normalised"),
)

CLAIMS = (WINDOW,)
