"""Deep linear nets under gradient flow and descent: what is conserved, and by how much a step misses it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from theory.arithmetic import is_zero, rational, symbols
from theory.claims.cases import Case, Matrix, composed, matrices, vectors
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.constructors import each
from theory.dynamics.conservation import drift, imbalance
from theory.dynamics.flow import gradient_descent
from theory.losses import Weighted
from theory.models.deep_linear import DeepLinearNet
from theory.models.matrix_chain import product


def net_with_gradient(widths: tuple, M: np.ndarray) -> DeepLinearNet:
    """A net whose f has gradient M (d_H, d_0) at the point in question: there every f looks like <M, R>."""

    def no_curvature(R: np.ndarray) -> np.ndarray:
        return 0 * np.multiply.outer(R.ravel(), R.ravel())

    return DeepLinearNet.of_product(widths, lambda R: (M * R).sum((-2, -1)), lambda R: M + 0 * R, no_curvature)


def literal_gradient(loss: Any, theta: np.ndarray) -> np.ndarray:
    """SymPy's derivatives of a ring element."""
    return np.array([loss.diff(x) for x in theta], object)


def derivative_along(a: np.ndarray, theta: np.ndarray, v: np.ndarray) -> np.ndarray:
    """The derivatives of ring elements a (...) along v (n,)."""
    return each(lambda x: sum(x.diff(t) * d for t, d in zip(theta, v, strict=True)), a)


# -- what is conserved -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Penalised(Case):
    """f(W_H ... W_1) + lam sum_i decays_i ||W_i||^2 with symbols for the weights, for grad f and for lam."""

    widths: tuple
    decays: tuple

    def terms(self) -> tuple[DeepLinearNet, np.ndarray, np.ndarray, Any]:
        """The net, its weights theta, the literal gradient of the penalised loss, and lam."""
        d = self.widths
        theta, M, lam = symbols(theta=sum(a * b for a, b in pairwise(d)), m=(d[-1], d[0]), lam=1)
        net = net_with_gradient(d, M)
        W = net.unpack(theta)
        penalty = sum(k * lam[0] * (w * w).sum() for k, w in zip(self.decays, W, strict=True))
        return net, theta, literal_gradient((M * product(W)).sum() + penalty, theta), lam[0]


SHAPES = ((1, 1, 1), (2, 2, 2), (1, 2, 1), (2, 1, 2), (3, 3, 3), (2, 2, 2, 2), (1, 2, 1, 3), (1, 1, 1, 1, 1))
SIZES = "widths <= 3, depth <= 4"


def _cases(decay: int) -> tuple[Penalised, ...]:
    return tuple(Penalised(widths, (decay,) * (len(widths) - 1)) for widths in SHAPES)


OF_PRODUCT = Hypothesis("product", "the loss is a function of the product alone", lambda case: not any(case.decays))
SEES_LAYERS = Counterexample("product", Penalised((1, 1, 1), (1, 0)), "a penalty on the first layer alone")


def _check_neighbours(case: Penalised, law: Callable[..., np.ndarray]) -> Verdict:
    net, theta, gradient, _ = case.terms()
    W, G = net.unpack(theta), net.unpack(gradient)
    own = any(case.decays) or is_zero(net.gradient(theta) - gradient).all()
    holds = all(is_zero(law(*pair)).all() for pair in zip(W, W[1:], G, G[1:], strict=False))
    return verdict(own and holds, "proof", f"zero polynomials in {net.dim} weights and the entries of grad f")


NEIGHBOURS = Claim(
    id="linear_dynamics.neighbour_gradients",
    title="Gradients of neighbouring layers are tied together",
    statement=r"For every differentiable $f$ of the product $W_H \cdots W_1$, at all weights and for $0 < i < H$: "
    r"$W_{i+1}^T G_{i+1} = G_i W_i^T$, where $G_i$ is the gradient in $W_i$.",
    source="arora2018, proof of Theorem 1, in the form of",
    case_type=Penalised,
    cases=_cases(0),
    sizes=SIZES,
    law=lambda W, V, G, K: V.T @ K - G @ W.T,
    check=_check_neighbours,
    hypotheses=(OF_PRODUCT,),
    counterexamples=(SEES_LAYERS,),
    false_laws={
        "with the other factor transposed": lambda W, V, G, K: V.T @ K - W @ G.T,
        "with the opposite sign": lambda W, V, G, K: V.T @ K + G @ W.T,
    },
    uses=("deep_linear.derivatives",),
)


