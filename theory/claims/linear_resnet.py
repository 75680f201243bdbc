"""Linear ResNets near the identity: critical points there are global, and whether an optimum lies there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory.arithmetic import ball, is_zero, precision, rational, to_float
from theory.calculus.exact_linalg import null_space, rank, solve, symmetric_eigenvalues
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


def expected_error(case: NearIdentity) -> Any:
    """E||R x + xi - P x||^2 = tr(D F F^T D^T) + d noise with D = R - P the shift, literally."""
    DF = rational(case.shift) @ rational(case.F)
    return (DF * DF).sum() + len(case.F) * rational([case.noise])[0]


def _check_critical(case: NearIdentity, law: Callable[[bool, bool, Any], bool]) -> Verdict:
    """The least value of the expected error is the noise, since R itself is a product of H layers."""
    model, theta = case.model_and_point()
    value = model.loss(theta)
    literal = value == expected_error(case) and model.minimum_value() == len(case.F) * rational([case.noise])[0]
    critical = bool(is_zero(model.gradient(theta)).all())
    is_global = bool(value == model.minimum_value())
    return verdict(literal and law(critical, is_global, value), detail="gradient and minimum, exactly")


CRITICAL = Claim(
    id="linear_resnet.critical_is_global",
    title="Near the identity critical points are global minima",
    statement=r"For every $R$, $\Sigma \succeq 0$ and noise: a point with $\max_k \|W_k\| < 1$ is critical iff it is "
    r"a global minimum of $E\|y - (I + W_H) \cdots (I + W_1)x\|^2$.",
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
        "critical points have loss 0": lambda critical, is_global, value: not critical or bool(value == 0),
    },
    examples=(
        NearIdentity((((0,),),), ((1,),), ((1,),), 0),
        NearIdentity((((0,),),), ((0,),), ((1,),), 1),
        NearIdentity((((0, 0), (0, 0)),), ((0, 1), (0, 1)), ((1, 0), (0, 0)), 0),
    ),
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
    """d = 1, 2; R of both orientations, seldom singular; Sigma = F F^T with invertible F."""
    from hypothesis import strategies as st

    d = draw(st.integers(1, 2))
    F = rational(draw(st.sampled_from((((1,),), ((2,),)) if d == 1 else (((1, 0), (0, 1)), ((1, 1), (0, 2))))))
    return Map(draw(matrices(d, d)), exact_tuple(F @ F.T))


def determinant(R: np.ndarray) -> Any:
    """det R of a 1x1 or 2x2 rational matrix."""
    return R[0, 0] if len(R) == 1 else R[0, 0] * R[1, 1] - R[0, 1] * R[1, 0]


def layers_near_identity(R: np.ndarray, H: int) -> list[np.ndarray]:
    """Rational W_1, ..., W_H with (I + W_H) ... (I + W_1) = R exactly and nearly the least max ||W_k||, for det R > 0.

    R = e^K e^S (polar decomposition; K skew, S symmetric) gives H factors e^{K/H} e^{S_k/H} with S_k the rotated S; the
    first H - 1 are rounded to rationals, and the last is solved for.
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
    return layers


def _singular_values(R: np.ndarray) -> tuple[Any, Any]:
    """The largest and the least singular value of an invertible R, in balls."""
    values = [ball([value])[0].sqrt() for value, _ in symmetric_eigenvalues(R.T @ R)]
    return values[0], values[-1]


@dataclass(frozen=True)
class OptimumLaw:
    """Whether an optimum near the identity exists (from det R), and a bound of max ||W_k|| (from s_max, s_min, H)."""

    exists: Callable[[Any], bool]
    bound: Callable[[Any, Any, int], Any]


def near_bound(s_max: Any, s_min: Any, H: int) -> Any:
    """1.001 (e^{gamma/H} (1 + 2 sin(pi/2H)) - 1), gamma = max(|log s_max|, |log s_min|); about (pi + gamma)/H.

    R = -I attains the bound without the factor 1.001, which leaves room for rational layers.
    """
    gamma = s_max.log().max(-s_max.log()).max(s_min.log().max(-s_min.log()))
    near = (gamma / H).exp() * (1 + 2 * (s_max.pi() / (2 * H)).sin()) - 1
    return near * 1001 / 1000


