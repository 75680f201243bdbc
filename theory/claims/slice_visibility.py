"""How likely a filter-normalised slice in general position shows that a certified saddle is one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np

from theory.arithmetic import flint, precision, rational
from theory.calculus.enclosures import integral
from theory.calculus.inertia import inertia
from theory.claims.claim import Claim, Verdict, verdict
from theory.claims.gaussian_routes import meet, printed
from theory.claims.slice_honesty import HALF, HiddenSaddle, hidden_saddles
from theory.slices.random_directions import captured_fraction


@dataclass(frozen=True)
class VisibilityLaw:
    """What the statement says, as functions.

    Attributes
    ----------
    one_direction : P(one filter-normalised direction has negative curvature), from n and kappa.
    threshold : from |cos 2 phi|: products of smaller modulus make the slice a bowl.
    bowl_bound : from n, s, t: the bound of P(no bowl).
    digits : of this bound for n = 1000, s = 2, t = 1/2.
    """

    one_direction: Callable[[int, Any], Any]
    threshold: Callable[[Any], Any]
    bowl_bound: Callable[[int, Any, Any], Any]
    digits: str = "0.0000000244864835485672"


def _check_visibility(case: HiddenSaddle, law: VisibilityLaw) -> Verdict:
    """The curvatures, exactly; the cap p.m < -1 by quadrature with error bounds; the threshold, exactly.

    p.m = |m| cos of a random angle of density sin^(n-2), |m|^2 = 1 + (s^2 - 1) sin^2(2 phi). The slice has the Hessian
    4 (1 + x, h; h, 1 + y) with x = p.m, y = p'.m', 2 h = p.p' + p.m' + p'.m + z.z'; z.z' is 1 or cos 2 phi up to sign.
    Products of modulus tau in the worst signs make it singular for the largest tau that is right.
    """
    n, (u1, u2), e = case.n, case.rotation, rational(np.eye(case.n, dtype=int))
    s, Z, P = rational([case.s])[0], case.frame[:, n:], case.frame[:, :n]
    M = np.outer(Z @ u2, e[1]) - s * np.outer(Z @ u1, e[0])
    curvature = case.frame @ case.hessian @ case.frame.T
    exact = all(curvature[i, i] == 4 + 4 * (P[i] @ M[i]) for i in range(2))
    products = [P[0] @ M[0], P[1] @ M[1], P[0] @ M[1], P[1] @ M[0], P[0] @ P[1]]
    exact = exact and curvature[0, 1] == 2 * (sum(products[2:]) + Z[0] @ Z[1])
    cosine = abs(u1[0] * u1[0] - u1[1] * u1[1])
    tau = rational([law.threshold(cosine)])[0]
    exact = exact and (1 - tau) ** 2 == ((3 * tau + cosine) / 2) ** 2
    if max(map(abs, products)) < tau:
        exact = exact and inertia(curvature).positive == 2
    sine = 2 * u1[0] * u1[1]
    kappa = (s * s - 1) * sine * sine
    with precision(128):
        cap = _beyond(n, 1 / flint().arb(1 + kappa).sqrt()) / 2
        stated = flint().arb(law.one_direction(n, kappa))
        same = exact and meet(stated, cap / 2)
        same = same and (sine == 0 or meet(law.bowl_bound(n, case.s, case.t), _counted(case, tau)))
        same = same and printed(law.digits).contains(_thousand(law.bowl_bound))
        return verdict(bool(same), "certified", f"n = {n}: one direction shows it with {stated.str(8, radius=False)}")


def _beyond(n: int, c: Any) -> Any:
    """P(|cos| > c) for the density sin^(n-2); 0 for c >= 1."""
    ends = (c.acos() if c < 1 else flint().arb(0), flint().arb.pi())
    cap, whole = (integral(lambda x, _: x.sin() ** (n - 2), 0, a) for a in ends)
    return 2 * cap / whole


def _counted(case: HiddenSaddle, tau: Any) -> Any:
    """The mean over all signs of z, z' of sum P(|cos| > tau/|m|) over the products that have to be small.

    Of +-m and +-m' one is enough. Where both are blind to u_1, H is |p + (u_2.z) e_2|^2 on the plane: a bowl.
    """
    (u1, u2), s = case.rotation, rational([case.s])[0]
    total, one = flint().arb(0), 1 + 0 * s
    choices = [rational(signs) * abs(u2) for signs in product((1, -1), repeat=2)]
    for z, other in product(choices, repeat=2):
        pair = [(s * (v @ u1), v @ u2) for v in (z, other)]
        if any(m[0] != 0 for m in pair):
            different = pair if pair[0] not in (pair[1], tuple(-x for x in pair[1])) else pair[:1]
            squares = [one, *(2 * [m[0] ** 2 + m[1] ** 2 for m in different])]
            total += sum((_beyond(case.n, flint().arb(tau) / flint().arb(q).sqrt()) for q in squares), flint().arb(0))
    return total / 16


@lru_cache(64)
def _thousand(bound: Callable[[int, Any, Any], Any]) -> Any:
    return flint().arb(bound(1000, 2, HALF))


def one_direction(n: int, kappa: Any) -> Any:
    """(1/4) P(cos^2 > 1/(1 + kappa)) = (1/4) P(sin^2 < kappa/(1 + kappa)), in a ball."""
    return captured_fraction(n, n - 1).cdf(kappa / (1 + kappa)) / 4


def threshold(cosine: Any) -> Any:
    """(2 - |cos 2 phi|) / 5."""
    return (2 - cosine) / 5


def bowl_bound(n: int, s: Any, t: Any, small: Callable[[Any], Any] = threshold) -> Any:
    """The upper bound (3/2) F(tau/|m|) + (7/4) F(tau) of P(no bowl), F(c) = P(|cos| > c), in a ball.

    Both directions see u_1 with probability 1/4, one with 1/2, none with 1/4; then three, five and none of the products
    have to be small, of which two, two and none are with an m of length |m|.
    """
    s, t = (rational([x])[0] for x in (s, t))
    sine = 4 * t * (1 - t * t) / (1 + t * t) ** 2
    square = 1 + (s * s - 1) * sine * sine
    tau = small(abs(1 - 8 * t * t / (1 + t * t) ** 2))
    beyond = [captured_fraction(n, n - 1).cdf(1 - c) for c in (tau * tau / square, tau * tau)]
    return (6 * beyond[0] + 7 * beyond[1]) / 4


def _with_threshold(small: Callable[[Any], Any]) -> VisibilityLaw:
    return VisibilityLaw(one_direction, small, bowl_bound)


VISIBILITY_LAW = _with_threshold(threshold)


def _beyond_long(n: int, s: Any, t: Any) -> Any:
    """(7/4) (F(tau/|m|) - F(tau))."""
    return 7 * (bowl_bound(n, s, t) - bowl_bound(n, 1, t)) / 6


Q = Fraction
NEAR = (  # products of modulus 0.339 and 0.350 for tau = 0.344, 0.199 and 0.209 for tau = 0.204: bowls and saddles
    HiddenSaddle(
        4, 2, HALF, ((Q(1, 6), Q(15, 22), 0), 1, (1, 1)), ((Q(8, 29), Q(14, 31), Q(16, 27)), 0, (1, -1))
    ),
    HiddenSaddle(
        4, 2, HALF, ((Q(5, 29), Q(27, 40), 0), 1, (1, 1)), ((Q(11, 39), Q(15, 32), Q(21, 37)), 0, (1, -1))
    ),
    HiddenSaddle(
        4, 60, Q(1, 20), ((Q(31, 937), Q(199, 1000), Q(667, 681)), 3, (1, 1)),
        ((Q(8, 301), Q(51, 319), Q(16, 21)), 2, (1, -1)),
    ),
    HiddenSaddle(
        4, 60, Q(1, 20), ((Q(32, 921), Q(209, 1000), Q(861, 881)), 3, (1, 1)),
        ((Q(27, 979), Q(36, 217), Q(436, 583)), 2, (1, -1)),
    ),
)  # fmt: skip

VISIBILITY = Claim(
    id="slice_honesty.filter_normalised",
    title="In general position a filter-normalised direction sees the saddle with exponentially small probability",
    statement=r"Let the rotation $U$ have the angle $\varphi$, $\kappa = (s^2 - 1)\sin^2 2\varphi$. One random "
    r"filter-normalised direction has negative curvature at the saddle with probability $\frac14P(\cos^2 > 1/(1 + "
    r"\kappa))$, $\cos^2 \sim$ Beta$(\frac12, \frac{n-1}2)$. With $m$ as in $d^THd = 4(1 + p \cdot m)$, a slice whose "
    r"products $p \cdot p'$, $p \cdot m$, $p' \cdot m'$, $p \cdot m'$, $p' \cdot m$ have moduli less than $\tau = (2 - "
    r"|\cos 2\varphi|)/5$ is a bowl, and five numbers of modulus $\tau$ in their places can make its Hessian singular. "
    r"So a slice is no bowl with probability at most $\frac32F(\tau/\sqrt{1+\kappa}) + \frac74F(\tau)$, $F(c) = "
    r"P(|\cos| > c)$: $2.44864835485672 \cdot 10^{-8}$ for $n = 1000$, $s = 2$, $\sin 2\varphi = \frac{24}{25}$.",
    source="own derivation",
    case_type=HiddenSaddle,
    cases=hidden_saddles(axes=False),
    law=VISIBILITY_LAW,
    check=_check_visibility,
    proof=r"With $z \cdot z' = \pm\cos 2\varphi$: $(1 + x)(1 + y) > (1 - \tau)^2 = ((3\tau + |\cos 2\varphi|)/2)^2 > "
    r"h^2$, in the notation of the check. With $z' = \pm z$, so $m' = \pm m$: $4(1 + x)(1 + y) - (1 + w + x + y)^2$ "
    r"for $w = p \cdot p'$ is positive iff $\sqrt{1 + x}$, $\sqrt{1 + y}$, $\sqrt{1 - w}$ are the sides of a triangle "
    r"(Heron), as they are for moduli below $\frac35 > \tau$. The bound is the sum over the products.",
    false_laws={
        "every sign of the output weights sees it, or both sides of the cap do": VisibilityLaw(
            lambda n, k: 2 * one_direction(n, k), threshold, bowl_bound
        ),
        "a Gaussian direction": VisibilityLaw(lambda n, k: one_direction(n + 1, k), threshold, bowl_bound),
        "|m|^2 in place of kappa": VisibilityLaw(lambda n, k: one_direction(n, k + 1), threshold, bowl_bound),
        "no direction sees it": VisibilityLaw(lambda n, k: 0, threshold, bowl_bound),
        "products up to 2/3 give bowls": _with_threshold(lambda c: Fraction(2, 3)),
        "products up to 1/4 give bowls": _with_threshold(lambda c: Fraction(1, 4)),
        "products up to 21/100 give bowls": _with_threshold(lambda c: Fraction(21, 100)),
        "1/5 whatever the angle": _with_threshold(lambda c: Fraction(1, 5)),
        "without the product of z and z'": _with_threshold(lambda c: Fraction(2, 5)),
        "all products with the long m": VisibilityLaw(
            one_direction, threshold, lambda n, s, t: bowl_bound(n, s, t) + _beyond_long(n, s, t)
        ),
        "the bound with 1/5": VisibilityLaw(
            one_direction, threshold, lambda n, s, t: bowl_bound(n, s, t, lambda c: rational(["1/5"])[0])
        ),
        "other digits": VisibilityLaw(one_direction, threshold, bowl_bound, "0.0000000244864835485671"),
    },
    examples=(
        *NEAR,
        HiddenSaddle(6, 2, HALF, ((0, 0, 5, 0, 0), 4, (1, 1)), ((0, 0, 0, 5, 0), 5, (-1, 1))),
        HiddenSaddle(3, 2, HALF, ((1, -2), 2, (-1, 1)), ((-1, 3), 2, (-1, -1))),
        HiddenSaddle(3, 3, Fraction(1, 3), ((-1, 0), 2, (1, 1)), ((0, 1), 2, (1, 1))),
    ),
    uses=("slice_honesty.saddle", "random_slices.captured_fraction"),
)

CLAIMS = (VISIBILITY,)
