"""Linear ResNets: whether a global optimum lies near the identity, and how near."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory.arithmetic import ball, precision, rational
from theory.calculus.exact_linalg import rank, rational_matrix
from theory.calculus.inertia import inertia
from theory.claims.cases import Case, Matrix, composed, exact_tuple, matrices, vectors
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, erratum, verdict
from theory.critical.near_identity import layers_near_identity, log_range, near_bound, norm_lower_bound, printed_bound
from theory.models.linear_resnet import LinearResNet

# -- an optimum near the identity ------------------------------------------------------------------------------------

DEPTHS = (1, 3, 12)


@dataclass(frozen=True)
class Map(Case):
    """A linear map R to be learned, and the input covariance Sigma."""

    R: Matrix
    Sigma: Matrix


@composed
def maps(draw: Any) -> Map:
    """d = 1, ..., 4; R of both orientations, seldom singular, often a signed permutation; Sigma = F F^T > 0."""
    from hypothesis import strategies as st

    d = draw(st.integers(1, 4))
    F = np.tril(np.array(draw(matrices(d, d, st.integers(-1, 1))), object), -1)
    F = rational(F + np.diag(draw(vectors(d, st.integers(1, 2)))))
    signs = np.diag(draw(vectors(d, st.sampled_from((-1, 1, 2)))))
    turned = exact_tuple(rational(signs[draw(st.permutations(range(d)))]))
    return Map(draw(matrices(d, d) | st.just(turned)), exact_tuple(F @ F.T))


def _identity(d: int) -> Matrix:
    return tuple(tuple(int(i == j) for j in range(d)) for i in range(d))


def determinant(R: np.ndarray) -> Any:
    """det R of a rational matrix (d, d)."""
    return rational_matrix(R).det()


@dataclass(frozen=True)
class OptimumLaw:
    """Whether an optimum near the identity exists (from det R), and a bound of max ||W_k|| (from gamma and H)."""

    exists: Callable[[Any], bool]
    bound: Callable[[Any, int], Any]


def rounded_bound(gamma: Any, H: int) -> Any:
    """1.001 ``near_bound``: room for rational layers."""
    return near_bound(gamma, H) * 1001 / 1000


def _attained(case: Map, H: int, law: OptimumLaw) -> bool | None:
    """Whether an optimum within the law's bound exists: exhibited exactly, or excluded by the lower bound."""
    R = rational(case.R)
    bound = law.bound(log_range(R), H)
    if bound < norm_lower_bound(R, H):
        return False
    W, _ = layers_near_identity(R, H)
    radius, one = bound.lower().fmpq(), rational(np.eye(len(R), dtype=int))
    if not all(inertia(radius * radius * one - w @ w.T).negative == 0 for w in W):
        return None
    model = LinearResNet.population(H, R, case.Sigma)
    return bool(model.loss(W.ravel()) == model.minimum_value() == 0)


def _check_optimum(case: Map, law: OptimumLaw) -> Verdict:
    """For det R > 0 an exact optimum within the bound at several depths; else none in the open unit ball.

    There det(I + W_k) > 0, since it does not vanish along t W_k for t in [0, 1], so det of the product is positive; and
    for Sigma > 0 the product of an optimum is R. If Sigma is singular, R may be changed off the range of Sigma, which
    makes an optimum possible iff R Sigma keeps the rank of Sigma.
    """
    R, Sigma = rational(case.R), rational(case.Sigma)
    det = determinant(R)
    if det > 0 and law.exists(det):
        with precision():
            answers = [_attained(case, H, law) for H in DEPTHS]
        return verdict(None if None in answers else all(answers), detail=f"exact optima within the bound, H = {DEPTHS}")
    exists = det > 0 or (rank(Sigma) < len(R) and rank(R @ Sigma) == rank(Sigma))
    above = exists or _stays_above(case)
    return verdict(
        above and law.exists(det) == exists, detail="det(I + W) > 0 in the unit ball, and R Sigma determines R"
    )


def _stays_above(case: Map) -> bool:
    """At some points of the unit ball the loss is above the minimum, and the product preserves orientation."""
    R = rational(case.R)
    scale = rational([1])[0] / (1 + (R * R).sum())
    for H in (1, 2, 3):
        model = LinearResNet.population(H, R, case.Sigma)
        theta = np.tile((R * scale).ravel(), H)
        if not (determinant(model.product(theta)) > 0 and model.loss(theta) > model.minimum_value()):
            return False
    return True


