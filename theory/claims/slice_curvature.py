"""Curvature along random directions: one direction, the two principal curvatures of a random plane, and its sign."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np

from theory.arithmetic import flint, precision, rational
from theory.claims.cases import Case
from theory.claims.claim import Claim, Verdict, erratum, verdict
from theory.claims.curvature_routes import by_cases, by_characteristic_function, by_moments
from theory.claims.gaussian_routes import meet
from theory.claims.linear_data import Choose, chosen, rotation
from theory.claims.random_slices import odd_factorial
from theory.slices.random_curvature import direction_curvature, principal_curvature_means

HALF = Fraction(1, 2)

# -- one direction ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Surface(Case):
    """H = Q diag(eigenvalues) Q^T with the rational rotation Q of these entries."""

    eigenvalues: tuple
    rotations: tuple

    @property
    def matrix(self) -> np.ndarray:
        """H (n, n)."""
        Q = rotation(len(self.eigenvalues), self.rotations)
        return Q * rational(self.eigenvalues) @ Q.T


@dataclass(frozen=True)
class DirectionLaw:
    """From the eigenvalues: three cumulants of d^T H d, d Gaussian; mean and variance of u^T H u, u of length 1."""

    gaussian: Callable[[Any], tuple]
    unit: Callable[[Any], tuple]


def _check_direction(case: Surface, law: DirectionLaw) -> Verdict:
    """Moments of the polynomial sum H_ij d_i d_j, monomial by monomial: E d^(2m) = (2m-1)!! in each coordinate.

    On the sphere they are divided by E |d|^(2r) = n (n+2) ..., as length and direction are independent.
    """
    n, form = len(case.eigenvalues), _polynomial(case.matrix)
    power, moments = {(0,) * n: rational([1])[0]}, []
    for _ in range(3):
        power = _product(power, form)
        moments.append(sum(c * _mean(e) for e, c in power.items()))
    k1, k2, k3 = law.gaussian(rational(case.eigenvalues))
    gaussian = [k1, k2 + k1**2, k3 + 3 * k1 * k2 + k1**3]
    mean, variance = law.unit(rational(case.eigenvalues))
    unit = [mean * n, (variance + mean**2) * (n * (n + 2))]
    same = all(a == b for a, b in zip((*gaussian, *unit), (*moments, *moments[:2]), strict=True))
    return verdict(same, detail=f"three moments in R^{n}, two on the sphere, exactly")


def _polynomial(H: np.ndarray) -> dict[tuple, Any]:
    """d^T H d as {exponents: coefficient}."""
    out: dict[tuple, Any] = {}
    unit = np.eye(len(H), dtype=int)
    for i, j in np.ndindex(H.shape):
        key = tuple(unit[i] + unit[j])
        out[key] = out.get(key, 0) + H[i, j]
    return out


def _product(a: dict[tuple, Any], b: dict[tuple, Any]) -> dict[tuple, Any]:
    out: dict[tuple, Any] = {}
    for e, x in a.items():
        for f, y in b.items():
            key = tuple(map(sum, zip(e, f, strict=True)))
            out[key] = out.get(key, 0) + x * y
    return out


def _mean(exponents: tuple) -> int:
    return 0 if any(e % 2 for e in exponents) else prod(odd_factorial(e // 2) for e in exponents)


def chi_square_cumulants(lam: np.ndarray) -> tuple:
    """2^(r-1) (r-1)! sum lam^r, r = 1, 2, 3: those of sum lam_i chi^2_1."""
    return lam.sum(), 2 * (lam**2).sum(), 8 * (lam**3).sum()


def _surfaces(choose: Choose) -> Surface:
    n = choose((1, 2, 3, 4, 2, 3))
    few = (0, 1, -1, HALF, -HALF)
    return Surface(
        tuple(choose((0, 1, -1, 2, -3, HALF)) for _ in range(n)), tuple(choose(few) for _ in range(n * (n - 1) // 2))
    )


DIRECTION_LAW = DirectionLaw(chi_square_cumulants, direction_curvature)

DIRECTION = Claim(
    id="slice_curvature.one_direction",
    title="Curvature along one random direction",
    statement=r"For symmetric $H$ with eigenvalues $\lambda_i$ and $d$ standard normal in $\mathbb R^n$: $d^THd = \sum "
    r"\lambda_i g_i^2$ with independent $g_i^2 \sim \chi^2_1$, of mean $\mathrm{tr} H$ and variance $2\,\mathrm{tr} "
    r"H^2$; for $u = d/|d|$ the weights $u_i^2$ sum to 1, and $u^THu$ has mean $\mathrm{tr} H/n$ and variance "
    r"$2(n\,\mathrm{tr} H^2 - (\mathrm{tr} H)^2)/(n^2(n+2))$.",
    source="lerique2018, Does this capture convexity?; own derivation",
    case_type=Surface,
    cases=lambda: chosen(_surfaces),
    law=DIRECTION_LAW,
    check=_check_direction,
    false_laws={
        "a weighted average also without normalisation": DirectionLaw(
            lambda lam: tuple(k * rational([Fraction(1, len(lam))])[0] for k in chi_square_cumulants(lam)),
            direction_curvature,
        ),
        "variance without the factor 2": DirectionLaw(
            lambda lam: (lam.sum(), (lam**2).sum(), 8 * (lam**3).sum()), direction_curvature
        ),
        "a normal law": DirectionLaw(lambda lam: (*chi_square_cumulants(lam)[:2], 0), direction_curvature),
        "normalised weights taken for independent": DirectionLaw(
            chi_square_cumulants,
            lambda lam: (direction_curvature(lam)[0], 2 * (lam**2).sum() * rational([Fraction(1, len(lam) ** 2)])[0]),
        ),
        "n + 1 in place of n + 2": DirectionLaw(
            chi_square_cumulants,
            lambda lam: (
                direction_curvature(lam)[0],
                direction_curvature(lam)[1] * rational([Fraction(len(lam) + 2, len(lam) + 1)])[0],
            ),
        ),
        "moduli of the eigenvalues": DirectionLaw(lambda lam: chi_square_cumulants(abs(lam)), direction_curvature),
    },
    examples=(
        Surface((3, 1, -HALF, -1), (1, HALF, 0, -1, 0, 1)),
        Surface((2, -3), (HALF,)),
        Surface((1, 1, 1), (0, 0, 0)),
    ),
)

# -- the principal curvatures of a plane -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Spectrum(Case):
    """The eigenvalues of a symmetric matrix."""

    eigenvalues: tuple


def _check_principal(case: Spectrum, law: Callable[[tuple], tuple]) -> Verdict:
    """tr H -+ E R, by three kinds of routes: an integral of another form, a series of moments, elementary cases."""
    with precision(192):
        lam = [flint().arb(x) for x in rational(case.eigenvalues)]
        low, high = law(case.eigenvalues)
        trace = sum(lam, start=flint().arb(0))
        routes = [by_moments(case.eigenvalues), by_characteristic_function(lam), *by_cases(case.eigenvalues)]
        same = all(meet(trace - r, low) and meet(trace + r, high) for r in routes)
        detail = f"{trace.str(6, radius=False)} -+ {routes[0].str(12, radius=False)}, by {len(routes)} routes"
        return verdict(same, "certified", detail)


LEVELS = (1, -1, 2, -2, 3, HALF, -HALF)


def _spectra(choose: Choose) -> Spectrum:
    """Any few eigenvalues; moduli in pairs; one modulus; a plane."""
    kind, n = choose(("any", "pairs", "one modulus", "plane")), choose((3, 4, 5, 6))
    if kind == "pairs":
        few = {abs(choose(LEVELS)) for _ in range(3)}
        return Spectrum(tuple(choose((1, -1)) * x for x in sorted(few) for _ in range(2)))
    if kind == "one modulus":
        return Spectrum(tuple(choose((2, -2)) for _ in range(n)))
    return Spectrum(tuple(choose(LEVELS) for _ in range(2 if kind == "plane" else n)))


def _gap(lam: tuple) -> Any:
    low, high = principal_curvature_means(lam)
    return (high - low) / 2


def _around_trace(radius: Callable[[tuple], Any]) -> Callable[[tuple], tuple]:
    """The law tr H -+ radius."""

    def law(lam: tuple) -> tuple:
        r, trace = radius(lam), flint().arb(rational([sum(map(Fraction, lam))])[0])
        return trace - r, trace + r

    return law


def _ball_root(x: Any) -> Any:
    return flint().arb(rational([x])[0]).sqrt()


WEIGHTED_AVERAGES = _around_trace(lambda lam: 0 * _gap(lam))

PRINCIPAL = Claim(
    id="slice_curvature.principal",
    title="The mean principal curvatures of a random plane",
    statement=r"For symmetric $H$ with eigenvalues $\lambda_i$, not all 0, and $D$ $(n \times 2)$ standard normal, the "
    r"eigenvalues of $D^THD$ have the means $\mathrm{tr} H \mp r$ with $r = \int_0^\infty (1 - \prod_i (1 + "
    r"\lambda_i^2 s^2)^{-1/2})\,s^{-2}\,ds = \sqrt{\pi/2}\,E|Hd| > 0$: neither is distributed like $d^THd$.",
    source="own derivation",
    case_type=Spectrum,
    cases=lambda: chosen(_spectra),
    law=principal_curvature_means,
    check=_check_principal,
    false_laws={
        "weighted averages with chi-square weights": WEIGHTED_AVERAGES,
        "the mean of the normalised curvature, for both": lambda lam: (direction_curvature(list(lam))[0],) * 2,
        "the root of the mean square as mean distance": _around_trace(
            lambda lam: _ball_root(2 * sum(Fraction(x) ** 2 for x in lam))
        ),
        "all moduli replaced by their root mean square": _around_trace(
            lambda lam: by_moments((1,) * len(lam)) * _ball_root(Fraction(sum(Fraction(x) ** 2 for x in lam), len(lam)))
        ),
        "the mean modulus of the mixed derivative": _around_trace(lambda lam: 2 * _gap(lam) / flint().arb.pi()),
        "the whole gap on both sides": _around_trace(lambda lam: 2 * _gap(lam)),
        "half the trace": lambda lam: tuple(
            x - flint().arb(rational([sum(map(Fraction, lam)) / 2])[0]) for x in principal_curvature_means(lam)
        ),
    },
    examples=(
        Spectrum((1,) * 10),
        Spectrum((3, 1, -HALF, -1)),
        Spectrum((2, 2, -1, 1)),
        Spectrum((3, -1)),
        Spectrum((2,)),
    ),
    uses=("slice_curvature.one_direction",),
)

PRINCIPAL_ERRATUM = erratum(
    "slice_curvature.weighted_averages",
    "Principal curvatures of a random plane are not averages with chi-square weights",
    statement="Printed: the principal curvatures of a randomly projected (Gaussian) surface are weighted averages of "
    "the principal curvatures of the original surface, with chi-square coefficients.",
    source="lerique2018, Does this capture convexity?; li2018, section 6, in the form of",
    corrects=PRINCIPAL,
    printed=WEIGHTED_AVERAGES,
    witness=Spectrum((1,) * 10),
    deviations="True of the curvature along one direction; for H = I_10 both would have mean 10, but the smaller has "
    "mean 6.134 and the larger 13.866: the principal directions of the plane are chosen after the draw.",
)

CLAIMS = (DIRECTION, PRINCIPAL, PRINCIPAL_ERRATUM)
