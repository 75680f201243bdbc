"""Linear ResNets near the identity: critical points there are global, and whether an optimum lies there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory.arithmetic import is_zero, rational, to_float
from theory.calculus.exact_linalg import null_space, rank, solve
from theory.calculus.inertia import inertia
from theory.claims.cases import Case, Matrix, composed, exact_tuple, matrices
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, erratum, verdict
from theory.models.linear_resnet import LinearResNet


def in_unit_ball(W: np.ndarray) -> bool:
    """||W|| < 1 in the spectral norm, exactly: I - W W^T is positive definite."""
    one = rational(np.eye(len(W), dtype=int))
    return inertia(one - W @ W.T).positive == len(W)


@dataclass(frozen=True)
class NearIdentity(Case):
    """A population loss with map R, input covariance Sigma = F F^T and noise, at layers W_1, ..., W_H.

    The map is chosen as R = product + shift, so that with shift F = 0 the layers are critical.
    """

    layers: tuple
    shift: Matrix
    F: Matrix
    noise: Any

    def model_and_point(self) -> tuple[LinearResNet, np.ndarray]:
        """The model and theta."""
        W = rational(self.layers)
        F = rational(self.F)
        one = rational(np.eye(len(F), dtype=int))
        product = one
        for w in W:
            product = (one + w) @ product
        model = LinearResNet.population(len(W), product + rational(self.shift), F @ F.T, rational([self.noise])[0])
        return model, W.ravel()


@composed
def near_identity(draw: Any) -> NearIdentity:
    """d = 1, 2 and H = 1, 2, 3; entries up to 1/2, so most layers lie in the unit ball; singular Sigma too."""
    from hypothesis import strategies as st

    d, H = draw(st.integers(1, 2)), draw(st.integers(1, 3))
    small = st.sampled_from((0, Fraction(1, 2), Fraction(-1, 2), Fraction(1, 3), Fraction(-1, 4)))
    layers = tuple(draw(matrices(d, d, small)) for _ in range(H))
    F = draw(matrices(d, d, st.sampled_from((1, 0, -1, 2))))
    shift = draw(st.one_of(st.just(((0,) * d,) * d), matrices(d, d, st.integers(-1, 1)), _annihilating(F)))
    return NearIdentity(layers, shift, F, draw(st.sampled_from((0, 1, Fraction(1, 3)))))


def _annihilating(F: Matrix) -> Any:
    """Matrices with shift F = 0: the map changed only where no input goes."""
    from hypothesis import strategies as st

    kernel = null_space(rational(F).T)
    row = kernel[:, 0] if kernel.shape[1] else rational(np.zeros(len(F), int))
    return st.just(exact_tuple(np.stack([row] * len(F))))


def _check_critical(case: NearIdentity, law: Callable[[bool, bool, Any], bool]) -> Verdict:
    model, theta = case.model_and_point()
    critical = bool(is_zero(model.gradient(theta)).all())
    is_global = model.loss(theta) == model.minimum_value()
    return verdict(law(critical, is_global, model.loss(theta)), detail="gradient and minimum, exactly")


CRITICAL = Claim(
    id="linear_resnet.critical_is_global",
    title="Near the identity critical points are global minima",
    statement=r"For every $R$, $\Sigma \succeq 0$ and noise: a point with $\max_k \|W_k\| < 1$ is critical iff it is "
    r"a global "
    r"minimum of $E\|y - (I + W_H) \cdots (I + W_1)x\|^2$.",
    source="hardtma2017, Theorem 2.2",
    case_type=NearIdentity,
    cases=near_identity,
    law=lambda critical, is_global, value: critical == is_global,
    check=_check_critical,
    hypotheses=(
        Hypothesis(
            "unit ball", r"$\max_k \|W_k\| < 1$", lambda case: all(in_unit_ball(W) for W in rational(case.layers))
        ),
    ),
    counterexamples=(
        Counterexample(
            "unit ball",
            NearIdentity((((-1,),), ((-1,),)), ((1,),), ((1,),), 0),
            "d = 1, H = 2, w = (-1, -1), R = 1: critical, loss 1 > 0",
        ),
    ),
    false_laws={
        "every point near the identity is critical": lambda critical, is_global, value: critical,
        "critical points have loss 0": lambda critical, is_global, value: not critical or value == 0,
    },
    uses=("deep_linear.derivatives", "deep_linear.minimum"),
    deviations="Hardt and Ma assume Sigma > 0; singular Sigma is allowed here, and the converse is the trivial "
    "direction.",
)

# -- an optimum near the identity ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Map(Case):
    """A linear map R to be learned, and the input covariance Sigma."""

    R: Matrix
    Sigma: Matrix


@composed
def maps(draw: Any) -> Map:
    """d = 1, 2; R of both orientations, seldom singular; Sigma = F F^T, mostly definite."""
    from hypothesis import strategies as st

    d = draw(st.integers(1, 2))
    F = rational(draw(st.sampled_from((((1,),), ((2,),)) if d == 1 else (((1, 0), (0, 1)), ((1, 1), (0, 2))))))
    return Map(draw(matrices(d, d)), exact_tuple(F @ F.T))


def determinant(R: np.ndarray) -> Any:
    """det R of a 1x1 or 2x2 rational matrix."""
    return R[0, 0] if len(R) == 1 else R[0, 0] * R[1, 1] - R[0, 1] * R[1, 0]


def layers_near_identity(R: np.ndarray, H: int) -> list[np.ndarray] | None:
    """Rational W_1, ..., W_H with product (I + W_H) ... (I + W_1) = R exactly and all ||W_k|| < 1, if this finds them.

    R = e^K e^S (polar decomposition; K skew, S symmetric) gives H factors e^{K/H} e^{S_k/H} with S_k the rotated S; the
    first H - 1 are rounded to rationals, the last is solved for: the product is exact, and the norms are then checked.
    Source: hardtma2017, Theorem 2.1, with the repair of its proof: own derivation.
    """
    from scipy.linalg import expm, logm, polar

    Q, P = polar(to_float(R))
    K, S = np.real(logm(Q)), np.real(logm(P))
    if len(R) == 2:  # logm of a half turn is not real; the angle is
        angle = np.arctan2(Q[1, 0], Q[0, 0])
        K = angle * np.array([[0.0, -1.0], [1.0, 0.0]])
    step = expm(K / H)
    turn, one = np.eye(len(R)), rational(np.eye(len(R), dtype=int))
    product, layers = one, []
    for _ in range(H - 1):
        factor = step @ (turn @ expm(S / H) @ turn.T)
        W = rational([[Fraction(round(x * 2**20), 2**20) for x in row] for row in factor - np.eye(len(R))])
        layers.append(W)
        product = (one + W) @ product
        turn = step @ turn
    layers.append(solve(product.T, R.T).T - one)
    return layers if all(map(in_unit_ball, layers)) else None


def _check_optimum(case: Map, law: Callable[[Any], bool]) -> Verdict:
    """An optimum in the unit ball, exhibited; or none, as the product has det > 0 there and R is the only optimum."""
    R = rational(case.R)
    det = determinant(R)
    if det > 0:
        for H in (1, 2, 4, 8, 16, 32):
            W = layers_near_identity(R, H)
            if W is not None:
                model = LinearResNet.population(H, R, case.Sigma)
                attained = model.loss(np.stack(W).ravel()) == model.minimum_value() == 0
                return verdict(attained and law(det), detail=f"an exact optimum with all norms < 1 at H = {H}")
        return verdict(None, detail="no factorisation into 32 layers found")
    Sigma = rational(case.Sigma)
    exists = rank(Sigma) < len(R) and rank(R @ Sigma) == rank(Sigma)  # only then may R change off the inputs' range
    return verdict(law(det) == exists, detail="det(I + W) > 0 in the unit ball, and R Sigma determines R")


OPTIMUM = Claim(
    id="linear_resnet.optimum_near_identity",
    title="An optimum near the identity exists iff R preserves orientation",
    statement=r"For $\Sigma \succ 0$: for some depth $H$ there is a global optimum with $\max_k \|W_k\| < 1$ iff "
    r"$\det R > 0$.",
    source="hardtma2017, Theorem 2.1, corrected",
    case_type=Map,
    cases=maps,
    law=lambda det: det > 0,
    check=_check_optimum,
    hypotheses=(
        Hypothesis(
            "Sigma", r"$\Sigma \succ 0$", lambda case: inertia(rational(case.Sigma)).positive == len(case.Sigma)
        ),
    ),
    counterexamples=(
        Counterexample("Sigma", Map(((-1,),), ((0,),)), "Sigma = 0: every point is optimal, W = 0 included"),
    ),
    false_laws={"always": lambda det: True, "iff R is invertible": lambda det: det != 0},
    examples=(
        Map(((-1,),), ((1,),)),
        Map(((-1, 0), (0, -1)), ((1, 0), (0, 1))),
        Map(((1, 0), (0, 0)), ((1, 0), (0, 1))),
    ),
    uses=("linear_resnet.critical_is_global",),
    deviations="The lecture and the printed theorem have no condition on det R; see linear_resnet.optimum_without_det.",
)

OPTIMUM_ERRATUM = erratum(
    "linear_resnet.optimum_without_det",
    "Not every map has an optimum near the identity",
    statement=r"Printed: for large enough $H$ there exists a global optimum with $\max_k \|W_k\| < O(H^{-1})$, for "
    r"every $R$.",
    source="golikov2019, Theorem 2 (Hardt and Ma, 2016); hardtma2017, Theorem 2.1",
    corrects=OPTIMUM,
    printed=lambda det: True,
    witness=Map(((-1,),), ((1,),)),
    deviations="d = 1, R = -1: a product of 1 + w_k with |w_k| < 1 is positive, so it is never -1, at any depth.",
)

CLAIMS = (CRITICAL, OPTIMUM, OPTIMUM_ERRATUM)
