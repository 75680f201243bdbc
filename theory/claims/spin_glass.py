"""The spherical spin glass: the critical points for p = 2, and the law of the jet at a point."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations_with_replacement
from math import comb, isqrt
from typing import Any

import numpy as np

from theory.arithmetic import is_zero, rational, symbols
from theory.calculus.inertia import inertia
from theory.claims.cases import Case, SampleCase, composed, rationals, vectors
from theory.claims.claim import Claim, Counterexample, Hypothesis, Sample, Verdict, verdict
from theory.claims.linear_data import rotation
from theory.models.spin_glass import SphericalSpinGlass, orderings

# -- p = 2 -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class QuadraticForm(Case):
    """H(s) = s^T A s, A = U diag(eigenvalues) U^T, U a rational rotation; N = 1 or 4, so that sqrt(N) is rational."""

    eigenvalues: tuple
    rotation: tuple

    def matrices(self) -> tuple[np.ndarray, np.ndarray]:
        """(A, U)."""
        U = rotation(len(self.eigenvalues), self.rotation)
        return (U * rational(self.eigenvalues)) @ U.T, U


@composed
def forms(draw: Any) -> QuadraticForm:
    """Mostly N = 4; different eigenvalues, zero and both signs among them."""
    from hypothesis import strategies as st

    N = draw(st.sampled_from((4, 4, 4, 1)))
    values = tuple(draw(st.permutations((-3, -1, 0, 1, 2, 5)))[:N])
    return QuadraticForm(values, draw(vectors(6, rationals(1, (1, 2)))))


def _check_count(case: QuadraticForm, law: Callable[[int], dict[int, int]]) -> Verdict:
    """Critical points are the eigenvectors of length sqrt(N): with N different eigenvalues these are all."""
    A, U = case.matrices()
    N = len(A)
    glass = SphericalSpinGlass.from_tensor(A)
    if any(glass.loss(x) != x @ A @ x for x in rational(np.triu(np.ones((N, N), int)))):
        return verdict(False, detail="the model is not s^T A s")
    radius = rational([1 if N == 1 else 2])[0]
    found: Counter = Counter()
    for s in (sign * radius * u for u in U.T for sign in (1, -1)):
        if not is_zero(glass.riemannian_gradient(s)).all():
            return verdict(False, detail="an eigenvector is not critical")
        B = glass.manifold.tangent_frame(s)
        signs = inertia(B.T @ glass.riemannian_hessian(s) @ B) if N > 1 else None
        if signs and signs.zero:
            return verdict(False, detail="a degenerate critical point: there are infinitely many")
        found[signs.negative if signs else 0] += 1
    return verdict(dict(found) == law(N), detail="eigenvectors and exact indices")


def _distinct(case: QuadraticForm) -> bool:
    return len(set(case.eigenvalues)) == len(case.eigenvalues)


TWO_SPIN = Claim(
    id="spin_glass.two_spin_critical_points",
    title="p = 2: exactly 2N critical points, two of each index",
    statement=r"If the symmetric matrix $A$ has $N$ different eigenvalues, then $H(s) = s^TAs$ has on the sphere "
    r"$|s|^2 = N$ exactly $2N$ critical points, the eigenvectors, two of each index $0, \dots, N - 1$.",
    source="own derivation",
    case_type=QuadraticForm,
    cases=forms,
    law=lambda N: {k: 2 for k in range(N)},
    check=_check_count,
    hypotheses=(Hypothesis("simple spectrum", "the eigenvalues of $A$ are different", _distinct),),
    counterexamples=(
        Counterexample(
            "simple spectrum", QuadraticForm((1, 1, 2, 2), (0,) * 6), "repeated eigenvalues: circles of critical points"
        ),
    ),
    false_laws={
        "N points, one of each index": lambda N: {k: 1 for k in range(N)},
        "binomially many of each index": lambda N: {k: 2 * comb(N - 1, k) for k in range(N)},
    },
    examples=(QuadraticForm((-3, 0, 1, 5), (0,) * 6),),
)

# -- the covariance --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Degrees(Case):
    """Number of spins and degree."""

    N: int
    p: int


def _variances(N: int, p: int) -> np.ndarray:
    """Of the independent coefficients of the Gaussian model: N^{1-p} times the number of orderings."""
    return rational(orderings(N, p)) * rational([f"1/{N ** (p - 1)}"])[0]


def _check_covariance(case: Degrees, law: Callable[[int, int], np.ndarray]) -> Verdict:
    """sum_A Var(c_A) H_A(s) H_A(t) with H_A the model of one unit coefficient, as a polynomial in s and t."""
    N, p = case.N, case.p
    s, t = symbols(s=N, t=N)
    ring = s[0].ring
    total = ring.zero
    for unit, variance in zip(np.eye(comb(N + p - 1, p), dtype=int), law(N, p), strict=True):
        glass = SphericalSpinGlass(N, p, unit)
        total = total + glass.loss(s) * glass.loss(t) * ring.domain(int(variance.p), int(variance.q))
    overlap = (s * t).sum()
    return verdict(total == overlap**p * ring.domain(1, N ** (p - 1)), "proof", f"zero polynomial in {2 * N} spins")


COVARIANCE = Claim(
    id="spin_glass.covariance",
    title="Independent coefficients of these variances have covariance N R^p",
    statement=r"If the coefficients are independent and centred with variance $N^{1-p}$ times the number of "
    r"orderings of their indices, then $EH(s)H(t) = N(\langle s, t\rangle/N)^p$ for all $s, t$; so the law of $H$ is "
    r"invariant under rotations.",
    source="auffinger2013, equation (2.2)",
    case_type=Degrees,
    cases=tuple(Degrees(N, p) for N, p in ((1, 3), (2, 1), (2, 2), (2, 4), (3, 2), (3, 3), (4, 2), (4, 3))),
    sizes="N <= 4, p <= 4",
    law=_variances,
    check=_check_covariance,
    false_laws={
        "the same variance for every multiset": lambda N, p: 0 * _variances(N, p) + _variances(N, p)[0],
        "variances without N^{1-p}": lambda N, p: rational(orderings(N, p)),
    },
)

# -- the jet at a point ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class JetLaw:
    """Covariances of the energy, the gradient g and the Hessian h in an orthonormal tangent frame on |s|^2 = N."""

    energy: Callable[[int, int], Any]
    gradient: Callable[[int, int], Any]
    energy_hessian: Callable[[int, int], Any]
    hessian: Callable[..., Any]


def _delta(i: int, j: int) -> int:
    return int(i == j)


def _hessian_law(N: int, p: int, i: int, j: int, k: int, m: int) -> Any:
    shift = p * p * _delta(i, j) * _delta(k, m)
    goe = p * (p - 1) * (_delta(i, k) * _delta(j, m) + _delta(i, m) * _delta(j, k))
    return rational([goe + shift])[0] * rational([f"1/{N}"])[0]


def _check_jet(case: Degrees, law: JetLaw) -> Verdict:
    """Covariances of linear functions of independent coefficients: J diag(variances) J^T, J the monomials' jets."""
    N, p = case.N, case.p
    n = comb(N + p - 1, p)
    pole = rational([isqrt(N)] + [0] * (N - 1))
    pairs = list(combinations_with_replacement(range(1, N), 2))
    rows = []
    for unit in rational(np.eye(n, dtype=int)):
        glass = SphericalSpinGlass(N, p, unit)
        g, h = glass.riemannian_gradient(pole), glass.riemannian_hessian(pole)
        rows.append(np.array([glass.loss(pole), *g[1:], *(h[i, j] for i, j in pairs)], object))
    jets = np.stack(rows, axis=1)
    variances = rational(orderings(N, p)) * rational([f"1/{N ** (p - 1)}"])[0]
    return verdict(
        is_zero((jets * variances) @ jets.T - _jet_table(N, p, pairs, law)).all(), "proof", "rational identity"
    )


