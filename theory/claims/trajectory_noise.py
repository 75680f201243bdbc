"""How much of pure noise a plane of principal components shows, and which curve it draws there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory.arithmetic import arithmetic_of, flint, precision
from theory.calculus.inertia import inertia
from theory.claims.cases import Case
from theory.claims.claim import Claim, Counterexample, Verdict, verdict
from theory.claims.trajectory_pca import LAST, MEAN, NO_DRIFT, WHITE, Modes, Walk, along, covariance, path_laplacian

BITS = 128

# -- the explained variance --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Component(Walk):
    """The k-th principal component of a walk, k = 1, 2, ..."""

    k: int = 1


def _angle(case: Component) -> Any:
    """x with the eigenvalue 1 / (4 sin^2 x)."""
    n, k = case.n, case.k
    return flint().arb.pi() * (flint().fmpq(k, 2 * n) if case.origin == MEAN else flint().fmpq(2 * k - 1, 4 * n + 2))


def explained(case: Component) -> Any:
    """The eigenvalue divided by the trace, (n^2 - 1) / 6 around the mean and n (n + 1) / 2 around the last point."""
    n, s = case.n, _angle(case).sin()
    return 3 / (2 * (n * n - 1) * s * s) if case.origin == MEAN else 1 / (2 * n * (n + 1) * s * s)


def enclosed(K: np.ndarray, k: int, value: Any) -> bool:
    """Whether the k-th largest eigenvalue of K is the value, up to 2^-80 of the trace, by exact inertia."""
    middle, off = value.mid(), np.trace(K) / 2**80
    m, e = middle.man_exp()
    x = flint().fmpq(int(m)) * flint().fmpq(2) ** int(e)
    one = arithmetic_of(K).eye(len(K))
    above = [inertia(K - (x + side * off) * one).positive for side in (1, -1)]
    return above == [k - 1, k] and bool(abs(value - x) < off)


def _check_explained(case: Component, law: Callable[[Component], Any]) -> Verdict:
    with precision(BITS):
        K = covariance(case)
        value = law(case)
        holds = enclosed(K, case.k, value * np.trace(K))
        return verdict(holds, "certified", f"{value.str(15, radius=False)}, by inertia at both sides")


def _with(origin: str) -> Callable[[Component], Any]:
    """The law of one origin for all."""
    return lambda case: explained(Component(case.n, origin, k=case.k))


EXPLAINED = Claim(
    id="trajectories.noise_explained",
    title="What each component of a random walk explains",
    statement=r"Let the steps of a random walk in $\mathbb{R}^d$ have independent standard normal coordinates. As $d "
    r"\to \infty$, the $k$-th principal component of $n$ of its points explains the fraction $3/(2(n^2 - 1)\sin^2(\pi "
    r"k/2n))$ of their variance; of the sum of squares of $n$ differences to the last point it explains $1/(2n(n + "
    r"1)\sin^2(\pi(2k - 1)/(4n + 2)))$.",
    source="antognini2018, on random walks, in the form of; own derivation",
    case_type=Component,
    cases=tuple(
        Component(n, origin, k=k)
        for n in (2, 3, 4, 7, 12)
        for origin in (MEAN, LAST)
        for k in (1, 2, 3, n - 1)
        if 0 < k < n or (origin == LAST and k == n)
    ),
    law=explained,
    check=_check_explained,
    hypotheses=(WHITE, NO_DRIFT),
    counterexamples=(
        Counterexample("white", Component(5, MEAN, correlation=Fraction(1, 2)), "steps that keep their direction"),
        Counterexample("no drift", Component(5, MEAN, drift=1), "a line with noise: its first component shows more"),
    ),
    false_laws={
        "around the mean in both": _with(MEAN),
        "around the last point in both": _with(LAST),
        "the limit of many points": lambda case: limit(case),
        "with n^2 for n^2 - 1": lambda case: explained(case) * (case.n**2 - 1) / case.n**2,
        "structureless": lambda case: flint().arb(1) / (case.n - 1),
    },
    uses=("trajectories.noise_components", "trajectories.noise_components_last"),
)

# -- many points -------------------------------------------------------------------------------------------------------


def limit(case: Component) -> Any:
    """6 / (pi k)^2, or 8 / (pi (2k - 1))^2 around the last point."""
    pi = flint().arb.pi()
    return 6 / (pi * case.k) ** 2 if case.origin == MEAN else 8 / (pi * (2 * case.k - 1)) ** 2


def _check_limit(case: Component, law: Callable[[Component], Any]) -> Verdict:
    """law < ratio <= law (1 + c)(1 + (1 - 4/pi^2) x^2) with 1 + c = n^2/(n^2 - 1) or (2n + 1)^2/(4n(n + 1))."""
    with precision(BITS):
        n, x, pi = case.n, _angle(case), flint().arb.pi()
        c = flint().arb(1) / (n * n - 1 if case.origin == MEAN else 4 * n * (n + 1))
        ratio, value = explained(case), law(case)
        holds = value < ratio and ratio <= value * (1 + c) * (1 + (1 - 4 / pi**2) * x * x)
        return verdict(bool(holds), "certified", f"{ratio.str(15, radius=False)} above {value.str(15, radius=False)}")


LIMIT = Claim(
    id="trajectories.noise_looks_structured",
    title="Two principal components show three quarters of pure noise",
    statement=r"Let the steps of a random walk in $\mathbb{R}^d$ have independent standard normal coordinates, $d \to "
    r"\infty$. For every $n > k$ the fraction that the $k$-th component of $n$ points explains exceeds $6/(\pi k)^2$, "
    r"by a factor of at most $(1 + 1/(n^2 - 1))(1 + (\pi^2 - 4)k^2/(4n^2))$: more than $0.607$ for the first, more "
    r"than $15/(2\pi^2) > 0.759$ for the first two. Around the last point the limit is $8/(\pi(2k - 1))^2$: $0.810$ "
    "and $0.900$. Both limits sum to one.",
    source="antognini2018, on random walks, in the form of; own derivation",
    case_type=Component,
    cases=tuple(
        Component(n, origin, k=k)
        for n in (2, 3, 5, 10, 30, 100, 1000)
        for origin in (MEAN, LAST)
        for k in (1, 2, 3, 10, n - 1)
        if 0 < k < n
    ),
    law=limit,
    check=_check_limit,
    proof=r"The fractions are $6/(\pi k)^2 \cdot n^2/(n^2 - 1) \cdot (x/\sin x)^2$ with $x = \pi k/2n$, and "
    r"$8/(\pi(2k - 1))^2 \cdot (2n + 1)^2/(4n(n + 1)) \cdot (x/\sin x)^2$ with $x = \pi(2k - 1)/(4n + 2)$. On $(0, "
    r"\pi/2]$ the series of $(x/\sin x)^2$ has positive coefficients, so that $((x/\sin x)^2 - 1)/x^2$ grows, to $1 - "
    r"4/\pi^2$ at $\pi/2$.",
    false_laws={
        "around the last point in both": lambda case: limit(Component(case.n, LAST, k=case.k)),
        "around the mean in both": lambda case: limit(Component(case.n, MEAN, k=case.k)),
        "decay like 1/k": lambda case: limit(case) * case.k,
        "the finite value itself": explained,
        "3/5": lambda case: limit(case) * flint().arb.pi() ** 2 / 10,
    },
    uses=("trajectories.noise_explained",),
)

# -- the curve ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Curve(Case):
    """Component k of n points against the first."""

    n: int
    k: int


def chebyshev(k: int) -> list[int]:
    """Coefficients of C_k, ascending: C_k(2 cos t) = 2 cos(kt)."""
    before, now = [2], [0, 1]
    for _ in range(k - 1):
        before, now = now, [a - b for a, b in zip([0, *now], [*before, 0, 0], strict=True)]
    return now


def _check_curve(case: Curve, law: Callable[[int], list[int]]) -> Verdict:
    """The polynomial of 2 cos t, the first eigenvector, is 2 cos(kt), and of the k-th eigenvalue, modulo w^{4n} = 1."""
    n, N = case.n, 4 * case.n
    first, L = along(1, n, N, step=2), path_laplacian(n, free_start=True)
    if not Modes(first, 2).solves(L):
        return verdict(False, "proof", "not the first component")
    one = np.zeros((n, N), int)
    one[:, 0] = 1
    value = 0 * one
    for c in law(case.k)[::-1]:
        value = np.stack([np.roll(v, 2 * i + 1) + np.roll(v, -2 * i - 1) for i, v in enumerate(value)]) + c * one
    same = (value == along(case.k, n, N, step=2 * case.k)).all()
    return verdict(bool(same and Modes(value, 2 * case.k).solves(L)), "proof", "in integers")


CURVE = Claim(
    id="trajectories.noise_draws_chebyshev",
    title="In the plane of its first two components a random walk is a parabola",
    statement=r"Let the steps of a random walk in $\mathbb{R}^d$ have independent standard normal coordinates, $d \to "
    r"\infty$. Scaled to $p_k = 2\cos(kt)$, $t = \pi(i - \frac12)/n$ at point $i$, component $k$ around the mean is a "
    r"polynomial of component 1: $p_2 = p_1^2 - 2$, $p_3 = p_1^3 - 3p_1$, $p_{k+1} = p_1p_k - p_{k-1}$, whatever the "
    r"walk was. Components $j$ and $k$ draw a Lissajous curve.",
    source="antognini2018, on random walks, in the form of; own derivation",
    case_type=Curve,
    cases=tuple(Curve(n, k) for n in (3, 4, 5, 8, 13) for k in range(1, min(n, 7))),
    sizes="n <= 13, k <= 6",
    law=chebyshev,
    check=_check_curve,
    false_laws={
        "powers": lambda k: [0] * k + [1],
        "Hermite polynomials": lambda k: [[0, 1], [-1, 0, 1], [0, -3, 0, 1]][min(k, 3) - 1],
        "Legendre polynomials": lambda k: [[0, 1], [-2, 0, 3], [0, -3, 0, 5]][min(k, 3) - 1],
        "one degree more": lambda k: chebyshev(k + 1),
        "three times as large": lambda k: [3 * c for c in chebyshev(k)],
        "the polynomials of cos t": lambda k: [2**i * c for i, c in enumerate(chebyshev(k))],
    },
    uses=("trajectories.noise_components",),
    exercises=("slices.pca-noise",),
)

CLAIMS = (EXPLAINED, LIMIT, CURVE)