def _check_balance(case: Penalised, law: Callable[..., Any]) -> Verdict:
    """The derivative of the conserved matrices along the literal flow."""
    net, theta, gradient, _ = case.terms()
    still = (is_zero(derivative_along(D, theta, -gradient)).all() for D in law(net, theta))
    return verdict(all(still), "proof", f"zero polynomials in {net.dim} weights and the entries of grad f")


BALANCE = Claim(
    id="linear_dynamics.balancedness",
    title="Gradient flow conserves the imbalance of neighbouring layers",
    statement=r"For every differentiable $f$ of the product, along $\dot W_i = -G_i$ each $D_i = W_{i+1}^TW_{i+1} - "
    r"W_iW_i^T$, $0 < i < H$, is constant: balanced layers ($D_i = 0$ for all $i$) stay balanced.",
    source="arora2018, proof of Theorem 1, in the form of",
    case_type=Penalised,
    cases=_cases(0),
    sizes=SIZES,
    law=imbalance,
    check=_check_balance,
    hypotheses=(OF_PRODUCT,),
    counterexamples=(SEES_LAYERS,),
    false_laws={
        "the sum instead of the difference": lambda net, theta: [
            V.T @ V + W @ W.T for W, V in pairwise(net.unpack(theta))
        ],
        "one Gram matrix alone": lambda net, theta: [W @ W.T for W in net.unpack(theta)[:-1]],
    },
    uses=("linear_dynamics.neighbour_gradients",),
)


def _check_decay(case: Penalised, law: Callable[[Any], Any]) -> Verdict:
    net, theta, gradient, lam = case.terms()
    rates = (is_zero(derivative_along(D, theta, -gradient) - D * law(lam)).all() for D in imbalance(net, theta))
    return verdict(all(rates), "proof", f"zero polynomials in {net.dim} weights, lam and the entries of grad f")


DECAY = Claim(
    id="linear_dynamics.weight_decay",
    title="Weight decay balances the layers at the rate 4 lambda",
    statement=r"Under gradient flow of $f(W_H \cdots W_1) + \lambda\sum_i\|W_i\|_F^2$ the imbalances obey $\dot D_i = "
    r"-4\lambda D_i$ at all weights, so that $D_i(t) = e^{-4\lambda t}D_i(0)$; for $\lambda \ne 0$ every critical "
    r"point is balanced.",
    source="own derivation",
    case_type=Penalised,
    cases=_cases(1),
    sizes=SIZES,
    law=lambda lam: -4 * lam,
    check=_check_decay,
    hypotheses=(Hypothesis("equal", "the same decay in every layer", lambda case: all(k == 1 for k in case.decays)),),
    counterexamples=(Counterexample("equal", Penalised((1, 1, 1), (1, 0)), "decay of the first layer alone"),),
    false_laws={
        "the rate of the weights themselves": lambda lam: -2 * lam,
        "conserved nevertheless": lambda lam: 0 * lam,
        "growing": lambda lam: 4 * lam,
    },
    uses=("linear_dynamics.balancedness",),
)