def _jet_table(N: int, p: int, pairs: list, law: JetLaw) -> np.ndarray:
    """The covariance matrix of (energy, g_1, ..., h_11, h_12, ...) that the law asserts."""
    size = N + len(pairs)
    table = rational(np.zeros((size, size), int))
    table[0, 0] = rational([law.energy(N, p)])[0]
    for i in range(1, N):
        table[i, i] = rational([law.gradient(N, p)])[0]
    for a, (i, j) in enumerate(pairs, N):
        table[0, a] = table[a, 0] = rational([law.energy_hessian(N, p) * _delta(i, j)])[0]
        for b, (k, m) in enumerate(pairs, N):
            table[a, b] = law.hessian(N, p, i, j, k, m)
    return table


JETS = Claim(
    id="spin_glass.jet_covariances",
    title="Covariances of energy, gradient and Hessian at a point",
    statement=r"On $|s|^2 = N$, in an orthonormal tangent frame, with Riemannian derivatives: $EH^2 = N$, $EHg_i = "
    r"0$, $Eg_ig_j = p\delta_{ij}$, $Eg_ih_{jk} = 0$, $EHh_{ij} = -p\delta_{ij}$ and $N\,Eh_{ij}h_{kl} = "
    r"p(p-1)(\delta_{ik}\delta_{jl} + \delta_{il}\delta_{jk}) + p^2\delta_{ij}\delta_{kl}$: the Hessian is a GOE "
    r"matrix shifted by the energy.",
    source="auffinger2013, section 3, in the form of; own derivation",
    case_type=Degrees,
    cases=(Degrees(4, 1), Degrees(4, 2), Degrees(4, 3), Degrees(4, 4), Degrees(9, 2)),
    sizes="N = 4, p <= 4 and N = 9, p = 2",
    uses=("spin_glass.covariance",),
    law=JetLaw(lambda N, p: N, lambda N, p: p, lambda N, p: -p, _hessian_law),
    check=_check_jet,
    false_laws={
        "a GOE matrix without the shift": JetLaw(
            lambda N, p: N,
            lambda N, p: p,
            lambda N, p: -p,
            lambda N, p, i, j, k, m: (
                _hessian_law(N, p, i, j, k, m) - rational([f"{p * p * _delta(i, j) * _delta(k, m)}/{N}"])[0]
            ),
        ),
        "energy and Hessian uncorrelated": JetLaw(lambda N, p: N, lambda N, p: p, lambda N, p: 0, _hessian_law),
        "gradient variance p^2": JetLaw(lambda N, p: N, lambda N, p: p * p, lambda N, p: -p, _hessian_law),
    },
)

