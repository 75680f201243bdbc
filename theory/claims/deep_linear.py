"""Deep linear nets: derivatives, symmetry, the origin, the global minimum, strict and non-strict saddles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.arithmetic import is_zero, rational, symbols
from theory.calculus.exact_linalg import pinv, rank
from theory.calculus.inertia import inertia
from theory.claims.cases import Case, Matrix, composed, matrices, vectors
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, erratum, verdict
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
    n = sum(a * b for a, b in zip(d[:-1], d[1:], strict=True))
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
    S = net.X @ net.X.T
    return net.gradient(theta), 2 * (J.T @ np.kron(np.eye(net.widths[-1], dtype=int), S) @ J)


DERIVATIVES = Claim(
    id="deep_linear.derivatives",
    title="Gradient and Hessian blocks in closed form",
    statement=r"With $M = 2(RX - Y)X^T$, $A_i = W_H \cdots W_{i+1}$, $B_i = W_{i-1} \cdots W_1$ and $S = XX^T$: "
    r"$\nabla_i L = A_i^T M B_i^T$, and for $i \ge j$ the Hessian block is $2(A_i^T A_j)_{pp'}(B_i S B_j^T)_{qq'}$ plus, "
    r"for $i > j$, $(A_i^T M B_j^T)_{pq'}(W_{i-1} \cdots W_{j+1})_{qp'}$, for all weights and data.",
    source="own derivation",
    case_type=Sizes,
    cases=(
        Sizes((1, 1), 1),
        Sizes((2, 2), 2),
        Sizes((1, 1, 1), 2),
        Sizes((2, 1, 2), 1),
        Sizes((2, 2, 2), 1),
        Sizes((1, 2, 1, 2), 1),
        Sizes((1, 1, 1, 1, 1), 1),
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
    return verdict(net.loss(net.pack(g @ W1, W2 @ law(g))) == net.loss(net.pack(W1, W2)), detail="equal losses, exactly")


GAUGE = Claim(
    id="deep_linear.gauge",
    title="The loss is invariant under GL of each hidden layer",
    statement=r"For every invertible $g$: $L(gW_1, W_2g^{-1}) = L(W_1, W_2)$; with $g = \alpha I$ this is the lecture's "
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

# -- the origin ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Origin(Case):
    """A net to be looked at around W = 0."""

    widths: tuple
    X: Matrix
    Y: Matrix


def origins(*depths: int) -> Callable[[], Any]:
    """Widths 1 to 3; few small values, so that orthogonal data (YX^T = 0) are frequent."""

    @composed
    def cases(draw: Any) -> Origin:
        """Random sizes and small integer data."""
        from hypothesis import strategies as st

        widths = draw(vectors(1 + draw(st.sampled_from(depths)), st.integers(1, 3)))
        m = draw(st.integers(1, 3))
        entries = st.sampled_from((0, 1, -1, 2))
        return Origin(widths, draw(matrices(widths[0], m, entries)), draw(matrices(widths[-1], m, entries)))

    return cases


def _correlated(case: Origin) -> bool:
    return not is_zero(rational(case.Y) @ rational(case.X).T).all()


def _net(case: Origin) -> DeepLinearNet:
    return DeepLinearNet(case.widths, case.X, case.Y)


def ray(net: DeepLinearNet, sign: int) -> np.ndarray:
    """A direction v with W_H ... W_1 = t^H e f^T along t v, and <YX^T, e f^T> of the stated sign (if YX^T != 0).

    Along it L(t v) = L(0) - 2 t^H <YX^T, e f^T> + t^{2H} |f^T X|^2: a polynomial whose leading term at 0 is known.
    """
    P = net.Y @ net.X.T
    e, f = np.unravel_index(next((k for k, x in enumerate(P.flat) if x != 0), 0), P.shape)
    layers = [rational(np.zeros(shape, int)) for _, shape in net.layout]
    for i, W in enumerate(layers):
        W[e if i == net.depth - 1 else 0, f if i == 0 else 0] = rational([1])[0]
    layers[0] = layers[0] * rational([sign if P[e, f] > 0 else -sign])[0]
    return net.pack(*layers)


def _takes(net: DeepLinearNet, sign: int) -> bool:
    """Whether L(t v) < L(0) (sign 1) or > L(0) (sign -1) for arbitrarily small t > 0 along ``ray``, decided exactly.

    L(t v) - L(0) = a t^H + b t^{2H}, so its sign for small t is that of a, or of b if a = 0; two values give a and b.
    """
    v, H = ray(net, sign), net.depth
    half = rational(["1/2"])[0]
    one, less = (net.loss(t * v) - net.loss(0 * v) for t in (rational([1])[0], half))
    a = (less - one * half ** (2 * H)) * 1 / (half**H - half ** (2 * H))
    leading = a if a != 0 else one - a
    return leading < 0 if sign > 0 else leading > 0


@dataclass(frozen=True)
class OriginLaw:
    """What is said of the critical point W = 0: whether its Hessian vanishes (from the depth), and whether it is a saddle."""

    hessian_vanishes: Callable[[int], bool]
    saddle: Callable[[bool], bool]


def _check_origin(case: Origin, law: OriginLaw) -> Verdict:
    net = _net(case)
    zero = rational(np.zeros(net.dim, int))
    critical, flat = (is_zero(d(zero)).all() for d in (net.gradient, net.hessian))
    correlated = _correlated(case)
    saddle = correlated and _takes(net, 1) and _takes(net, -1)
    minimum = net.loss(zero) == net.minimum_value()
    derivatives = critical and flat >= law.hessian_vanishes(net.depth)
    agrees = saddle == law.saddle(correlated) and saddle != minimum
    return verdict(derivatives and agrees, detail="descent and ascent curve, or the minimum attained, exactly")


ORIGIN_LAW = OriginLaw(lambda H: H >= 3, lambda correlated: correlated)

ORIGIN = Claim(
    id="deep_linear.origin",
    title="The origin: critical, flat, and a saddle iff the data are correlated",
    statement=r"For $H \ge 2$ the gradient vanishes at $W = 0$, for $H \ge 3$ the Hessian too; $W = 0$ is a saddle iff "
    r"$YX^T \ne 0$, and a global minimum otherwise.",
    source="golikov2019, Non-convex due to weight-space symmetries",
    case_type=Origin,
    cases=origins(2, 3, 4, 1),
    law=ORIGIN_LAW,
    check=_check_origin,
    hypotheses=(Hypothesis("depth", r"$H \ge 2$", lambda case: len(case.widths) >= 3),),
    counterexamples=(
        Counterexample("depth", Origin((1, 1), ((1,),), ((1,),)), "H = 1: the origin is not critical"),
    ),
    false_laws={
        "the Hessian vanishes for H = 2 as well": OriginLaw(lambda H: H >= 2, lambda c: c),
        "always a saddle": OriginLaw(lambda H: H >= 3, lambda c: True),
        "never a saddle": OriginLaw(lambda H: H >= 3, lambda c: False),
    },
    deviations="The lecture omits YX^T != 0; see deep_linear.origin_always_saddle.",
)

ORIGIN_ERRATUM = erratum(
    "deep_linear.origin_always_saddle",
    "The origin is not always a saddle",
    statement=r"Printed: $(\mathbf 0, \dots, \mathbf 0)$ is a saddle point of $\|Y - W_H \cdots W_1X\|_F^2$.",
    source="golikov2019, Non-convex due to weight-space symmetries",
    corrects=ORIGIN,
    printed=OriginLaw(lambda H: H >= 3, lambda correlated: True),
    witness=Origin((1, 1, 1), ((1, 1),), ((1, -1),)),
    hypotheses=(Hypothesis("depth", r"$H \ge 2$", lambda case: len(case.widths) >= 3),),
    deviations="For X = (1, 1), Y = (1, -1) the targets are orthogonal to the inputs and W = 0 is a global minimum.",
)

# -- the global minimum ----------------------------------------------------------------------------------------------


def _check_minimum(case: SpectralData, law: Callable[[SpectralData], Any]) -> Verdict:
    """The law against the model's minimum (eigenvalues of Sigma), a point that attains it, and a point that cannot beat it."""
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
    r"\|Y - RX\|_F^2 = \|Y(I - X^+X)\|_F^2 + \sum_{i > k}\sigma_i^2$ with $\sigma_i$ the singular values of $YX^+X$, attained "
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
    deviations="The lecture states equality of the minima; the value and Y X^+ X (not Y X^+) are Eckart-Young in the inputs' norm.",
)

