"""Linear ResNets: whether a global optimum lies near the identity, and how near."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations
from typing import Any

import numpy as np

from theory.arithmetic import ball, precision, rational
from theory.calculus.exact_linalg import rational_matrix, symmetric_eigenvalues
from theory.calculus.inertia import inertia
from theory.claims.cases import Case, Matrix, composed, exact_tuple, matrices, vectors
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, erratum, verdict
from theory.claims.resnet_data import with_singular_values
from theory.claims.resnet_gradient import gradient_law
from theory.critical.near_identity import layers_near_identity, log_range, near_bound, norm_lower_bound, printed_bound
from theory.models.linear_resnet import LinearResNet

# -- an optimum near the identity ------------------------------------------------------------------------------------

DEPTHS = (1, 3, 12)


@dataclass(frozen=True)
class Map(Case):
    """A linear map R to be learned, the input covariance Sigma, and a point of the unit ball.

    The point has layers W_k = U diag(values) V, stored as (entries of U, values, entries of V).
    """

    R: Matrix
    Sigma: Matrix
    layers: tuple

    @property
    def point(self) -> np.ndarray:
        """W_1, ..., W_H (H, d, d)."""
        return np.stack([with_singular_values(w) for w in self.layers])

    @property
    def norm(self) -> Any:
        """max ||W_k|| of the point."""
        return max(abs(x) for _, values, _ in self.layers for x in rational(values))


@composed
def maps(draw: Any) -> Map:
    """d = 1, ..., 4; R of both orientations, seldom singular, often a signed permutation; Sigma = F F^T > 0.

    Points of the ball have one to three layers with norms up to 9/10.
    """
    from hypothesis import strategies as st

    d = draw(st.sampled_from((2, 3, 4, 1)))
    F = np.tril(np.array(draw(matrices(d, d, st.sampled_from((1, 0, -1)))), object), -1)
    F = rational(F + np.diag(draw(vectors(d, st.sampled_from((1, 2))))))
    signs = np.diag(draw(vectors(d, st.sampled_from((-1, 1, 2, Fraction(1, 2))))))
    turned = exact_tuple(rational(signs[list(draw(st.sampled_from(tuple(permutations(range(d))))))]))
    R = draw(st.one_of(matrices(d, d, st.sampled_from((1, -1, 2, 0))), st.just(turned)))
    turn = st.sampled_from((1, 0, Fraction(1, 2), -1)).map(lambda x: (x,) * (d * (d - 1) // 2))
    values = vectors(d, st.sampled_from((Fraction(-9, 10), Fraction(1, 2), Fraction(-1, 2), 0, Fraction(3, 4))))
    layers = draw(vectors(draw(st.sampled_from((2, 3, 1))), st.tuples(turn, values, turn)))
    return Map(R, exact_tuple(F @ F.T), layers)


def _identity(d: int) -> Matrix:
    return tuple(tuple(int(i == j) for j in range(d)) for i in range(d))


def _zero(d: int) -> tuple:
    """One layer, 0."""
    turn = (0,) * (d * (d - 1) // 2)
    return ((turn, (0,) * d, turn),)


def determinant(R: np.ndarray) -> Any:
    """det R of a rational matrix (d, d)."""
    return rational_matrix(R).det()


@dataclass(frozen=True)
class OptimumLaw:
    """Whether optima near the identity exist (from det R), and a bound of max ||W_k|| for them (from gamma and H)."""

    exists: Callable[[Any], bool]
    bound: Callable[[Any, int], Any]


def rounded_bound(gamma: Any, H: int) -> Any:
    """1.001 ``near_bound``: room for rational layers."""
    return near_bound(gamma, H) * 1001 / 1000


def _within(W: np.ndarray, radius: Any) -> bool:
    """Whether all ||W_k|| <= radius, exactly."""
    one = rational(np.eye(W.shape[-1], dtype=int))
    return all(inertia(radius * radius * one - w @ w.T).negative == 0 for w in W)


def _optimum(case: Map, H: int, radius: Any) -> bool:
    """Whether ``layers_near_identity`` gives a global optimum with max ||W_k|| <= radius; exactly."""
    W, _ = layers_near_identity(case.R, H)
    model = LinearResNet.population(H, case.R, case.Sigma)
    return _within(W, radius) and bool(model.loss(W.ravel()) == model.minimum_value() == 0)


def _exists(case: Map, H: int, law: OptimumLaw) -> bool | None:
    """Whether an optimum within the law's bound exists: exhibited, or excluded by ``norm_lower_bound``.

    For det R <= 0 an optimum is asserted in the unit ball, for large H; there too the lower bound excludes it.
    """
    R = rational(case.R)
    lower = norm_lower_bound(R, H)
    if determinant(R) <= 0:
        return False if lower >= 1 else None
    bound = law.bound(log_range(R), H)
    if bound < lower:
        return False
    return True if _optimum(case, H, bound.lower().fmpq()) else None


def _none_inside(case: Map) -> bool | None:
    """False if an optimum in the open unit ball is exhibited; True if the case's point is kept away from optima.

    That is, the excess of the loss and the gradient, exact, are above the floors of linear_resnet.no_critical_point.
    """
    R, inside = rational(case.R), rational(["999/1000"])[0]
    if determinant(R) > 0:
        return False if any(_optimum(case, H, inside) for H in DEPTHS) else None
    W, H, tau = case.point, len(case.layers), case.norm
    model = LinearResNet.population(H, R, case.Sigma)
    g, excess = model.gradient(W.ravel()), model.loss(W.ravel()) - model.minimum_value()
    least, s = (symmetric_eigenvalues(a)[-1][0] for a in (rational(case.Sigma), R.T @ R))
    floor = ball([least])[0] * s
    slope = gradient_law(H, ball([tau])[0], [ball([least])[0]], floor)
    square = (g * g).sum()
    return bool(excess > 0 and square > 0 and ball([excess])[0] > floor and ball([square])[0] > slope)


def _check_optimum(case: Map, law: OptimumLaw) -> Verdict:
    """What the law asserts: an optimum within its bound at several depths, or none in the open unit ball.

    None is there for det R <= 0 and Sigma > 0, by a written argument: det(I + W_k) > 0 in the ball, since it does not
    vanish along t W_k for t in [0, 1]; so the product of the I + W_k has a positive determinant, and is not R. The
    check confirms what follows from it at one point of the ball, not for all of them.
    """
    with precision():
        if law.exists(determinant(rational(case.R))):
            answers = [_exists(case, H, law) for H in DEPTHS]
        else:
            answers = [_none_inside(case)]
    holds = False if False in answers else None if None in answers else True
    return verdict(holds, "certified", f"exact optima within the bound, H = {DEPTHS}; floors at points of the ball")


OPTIMUM = Claim(
    id="linear_resnet.optimum_near_identity",
    title="Optima within O(1/H) of the identity exist iff R preserves orientation",
    statement=r"Let $\Sigma \succ 0$ and $\gamma = \max(|\log s_{\max}(R)|, |\log s_{\min}(R)|)$. If $\det R > 0$, "
    r"then for every depth $H \ge 1$ there is a global optimum with $\max_k \|W_k\| \le 1.001(e^{\gamma/H}(1 + "
    r"2\sin\frac{\pi}{2H}) - 1) = O(1/H)$; if $\det R \le 0$, no point with $\max_k \|W_k\| < 1$ is a global "
    r"optimum, at any depth. Checked for $d \le 4$: the optima are exhibited for $H = 1, 3, 12$; for $\det R \le 0$, "
    r"loss and gradient exceed their floors at points of the ball, and that $\det(I + W_k) > 0$ in all of it is an "
    "argument in words.",
    source="hardtma2017, Theorem 2.1, corrected; the bound: own derivation",
    case_type=Map,
    cases=maps,
    law=OptimumLaw(lambda det: bool(det > 0), rounded_bound),
    check=_check_optimum,
    hypotheses=(
        Hypothesis("Sigma", r"$\Sigma \succ 0$", lambda c: inertia(rational(c.Sigma)).positive == len(c.Sigma)),
        Hypothesis("ball", r"$\max_k \|W_k\| < 1$ at the point", lambda c: bool(c.norm < 1)),
    ),
    counterexamples=(
        Counterexample(
            "Sigma",
            Map(((1, 0), (0, -1)), ((1, 0), (0, 0)), _zero(2)),
            "R = diag(1, -1) is seen on the first input only: W = 0 is optimal",
        ),
        Counterexample("ball", Map(((-1,),), ((1,),), (((), (-2,), ()),)), "w = -2 is an optimum"),
    ),
    false_laws={
        "always": OptimumLaw(lambda det: True, rounded_bound),
        "iff R is invertible": OptimumLaw(lambda det: bool(det != 0), rounded_bound),
        "iff det R >= 0": OptimumLaw(lambda det: bool(det >= 0), rounded_bound),
        "iff det R >= 1": OptimumLaw(lambda det: bool(det >= 1), rounded_bound),
        "norms O(1/H^2)": OptimumLaw(lambda det: bool(det > 0), lambda gamma, H: rounded_bound(gamma, H) / H),
        "the norm of R alone, no rotation": OptimumLaw(
            lambda det: bool(det > 0), lambda gamma, H: ((gamma / H).exp() - 1) * 1001 / 1000
        ),
        "pi/H, whatever the norm of R": OptimumLaw(lambda det: bool(det > 0), lambda gamma, H: gamma.pi() / H),
    },
    examples=(
        Map(((-1,),), ((1,),), (((), (Fraction(-99, 100),), ()),)),  # hardly above the floor
        Map(((100,),), ((1,),), _zero(1)),
        Map(((Fraction(1, 2),),), ((1,),), _zero(1)),
        Map(((-1, 0), (0, -1)), _identity(2), _zero(2)),
        Map(((1, 0), (0, 0)), _identity(2), (((0,), (0, Fraction(-99, 100)), (0,)),)),  # the floor is 0
        Map(((-1, 0, 0), (0, 3, 0), (0, 0, -1)), _identity(3), _zero(3)),
        Map(((0, -1, 0, 0), (1, 0, 0, 0), (0, 0, -1, 0), (0, 0, 0, -2)), _identity(4), _zero(4)),
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
    witness=Map(((-1,),), ((1,),), _zero(1)),
    hypotheses=(
        Hypothesis("invertible", r"$\det R \ne 0$", lambda case: bool(determinant(rational(case.R)) != 0)),
        *OPTIMUM.hypotheses[:1],
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

    H = draw(st.sampled_from((2, 3, 10, 30, 100, 1000, 1)))
    return Depth(Fraction(H * draw(st.sampled_from((1, 0, *range(2, 13)))), 36), H)


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
    title="Our bound of the optimum is less than half of the printed one, up to rounding",
    statement=r"For $\gamma \ge 0$ and $H \ge \max(1, 3\gamma)$ let $B = e^{\gamma/H}(1 + 2\sin\frac{\pi}{2H}) - 1$, "
    r"and $b = 2(\sqrt{\pi} + \sqrt{3\gamma})^2/H$, as printed for these $H$. Then $B < \frac12 b$; so the norms of "
    r"the optimum in linear_resnet.optimum_near_identity, at most $1.001B$, are below $0.501b$.",
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
        "gamma in place of 3 gamma": lambda gamma, H: (gamma.pi().sqrt() + gamma.sqrt()) ** 2 / H,
    },
    examples=(Depth(0, 1), Depth(Fraction(1, 3), 1), Depth(0, 100), Depth(20, 100), Depth(1000, 3000)),
    uses=("linear_resnet.optimum_near_identity",),
)

CLAIMS = (OPTIMUM, OPTIMUM_ERRATUM, BOUNDS)
