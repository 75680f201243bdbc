"""Shallow nets: the two parts of the Hessian, and permutation of the neurons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.arithmetic import is_zero, rational, symbols
from theory.calculus.inertia import inertia
from theory.claims.cases import Case, Matrix, composed, matrices, rationals, vectors
from theory.claims.claim import Claim, Verdict, verdict
from theory.definitions import shallow_net as definition
from theory.models.shallow_net import ShallowNet

Parts = Callable[[ShallowNet, np.ndarray], tuple[np.ndarray, np.ndarray]]

# -- H = H_0 + H_1 ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sizes(Case):
    """Width, inputs and samples of a net whose weights and data are symbols."""

    width: int
    inputs: int
    samples: int
    activation: str


def _check_split(case: Sizes, law: Parts) -> Verdict:
    """Literally (12.3.2): both parts from SymPy's derivatives of Phi, and their sum the Hessian of the literal risk."""
    k, d, m = case.width, case.inputs, case.samples
    theta, X, y = symbols(theta=k * (d + 2) + 1, x=(d, m), y=m)
    two_over_m = theta[0].ring.domain(2, m)
    H0, H1 = 0, 0
    for i in range(m):
        phi = definition.output(theta, X[:, i], k, case.activation)
        J = np.array([phi.diff(t) for t in theta], object)
        H0 = H0 + np.outer(J, J) * two_over_m
        H1 = H1 + _second_derivatives(phi, theta) * ((phi - y[i]) * two_over_m)
    risk = _second_derivatives(definition.loss(k, X, y, theta, case.activation), theta)
    net = ShallowNet(k, X, y, case.activation)
    A, B = law(net, theta)
    same = all(is_zero(a - b).all() for a, b in ((A, H0), (B, H1), (A + B, risk), (net.hessian(theta), risk)))
    return verdict(same, "proof", f"zero polynomials in {len(theta)} weights and {(d + 1) * m} data symbols")


def _second_derivatives(f: Any, theta: np.ndarray) -> np.ndarray:
    gradient = [f.diff(t) for t in theta]
    return np.array([[g.diff(t) for t in theta] for g in gradient], object)


SPLIT = Claim(
    id="shallow_net.hessian_parts",
    title="The Hessian is a Gauss-Newton part plus a residual part",
    statement=r"$H = H_0 + H_1$ with $H_0 = \frac2m\sum_i J_iJ_i^T$, positive semidefinite and free of $y$, and $H_1 "
    r"= \frac2m\sum_i e_iD^2\Phi_\theta(x_i)$, symmetric and linear in $e$, for all weights and data; proved for the "
    r"polynomial activations $z^2$ and $z$.",
    source="petersenzech2024, Proposition 12.5",
    case_type=Sizes,
    cases=(
        Sizes(1, 1, 1, "square"),
        Sizes(1, 2, 2, "square"),
        Sizes(2, 1, 2, "square"),
        Sizes(2, 2, 1, "identity"),
        Sizes(2, 2, 2, "square"),
    ),
    sizes="width, inputs and samples <= 2, square and identity",
    law=lambda net, theta: net.hessian_parts(theta),
    check=_check_split,
    false_laws={
        "H_0 with 1/m": lambda net, theta: (
            net.hessian_parts(theta)[0] * theta[0].ring.domain(1, 2),
            net.hessian_parts(theta)[1],
        ),
        "the residual part with its sign reversed": lambda net, theta: (
            net.hessian_parts(theta)[0],
            -net.hessian_parts(theta)[1],
        ),
    },
)


@dataclass(frozen=True)
class Residuals(Case):
    """A net, weights, and two vectors of errors; the targets are y = f - e."""

    width: int
    activation: str
    X: Matrix
    theta: tuple
    e: tuple
    f: tuple

    def net(self, errors: Any) -> ShallowNet:
        """The net on the targets that leave these errors."""
        zero = ShallowNet(self.width, self.X, (0,) * len(self.e), self.activation)
        return ShallowNet(self.width, self.X, zero.outputs(rational(self.theta)) - rational(errors), self.activation)


@composed
def residuals(draw: Any) -> Residuals:
    """Widths 1, 2 with ReLU, square and identity; duplicate samples and zero errors among few values."""
    from hypothesis import strategies as st

    k, d, m = draw(st.integers(1, 2)), draw(st.integers(1, 2)), draw(st.integers(1, 3))
    theta = draw(vectors(k * (d + 2) + 1))
    activation = draw(st.sampled_from(("relu", "square", "identity")))
    return Residuals(k, activation, draw(matrices(d, m)), theta, draw(vectors(m)), draw(vectors(m)))


