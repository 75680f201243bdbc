"""Deep linear nets: derivatives, symmetry, the global minimum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from theory.arithmetic import is_zero, rational, symbols
from theory.calculus.exact_linalg import pinv, rank
from theory.claims.cases import Case, Matrix, composed, matrices
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.linear_data import SpectralData, spectral_data
from theory.definitions import deep_linear as definition
from theory.models.deep_linear import DeepLinearNet

# -- gradient and Hessian --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sizes(Case):
    """Layer widths and the number of samples: weights and data are symbols."""

    widths: tuple
    m: int


def _check_derivatives(case: Sizes, law: Callable[[DeepLinearNet, np.ndarray], tuple[Any, Any]]) -> Verdict:
    d, m = case.widths, case.m
    n = sum(a * b for a, b in pairwise(d))
    theta, X, Y = symbols(theta=n, x=(d[0], m), y=(d[-1], m))
    net = DeepLinearNet(d, X, Y)
    L = definition.loss(d, X, Y, theta)
    G = np.array([L.diff(t) for t in theta], object)
    H = np.array([[g.diff(t) for t in theta] for g in G], object)
    gradient, hessian = law(net, theta)
    same = net.loss(theta) == L and is_zero(gradient - G).all() and is_zero(hessian - H).all()
    return verdict(same, "proof", f"zero polynomials in {n} weights and {m * (d[0] + d[-1])} data symbols")


def _without_cross_term(net: DeepLinearNet, theta: np.ndarray) -> tuple[Any, Any]:
    """Gauss-Newton: the Hessian at zero residual, 2 J J^T."""
    products = [net.product(theta)[a, b] for a in range(net.widths[-1]) for b in range(net.widths[0])]
    J = np.array([[r.diff(t) for t in theta] for r in products], object)
    X = np.asarray(net.X)
    return net.gradient(theta), 2 * (J.T @ np.kron(np.eye(net.widths[-1], dtype=int), X @ X.T) @ J)


DERIVATIVES = Claim(
    id="deep_linear.derivatives",
    title="Gradient and Hessian blocks in closed form",
    statement=r"With $M = 2(RX - Y)X^T$, $A_i = W_H \cdots W_{i+1}$, $B_i = W_{i-1} \cdots W_1$ and $S = XX^T$: "
    r"$\nabla_i L = A_i^T M B_i^T$, and for $i \ge j$ the Hessian block is $2(A_i^T A_j)_{pp'}(B_i S B_j^T)_{qq'}$ "
    r"plus, "
    r"for $i > j$, $(A_i^T M B_j^T)_{pq'}(W_{i-1} \cdots W_{j+1})_{qp'}$, for all weights and data.",
    source="own derivation",
    case_type=Sizes,
    cases=tuple(
        Sizes(widths, m)
        for m in (1, 2)
        for widths in ((1, 1), (2, 2), (1, 1, 1), (2, 1, 2), (2, 3, 2), (1, 2, 1, 2), (2, 2, 2, 2), (1, 1, 1, 1, 1))
    ),
    law=lambda net, theta: (net.gradient(theta), net.hessian(theta)),
    check=_check_derivatives,
    false_laws={
        "gradient without the factor 2": lambda net, theta: (
            net.gradient(theta) * theta[0].ring.domain(1, 2),
            net.hessian(theta),
        ),
        "Hessian without the cross term": _without_cross_term,
    },
)

# -- symmetry --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Gauge(Case):
    """A two-layer net on small data with a matrix g acting on its hidden layer."""

    W1: Matrix
    W2: Matrix
    X: Matrix
    Y: Matrix
    g: Matrix


@composed
def gauges(draw: Any) -> Gauge:
    """Widths 1 to 3; g is unit lower times diagonal, or any matrix: often invertible, not always."""
    from hypothesis import strategies as st

    d0, d1, d2 = (draw(st.integers(1, 3)) for _ in range(3))
    m = draw(st.integers(1, 2))
    g = draw(matrices(d1, d1, st.sampled_from((1, 0, 2, -1))))
    if draw(st.booleans()):
        g = tuple(tuple(v if j < i else (v or 1) * (i == j) for j, v in enumerate(row)) for i, row in enumerate(g))
    return Gauge(draw(matrices(d1, d0)), draw(matrices(d2, d1)), draw(matrices(d0, m)), draw(matrices(d2, m)), g)


def _check_gauge(case: Gauge, law: Callable[[np.ndarray], np.ndarray]) -> Verdict:
    W1, W2, g = rational(case.W1), rational(case.W2), rational(case.g)
    net = DeepLinearNet((W1.shape[1], len(W1), len(W2)), case.X, case.Y)
    return verdict(
        net.loss(net.pack(g @ W1, W2 @ law(g))) == net.loss(net.pack(W1, W2)), detail="equal losses, exactly"
    )


GAUGE = Claim(
    id="deep_linear.gauge",
    title="The loss is invariant under GL of each hidden layer",
    statement=r"For every invertible $g$: $L(gW_1, W_2g^{-1}) = L(W_1, W_2)$; with $g = \alpha I$ this is the "
    r"lecture's "
    r"$(\alpha W_1, \alpha^{-1}W_2)$. The formula with $g^+$ fails in general when $g$ is singular.",
    source="golikov2019, Non-convex due to weight-space symmetries",
    case_type=Gauge,
    cases=gauges,
    law=pinv,
    check=_check_gauge,
    hypotheses=(Hypothesis("invertible", r"$\det g \ne 0$", lambda case: rank(rational(case.g)) == len(case.g)),),
    counterexamples=(
        Counterexample("invertible", Gauge(((1,),), ((1,),), ((1,),), ((0,),), ((0,),)), "g = 0 forgets the product"),
    ),
    false_laws={"W_2 g": lambda g: g, "W_2 g^T (true for rotations only)": lambda g: g.T},
)

# -- the global minimum ----------------------------------------------------------------------------------------------


def _check_minimum(case: SpectralData, law: Callable[[SpectralData], Any]) -> Verdict:
    """The law against the model's minimum (eigenvalues of Sigma), and two critical points: one attains it."""
    net, k = case.net(), case.bottleneck
    s = case.singular_values
    best = tuple(i for i in sorted(range(len(s)), key=lambda i: -s[i])[:k] if s[i] > 0)
    attained = net.loss(case.critical_point(best))
    elsewhere = net.loss(case.critical_point())
    value = law(case)
    return verdict(value == attained == net.minimum_value() and elsewhere >= value, detail="attained, exactly")


