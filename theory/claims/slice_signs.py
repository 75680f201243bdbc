"""How likely one random direction shows negative curvature."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from theory.arithmetic import flint, precision, rational
from theory.claims.claim import Claim, Verdict, verdict
from theory.claims.curvature_routes import of_negative_sign
from theory.claims.gaussian_routes import meet, printed
from theory.claims.linear_data import Choose, chosen
from theory.claims.slice_curvature import HALF, LEVELS, Spectrum
from theory.slices.random_curvature import negative_curvature_probability
from theory.slices.random_directions import BetaLaw

EXAMPLE = Spectrum((3, 1, -HALF, -1))
DIGITS = "0.289338697518931"


def _check_negative(case: Spectrum, law: Callable[[tuple], Any]) -> Verdict:
    """With -H in place of H the probabilities add up to 1; and by routes without a characteristic function."""
    with precision(128):
        p, opposite = law(case.eigenvalues), law(tuple(-x for x in case.eigenvalues))
        routes = of_negative_sign(case.eigenvalues)
        same = meet(p + opposite, flint().arb(1)) and all(meet(p, r) for r in routes)
        same = same and (case != EXAMPLE or printed(DIGITS).contains(p))
        return verdict(same, "certified", f"{p.str(12, radius=False)}, and {len(routes)} other routes")


def _signed_spectra(choose: Choose) -> Spectrum:
    """Any few; distinct eigenvalues in pairs; two levels."""
    kind = choose(("any", "pairs", "two levels", "two levels"))
    if kind == "pairs":
        return Spectrum(tuple(x for x in sorted({choose(LEVELS) for _ in range(4)}) for _ in range(2)))
    if kind == "two levels":
        a, b = choose((1, 2, HALF)), choose((-1, -3, -HALF))
        return Spectrum((a,) * choose(range(1, 6)) + (b,) * choose(range(1, 6)))
    return Spectrum(tuple(choose(LEVELS) for _ in range(choose((2, 3, 4, 5)))))


def _levels(lam: tuple) -> tuple[int, int, Fraction, Fraction]:
    """Numbers and summed moduli of the negative and of all eigenvalues."""
    negative = [-Fraction(x) for x in lam if x < 0]
    return len(negative), len(lam), sum(negative, Fraction(0)), sum((abs(Fraction(x)) for x in lam), Fraction(0))


def _averaged(lam: tuple) -> Any:
    """As for two levels, the means of the positive and of the negative eigenvalues."""
    positive, negative = ([abs(Fraction(x)) for x in lam if (x > 0) is up] for up in (True, False))
    if not positive or not negative:
        return flint().arb(1 if negative else 0)
    a, b = (sum(x, Fraction(0)) / len(x) for x in (positive, negative))
    return BetaLaw(Fraction(len(positive), 2), Fraction(len(negative), 2)).cdf(b / (a + b))


NEGATIVE = Claim(
    id="slice_curvature.negative_direction",
    title="How likely one random direction shows negative curvature",
    statement=r"For symmetric $H$ with nonzero eigenvalues $\lambda_i$, a random direction $d$, normalised or not, and "
    r"small $c < 0$: $P(d^THd < 0) = -\frac1{2\pi i}\int_{\mathrm{Re} z = c} \prod_i (1 - 2\lambda_iz)^{-1/2}\,dz/z$ "
    r"(for the eigenvalues $3, 1, -\frac12, -1$ that is $0.289338697518931$).",
    source="own derivation",
    case_type=Spectrum,
    cases=lambda: chosen(_signed_spectra),
    law=negative_curvature_probability,
    check=_check_negative,
    false_laws={
        "the share of negative eigenvalues": lambda lam: flint().arb(flint().fmpq(*_levels(lam)[:2])),
        "the share of negative curvature in the sum": lambda lam: flint().arb(
            rational([_levels(lam)[2] / _levels(lam)[3]])[0]
        ),
        "one half": lambda lam: flint().arb(1) / 2,
        "a normal law of the same mean and variance": lambda lam: (
            (flint().arb(rational([sum(map(Fraction, lam))])[0]) / (2 * _rms(lam))).erfc() / 2
        ),
        "chi-square with two degrees for each eigenvalue": lambda lam: negative_curvature_probability(list(lam) * 2),
        "levels averaged": _averaged,
        "levels averaged unless in pairs": lambda lam: (
            negative_curvature_probability(lam) if all(lam.count(x) == 2 for x in lam) else _averaged(lam)
        ),
        "the opposite sign": lambda lam: 1 - negative_curvature_probability(lam),
    },
    examples=(
        EXAMPLE,
        Spectrum((3, 1, HALF, -1)),
        Spectrum((2, -3, -HALF, -1, -1)),
        Spectrum((1, 1, 1, -1)),
        Spectrum((2, -1, -1, -1)),
        Spectrum((2, 2, 1, 1, -3, -3)),
        Spectrum((1, 2)),
    ),
    uses=("slice_curvature.one_direction",),
)


def _rms(lam: tuple) -> Any:
    """The standard deviation sqrt(2 sum lam^2), divided by sqrt 2 as the error function wants it."""
    return flint().arb(rational([sum(Fraction(x) ** 2 for x in lam)])[0]).sqrt()


CLAIMS = (NEGATIVE,)