@dataclass(frozen=True)
class PartsLaw:
    """What is said of the inertia of H_0, and of H_1 at errors e, f and e + 2f."""

    semidefinite: Callable[[Any], bool]
    linear: Callable[[Any, Any, Any], Any]


def _check_parts(case: Residuals, law: PartsLaw) -> Verdict:
    theta, e, f = (rational(v) for v in (case.theta, case.e, case.f))
    (G, A), (G_f, B), (G_c, C) = (case.net(errors).hessian_parts(theta) for errors in (e, f, e + 2 * f))
    free = is_zero(G - G_f).all() and is_zero(G - G_c).all()
    linear = is_zero(law.linear(A, B, C)).all()
    return verdict(free and linear and law.semidefinite(inertia(G)), detail="inertia of H_0 and linearity, exactly")


PARTS = Claim(
    id="shallow_net.hessian_parts_signs",
    title="H_0 has no negative eigenvalue, H_1 is linear in the errors",
    statement=r"For fixed $\theta$ and $x$: $H_0 \succeq 0$ does not depend on the targets and $H_1(e + 2f) = H_1(e) "
    r"+ 2H_1(f)$, for ReLU, square and identity activations; at a kink of ReLU for the active pieces.",
    source="petersenzech2024, Proposition 12.5",
    case_type=Residuals,
    cases=residuals,
    law=PartsLaw(lambda signs: signs.negative == 0, lambda A, B, C: C - A - 2 * B),
    check=_check_parts,
    false_laws={
        "H_0 is definite": PartsLaw(lambda signs: signs.zero == 0, lambda A, B, C: C - A - 2 * B),
        "H_1 does not depend on e": PartsLaw(lambda signs: True, lambda A, B, C: C - A),
        "H_1 is quadratic in e": PartsLaw(lambda signs: True, lambda A, B, C: C - A - 4 * B),
    },
    examples=(Residuals(1, "square", ((1,),), (1, 0, 1, 0), (1,), (1,)),),
    uses=("shallow_net.hessian_parts",),
    deviations="The book asks that the risk be C^2; the formula needs that each output is.",
)

# -- permutations ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Neurons(Case):
    """A ReLU or square net of width 3 with a permutation of its neurons."""

    activation: str
    X: Matrix
    y: tuple
    theta: tuple
    order: tuple


@composed
def neurons(draw: Any) -> Neurons:
    """Up to 2 inputs and 3 samples; all six permutations."""
    from hypothesis import strategies as st

    d, m = draw(st.integers(1, 2)), draw(st.integers(1, 3))
    theta = draw(vectors(3 * (d + 2) + 1, rationals()))
    order = tuple(draw(st.permutations((0, 1, 2))))
    return Neurons(draw(st.sampled_from(("relu", "square"))), draw(matrices(d, m)), draw(vectors(m)), theta, order)


def _check_permutation(case: Neurons, law: Callable[..., tuple]) -> Verdict:
    net = ShallowNet(3, case.X, case.y, case.activation)
    theta = rational(case.theta)
    moved = net.pack(*law(*net.unpack(theta), list(case.order)))
    same_outputs = is_zero(net.outputs(moved) - net.outputs(theta)).all()
    return verdict(same_outputs and net.loss(moved) == net.loss(theta), detail="equal outputs and losses, exactly")


PERMUTATIONS = Claim(
    id="shallow_net.permutation_invariance",
    title="Permuting the neurons leaves the net and its loss unchanged",
    statement=r"For every permutation matrix $P$: $W^{(1)}P^T\sigma(PW^{(0)}x + Pb^{(0)}) + b^{(1)} = "
    r"W^{(1)}\sigma(W^{(0)}x + b^{(0)}) + b^{(1)}$ for all $x$, so the losses agree.",
    source="petersenzech2024, section 12.2",
    case_type=Neurons,
    cases=neurons,
    law=lambda W, b, a, c, p: (W[p], b[p], a[p], c),
    check=_check_permutation,
    false_laws={
        "without the output weights": lambda W, b, a, c, p: (W[p], b[p], a, c),
        "without the biases": lambda W, b, a, c, p: (W[p], b, a[p], c),
    },
    examples=(Neurons("relu", ((1, 2),), (0, 1), (1, 2, -1, 0, -1, 3, 1, 2, 1, 0), (1, 0, 2)),),
)

CLAIMS = (SPLIT, PARTS, PERMUTATIONS)