def _tail(values: list[Any], k: int) -> Any:
    return sum(sorted((v * v for v in values), reverse=True)[k:], start=rational([0])[0])


def _floor(case: SpectralData) -> Any:
    return rational([case.floor])[0] ** 2


def _truncating(weights: Callable[[SpectralData], list[Any]]) -> Callable[[SpectralData], Any]:
    """The value reached by keeping the k largest values of another matrix with the same singular vectors."""

    def value(case: SpectralData) -> Any:
        w, s = weights(case), case.singular_values
        lost = sorted(range(len(s)), key=lambda i: -w[i])[case.bottleneck :]
        return _floor(case) + sum((s[i] * s[i] for i in lost), start=rational([0])[0])

    return value


def _ols(case: SpectralData) -> list[Any]:
    """Singular values s_i / d_i of Y X^+."""
    return [s * (1 / rational([d])[0]) if d else s for s, d in zip(case.singular_values, case.d, strict=False)]


def _cross(case: SpectralData) -> list[Any]:
    """Singular values s_i d_i of Y X^T."""
    return [s * rational([d])[0] for s, d in zip(case.singular_values, case.d, strict=False)]


MINIMUM = Claim(
    id="deep_linear.minimum",
    title="The global minimum is that of the rank-constrained shallow problem",
    statement=r"For all $X, Y$ and widths with $k = \min_i d_i$: $\min_W L_{deep} = \min_{\mathrm{rank}\,R \le k} "
    r"\|Y - RX\|_F^2 = \|Y(I - X^+X)\|_F^2 + \sum_{i > k}\sigma_i^2$ with $\sigma_i$ the singular values of $YX^+X$, "
    r"attained "
    r"by truncating the SVD of $YX^+X$.",
    source="golikov2019, Global minima are of the same value",
    case_type=SpectralData,
    cases=spectral_data(2, 3, 4),
    law=lambda case: _floor(case) + _tail(case.singular_values, case.bottleneck),
    check=_check_minimum,
    examples=(
        SpectralData((2, 1, 2), (4, 1), (3, 2), 1, (0,) * 8, (), (0, 0)),  # Y X^+ keeps the wrong direction
        SpectralData((2, 1, 2), (1, 2), (3, 2), 0, (1,) * 8, (0,), (1, 0)),  # Y X^T does
    ),
    false_laws={
        "truncating the least-squares map Y X^+": _truncating(_ols),
        "truncating Y X^T": _truncating(_cross),
        "without the floor": lambda case: _tail(case.singular_values, case.bottleneck),
        "rank one less": lambda case: _floor(case) + _tail(case.singular_values, case.bottleneck - 1),
    },
    deviations="The lecture states equality of the minima; the value and Y X^+ X (not Y X^+) are Eckart-Young in the "
    "inputs' norm.",
)

CLAIMS = (DERIVATIVES, GAUGE, MINIMUM)
