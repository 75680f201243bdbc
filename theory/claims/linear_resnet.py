"""Linear ResNets near the identity: critical points there are global, and where that ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory.arithmetic import is_zero, rational
from theory.calculus.exact_linalg import null_space, rank
from theory.calculus.inertia import inertia
from theory.claims.cases import Case, Matrix, composed, exact_tuple, matrices
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.critical.classify import classify
from theory.definitions import linear_resnet as definition
from theory.landscape import Kind
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

    d, H = draw(st.sampled_from((2, 1, 2))), draw(st.sampled_from((2, 3, 1, 2, 3)))
    small = st.sampled_from((0, Fraction(1, 2), Fraction(-1, 2), Fraction(1, 3), Fraction(-1, 4)))
    layers = tuple(draw(matrices(d, d, small)) for _ in range(H))
    F = draw(matrices(d, d, st.sampled_from((1, 0, -1, 2))))
    shift = draw(_shifts(F))
    return NearIdentity(layers, shift, F, draw(st.sampled_from((0, 1, Fraction(1, 3)))))


def _shifts(F: Matrix) -> Any:
    """Half of them any matrices; else 0, or a matrix with shift F = 0: the map changed only where no input goes."""
    from hypothesis import strategies as st

    d, kernel = len(F), null_space(rational(F).T)
    unseen = kernel[:, 0] if kernel.shape[1] else rational(np.zeros(d, int))
    critical = st.sampled_from((((0,) * d,) * d, exact_tuple(np.stack([unseen] * d))))
    return st.one_of(matrices(d, d, st.sampled_from((1, -1, 2, 0))), critical)


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

# -- one singular layer ----------------------------------------------------------------------------------------------


@composed
def mostly_invertible(draw: Any) -> NearIdentity:
    """d = 1, 2 and H = 1, 2, 3; layers far from the identity, one I + W_k often singular; singular Sigma too."""
    from hypothesis import strategies as st

    d, H = draw(st.sampled_from((2, 1, 2))), draw(st.sampled_from((2, 3, 1, 2, 3)))
    factors = [np.array(draw(matrices(d, d, st.sampled_from((1, 2, -1, 0, -2)))), object) for _ in range(H)]
    at = draw(st.sampled_from(range(2 * H)))
    if at < H:
        factors[at][0] = factors[at][-1] * draw(st.sampled_from((0, 1)))
    layers = tuple(exact_tuple(rational(f - np.eye(d, dtype=int))) for f in factors)
    F = draw(matrices(d, d, st.sampled_from((1, 0, -1, 2))))
    shift = draw(_shifts(F))
    return NearIdentity(layers, shift, F, draw(st.sampled_from((0, 1))))


def singular_factors(case: NearIdentity) -> int:
    """How many of the I + W_k are singular."""
    one = rational(np.eye(len(case.F), dtype=int))
    return sum(rank(one + W) < len(one) for W in rational(case.layers))


def _check_one_singular(case: NearIdentity, law: Callable[[bool, bool, bool], bool]) -> Verdict:
    """Critical by the model; global by the literal error above its least value; fitting by the product."""
    model, theta = case.model_and_point()
    critical = bool(is_zero(model.gradient(theta)).all())
    above = expected_error(case) - len(case.F) * rational([case.noise])[0]
    fits = bool(is_zero(rational(case.shift)).all())
    same = above == model.loss(theta) - model.minimum_value()
    return verdict(same and law(critical, bool(above == 0), fits), detail="gradient and excess of the loss, exactly")


ONE_SINGULAR = Claim(
    id="linear_resnet.one_singular_layer",
    title="One singular layer makes no critical point but global minima",
    statement=r"For every $R$, $\Sigma \succeq 0$ and noise: if at most one of the $I + W_k$ is singular, however far "
    r"they are from the identity, the point is critical iff it is a global minimum. For $H = 1$ this is every point.",
    source="own derivation, after the proof of hardtma2017, Theorem 2.2",
    case_type=NearIdentity,
    cases=mostly_invertible,
    law=lambda critical, is_global, fits: critical == is_global,
    check=_check_one_singular,
    hypotheses=(Hypothesis("one", "at most one $I + W_k$ is singular", lambda case: singular_factors(case) <= 1),),
    counterexamples=(
        Counterexample(
            "one",
            NearIdentity((((-1,),), ((-1,),)), ((1,),), ((1,),), 0),
            "d = 1, H = 2, w = (-1, -1), R = 1: two singular layers, critical with loss 1 > 0",
        ),
    ),
    false_laws={
        "a critical point reproduces R": lambda critical, is_global, fits: critical == fits,
        "no point is critical": lambda critical, is_global, fits: not critical,
        "every point is critical": lambda critical, is_global, fits: critical,
    },
    examples=(
        NearIdentity((((-1,),), ((5,),)), ((0,),), ((1,),), 0),  # a singular layer in a global minimum
        NearIdentity((((-1,),), ((5,),)), ((1,),), ((1,),), 0),
        NearIdentity((((-1,),),), ((1,),), ((1,),), 0),  # H = 1
        NearIdentity((((-1, 0), (0, -1)), ((1, 0), (0, 1))), ((0, 1), (0, 1)), ((1, 0), (0, 0)), 0),
    ),
    uses=("deep_linear.derivatives",),
    deviations="Hardt and Ma assume max ||W_k|| < 1, for which no I + W_k is singular.",
)

# -- where it ends: all layers zero ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class AllZero(Case):
    """W_1 = ... = W_H = -I, so that max ||W_k|| = 1, for the map R on the samples X = F."""

    depth: int
    R: Matrix
    F: Matrix


@composed
def all_zero(draw: Any) -> AllZero:
    """d = 1, 2 and H = 1, ..., 4; R F seldom vanishes."""
    from hypothesis import strategies as st

    d = draw(st.sampled_from((2, 1)))
    R, F = (draw(matrices(d, d, st.sampled_from((1, 0, -1, 2)))) for _ in range(2))
    return AllZero(draw(st.sampled_from((2, 3, 4, 1))), R, F)


def _moment(case: AllZero) -> np.ndarray:
    """R Sigma = E y x^T."""
    F = rational(case.F)
    return rational(case.R) @ F @ F.T


def _rises(case: AllZero, sign: int) -> tuple[Any, Any]:
    """(a, b) with L(t) - L(0) = a t^H + b t^{2H} along I + W_1 = sign t R Sigma, I + W_k = t I, from two values of L.

    The product is sign t^H R Sigma, and the loss is a square of an affine function of it.
    """
    H, one, half = case.depth, rational(np.eye(len(case.F), dtype=int)), rational(["1/2"])[0]
    X, Y = rational(case.F), rational(case.R) @ rational(case.F)

    def loss(t: Any) -> Any:
        theta = np.stack([sign * t * _moment(case) - one, *[t * one - one] * (H - 1)]).ravel()
        return definition.loss(H, X, Y, theta)

    first, second = loss(2 * half) - loss(0 * half), loss(half) - loss(0 * half)
    a = (second - first * half ** (2 * H)) / (half**H - half ** (2 * H))
    return a, first - a


def _check_all_zero(case: AllZero, law: Callable[[int], Kind]) -> Verdict:
    """The kind by exact inertia and theory; literally, the loss falls and rises in order t^H along two curves."""
    model = LinearResNet.population(case.depth, case.R, rational(case.F) @ rational(case.F).T)
    theta = np.tile(-rational(np.eye(len(case.F), dtype=int)).ravel(), case.depth)
    kind = classify(model, theta).kind
    (down, _), (up, _) = _rises(case, 1), _rises(case, -1)
    flat = case.depth < 3 or is_zero(model.hessian(theta)).all()
    return verdict(bool(down < 0 < up and flat and kind == law(case.depth)), detail="exact inertia, and exact curves")


ALL_ZERO = Claim(
    id="linear_resnet.unit_sphere",
    title="Norm 1 is not near enough: all layers zero is a saddle",
    statement=r"Let $R\Sigma \ne 0$ and $W_k = -I$ for all $k$, so that $\max_k \|W_k\| = 1$. For $H = 2$ this is a "
    r"strict saddle, for $H \ge 3$ a non-strict saddle with zero Hessian; for $H = 1$ it is not critical. In all cases "
    r"the loss falls and rises as $t^H$ along curves $I + W_k = O(t)$.",
    source="kawaguchi2016, Corollary 2.4, in the form of; own derivation",
    case_type=AllZero,
    cases=all_zero,
    law=lambda H: (Kind.NOT_CRITICAL, Kind.STRICT_SADDLE, Kind.NON_STRICT_SADDLE)[min(H, 3) - 1],
    check=_check_all_zero,
    hypotheses=(Hypothesis("seen", r"$R\Sigma \ne 0$", lambda case: not is_zero(_moment(case)).all()),),
    counterexamples=(
        Counterexample("seen", AllZero(2, ((0,),), ((1,),)), "R = 0: all layers zero is a global minimum"),
    ),
    false_laws={
        "strict at every depth": lambda H: Kind.NOT_CRITICAL if H == 1 else Kind.STRICT_SADDLE,
        "non-strict for two layers as well": lambda H: Kind.NOT_CRITICAL if H == 1 else Kind.NON_STRICT_SADDLE,
        "critical for one layer": lambda H: Kind.NON_STRICT_SADDLE if H > 2 else Kind.STRICT_SADDLE,
    },
    examples=tuple(AllZero(H, ((1,),), ((1,),)) for H in (1, 2, 3)),
    uses=("linear_resnet.one_singular_layer", "deep_linear.origin"),
    deviations="Not printed: it shows that max ||W_k|| < 1 cannot be weakened to max ||W_k|| <= 1.",
)

CLAIMS = (CRITICAL, ONE_SINGULAR, ALL_ZERO)
