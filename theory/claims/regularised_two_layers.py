"""Regularised nets of two layers: when every local minimum is global, and when not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory.arithmetic import is_zero, rational
from theory.calculus.exact_linalg import solve
from theory.calculus.inertia import Inertia, inertia
from theory.claims.cases import composed, exact_tuple, matrices, vectors
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.linear_data import rotation
from theory.claims.penalised import Penalised, all_positive, isotropic


@dataclass(frozen=True)
class PenalisedPoint(Penalised):
    """A critical point of a regularised net, and a rival: a point of lower loss, or nothing."""

    theta: tuple
    rival: tuple = ()

    @property
    def is_global(self) -> bool | None:
        """Whether the point is a global minimum; None if neither a rival nor convexity says so.

        For two layers with penalties l_1, l_2 the loss is at least F(R) = f(R) + 2 sqrt(l_1 l_2) ||R||_*, convex in
        R = W_2 W_1, with equality at balanced points: at a critical one R minimises F iff M M^T <= l_1 l_2 I for
        M = (R X - Y) X^T. If d_1 >= min(d_0, d_2), every R occurs with loss F(R), so that the converse holds too.
        """
        model, theta = self.model, rational(self.theta)
        if self.rival and model.loss(rational(self.rival)) < model.loss(theta):
            return False
        X, Y = rational(self.X), rational(self.Y)
        M = (self.net.product(theta) @ X - Y) @ X.T
        bound = rational(self.Lambda[0])[0, 0] * rational(self.Lambda[1])[0, 0]
        optimal = not inertia(np.diag([bound] * len(M)) - M @ M.T).negative
        return True if optimal else False if _wide(self) else None


def _wide(case: Penalised) -> bool:
    return min(case.widths[1:-1], default=0) >= min(case.widths[0], case.widths[-1])


def _is_isotropic(case: Penalised) -> bool:
    return all_positive(case) and all(len({Fraction(v) for row in L for v in row}) == 1 for L in case.Lambda)


@composed
def balanced_points(draw: Any) -> PenalisedPoint:
    """Critical points W_2 = c U_r T, W_1 = T V_r^T / c, rotated in the hidden layer, with penalties l c^2, l / c^2.

    U = [U_r, U_o] and V = [V_r, V_o] are orthogonal, T is diagonal; Y = R X - M X^{-T} is chosen for
    M = -l U_r V_r^T + U_o N V_o^T, any N.
    """
    from hypothesis import strategies as st

    p, q = draw(st.sampled_from((2, 1))), draw(st.sampled_from((2, 1)))
    d, r = draw(st.sampled_from(range(min(p, q), 3))), draw(st.sampled_from((1, 0, 2)[: min(p, q) + 1]))
    few, positive = st.sampled_from((1, 0, Fraction(1, 2), -1)), st.sampled_from((1, 2, Fraction(1, 2)))
    U, V, G = (rotation(n, draw(vectors(1, few))) for n in (p, q, d))
    T, c, level = rational(np.diag(draw(vectors(r, positive)))), draw(positive), draw(st.sampled_from((1, 2)))
    N = draw(matrices(p - r, q - r, st.sampled_from((3, 1, 0, Fraction(1, 2))))) if r < min(p, q) else ()
    X = rational(draw(st.sampled_from((((1, 0), (0, 3)), ((1, 1), (0, 2))))))[:q, :q]
    core = rational(np.zeros((p, d), int)), rational(np.zeros((d, q), int))
    core[0][:, :r], core[1][:r] = (U[:, :r] @ T, T @ V[:, :r].T) if r else (0, 0)
    W2, W1 = rational([c])[0] * core[0] @ G.T, rational([1 / Fraction(c)])[0] * G @ core[1]
    M = rational(np.zeros((p, q), int)) - rational([level])[0] * (U[:, :r] @ V[:, :r].T if r else rational([0])[0])
    if N:
        M = M + U[:, r:] @ rational(N) @ V[:, r:].T
    Y = W2 @ W1 @ X - solve(X, M.T).T
    Lambda = isotropic((q, d, p), level * Fraction(c) ** 2, level / Fraction(c) ** 2)
    theta = exact_tuple(np.concatenate([W1.ravel(), W2.ravel()]))
    return PenalisedPoint((q, d, p), exact_tuple(X), exact_tuple(Y), Lambda, theta)


def _check_two_layers(case: PenalisedPoint, law: Callable[[Inertia, bool], bool]) -> Verdict:
    model, theta = case.model, rational(case.theta)
    critical, is_global = is_zero(model.gradient(theta)).all(), case.is_global
    if is_global is None or not critical:
        return verdict(None, detail="no critical point, or neither a rival nor convexity decides")
    return verdict(law(inertia(model.hessian(theta)), is_global), detail="exact inertia; convexity or a rival")


_EXPENSIVE = (((2, 2), (100, 100)), ((2, 100), (2, 100)))
_TENTHS, _NEAR_ONE = (Fraction(1, 10),) * 3, (Fraction(9, 10),) * 3
_STRETCHED = ((Fraction(1, 3), 0), (0, 1)), ((11, 0), (0, 6))

NO_BAD_MINIMA = Claim(
    id="regularised.two_layers_no_bad_minima",
    title="Two layers, wide and isotropic: every local minimum is global",
    statement=r"For two layers with $d_1 \ge \min(d_0, d_2)$ and penalties $\lambda_1, \lambda_2 > 0$ constant on "
    "each layer, for all data: a critical point at which the Hessian has no negative eigenvalue is a global minimum, "
    r"so every other critical point is a strict saddle. Checked for widths $\le 2$ and invertible $X$.",
    source="own derivation",
    case_type=PenalisedPoint,
    cases=balanced_points,
    law=lambda signs, is_global: (signs.negative == 0) == is_global,
    check=_check_two_layers,
    hypotheses=(
        Hypothesis("two layers", "$H = 2$", lambda case: case.depth == 2),
        Hypothesis("wide", r"hidden widths $\ge \min(d_0, d_H)$", _wide),
        Hypothesis("isotropic", r"$\Lambda_{i,ab} = \lambda_i > 0$", _is_isotropic),
    ),
    counterexamples=(
        Counterexample(
            "two layers",
            PenalisedPoint((1, 1, 1, 1), ((1,),), ((1,),), isotropic((1, 1, 1, 1), *_TENTHS), (0, 0, 0), _NEAR_ONE),
            "H = 3: the origin is a strict local minimum with loss 1; at (9/10, 9/10, 9/10) the loss is below 1/3",
        ),
        Counterexample(
            "wide",
            PenalisedPoint((2, 1, 2), *_STRETCHED, isotropic((2, 1, 2), 2, 2), (0, 2, 0, 2), (4, 0, 4, 0)),
            "a bottleneck: the cheap direction is a strict local minimum with loss 141, the rich one is below 133",
        ),
        Counterexample(
            "isotropic",
            PenalisedPoint((2, 2, 2), *_STRETCHED, _EXPENSIVE, (0, 2, 0, 0, 0, 0, 2, 0), (4, 0, 0, 0, 4, 0, 0, 0)),
            "a second unit that is too expensive to be used acts like a bottleneck",
        ),
    ),
    false_laws={
        "every critical point is a global minimum": lambda signs, is_global: is_global,
        "global minima have positive definite Hessians": lambda signs, is_global: (
            (not signs.negative + signs.zero) == is_global
        ),
        "two negative eigenvalues at saddles": lambda signs, is_global: is_global or signs.negative >= 2,
    },
    examples=(
        PenalisedPoint((1, 1, 1), ((1,),), ((2,),), isotropic((1, 1, 1), 1, 1), (1, 1)),
        PenalisedPoint((1, 1, 1), ((1,),), ((2,),), isotropic((1, 1, 1), 1, 1), (0, 0)),
        PenalisedPoint((1, 2, 1), ((1,),), ((2,),), isotropic((1, 2, 1), 1, 1), (1, 0, 1, 0)),
    ),
    uses=("regularised.balanced",),
    deviations="Two layers alone are not enough: under a bottleneck the penalty prefers directions that the inputs "
    "stretch, and the best of them need not be the one that explains the targets.",
)

CLAIMS = (NO_BAD_MINIMA,)