OPTIMUM = Claim(
    id="linear_resnet.optimum_near_identity",
    title="Optima within O(1/H) of the identity exist iff R preserves orientation",
    statement=r"Let $\Sigma \succ 0$ and $\gamma = \max(|\log s_{\max}(R)|, |\log s_{\min}(R)|)$. If $\det R > 0$, "
    r"then for every depth $H \ge 1$ there is a global optimum with $\max_k \|W_k\| \le 1.001(e^{\gamma/H}(1 + "
    r"2\sin\frac{\pi}{2H}) - 1) = O(1/H)$; if $\det R \le 0$, no point with $\max_k \|W_k\| < 1$ is a global "
    r"optimum, at any depth. Checked for $d \le 4$ and $H = 1, 3, 12$.",
    source="hardtma2017, Theorem 2.1, corrected; the bound: own derivation",
    case_type=Map,
    cases=maps,
    law=OptimumLaw(lambda det: bool(det > 0), rounded_bound),
    check=_check_optimum,
    hypotheses=(
        Hypothesis("Sigma", r"$\Sigma \succ 0$", lambda c: inertia(rational(c.Sigma)).positive == len(c.Sigma)),
    ),
    counterexamples=(
        Counterexample("Sigma", Map(((-1,),), ((0,),)), "Sigma = 0: every point is optimal, W = 0 included"),
    ),
    false_laws={
        "always": OptimumLaw(lambda det: True, rounded_bound),
        "iff R is invertible": OptimumLaw(lambda det: bool(det != 0), rounded_bound),
        "norms O(1/H^2)": OptimumLaw(lambda det: bool(det > 0), lambda gamma, H: rounded_bound(gamma, H) / H),
        "the norm of R alone, no rotation": OptimumLaw(
            lambda det: bool(det > 0), lambda gamma, H: ((gamma / H).exp() - 1) * 1001 / 1000
        ),
        "pi/H, whatever the norm of R": OptimumLaw(lambda det: bool(det > 0), lambda gamma, H: gamma.pi() / H),
    },
    examples=(
        Map(((-1,),), ((1,),)),
        Map(((100,),), ((1,),)),
        Map(((-1, 0), (0, -1)), _identity(2)),
        Map(((1, 0), (0, 0)), _identity(2)),
        Map(((-1, 0, 0), (0, 3, 0), (0, 0, -1)), _identity(3)),
        Map(((0, -1, 0, 0), (1, 0, 0, 0), (0, 0, -1, 0), (0, 0, 0, -2)), _identity(4)),
    ),
    uses=("linear_resnet.no_critical_point",),
    exercises=("linear.reflection",),
    deviations="The lecture and the printed theorem have no condition on det R; see "
    "linear_resnet.optimum_without_det. The printed bound, for H >= 3 gamma only, is larger: "
    "linear_resnet.optimum_bounds.",
)

OPTIMUM_ERRATUM = erratum(
    "linear_resnet.optimum_without_det",
    "Not every map has an optimum near the identity",
    statement=r"Printed: for large enough $H$ there exists a global optimum with $\max_k \|W_k\| < O(H^{-1})$.",
    source="golikov2019, Theorem 2 (Hardt and Ma, 2016); hardtma2017, Theorem 2.1",
    corrects=OPTIMUM,
    printed=OptimumLaw(lambda det: True, rounded_bound),
    witness=Map(((-1,),), ((1,),)),
    hypotheses=(
        Hypothesis("invertible", r"$\det R \ne 0$", lambda case: bool(determinant(rational(case.R)) != 0)),
        *OPTIMUM.hypotheses,
    ),
    deviations="d = 1, R = -1: a product of 1 + w_k with |w_k| < 1 is positive, so it is never -1, at any depth.",
)

# -- our bound and the printed one -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Depth(Case):
    """gamma, the logarithmic range of singular values, and the depth H."""

    gamma: Any
    H: int


@composed
def deep_enough(draw: Any) -> Depth:
    """H up to 1000, gamma from 0 to H/3."""
    from hypothesis import strategies as st

    H = draw(st.sampled_from((1, 2, 3, 10, 100)) | st.integers(1, 1000))
    return Depth(Fraction(H * draw(st.integers(0, 12)), 36), H)


def _check_bounds(case: Depth, law: Callable[[Any, int], Any]) -> Verdict:
    r"""Balls. With x = gamma/H <= 1/3, e^x <= 1 + 6x/5 and 2 sin(pi/2H) <= pi/H, so that

    e^x (1 + 2 sin(pi/2H)) - 1 <= 6x/5 + (1 + 6x/5) pi/H <= pi/H + 3x + 2 sqrt(3 pi x / H): the last term is at least
    6 sqrt(x/H) >= 6x pi/5H, since sqrt(x/H) <= 1/sqrt(3).
    """
    with precision():
        gamma = ball([case.gamma])[0]
        ours, theirs = near_bound(gamma, case.H), law(gamma, case.H)
        holds = True if ours < theirs else False if ours > theirs else None
    return verdict(holds, "certified", "balls at 128 bits", float((theirs / ours - 1).mid()))


BOUNDS = Claim(
    id="linear_resnet.optimum_bounds",
    title="The norms of the optimum are at most half of what is printed",
    statement=r"For $\gamma \ge 0$ and $H \ge \max(1, 3\gamma)$: $e^{\gamma/H}(1 + 2\sin\frac{\pi}{2H}) - 1 < "
    r"(\sqrt{\pi} + \sqrt{3\gamma})^2/H$, which is half of the bound printed for these $H$.",
    source="hardtma2017, Theorem 2.1; own derivation",
    case_type=Depth,
    cases=deep_enough,
    law=lambda gamma, H: printed_bound(gamma, H) / 2,
    check=_check_bounds,
    hypotheses=(Hypothesis("depth", r"$H \ge 3\gamma$", lambda case: bool(case.H >= 3 * case.gamma)),),
    counterexamples=(Counterexample("depth", Depth(10, 1), "H = 1, gamma = 10: 3 e^10 - 1 is far larger"),),
    false_laws={
        "(pi + gamma)/H": lambda gamma, H: (gamma.pi() + gamma) / H,
        "a quarter of the printed bound": lambda gamma, H: printed_bound(gamma, H) / 4,
        "3 gamma without pi": lambda gamma, H: 3 * gamma / H,
    },
    examples=(Depth(0, 1), Depth(Fraction(1, 3), 1), Depth(0, 100), Depth(20, 100)),
    uses=("linear_resnet.optimum_near_identity",),
)

CLAIMS = (OPTIMUM, OPTIMUM_ERRATUM, BOUNDS)