# -- one step of gradient descent ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fourth:
    """(f - y)^4."""

    name: ClassVar[str] = "fourth"
    smooth: ClassVar[bool] = True
    convex: ClassVar[bool] = True

    def value(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        return (f - y) ** 4

    def gradient(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        return 4 * (f - y) ** 3

    def hessian(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        return 12 * (f - y) ** 2


@dataclass(frozen=True)
class Step(Case):
    """One gradient step from rational layers, for a loss of the product and a weight decay."""

    layers: tuple
    X: Matrix
    Y: Matrix
    loss: str
    eta: Any
    decay: Any

    def net(self) -> DeepLinearNet:
        """Squared errors, weighted ones, absolute ones, or their fourth powers."""
        widths = (len(self.layers[0][0]), *map(len, self.layers))
        own = {"weighted": Weighted([[k + 1] for k in range(len(self.Y))]), "fourth": Fourth()}
        return DeepLinearNet(widths, self.X, self.Y, own.get(self.loss, self.loss))


@composed
def steps(draw: Any) -> Step:
    """Depth 2 and 3, widths 1 to 3, two samples; entries seldom 0, so that the gradient seldom is."""
    from hypothesis import strategies as st

    widths = draw(vectors(draw(st.sampled_from((2, 3))) + 1, st.sampled_from((2, 1, 3))))
    entries = st.sampled_from((1, -1, 2, Fraction(1, 2), -3, 0))
    layers = tuple(draw(matrices(b, a, entries)) for a, b in pairwise(widths))
    X, Y = (draw(matrices(d, 2, entries)) for d in (widths[0], widths[-1]))
    loss = draw(st.sampled_from(("squared", "weighted", "absolute", "fourth")))
    return Step(layers, X, Y, loss, draw(st.sampled_from((Fraction(1, 7), Fraction(3, 10), 1, 2))), 0)


def _check_drift(case: Step, law: Callable[..., Any]) -> Verdict:
    """The law against the imbalances before and after the step, literally."""
    net = case.net()
    before, after = gradient_descent(
        net, net.pack(*map(rational, case.layers)), case.eta, 1, decay=rational([case.decay])[0]
    )
    change = [
        (Q.T @ Q - P @ P.T) - (V.T @ V - W @ W.T)
        for (W, V), (P, Q) in zip(pairwise(net.unpack(before)), pairwise(net.unpack(after)), strict=True)
    ]
    said = law(net, before, case.eta)
    return verdict(
        all(is_zero(a - b).all() for a, b in zip(change, said, strict=True)), detail="imbalances before and after"
    )


def displayed_drift(power: int, sign: int = 1, last: int = 1) -> Callable[..., Any]:
    """eta^power (G_{i+1}^T G_{i+1} - last G_i G_i^T), up to the sign."""

    def law(net: DeepLinearNet, theta: np.ndarray, eta: Any) -> Any:
        rate = sign * rational([eta])[0] ** power
        return [rate * (K.T @ K - last * G @ G.T) for G, K in pairwise(net.unpack(net.gradient(theta)))]

    return law


def transposed_drift(net: DeepLinearNet, theta: np.ndarray, eta: Any) -> Any:
    """eta^2 (G_{i+1} G_{i+1}^T - G_i^T G_i), where these are matrices of one size."""
    if len(set(net.widths)) > 1:
        return drift(net, theta, eta)
    return [rational([eta])[0] ** 2 * (K @ K.T - G.T @ G) for G, K in pairwise(net.unpack(net.gradient(theta)))]


DRIFT = Claim(
    id="linear_dynamics.step_drift",
    title="A gradient step moves the imbalance by exactly its second order",
    statement=r"For every loss of the product and every rate $\eta$, one step $W_i - \eta G_i$ changes the imbalance "
    r"by $D_i^+ - D_i = \eta^2(G_{i+1}^TG_{i+1} - G_iG_i^T)$ exactly, without higher orders.",
    source="own derivation",
    case_type=Step,
    cases=steps,
    law=drift,
    check=_check_drift,
    hypotheses=(Hypothesis("product", "no weight decay", lambda case: case.decay == 0),),
    counterexamples=(
        Counterexample(
            "product", Step((((1,),), ((2,),)), ((1,),), ((0,),), "squared", 2, 1), "the decay moves it at first order"
        ),
    ),
    false_laws={
        "first order": displayed_drift(1),
        "the opposite sign": displayed_drift(2, -1),
        "the sum of the two": displayed_drift(2, 1, -1),
        "conserved, as by the flow": displayed_drift(2, 0),
        "the Gram matrices transposed, in square nets": transposed_drift,
    },
    examples=(
        Step((((1,),), ((2,),)), ((1,),), ((0,),), "squared", 2, 0),
        Step((((1, 2),), ((1,), (3,))), ((1, 0), (1, 1)), ((1, 2), (0, 1)), "weighted", 2, 0),
        Step((((1,),), ((2,),)), ((2,),), ((1,),), "fourth", 3, 0),
        Step((((1, 2), (0, 1)), ((1, 0), (1, 1))), ((1, 0), (1, 1)), ((1, 2), (0, 1)), "squared", 1, 0),
        Step((((1,),),), ((1,),), ((0,),), "squared", 1, 0),  # one layer, no imbalance
    ),
    uses=("linear_dynamics.neighbour_gradients",),
)

CLAIMS = (NEIGHBOURS, BALANCE, DECAY, DRIFT)
