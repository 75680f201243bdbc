"""Deep linear nets: the second variation, its blocks for one layer, orbits in its kernel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from theory.arithmetic import is_zero, rational, symbols
from theory.calculus.exact_linalg import null_space, rank
from theory.calculus.inertia import inertia
from theory.claims.cases import Case
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.linear_data import critical_points
from theory.claims.linear_points import LossPoint, at_point
from theory.critical.deep_linear.fibres import orbit_dimension
from theory.definitions import deep_linear as definition
from theory.models.deep_linear import DeepLinearNet

# -- the quadratic form ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Form(Case):
    """Layer widths and the number of samples; weights, directions and data are symbols."""

    widths: tuple
    m: int


def second_variation(net: DeepLinearNet, theta: np.ndarray, v: np.ndarray, cross: int = 4) -> Any:
    """2 ||sum_i A_i d_i B_i||^2 + 4 sum_{i > j} <E, A_i d_i C_ij d_j B_j>, the chains multiplied out literally."""
    W, D, X, Y = net.unpack(theta), net.unpack(v), np.asarray(net.X), np.asarray(net.Y)

    def chain(changed: tuple[int, ...]) -> np.ndarray:
        R = X
        for i, w in enumerate(W):
            R = (D[i] if i in changed else w) @ R
        return R

    H = range(len(W))
    first = sum((chain((i,)) for i in H[1:]), start=chain((0,)))
    E = chain(()) - Y
    second = sum(((E * chain((i, j))).sum() for i in H for j in range(i)), start=0 * theta[0])
    return (first * first).sum() * 2 + second * cross


def _check_form(case: Form, law: Callable[[DeepLinearNet, np.ndarray, np.ndarray], Any]) -> Verdict:
    """Against the second derivative of the definition in t at theta + t v, and the model's own Hessian."""
    d, m = case.widths, case.m
    n = sum(a * b for a, b in pairwise(d))
    theta, v, t, X, Y = symbols(w=n, v=n, t=1, x=(d[0], m), y=(d[-1], m))
    net = DeepLinearNet(d, X, Y)
    moved = definition.loss(d, X, Y, theta + v * t[0])
    expected = moved.diff(t[0]).diff(t[0]).subs(t[0], 0)
    same = law(net, theta, v) - expected == 0 and (net.hvp(theta, v) * v).sum() - expected == 0
    return verdict(same, "proof", f"zero polynomials in {2 * n} weights and directions")


FORM = Claim(
    id="deep_linear.quadratic_form",
    title="The second variation in closed form",
    statement=r"For all weights, directions and data, with $E = RX - Y$, $A_i = W_H \cdots W_{i+1}$, $B_j = W_{j-1} "
    r"\cdots W_1X$ and $C_{ij} = W_{i-1} \cdots W_{j+1}$: $v^T \nabla^2 L\,v = 2\|\sum_i A_i\delta_iB_i\|_F^2 + 4 "
    r"\sum_{i > j} \langle E, A_i\delta_iC_{ij}\delta_jB_j \rangle$.",
    source="own derivation",
    case_type=Form,
    cases=tuple(
        Form(d, 1)
        for d in ((1, 1), (2, 2), (1, 1, 1), (2, 1, 2), (2, 3, 2), (1, 1, 1, 1), (1, 2, 1, 2), (1, 1, 1, 1, 1))
    ),
    sizes="widths <= 3, depth <= 4, m = 1",
    law=second_variation,
    check=_check_form,
    false_laws={
        "the cross terms once": lambda net, theta, v: second_variation(net, theta, v, cross=2),
        "without cross terms": lambda net, theta, v: second_variation(net, theta, v, cross=0),
    },
    uses=("deep_linear.derivatives",),
)

# -- one layer at a time ---------------------------------------------------------------------------------------------


def _check_layers(case: LossPoint, law: Callable[[int, int, tuple[int, int]], int]) -> Verdict:
    """The inertia of each diagonal block, exactly: no negative eigenvalue, and so many positive ones."""
    net, theta = case.net, case.point
    W, X, H, start, right = net.unpack(theta), rational(case.X), net.hessian(theta), 0, True
    for i, w in enumerate(W):
        A, B = rational(np.eye(net.widths[-1], dtype=int)), X
        for v in reversed(W[i + 1 :]):
            A = A @ v
        for v in W[:i]:
            B = v @ B
        signs = inertia(H[start : start + w.size, start : start + w.size])
        right &= signs.negative == 0 and signs.positive == law(rank(A), rank(B), w.shape)
        start += w.size
    return verdict(bool(right), detail="exact inertia of the diagonal blocks")


