r"""What a slice along random directions shows of a curvature: laws in closed form and in balls with error bounds.

Directions are independent standard Gaussian vectors of R^n. A slice through theta along D = (d_1, d_2) has the Hessian
D^T H D there, whose law depends on the eigenvalues lam of H alone. It is a bowl if D^T H D is positive definite; this
does not change when directions are scaled or replaced by others of the same span, so that no probability of this file
changes when they are normalised or orthonormalised. Curvatures do.

Zero eigenvalues may be given or left out wherever only signs are asked for.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from theory.arithmetic import BALL, arithmetic_of, flint, precision
from theory.arrays import positive_int
from theory.calculus.enclosures import BITS, balls_of, complete_beta, incomplete_beta, integral, number_list
from theory.errors import Undecided


def direction_curvature(eigenvalues: Any) -> tuple[Any, Any]:
    """Mean tr H / n and variance 2 (n tr H^2 - (tr H)^2) / (n^2 (n+2)) of u^T H u, u uniform on the unit sphere.

    Here zero eigenvalues count. Integers and rationals give rationals, floats give floats.

    Source: own derivation.
    """
    lam = number_list(eigenvalues, "direction_curvature")
    n, trace, square = len(lam), lam.sum(), (lam * lam).sum()
    one = arithmetic_of(lam).fraction
    return trace * one(1, n), 2 * (n * square - trace * trace) * one(1, n * n * (n + 2))


def principal_curvature_means(eigenvalues: Any) -> tuple[Any, Any]:
    r"""The mean smaller and larger eigenvalue of D^T H D, D (n, 2) standard Gaussian: tr H -+ E R, in balls.

    E R = int_0^infty (1 - phi(s)) / s^2 ds with phi(s) = prod (1 + lam_i^2 s^2)^(-1/2), and R half their difference.

    Source: own derivation.

    >>> print(*(x.str(8, radius=False) for x in principal_curvature_means([1] * 10)))
    6.1343684 13.865632
    """
    lam = balls_of(eigenvalues, "principal_curvature_means")
    with precision(BITS):
        trace, radius = sum(lam, start=flint().arb(0)), half_gap_mean(lam)
        return trace - radius, trace + radius


def half_gap_mean(lam: list[Any]) -> Any:
    """E R of ``principal_curvature_means``, after one integration by parts, and with s = 1/w beyond s = 1."""
    lam = _nonzero(lam, "principal_curvature_means")
    squares = _counted([x * x for x in lam])

    def near(s: Any, analytic: bool) -> Any:
        factors = [(1 + x * s * s, k) for x, k in squares]
        weight = sum(k * x / f for (x, k), (f, _) in zip(squares, factors, strict=True))
        return _root(factors, analytic) * weight

    def far(w: Any, analytic: bool) -> Any:
        factors = [(w * w + x, k) for x, k in squares]
        weight = sum(k * x / f for (x, k), (f, _) in zip(squares, factors, strict=True))
        return w ** len(lam) * _root(factors, analytic) * weight

    return integral(near, 0, 1) + integral(far, 0, 1) if lam else flint().arb(0)


def negative_curvature_probability(eigenvalues: Any) -> Any:
    r"""P(d^T H d < 0) for one Gaussian direction d, in a ball.

    -(1/(2 pi i)) int M(z)/z dz over Re z = c < 0 with M(z) = E exp(z d^T H d) = prod (1 - 2 lam_i z)^(-1/2); beyond
    |Im z| = 1 with Im z = 1/w^2, which makes the integrand analytic up to the end.

    Source: own derivation.

    >>> print(negative_curvature_probability([3, 1, "-1/2", -1]).str(8, radius=False))
    0.28933870
    """
    where = "negative_curvature_probability"
    lam = _nonzero(balls_of(eigenvalues, where), where)
    positive, negative = _split(lam)
    if not positive or not negative:
        return flint().arb(1 if negative else 0)
    lib = flint()
    with precision(BITS):
        i, levels = lib.acb(0, 1), _counted(lam)
        c = -1 / (4 * _extreme(negative, smallest=False))

        def near(s: Any, analytic: bool) -> Any:
            return -_root([(1 - 2 * x * (c + i * s), k) for x, k in levels], analytic) / (c + i * s)

        def far(w: Any, analytic: bool) -> Any:
            factors = [(w * w * (1 - 2 * x * c) - 2 * i * x, k) for x, k in levels]
            return -2 * w ** (len(lam) - 1) * _root(factors, analytic) / (c * w * w + i)

        return (integral(near, 0, 1) + integral(far, 0, 1)) / lib.arb.pi()


def two_level_bowl(p: int, q: int, positive: Any = 1, negative: Any = 1) -> Any:
    r"""P(D^T H D positive definite) for p eigenvalues ``positive`` and q eigenvalues -``negative``, in a ball.

    With y = positive / (positive + negative) and B, I the incomplete beta function and its regularised form:
    0 for p < 2; 1 for q = 0; 1 - (1-y)^((p-1)/2) for q = 1; else
    I_y(q-1, p-1) - y^((q-1)/2) (1-y)^((p-1)/2) B_y((q-1)/2, (p-1)/2) / (2 B(q-1, p-1)).

    Source: own derivation.

    >>> print(two_level_bowl(2, 2).str(8, radius=False))
    0.10730092
    """
    for name, count in (("p", p), ("q", q)):
        if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 0:
            raise ValueError(f"two_level_bowl: {name} must be an integer of at least 0, got {count!r}")
    up, down = (balls_of([x], "two_level_bowl", "levels")[0] for x in (positive, negative))
    if not (up > 0 and down > 0):
        raise ValueError(f"two_level_bowl: both levels must be positive moduli, got {positive!r} and {negative!r}")
    lib = flint()
    if p < 2 or q == 0:
        return lib.arb(0 if p < 2 else 1)
    with precision(BITS + 8 * (int(p + q).bit_length())):
        y, rest = up / (up + down), down / (up + down)
        a, b = lib.fmpq(p - 1, 2), lib.fmpq(q - 1, 2)
        if q == 1:
            return 1 - rest ** lib.arb(a)
        both = y ** lib.arb(b) * rest ** lib.arb(a) * incomplete_beta(y, b, a) * complete_beta(b, a)
        return incomplete_beta(y, 2 * b, 2 * a) - both / (2 * complete_beta(2 * b, 2 * a))


def no_bowl_beside_one(p1: int, level1: Any, p2: int, level2: Any, negative: Any) -> Any:
    r"""P(D^T H D not positive definite) for p1, p2 eigenvalues of two positive levels and one -``negative``, in a ball.

    With lam_i the positive eigenvalues and nu = ``negative``: prod (1 + lam_i/nu)^(-1/2) E (X/Y)^(1/2), where
    X = sum lam_i g_i^2 and Y = sum lam_i g_i^2 nu/(nu + lam_i), an integral over the share sin^2 of the first level.

    Source: own derivation.

    >>> print(no_bowl_beside_one(2, 1, 3, 4, 1).str(8, radius=False))
    0.089411385
    """
    where = "no_bowl_beside_one"
    p1, p2 = positive_int(p1, where, "p1"), positive_int(p2, where, "p2")
    one, two, nu = (balls_of([x], where, "levels")[0] for x in (level1, level2, negative))
    if not (one > 0 and two > 0 and nu > 0):
        raise ValueError(f"{where}: all levels must be positive moduli, got {level1!r}, {level2!r}, {negative!r}")
    lib = flint()
    with precision(BITS):

        def share(t: Any, analytic: bool) -> Any:
            a, b = one * t.sin() ** 2, two * t.cos() ** 2
            ratio = (a + b) / (a / (nu + one) + b / (nu + two)) / nu
            return ratio.sqrt(analytic=analytic) * t.sin() ** (p1 - 1) * t.cos() ** (p2 - 1)

        mean = 2 * integral(share, 0, lib.arb.pi() / 2) / complete_beta(lib.fmpq(p1, 2), lib.fmpq(p2, 2))
        return mean / ((1 + one / nu) ** p1 * (1 + two / nu) ** p2).sqrt()


def bowl_probability(eigenvalues: Any) -> Any:
    r"""An enclosure of the probability that the random two-dimensional slice is a bowl, for every spectrum.

    A closed form for at most one positive and one negative level (``two_level_bowl``), an integral for two positive
    levels and a single negative eigenvalue (``no_bowl_beside_one``): narrow balls. Otherwise a certified interval: for
    one negative eigenvalue -nu, P(no bowl) = prod (1 + lam_i/nu)^(-1/2) E r with 1 + min lam/nu <= r^2 <= 1 + max
    lam/nu; for several, the probability grows with each eigenvalue, so that it lies between those of two spectra with
    two levels. ``sampled_bowl_probability`` narrows it down.

    Parameters
    ----------
    eigenvalues : (n,) numbers or balls; floats are taken as the numbers that they are. Equal balls are levels of their
        own unless they are exact.

    Raises
    ------
    Undecided
        If a ball contains zero without being zero.

    Source: own derivation.

    >>> print(bowl_probability([1, 1, 1, 0, -1]).str(8, radius=False))
    0.50000000
    """
    where = "bowl_probability"
    given = number_list(eigenvalues, where)
    positive, negative = _split(_nonzero(balls_of(given, where), where))
    p, q = len(positive), len(negative)
    if p < 2 or q == 0:
        return flint().arb(0 if p < 2 else 1)
    counts = _counted(list(given)) if arithmetic_of(given).name == BALL else Counter(given.tolist()).items()
    levels = [(x, k) for x, k in counts if x > 0]
    with precision(BITS):
        low, high = (_extreme(positive, smallest) for smallest in (True, False))
        shallow, deep = (_extreme(negative, smallest) for smallest in (True, False))
        if q == 1 and len(levels) == 2:
            (x, j), (y, k) = levels
            return 1 - no_bowl_beside_one(j, x, k, y, deep)
        if q > 1 or len(levels) == 1:
            return two_level_bowl(p, q, low, deep).union(two_level_bowl(p, q, high, shallow))
        product = flint().arb(1)
        for x in positive:
            product = product * (1 + x / deep)
        return (1 - ((1 + low / deep) / product).sqrt()).union(1 - ((1 + high / deep) / product).sqrt())


def sampled_bowl_probability(
    eigenvalues: Any, samples: int = 100_000, *, alarm: float = 1e-6, seed: int = 0
) -> tuple[float, float]:
    """(low, high) for the probability that the slice is a bowl: wrong for a share of at most ``alarm`` of all seeds.

    Exact binomial limits (Clopper and Pearson) of a count over random slices.
    Source: clopperpearson1934, the limits for one proportion, in the form of.

    Parameters
    ----------
    eigenvalues : (n,) numbers.
    samples : how many random slices are drawn.
    """
    balls = balls_of(eigenvalues, "sampled_bowl_probability")
    largest = _extreme([abs(x) for x in balls], smallest=False)
    lam = np.array([float((x / largest if largest > 0 else x).mid()) for x in balls])  # no square under- or overflows
    positive_int(samples, "sampled_bowl_probability", "samples")
    if not 0 < alarm < 1:
        raise ValueError(f"sampled_bowl_probability: alarm must lie between 0 and 1, got {alarm!r}")
    from scipy.stats import beta

    rng, bowls, chunk = np.random.default_rng(seed), 0, max(1, 2**21 // len(lam))
    for start in range(0, samples, chunk):
        D = rng.standard_normal((min(chunk, samples - start), 2, len(lam)))
        a, b, c = ((D[:, i] * D[:, j]) @ lam for i, j in ((0, 0), (1, 1), (0, 1)))
        bowls += int(((a > 0) & (a * b > c * c)).sum())
    low = float(beta.ppf(alarm / 2, bowls, samples - bowls + 1)) if bowls else 0.0
    return low, float(beta.isf(alarm / 2, bowls + 1, samples - bowls)) if bowls < samples else 1.0


# -- numbers ---------------------------------------------------------------------------------------------------------


def _nonzero(lam: list[Any], where: str) -> list[Any]:
    """Without the exact zeros."""
    kept = [x for x in lam if x != 0 or not x.is_exact()]
    if any(x.contains(0) for x in kept):
        raise Undecided(f"{where}: every eigenvalue needs a sign, got a ball around 0; raise the precision, or give 0")
    return kept


def _split(lam: list[Any]) -> tuple[list[Any], list[Any]]:
    """The positive ones, and the moduli of the negative ones."""
    return [x for x in lam if x > 0], [-x for x in lam if x < 0]


def _extreme(values: list[Any], smallest: bool) -> Any:
    """An enclosure of the smallest or largest of some balls."""
    out = values[0]
    for x in values[1:]:
        out = out.min(x) if smallest else out.max(x)
    return out


def _counted(values: list[Any]) -> list[tuple[Any, int]]:
    """The different ones with their multiplicities; balls that are not exact are all different."""
    levels: dict[Any, list[Any]] = {}
    for x in values:
        levels.setdefault(x.man_exp() if x.is_exact() else id(x), []).append(x)
    return [(equal[0], len(equal)) for equal in levels.values()]


def _root(factors: list[tuple[Any, int]], analytic: bool) -> Any:
    """prod f^(-k/2), each on the principal branch."""
    out = flint().acb(1)
    for f, k in factors:
        out = out * f.rsqrt(analytic=analytic) ** k
    return out