# -- saddles ---------------------------------------------------------------------------------------------------------


def _check_strict(case: SpectralData, law: Callable[[Any, bool], bool]) -> Verdict:
    net, theta = case.net(), case.critical_point()
    critical = is_zero(net.gradient(theta)).all()
    is_global = net.loss(theta) == net.minimum_value()
    return verdict(critical and law(inertia(net.hessian(theta)), is_global), detail="exact inertia at exact critical points")


STRICT = Claim(
    id="deep_linear.two_layers_strict",
    title="Two layers: every saddle is strict",
    statement=r"For $H = 2$ and all $X, Y$ and widths: the Hessian at every critical point that is not a global minimum has a "
    r"negative eigenvalue, and at a global minimum it has none. Checked on the critical points with product "
    r"$U_SU_S^TYX^+$ and vanishing free blocks, in random gauges.",
    source="baldihornik1989, Fact 4; without hypotheses on the data: own derivation",
    case_type=SpectralData,
    cases=spectral_data(2, 2, 2, 3),
    law=lambda signs, is_global: (signs.negative == 0) == is_global,
    check=_check_strict,
    hypotheses=(Hypothesis("two layers", "$H = 2$", lambda case: len(case.widths) == 3),),
    counterexamples=(
        Counterexample(
            "two layers",
            SpectralData((1, 1, 1, 1), (1,), (1,), 0, (0,) * 8, (), (0, 0)),
            "H = 3: the Hessian at the origin vanishes",
        ),
    ),
    false_laws={
        "a negative eigenvalue everywhere": lambda signs, is_global: signs.negative > 0,
        "two negative eigenvalues at every saddle": lambda signs, is_global: is_global or signs.negative >= 2,
        "no zero eigenvalues": lambda signs, is_global: signs.zero == 0,
    },
    uses=("deep_linear.minimum", "deep_linear.derivatives"),
)


