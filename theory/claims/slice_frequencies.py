"""How often random two-dimensional slices are bowls: what the ratio of curvatures says, and what a count finds."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from theory.arithmetic import flint, precision
from theory.claims.cases import SampleCase
from theory.claims.claim import Claim, Sample, Verdict, verdict
from theory.claims.linear_data import Choose, chosen
from theory.claims.slice_probability import Levels, indefinite
from theory.slices.random_curvature import bowl_probability, two_level_bowl

# -- the ratio of the extreme eigenvalues ----------------------------------------------------------------------------


def _check_mostly(case: Levels, law: Callable[[int, int, Any, Any], bool]) -> Verdict:
    """One negative or one positive eigenvalue: the bowls are what is neither indefinite nor, for q = 1, a dome."""
    p, q, a, b = case.p, case.q, case.a, case.b
    with precision(128):
        bowl = 1 - indefinite(p, q, a, b) if q == 1 and p > 1 else flint().arb(0)
        half = flint().arb(1) / 2
        tie = Fraction(b, Fraction(a) + b) ** (p - 1) == Fraction(1, 4)
        mostly = bool(bowl > half) if not bowl.overlaps(half) else False if tie else None
        if mostly is None:
            return verdict(None, "certified", f"a bowl with {bowl}")
        ratio = Fraction(b) / Fraction(a)
        return verdict(
            law(p, q, a, b) == mostly, "certified", f"ratio {ratio}: a bowl with {bowl.str(16, radius=False)}"
        )


def _extremes(choose: Choose) -> Levels:
    n, ratio = choose((1, 2, 3, 5, 9, 19, 99)), choose((1, 2, 10, Fraction(1, 2), Fraction(1, 10)))
    p, q = choose(((n, 1), (1, n)))
    return Levels(p, q, 1, ratio)


RATIO = Claim(
    id="slice_probability.ratio",
    title="The ratio of the extreme eigenvalues does not tell whether slices are bowls",
    statement="Let $H$ have $p$ eigenvalues $a > 0$ and $q$ eigenvalues $-b < 0$, $p = 1$ or $q = 1$. More than half "
    r"of all random two-dimensional slices are bowls iff $q = 1$, $p \ge 2$ and $(1 + a/b)^{p-1} > 4$: for every "
    r"ratio $|\lambda_{min}/\lambda_{max}| = b/a$ and enough dimensions almost all slices are bowls if $q = 1$, none "
    "if $p = 1$.",
    source="lerique2018, Does this capture convexity? (the ratio); own derivation",
    case_type=Levels,
    cases=lambda: chosen(_extremes),
    law=lambda p, q, a, b: q == 1 and p >= 2 and (1 + Fraction(a) / b) ** (p - 1) > 4,
    check=_check_mostly,
    false_laws={
        "a small ratio": lambda p, q, a, b: b < a,
        "a positive trace": lambda p, q, a, b: p * a > q * b,
        "a single negative eigenvalue": lambda p, q, a, b: q == 1,
        "more positive than negative eigenvalues": lambda p, q, a, b: p > q,
        "the power p": lambda p, q, a, b: q == 1 and p >= 2 and (1 + Fraction(a) / b) ** p > 4,
        "5 for 4": lambda p, q, a, b: q == 1 and p >= 2 and (1 + Fraction(a) / b) ** (p - 1) > 5,
        "at least 4": lambda p, q, a, b: q == 1 and p >= 2 and (1 + Fraction(a) / b) ** (p - 1) >= 4,
        "39/10 for 4": lambda p, q, a, b: q == 1 and p >= 2 and (1 + Fraction(a) / b) ** (p - 1) > Fraction(39, 10),
        "41/10 for 4": lambda p, q, a, b: q == 1 and p >= 2 and (1 + Fraction(a) / b) ** (p - 1) > Fraction(41, 10),
    },
    examples=(
        Levels(99, 1),
        Levels(1, 99, 1, Fraction(1, 10)),
        Levels(2, 1),
        Levels(3, 1),
        Levels(2, 1, 1, Fraction(1, 2)),
        Levels(9, 1, 1, 10),
        Levels(2, 1, 3, 1),  # 4
        Levels(2, 1, Fraction(301, 100), 1),
        Levels(2, 1, Fraction(299, 100), 1),
        Levels(3, 1, Fraction(101, 100), 1),
        Levels(3, 1, Fraction(99, 100), 1),
    ),
    uses=("slice_probability.two_levels",),
    deviations="The slides plot |lambda_min/lambda_max| of the whole Hessian at each point of a slice, for whether it "
    "is convex there. The ratio does not say how often slices look convex: diag(1, -0.1 x 99) has the ratio 0.1 and no "
    "bowls, diag(1 x 99, -1) the ratio 1 and bowls with probability 1 - 1.8e-15.",
)

# -- counted ---------------------------------------------------------------------------------------------------------

SPECTRA = (
    (1, 1, -1, -1),
    (2, 2, 2, 2, -3, -3),
    (1, 1, -2, -2, -2, -2),
    (3, 3, 3, -1, -1),
    (6, 6, 4, 4, 4, -2),
    (1, 1, 1, 1, 1, 0, 0, -1),
)


@lru_cache(maxsize=4)
def _bowls(size: int, seed: int) -> list[int]:
    """How many of so many slices are bowls, for each spectrum."""
    rng, out = np.random.default_rng(seed), []
    for lam in SPECTRA:
        Q = np.linalg.qr(rng.standard_normal((len(lam), len(lam))))[0]
        D = rng.standard_normal((size, len(lam), 2))
        D = D / np.linalg.norm(D, axis=1, keepdims=True)
        P = D.swapaxes(1, 2) @ (Q * lam @ Q.T) @ D
        out.append(int(((P[:, 0, 0] > 0) & (np.linalg.det(P) > 0)).sum()))
    return out


def _check_counts(case: SampleCase, law: Callable[[tuple], Any]) -> Verdict:
    """Random unit directions in a random orthonormal basis of the eigenvectors: exact binomial tests of the bowls."""
    from scipy.stats import binomtest

    counted = zip(SPECTRA, _bowls(case.size, case.seed), strict=True)
    tails = [binomtest(bowls, case.size, float(law(lam).mid())).pvalue for lam, bowls in counted]
    level = case.alarm / len(tails)
    detail = f"{len(tails)} spectra; least p-value {min(tails):.1g}, alarm below {level:.1g}"
    return verdict(bool(min(tails) > level), "statistical", detail)


def _signature(lam: tuple) -> tuple[int, int]:
    return sum(x > 0 for x in lam), sum(x < 0 for x in lam)


COUNTED = Claim(
    id="slice_probability.counted",
    title="Random slices are bowls as often as the closed forms say",
    statement="For six spectra with up to three levels, among them signatures with two even numbers: of 40000 slices "
    "along two independent, normalised Gaussian directions each, as many are bowls as the closed forms say; a "
    "probability wrong by 0.02 is found almost surely.",
    source="own derivation",
    case_type=SampleCase,
    cases=Sample(40000),
    law=bowl_probability,
    check=_check_counts,
    false_laws={
        "the moduli do not matter": lambda lam: two_level_bowl(*_signature(lam)),
        "any definite slice": lambda lam: bowl_probability(lam) + bowl_probability([-x for x in lam]),
        "both pivots independent and alike": lambda lam: bowl_probability(lam) ** 2,
        "a positive eigenvalue less": lambda lam: bowl_probability(lam[1:]),
        "wrong by 0.02": lambda lam: bowl_probability(lam) + 0.02 * (bowl_probability(lam) < 0.9),
    },
    uses=("slice_probability.two_levels", "slice_probability.one_negative"),
)

CLAIMS = (RATIO, COUNTED)
