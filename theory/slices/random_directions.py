"""Random directions in many dimensions: the cosine between two, and what a random slice captures of a vector."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from theory.arithmetic import flint, precision
from theory.arrays import positive_int
from theory.calculus.enclosures import BITS, balls_of, incomplete_beta


def cosine_mean(n: int) -> Any:
    r"""E |cos(u, v)| = Gamma(n/2) / (sqrt(pi) Gamma((n+1)/2)) for independent Gaussian u, v in R^n.

    About sqrt(2/(pi n)). Without the absolute value the mean is 0; the mean square is 1/n.

    Source: own derivation.

    >>> print(cosine_mean(3).str(5, radius=False))
    0.50000
    """
    positive_int(n, "cosine_mean", "n")
    lib = flint()
    with precision(BITS):
        half = lib.fmpq(1, 2)
        return lib.arb.gamma_fmpq(n * half) / (lib.arb.pi().sqrt() * lib.arb.gamma_fmpq((n + 1) * half))


@dataclass(frozen=True)
class BetaLaw:
    """The law on [0, 1] with density proportional to x^(a-1) (1-x)^(b-1); b = 0 is the point mass at 1."""

    a: Fraction
    b: Fraction

    @property
    def mean(self) -> Fraction:
        """a / (a + b)."""
        return self.moment(1)

    @property
    def variance(self) -> Fraction:
        """a b / ((a + b)^2 (a + b + 1))."""
        return self.moment(2) - self.mean**2

    def moment(self, r: int) -> Fraction:
        """E x^r = a (a+1) ... / ((a+b) (a+b+1) ...), r factors each."""
        out = Fraction(1)
        for i in range(r):
            out *= (self.a + i) / (self.a + self.b + i)
        return out

    def cdf(self, x: Any) -> Any:
        """P(fraction <= x) in a ball, for a number 0 <= x < 1."""
        (x,) = balls_of([x], "BetaLaw.cdf", "x")
        if not 0 <= x < 1:
            raise ValueError(
                f"BetaLaw.cdf: needs 0 <= x < 1, got {x.str(6, radius=False)}; beyond, the answer is 0 or 1"
            )
        with precision(BITS):
            return flint().arb(0) if self.b == 0 else incomplete_beta(x, self.a, self.b)


def captured_fraction(n: int, k: int) -> BetaLaw:
    """The law of |P v|^2 / |v|^2 for a fixed v in R^n and the projection P on k independent random directions.

    Beta(k/2, (n-k)/2) for k < n, and 1 for k = n; the mean is k/n: what a random slice captures of a trajectory that
    does not know of it.

    Source: own derivation.

    >>> captured_fraction(1000, 2).mean
    Fraction(1, 500)
    """
    positive_int(n, "captured_fraction", "n")
    if positive_int(k, "captured_fraction", "k") > n:
        raise ValueError(f"captured_fraction: needs k <= n directions in n dimensions, got k = {k}, n = {n}")
    return BetaLaw(Fraction(k, 2), Fraction(n - k, 2))