def _check_bad_saddle(case: Origin, law: Callable[[bool, bool, bool], bool]) -> Verdict:
    net = _net(case)
    zero = rational(np.zeros(net.dim, int))
    flat = is_zero(net.gradient(zero)).all() and is_zero(net.hessian(zero)).all()
    return verdict(law(bool(flat), _takes(net, 1), _takes(net, -1)), detail="zero Hessian, and exact curves down and up")


BAD_SADDLES = Claim(
    id="deep_linear.bad_saddles",
    title="Non-strict saddles exist for three and more layers",
    statement=r"For $H \ge 3$ and $YX^T \ne 0$ the origin is a critical point with zero Hessian that is neither a local minimum "
    r"nor a local maximum: $L$ falls along one curve and rises along another.",
    source="kawaguchi2016, Theorem 2.3",
    case_type=Origin,
    cases=origins(3, 4, 3, 4, 3, 2),
    law=lambda flat, down, up: flat and down and up,
    check=_check_bad_saddle,
    hypotheses=(
        Hypothesis("depth", r"$H \ge 3$", lambda case: len(case.widths) >= 4),
        Hypothesis("correlated", r"$YX^T \ne 0$", _correlated),
    ),
    counterexamples=(
        Counterexample("depth", Origin((1, 1, 1), ((1,),), ((1,),)), "H = 2: the Hessian at 0 is not zero"),
        Counterexample("correlated", Origin((1, 1, 1, 1), ((1,),), ((0,),)), "Y = 0: the origin is a global minimum"),
    ),
    false_laws={
        "the Hessian does not vanish": lambda flat, down, up: not flat and down and up,
        "no curve goes down": lambda flat, down, up: flat and not down and up,
    },
    uses=("deep_linear.origin", "deep_linear.derivatives"),
    deviations="Stated with YX^T != 0, without which no bad saddle exists; no other hypothesis on the data is needed.",
)

CLAIMS = (DERIVATIVES, GAUGE, ORIGIN, ORIGIN_ERRATUM, MINIMUM, STRICT, BAD_SADDLES)