# -- the sampler -----------------------------------------------------------------------------------------------------

_P = 3


def _check_sampler(case: SampleCase, law: Callable[[np.ndarray, int], np.ndarray]) -> Verdict:
    """Chi-square tests of the squares for each number of orderings, and the largest of all cosine transforms.

    Divided by their standard deviations the coefficients are independent standard normal, and so is any orthonormal
    transform of them, which shows a mean, a repetition or another linear dependence as a large entry.
    """
    from scipy.fft import dct
    from scipy.stats import chi2, norm

    N = case.size
    count = orderings(N, _P)
    z = SphericalSpinGlass.random(N, _P, rng=np.random.default_rng(case.seed)).coefficients / np.sqrt(law(count, N))
    tails = [2 * len(z) * norm.sf(np.abs(dct(z, norm="ortho")).max())]
    for k in np.unique(count):
        total, n = (z[count == k] ** 2).sum(), (count == k).sum()
        tails.append(2 * min(chi2.cdf(total, n), chi2.sf(total, n)))
    level = case.alarm / len(tails)
    detail = f"{len(z)} coefficients; least p-value {min(tails):.1g}, alarm below {level:.1g}"
    return verdict(min(tails) > level, "statistical", detail)


SAMPLER = Claim(
    id="spin_glass.sampler",
    title="The sampler draws the coefficients of the p-spin model",
    statement="The coefficients of the Gaussian model drawn by the book are independent, centred and normal with "
    "variance $N^{1-p}$ times the number of orderings; tested at $p = 3$, $N = 50$ (22100 coefficients), where a "
    "variance wrong by 8 %, a mean of 0.1 standard deviations or a repetition of the coefficients is found almost "
    "surely.",
    source="auffinger2013, equation (2.2)",
    case_type=SampleCase,
    cases=Sample(50),
    law=lambda count, N: count / N ** (_P - 1),
    check=_check_sampler,
    false_laws={
        "the same variance for every multiset": lambda count, N: 0 * count + 6 / N ** (_P - 1),
        "half the variance (physics normalisation)": lambda count, N: count / (2 * N ** (_P - 1)),
        "variance wrong by 8 %": lambda count, N: 1.08 * count / N ** (_P - 1),
    },
    uses=("spin_glass.covariance",),
)

CLAIMS = (TWO_SPIN, COVARIANCE, JETS, SAMPLER)
