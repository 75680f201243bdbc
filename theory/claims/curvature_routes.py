r"""Routes to the mean curvatures and the signs of random directions that share no formula with the library.

*Principal curvatures of a plane.* D^T H D has the eigenvalues x -+ R with E x = tr H, and R the length of (y, z), whose
law no rotation changes, y = sum lam_i (g_i^2 - h_i^2)/2 and z = sum lam_i g_i h_i. So E |y| = (2/pi) E R; given g, z is
normal with variance |H g|^2, and E R = (pi/2) E |z| = sqrt(pi/2) E |H g|.

*Sign of one direction.* For one or two negative eigenvalues -a, -b (b = 0 for one) let (r cos t, r sin t) be the
coordinates of d along them: r^2/2 is exponential, and independent of t. So P(d^T H d < 0 | t) = E exp(-X / (2c)) with X
the positive part and c = a cos^2 t + b sin^2 t, which is prod (1 + lam_i / c)^(-1/2).

Source: own derivation.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, log2, prod
from typing import Any

from theory.arithmetic import flint, rational
from theory.calculus.enclosures import integral
from theory.claims.random_slices import powers_of_sine
from theory.slices.random_directions import BetaLaw

TAIL = 90  # bits of the series


def by_characteristic_function(lam: list[Any]) -> Any:
    """E R as int_0^infty (1 - phi)/s^2 ds, phi(s) = prod (1 + lam_i^2 s^2)^(-1/2) = E exp(isy).

    (1 - phi)/s^2 = (1/phi^2 - 1) phi^2/(s^2 (1 + phi)), beyond 1 with s = 1/w.
    """
    p = flint().arb_poly([1])
    for x in lam:
        p = p * flint().arb_poly([1, x * x])
    quotient = flint().arb_poly(p.coeffs()[1:])

    turned = flint().arb_poly(p.coeffs()[::-1])

    def near(s: Any, analytic: bool) -> Any:
        square = p(s * s)
        return quotient(s * s) / (square + square.sqrt(analytic=analytic))

    def far(w: Any, analytic: bool) -> Any:
        return w ** len(lam) * turned(w * w).rsqrt(analytic=analytic)

    return integral(near, 0, 1) + 1 - integral(far, 0, 1)


def by_moments(eigenvalues: tuple) -> Any:
    """E R = sqrt(pi/2) E |g| E |H u|, u of length 1, from the moments of |H u|^2; no eigenvalue is 0.

    |H u|^2 = M (1 - Q) with Q = sum mu_i u_i^2, mu_i = 1 - lam_i^2/M and |mu_i| <= q < 1 for M between the largest and
    the smallest square. The binomial series of (1 - Q)^(1/2) has the means (-1)^k binom(1/2, k) k! a_k / (n/2)_k, with
    prod (1 - mu_i t)^(-1/2) = sum a_k t^k; what is left out from k = K on is at most q^K / (2 (1 - q)).
    """
    lib, squares = flint(), [Fraction(x) ** 2 for x in eigenvalues]
    n, M = len(squares), (max(squares) + min(squares)) / 2
    q = (max(squares) - min(squares)) / (max(squares) + min(squares))
    K = ceil((TAIL - log2(1 - q)) / -log2(q)) if q else 1
    a = [lib.arb(1)]
    for x in squares:
        factor, mu = [lib.arb(1)], lib.arb(rational([1 - x / M])[0])
        for k in range(1, K):
            factor.append(factor[-1] * mu * (2 * k - 1) / (2 * k))
        a = (lib.arb_poly(a) * lib.arb_poly(factor)).coeffs()[:K]
    c, mean = lib.arb(1), lib.arb(0)
    for k, coefficient in enumerate(a):
        mean += c * coefficient
        c = c * (2 * k - 1) / (n + 2 * k)
    q = lib.arb(rational([q])[0])
    mean += lib.arb(0, 1) * (q**K / (2 * (1 - q))).abs_upper()
    gamma, half = lib.arb.gamma_fmpq, lib.fmpq(1, 2)
    return (lib.arb.pi() * lib.arb(rational([M])[0])).sqrt() * gamma((n + 1) * half) / gamma(n * half) * mean


def by_cases(eigenvalues: tuple) -> list[Any]:
    """E R where E |H g| is elementary: one modulus, moduli in pairs (exponential variables), a plane (the circle)."""
    moduli, pi = sorted(abs(Fraction(x)) for x in eigenvalues), flint().arb.pi()
    n, out = len(moduli), []
    if n > 1 and moduli[0] == moduli[-1]:  # |H g| = |lam| |g|, and E |cos| = E |g_1| / E |g|
        r, with_pi = powers_of_sine(n - 2)
        out.append(
            flint().arb(rational([moduli[0]])[0] * r * rational([Fraction(n - 1, 2)])[0]) * (pi if with_pi else 1)
        )
    pairs = moduli[::2]
    if moduli[1::2] == pairs and len(set(pairs)) == len(pairs):
        total = sum(x * prod(x**2 / (x**2 - y**2) for y in pairs if y != x) for x in pairs)
        out.append(pi * flint().arb(rational([total])[0]) / 2)
    if n == 2:
        a, b = (flint().arb(x) ** 2 for x in rational(moduli))
        length = integral(lambda t, c: (a * t.cos() ** 2 + b * t.sin() ** 2).sqrt(analytic=c), 0, pi / 2)
        out.append(length)
    return out


def of_negative_sign(eigenvalues: tuple) -> list[Any]:
    """P(d^T H d < 0): by the angle for one or two eigenvalues of a sign, by a Beta law for two levels, for pairs."""
    lam = [Fraction(x) for x in eigenvalues]
    positive, negative = [x for x in lam if x > 0], [-x for x in lam if x < 0]
    out = []
    if 0 < len(negative) < 3:
        out.append(_by_angle(positive, negative))
    if 0 < len(positive) < 3:
        out.append(1 - _by_angle(negative, positive))
    if len(set(positive)) == len(set(negative)) == 1:
        share = negative[0] / (positive[0] + negative[0])
        out.append(BetaLaw(Fraction(len(positive), 2), Fraction(len(negative), 2)).cdf(share))
    values = sorted(set(lam))
    if all(lam.count(x) == 2 for x in values):
        mass = sum(
            (prod((x / (x - y) for y in values if y != x), start=Fraction(1)) for x in values if x < 0), Fraction(0)
        )
        out.append(flint().arb(rational([mass])[0]))
    return out


def _by_angle(lam: list[Fraction], few: list[Fraction]) -> Any:
    """The mean of prod (1 + lam_i / c)^(-1/2) over a quarter turn, c = a cos^2 + b sin^2 from the one or two others."""
    lib, (a, b) = flint(), rational([*few, 0][:2])
    levels, half_turn = [lib.arb(x) for x in rational(lam)], lib.arb.pi() / 2

    def f(t: Any, analytic: bool) -> Any:
        c = a * t.cos() ** 2 + b * t.sin() ** 2
        out = (c.sqrt(analytic=analytic) if b else lib.arb(a).sqrt() * t.cos()) ** len(lam)
        for x in levels:
            out = out * (c + x).rsqrt(analytic=analytic)
        return out

    return integral(f, 0, half_turn) / half_turn
