"""The spherical spin glass: the critical points for p = 2, and the law of the jet at a point."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations_with_replacement
from math import comb
from typing import Any

import numpy as np

from theory.arithmetic import is_zero, rational
from theory.calculus.exact_linalg import symmetric_eigenvalues
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
    """Mostly N = 4; eigenvalues from few values, so that some repeat."""
    from hypothesis import strategies as st

    N = draw(st.sampled_from((4, 4, 4, 1)))
    distinct = st.permutations((-3, -1, 0, 1, 2, 5)).map(lambda v: tuple(v[:N]))
    values = draw(st.one_of(distinct, distinct, vectors(N, st.integers(-2, 2))))
    return QuadraticForm(values, draw(vectors(6, rationals(1, (1, 2)))))


def _check_count(case: QuadraticForm, law: Callable[[int], dict[int, int]]) -> Verdict:
    """Critical points are the eigenvectors of length sqrt(N): with N different eigenvalues these are all."""
    A, U = case.matrices()
    N = len(A)
    glass = SphericalSpinGlass.from_tensor(A)
    distinct = len(symmetric_eigenvalues(A)) == N
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
    return verdict(distinct and dict(found) == law(N), detail="eigenvectors and exact indices")


def _distinct(case: QuadraticForm) -> bool:
    return len(set(case.eigenvalues)) == len(case.eigenvalues)


TWO_SPIN = Claim(
    id="spin_glass.two_spin_critical_points",
    title="p = 2: exactly 2N critical points, two of each index",
    statement=r"If the symmetric matrix $A$ has $N$ different eigenvalues, then $H(s) = s^TAs$ has on the sphere "
    r"$|s|^2 = N$ exactly "
    r"$2N$ critical points, the eigenvectors, two of each index $0, \dots, N - 1$.",
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

# -- the jet at a point ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Degrees(Case):
    """Sizes of the model; N is a square, so that the pole (sqrt(N), 0, ..., 0) is rational."""

    N: int
    p: int


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
    pole = rational([int(N**0.5)] + [0] * (N - 1))
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
    statement=r"On $|s|^2 = N$, in an orthonormal tangent frame, with Riemannian derivatives: $EH^2 = N$, $EHg_i = 0$, "
    r"$Eg_ig_j = p\delta_{ij}$, $Eg_ih_{jk} = 0$, $EHh_{ij} = -p\delta_{ij}$ and $N\,Eh_{ij}h_{kl} = "
    r"p(p-1)(\delta_{ik}\delta_{jl} + \delta_{il}\delta_{jk}) + p^2\delta_{ij}\delta_{kl}$: the Hessian is a GOE "
    r"matrix shifted by the energy.",
    source="auffinger2013, section 3 (joint law of the field and its derivatives)",
    case_type=Degrees,
    cases=(Degrees(4, 1), Degrees(4, 2), Degrees(4, 3), Degrees(4, 4), Degrees(9, 2)),
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

_N, _P = 30, 3


def _check_sampler(case: SampleCase, law: Callable[[np.ndarray], np.ndarray]) -> Verdict:
    """Chi-square tests of the coefficients of one large model, a test for each number of orderings."""
    from scipy.stats import chi2

    c = SphericalSpinGlass.random(_N, _P, rng=np.random.default_rng(case.seed)).coefficients
    count = orderings(_N, _P)
    squares, classes = c * c / law(count), np.unique(count)
    tails = []
    for k in classes:
        total, n = squares[count == k].sum(), (count == k).sum()
        tails.append(2 * min(chi2.cdf(total, n), chi2.sf(total, n)))
    level = case.alarm / len(classes)
    detail = f"{len(c)} coefficients; least p-value {min(tails):.1g}, alarm below {level:.1g}"
    return verdict(min(tails) > level, "statistical", detail)


SAMPLER = Claim(
    id="spin_glass.sampler_variances",
    title="The sampler has the variances of the p-spin model",
    statement=r"The coefficients of the Gaussian model drawn by the book have variance $N^{1-p}$ times the number of "
    r"orderings of "
    r"their indices, which is equivalent to $EH(s)H(s') = NR^p$ with $R = \langle s, s'\rangle/N$; tested at $N = "
    r"30$, $p = 3$.",
    source="auffinger2013, equation (2.2)",
    case_type=SampleCase,
    cases=Sample(comb(_N + _P - 1, _P)),
    law=lambda count: count / _N ** (_P - 1),
    check=_check_sampler,
    false_laws={
        "the same variance for every multiset": lambda count: 0 * count + 6 / _N ** (_P - 1),
        "half the variance (physics normalisation)": lambda count: count / (2 * _N ** (_P - 1)),
    },
)

CLAIMS = (TWO_SPIN, JETS, SAMPLER)