LAYERS = Claim(
    id="deep_linear.convex_in_each_layer",
    title="Convex in each layer, strictly where both sides have full rank",
    statement=r"For all $X, Y$ and weights the loss is a convex quadratic function of each layer, and its second "
    r"derivative has rank $\mathrm{rank}(W_H \cdots W_{i+1})\,\mathrm{rank}(W_{i-1} \cdots W_1X)$ in $W_i$: strictly "
    r"convex iff these are $d_i$ and $d_{i-1}$.",
    source="baldihornik1989, Facts 1 and 2, in the form of",
    case_type=LossPoint,
    cases=lambda: critical_points(1, 2, 3)().map(at_point),
    law=lambda a, b, shape: a * b,
    check=_check_layers,
    false_laws={
        "always strictly convex": lambda a, b, shape: shape[0] * shape[1],
        "the smaller rank": lambda a, b, shape: min(a, b),
    },
    examples=(
        LossPoint((2, 2, 2), ((1, 0), (0, 1)), ((1, 0), (0, 1)), "squared", (1, 0, 0, 1, 1, 0, 0, 1)),
        LossPoint((1, 1, 1), ((1,),), ((1,),), "squared", (0, 0)),
    ),
    uses=("deep_linear.derivatives",),
)

# -- orbits ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OrbitLaw:
    """What is said of the orbit: whether H D = 0 for its tangent vectors D, and how many zero eigenvalues there are."""

    in_kernel: Callable[[bool], bool]
    zeros: Callable[[int], int]


def orbit_vectors(net: DeepLinearNet, theta: np.ndarray) -> list[np.ndarray]:
    """E_ab W_i, -W_{i+1} E_ab for all unit matrices of all hidden layers, literally."""
    W, out = net.unpack(theta), []
    for i in range(len(W) - 1):
        for a, b in np.ndindex(len(W[i]), len(W[i])):
            dW = [0 * w for w in W]
            dW[i][a] = W[i][b]
            dW[i + 1][:, b] = -W[i + 1][:, a]
            out.append(net.pack(*dW))
    return out


def _check_orbit(case: LossPoint, law: OrbitLaw) -> Verdict:
    """Literal tangent vectors, also of what X does not see in W_1, against the exact Hessian."""
    net, theta = case.net, case.point
    H, vectors = net.hessian(theta), orbit_vectors(net, theta)
    in_kernel = all(is_zero(H @ v).all() for v in vectors)
    unseen = null_space(rational(case.X).T)
    for z in unseen.T:
        dW = [0 * w for w in net.unpack(theta)]
        dW[0][0] = z
        in_kernel &= bool(is_zero(H @ net.pack(*dW)).all())
    dimension = rank(np.stack(vectors)) if vectors else 0
    enough = inertia(H).zero >= law.zeros(dimension) and dimension == orbit_dimension(net, theta)
    return verdict(in_kernel == law.in_kernel(True) and enough, detail="exact Hessian times exact tangent vectors")


def _is_critical(case: LossPoint) -> bool:
    return bool(is_zero(case.net.gradient(case.point)).all())


ORBIT = Claim(
    id="deep_linear.orbit_in_kernel",
    title="At critical points the orbit of GL lies in the kernel of the Hessian",
    statement=r"At every critical point the vectors $W_i \to \xi W_i$, $W_{i+1} \to -W_{i+1}\xi$, $\xi \in "
    r"\mathfrak{gl}(d_i)$, lie in the kernel of the Hessian, which therefore has at least as many zero eigenvalues as "
    r"the orbit has dimensions; so do the changes of $W_1$ that $X$ does not see.",
    source="own derivation",
    case_type=LossPoint,
    cases=lambda: critical_points(2, 3, saddles=True)().map(at_point),
    law=OrbitLaw(lambda always: True, lambda dimension: dimension),
    check=_check_orbit,
    hypotheses=(Hypothesis("critical", "the gradient vanishes", _is_critical),),
    counterexamples=(
        Counterexample(
            "critical", LossPoint((1, 1, 1), ((1,),), ((1,),), "squared", (1, 2)), "Hess D = -xi . grad != 0"
        ),
    ),
    false_laws={
        "never in the kernel": OrbitLaw(lambda always: False, lambda dimension: dimension),
        "one zero eigenvalue more": OrbitLaw(lambda always: True, lambda dimension: dimension + 1),
    },
    examples=(LossPoint((1, 1, 1), ((1,),), ((1,),), "squared", (1, 1)),),
    uses=("deep_linear.gauge",),
)

CLAIMS = (FORM, LAYERS, ORBIT)
