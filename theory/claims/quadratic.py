"""Quadratic landscapes and linear regression: convexity, and what the minimisers are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.arithmetic import is_zero, rational
from theory.calculus.exact_linalg import null_space, pinv, rank
from theory.calculus.inertia import inertia
from theory.claims.cases import Case, Matrix, composed, exact_tuple, matrices, vectors
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, erratum, verdict
from theory.models.quadratic import Quadratic


@dataclass(frozen=True)
class Form(Case):
    """A quadratic theta^T A theta / 2 + b . theta and two points."""

    A: Matrix
    b: tuple
    p: tuple
    q: tuple


@composed
def forms(draw: Any) -> Form:
    """Dimensions 1 to 3; mostly Gram matrices B B^T, often singular."""
    from hypothesis import strategies as st

    n = draw(st.integers(1, 3))
    B = rational(draw(matrices(n, draw(st.integers(1, 2)))))
    A = B @ B.T
    if draw(st.integers(0, 9)) == 9:
        S = rational(draw(matrices(n, n)))
        A = S + S.T
    return Form(exact_tuple(A), draw(vectors(n)), draw(vectors(n)), draw(vectors(n)))


def _check_convex(case: Form, law: Callable[[Any, Any, Any], bool]) -> Verdict:
    model = Quadratic(case.A, case.b)
    p, q = rational(case.p), rational(case.q)
    middle = model.loss((p + q) * rational(["1/2"])[0])
    return verdict(law(2 * middle, model.loss(p), model.loss(q)), detail="midpoint inequality, exactly")


CONVEX = Claim(
    id="quadratic.convex",
    title="Positive semidefinite quadratics are convex",
    statement=r"For symmetric $A \succeq 0$ and all $p, q$: $L((p+q)/2) \le (L(p) + L(q))/2$ for $L(\theta) = "
    r"\theta^T A \theta / 2 + b^T \theta$.",
    source="own derivation",
    case_type=Form,
    cases=forms,
    law=lambda twice_middle, left, right: twice_middle <= left + right,
    check=_check_convex,
    hypotheses=(Hypothesis("psd", r"$A \succeq 0$", lambda case: inertia(rational(case.A)).negative == 0),),
    counterexamples=(Counterexample("psd", Form(((-1,),), (0,), (1,), (-1,)), "L = -theta^2/2 between -1 and 1"),),
    false_laws={
        "strict inequality": lambda twice_middle, left, right: twice_middle < left + right,
        "half the bound": lambda twice_middle, left, right: 2 * twice_middle <= left + right,
    },
    examples=(Form(((1,),), (1,), (1,), (1,)),),
)


@dataclass(frozen=True)
class Regression(Case):
    """Linear regression data: X (d, m), y (m,), and a direction in parameter space."""

    X: Matrix
    y: tuple
    v: tuple


@composed
def regressions(draw: Any) -> Regression:
    """Up to 3 inputs and 4 samples; few values, so that rank-deficient X and y in the row space occur."""
    from hypothesis import strategies as st

    d, m = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    few = st.integers(-1, 2)
    return Regression(draw(matrices(d, m, few)), draw(vectors(m)), draw(vectors(d)))


def squared_error(case: Regression, theta: np.ndarray) -> Any:
    """||y - theta X||^2, literally."""
    e = rational(case.y) - theta @ rational(case.X)
    return (e * e).sum()


def _check_regression_convex(case: Regression, law: Callable[[Any], bool]) -> Verdict:
    """The Hessian from second differences of the literal loss, which are exact for a quadratic; then its signs."""
    model, v, one = Quadratic.regression(case.X, case.y), rational(case.v), rational(np.eye(len(case.X), dtype=int))
    L = {(i, j): squared_error(case, v + a + b) for i, a in enumerate(one) for j, b in enumerate(one)}
    single = [squared_error(case, v + a) for a in one]
    n = range(len(one))
    second = [[L[i, j] - single[i] - single[j] + squared_error(case, v) for j in n] for i in n]
    H = model.hessian(v)
    same = is_zero(H - rational(second)).all() and is_zero(H - 2 * (rational(case.X) @ rational(case.X).T)).all()
    return verdict(bool(same) and law(inertia(H)), detail="exact second differences, and their inertia")


REGRESSION_CONVEX = Claim(
    id="quadratic.regression_convex",
    title="Linear regression has a convex landscape without saddles",
    statement=r"For every $X, y$ the Hessian of $\|y - \theta X\|^2$ is $2XX^T$, which has no negative eigenvalue; "
    r"so the loss is convex and no critical point is a saddle.",
    source="golikov2019, Trivial special case: linear regression",
    case_type=Regression,
    cases=regressions,
    law=lambda signs: signs.negative == 0,
    check=_check_regression_convex,
    uses=("quadratic.convex",),
    false_laws={"strictly convex": lambda signs: signs.negative == 0 and signs.zero == 0},
    examples=(Regression(((1,), (1,)), (1,), (0, 0)),),
)


@dataclass(frozen=True)
class Minimisers:
    """The law: the dimension of the affine set of minimisers as a function of (rank X, d, m)."""

    dimension: Callable[[int, int, int], int]


def _check_minimisers(case: Regression, law: Minimisers) -> Verdict:
    """y X^+ and its translates by ker X^T have the same literal loss, and every other direction raises it."""
    X, y, v = rational(case.X), rational(case.y), rational(case.v)
    best, kernel = y @ pinv(X), null_space(X.T)
    least = squared_error(case, best)
    critical = is_zero(Quadratic.regression(X, y).gradient(best)).all()
    along = all(squared_error(case, best + kernel[:, k]) == least for k in range(kernel.shape[1]))
    beside = squared_error(case, best + v)
    across = beside == least if is_zero(v @ X).all() else beside > least
    dimension = kernel.shape[1] == law.dimension(rank(X), *X.shape)
    return verdict(bool(critical) and along and across and dimension, detail="y X^+ plus the kernel of X^T, exactly")


MINIMISERS = Claim(
    id="quadratic.regression_minimisers",
    title="Minimisers of linear regression: an affine space",
    statement=r"For every $X \in \mathbb{R}^{d \times m}$ and $y$, the minimisers of $\|y - \theta X\|^2$ form the "
    r"affine space $yX^+ + \ker X^T$ of dimension $d - \mathrm{rank}\,X$; the minimiser is unique iff $X$ has full "
    r"row rank.",
    source="own derivation",
    case_type=Regression,
    cases=regressions,
    law=Minimisers(lambda r, d, m: d - r),
    check=_check_minimisers,
    uses=("quadratic.regression_convex",),
    false_laws={
        "always unique": Minimisers(lambda r, d, m: 0),
        "unique iff there are at least d samples": Minimisers(lambda r, d, m: max(d - m, 0)),
        "dimension m - rank X": Minimisers(lambda r, d, m: m - r),
    },
    examples=(Regression(((1, 1), (1, 1)), (0, 1), (1, 0)), Regression(((1, 2),), (0, 1), (1,))),
    deviations="The lecture concludes a unique minimum from convexity; see quadratic.unique_minimum.",
)

UNIQUE_MINIMUM = erratum(
    "quadratic.unique_minimum",
    "Convex in W does not give a unique minimum",
    statement=r"Printed: if $L(y, \hat y)$ is convex in $\hat y$, then linear regression has a unique minimum (and "
    r"no saddles).",
    source="golikov2019, Trivial special case: linear regression",
    corrects=MINIMISERS,
    printed=Minimisers(lambda r, d, m: 0),
    witness=Regression(((1,), (1,)), (1,), (1, -1)),
    deviations="With X = (1, 1)^T, y = 1 the whole line theta_1 + theta_2 = 1 minimises. Unique iff X has full row "
    "rank.",
)

CLAIMS = (CONVEX, REGRESSION_CONVEX, MINIMISERS, UNIQUE_MINIMUM)