def _attained(case: Map, H: int, law: OptimumLaw) -> bool | None:
    """Whether an optimum within the law's bound exists: exhibited exactly, or excluded by the singular values."""
    R = rational(case.R)
    s_max, s_min = _singular_values(R)
    bound = law.bound(s_max, s_min, H)
    if bound < (s_max.log() / H).exp() - 1 or bound < 1 - (s_min.log() / H).exp():
        return False  # the product of the norms is at least s_max, that of the least singular values at most s_min
    W, radius, one = layers_near_identity(R, H), bound.lower().fmpq(), rational(np.eye(len(R), dtype=int))
    if not all(inertia(radius * radius * one - w @ w.T).negative == 0 for w in W):
        return None
    model = LinearResNet.population(H, R, case.Sigma)
    return bool(model.loss(np.stack(W).ravel()) == model.minimum_value() == 0)


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
            answers = [_attained(case, H, law) for H in (2, 8, 32)]
        return verdict(None if None in answers else all(answers), detail="exact optima within the bound, H = 2, 8, 32")
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
    r"then for every depth $H$ there is a global optimum with $\max_k \|W_k\| \le 1.001(e^{\gamma/H}(1 + "
    r"2\sin\frac{\pi}{2H}) - 1) = O(1/H)$; if $\det R \le 0$, no point with $\max_k \|W_k\| < 1$ is a global "
    r"optimum, at any depth. Checked for $d \le 2$ and $H = 2, 8, 32$.",
    source="hardtma2017, Theorem 2.1, corrected; the bound: own derivation",
    case_type=Map,
    cases=maps,
    law=OptimumLaw(lambda det: bool(det > 0), near_bound),
    check=_check_optimum,
    hypotheses=(
        Hypothesis("Sigma", r"$\Sigma \succ 0$", lambda c: inertia(rational(c.Sigma)).positive == len(c.Sigma)),
    ),
    counterexamples=(
        Counterexample("Sigma", Map(((-1,),), ((0,),)), "Sigma = 0: every point is optimal, W = 0 included"),
    ),
    false_laws={
        "always": OptimumLaw(lambda det: True, near_bound),
        "iff R is invertible": OptimumLaw(lambda det: bool(det != 0), near_bound),
        "norms O(1/H^2)": OptimumLaw(lambda det: bool(det > 0), lambda a, b, H: near_bound(a, b, H) / H),
    },
    examples=(
        Map(((-1,),), ((1,),)),
        Map(((3,),), ((1,),)),
        Map(((-1, 0), (0, -1)), ((1, 0), (0, 1))),
        Map(((1, 0), (0, 0)), ((1, 0), (0, 1))),
    ),
    uses=("linear_resnet.critical_is_global",),
    deviations="The lecture and the printed theorem have no condition on det R; see "
    "linear_resnet.optimum_without_det. The printed bound, for H >= 3 gamma only, is larger.",
)

OPTIMUM_ERRATUM = erratum(
    "linear_resnet.optimum_without_det",
    "Not every map has an optimum near the identity",
    statement=r"Printed: for large enough $H$ there exists a global optimum with $\max_k \|W_k\| < O(H^{-1})$.",
    source="golikov2019, Theorem 2 (Hardt and Ma, 2016); hardtma2017, Theorem 2.1",
    corrects=OPTIMUM,
    printed=OptimumLaw(lambda det: True, near_bound),
    witness=Map(((-1,),), ((1,),)),
    hypotheses=(
        Hypothesis("invertible", r"$\det R \ne 0$", lambda case: determinant(rational(case.R)) != 0),
        *OPTIMUM.hypotheses,
    ),
    deviations="d = 1, R = -1: a product of 1 + w_k with |w_k| < 1 is positive, so it is never -1, at any depth.",
)

CLAIMS = (CRITICAL, OPTIMUM, OPTIMUM_ERRATUM)
