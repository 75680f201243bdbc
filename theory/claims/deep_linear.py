"""Deep linear nets: derivatives, symmetry, the global minimum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from theory.arithmetic import is_zero, rational, symbols
from theory.calculus.exact_linalg import pinv, rank
from theory.claims.cases import Case, Matrix, composed, exact_tuple, matrices, vectors
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
    """The law and the model's own derivatives against SymPy's of the definition."""
    d, m = case.widths, case.m
    n = sum(a * b for a, b in pairwise(d))
    theta, X, Y = symbols(theta=n, x=(d[0], m), y=(d[-1], m))
    net = DeepLinearNet(d, X, Y)
    L = definition.loss(d, X, Y, theta)
    G = np.array([L.diff(t) for t in theta], object)
    H = np.array([[g.diff(t) for t in theta] for g in G], object)
    pairs = (law(net, theta), (net.gradient(theta), net.hessian(theta)))
    same = all(is_zero(g - G).all() and is_zero(h - H).all() for g, h in pairs) and net.loss(theta) == L
    return verdict(same, "proof", f"zero polynomials in {n} weights and {m * (d[0] + d[-1])} data symbols")


def displayed(net: DeepLinearNet, theta: np.ndarray, cross: Any = 1, transposed: bool = False) -> tuple[Any, Any]:
    """Gradient and Hessian, entry by entry as the statement displays them."""
    W, X, Y = net.unpack(theta), np.asarray(net.X), np.asarray(net.Y)
    H, zero = len(W), 0 * theta[0]

    def chain(top: int, bottom: int, size: int) -> np.ndarray:
        """W_top ... W_bottom, counted from 1; the identity of this size if empty."""
        out = np.eye(size, dtype=int) + zero
        for k in range(bottom, top + 1):
            out = W[k - 1] @ out
        return out

    d = net.widths
    A = [chain(H, i + 1, d[i]) for i in range(1, H + 1)]
    B = [chain(i - 1, 1, d[0]) for i in range(1, H + 1)]
    M, S = 2 * ((chain(H, 1, d[0]) @ X - Y) @ X.T), X @ X.T
    index = [(i, p, q) for i in range(1, H + 1) for p in range(d[i]) for q in range(d[i - 1])]
    G = np.array([(A[i - 1].T @ M @ B[i - 1].T)[p, q] for i, p, q in index], object)
    rows = {}
    for a, (i, p, q) in enumerate(index):
        for b, (j, r, s) in enumerate(index[: a + 1]):
            entry = 2 * (A[i - 1].T @ A[j - 1])[p, r] * (B[i - 1] @ S @ B[j - 1].T)[q, s]
            if i > j:
                C = chain(i - 1, j + 1, d[j])
                E = A[i - 1].T @ M @ B[j - 1].T
                entry = entry + cross * (E[p, s] * C[q, r] if not transposed else E[p, -1 - s] * C[q, -1 - r])
            rows[a, b] = rows[b, a] = entry
    n = range(len(index))
    return G, np.array([[rows[a, b] for b in n] for a in n], object)


DERIVATIVES = Claim(
    id="deep_linear.derivatives",
    title="Gradient and Hessian blocks in closed form",
    statement=r"With $M = 2(RX - Y)X^T$, $A_i = W_H \cdots W_{i+1}$, $B_i = W_{i-1} \cdots W_1$ and $S = XX^T$: "
    r"$\nabla_i L = A_i^T M B_i^T$, and for $i \ge j$ the Hessian block is $2(A_i^T A_j)_{pp'}(B_i S B_j^T)_{qq'}$ "
    r"plus, for $i > j$, $(A_i^T M B_j^T)_{pq'}(W_{i-1} \cdots W_{j+1})_{qp'}$, for all weights and data.",
    source="own derivation",
    case_type=Sizes,
    cases=tuple(
        Sizes(widths, m)
        for m in (1, 2)
        for widths in ((1, 1), (2, 2), (1, 1, 1), (2, 1, 2), (2, 3, 2), (1, 2, 1, 2), (2, 2, 2, 2), (1, 1, 1, 1, 1))
    ),
    sizes="widths <= 3, depth <= 4, m <= 2",
    law=displayed,
    check=_check_derivatives,
    false_laws={
        "gradient without the factor 2": lambda net, theta: (
            displayed(net, theta)[0] * theta[0].ring.domain(1, 2),
            displayed(net, theta)[1],
        ),
        "Hessian without the cross term": lambda net, theta: displayed(net, theta, cross=0),
        "cross term with reversed indices": lambda net, theta: displayed(net, theta, transposed=True),
    },
    exercises=("linear.gradient",),
)

# -- symmetry --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Gauge(Case):
    """A net on small data with a matrix g acting on the hidden layer ``at`` (1, ..., H - 1)."""

    layers: tuple
    X: Matrix
    Y: Matrix
    at: int
    g: Matrix


@composed
def gauges(draw: Any) -> Gauge:
    """Two or three layers of widths 1 to 3; g = lower times upper triangular with diagonals 1, 2 or -1."""
    from hypothesis import strategies as st

    H, m = draw(st.integers(2, 3)), draw(st.integers(1, 2))
    d = draw(vectors(H + 1, st.integers(1, 3)))
    at = draw(st.integers(1, H - 1))
    n, few = d[at], st.sampled_from((1, 0, 2, -1))
    L, U = (rational(draw(matrices(n, n, few))) for _ in range(2))
    diagonal = rational(draw(vectors(n, st.sampled_from((1, 2, -1)))))
    g = rational((np.tril(L, -1) + np.eye(n, dtype=int)) @ (np.triu(U, 1) + np.diag(diagonal)))
    layers = tuple(draw(matrices(b, a)) for a, b in pairwise(d))
    return Gauge(layers, draw(matrices(d[0], m)), draw(matrices(d[-1], m)), at, exact_tuple(g))


def _check_gauge(case: Gauge, law: Callable[[np.ndarray], np.ndarray]) -> Verdict:
    W, g, k = [rational(w) for w in case.layers], rational(case.g), case.at
    net = DeepLinearNet((W[0].shape[1], *map(len, W)), case.X, case.Y)
    moved = [*W[: k - 1], g @ W[k - 1], W[k] @ law(g), *W[k + 1 :]]
    return verdict(net.loss(net.pack(*moved)) == net.loss(net.pack(*W)), detail="equal losses, exactly")


GAUGE = Claim(
    id="deep_linear.gauge",
    title="The loss is invariant under GL of each hidden layer",
    statement=r"For every hidden layer $i$ and invertible $g$: replacing $W_i, W_{i+1}$ by $gW_i, W_{i+1}g^{-1}$ "
    r"leaves the loss unchanged; with $g = \alpha I$ this is the lecture's $(\alpha W_1, \alpha^{-1}W_2)$. The "
    r"formula with $g^+$ fails in general when $g$ is singular.",
    source="golikov2019, Non-convex due to weight-space symmetries",
    case_type=Gauge,
    cases=gauges,
    law=pinv,
    check=_check_gauge,
    hypotheses=(Hypothesis("invertible", r"$\det g \ne 0$", lambda case: rank(rational(case.g)) == len(case.g)),),
    counterexamples=(
        Counterexample(
            "invertible", Gauge((((1,),), ((1,),)), ((1,),), ((0,),), 1, ((0,),)), "g = 0 forgets the product"
        ),
    ),
    false_laws={"W_{i+1} g": lambda g: g, "W_{i+1} g^T (true for rotations only)": lambda g: g.T},
    examples=(
        Gauge((((1,),), ((1,),)), ((1,),), ((0,),), 1, ((3,),)),
        Gauge((((1,),), ((2,),), ((1,),)), ((1,),), ((0,),), 2, ((-2,),)),
    ),
)

# -- the global minimum ----------------------------------------------------------------------------------------------


def _check_minimum(case: SpectralData, law: Callable[[SpectralData], Any]) -> Verdict:
    """The law is attained by a net and by its product, is the model's value, and no other point tried is below it."""
    net, k, value = case.net, case.bottleneck, law(case)
    s = case.singular_values
    best = case.critical_point(tuple(i for i in sorted(range(len(s)), key=lambda i: -s[i])[:k] if s[i] > 0))
    attained = net.loss(best) == case.shallow_loss(net.product(best)) == value == net.minimum_value()
    others = [net.loss(case.critical_point()), net.loss(case.numbers(net.dim))]
    U, V = case.numbers(k * net.widths[-1]).reshape(-1, k), case.numbers(k * net.widths[0]).reshape(k, -1)
    others.append(case.shallow_loss(U @ V))
    return verdict(
        attained and all(loss >= value for loss in others), detail="attained, and not undercut at other points, exactly"
    )


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
    statement=r"For all $X, Y$, $H \ge 2$ and widths with $k = \min_i d_i$: $\min_W L_{deep} = "
    r"\min_{\mathrm{rank}\,R \le k} \|Y - RX\|_F^2 = \|Y(I - X^+X)\|_F^2 + \sum_{i > k}\sigma_i^2$ with $\sigma_i$ "
    r"the singular values of $YX^+X$, attained by truncating the SVD of $YX^+X$.",
    source="golikov2019, Global minima are of the same value; eckartyoung1936, the theorem",
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
