"""Proposition 12.5 for every activation: errors multiplied by lambda give H_0 + lambda H_1 at the same theta."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.activations import Activation
from theory.claims.cases import Case
from theory.claims.claim import Claim, Verdict, verdict
from theory.models.shallow_net import ShallowNet


@dataclass(frozen=True)
class Sizes(Case):
    """Sizes of a net whose weights, data, errors and lambda are symbols and whose activation is any function s."""

    width: int
    inputs: int
    samples: int
    output_bias: bool


def _any_activation() -> tuple[Any, Activation]:
    """A function s known by its derivatives s', s'' alone, and the activation made of them."""
    import sympy

    class S2(sympy.Function):
        pass

    class S1(sympy.Function):
        def fdiff(self, argindex: int = 1) -> Any:
            return S2(*self.args)

    class S0(sympy.Function):
        def fdiff(self, argindex: int = 1) -> Any:
            return S1(*self.args)

    def jet(u: np.ndarray, order: int = 2) -> tuple[np.ndarray, ...]:
        return tuple(np.vectorize(f, otypes=[object])(u) for f in (S0, S1, S2)[: order + 1])

    return S0, Activation("any", jet, analytic=False)


def _letters(name: str, *shape: int) -> np.ndarray:
    import sympy

    names = [name + "_".join(map(str, i)) for i in np.ndindex(*shape)]
    return np.array([sympy.Symbol(n) for n in names], object).reshape(shape)


@dataclass(frozen=True)
class AtOne:
    """Loss, gradient and the parts of the Hessian for the errors e themselves."""

    loss: Any
    gradient: np.ndarray
    H0: np.ndarray
    H1: np.ndarray


Scaled = Callable[[AtOne, Any], tuple[Any, np.ndarray, np.ndarray]]


def _check_scaling(case: Sizes, law: Scaled) -> Verdict:
    """SymPy's derivatives of the literal risk, at targets that leave the errors lambda e, against the model's at e."""
    import sympy

    k, d, m = case.width, case.inputs, case.samples
    s, activation = _any_activation()
    W, b, a, X = _letters("W", k, d), _letters("b", k), _letters("a", k), _letters("x", d, m)
    e, y = _letters("e", m), _letters("y", m)
    factor, c = sympy.Symbol("lam"), _letters("c", 1)[: int(case.output_bias)]
    theta = np.concatenate([W.ravel(), b, a, c])
    f = [sum(a[j] * s(sum(W[j, q] * X[q, i] for q in range(d)) + b[j]) for j in range(k)) + sum(c) for i in range(m)]
    risk = sum((f[i] - y[i]) ** 2 for i in range(m)) / m
    targets = {y[i]: f[i] - factor * e[i] for i in range(m)}
    slope = [sympy.diff(risk, t) for t in theta]
    literal = (risk, slope, [[sympy.diff(g, t) for t in theta] for g in slope])
    net = ShallowNet(k, X, np.array([f[i] - e[i] for i in range(m)], object), activation, case.output_bias)
    said = law(AtOne(net.loss(theta), net.gradient(theta), *net.hessian_parts(theta)), factor)
    pairs = zip((np.array(v, object) for v in literal), said, strict=True)
    same = all(
        sympy.expand(p.subs(targets) - q) == 0 for u, v in pairs for p, q in zip(u.flat, np.ravel(v), strict=True)
    )
    return verdict(same, "proof", f"SymPy, {len(theta)} weights, s any function with two derivatives")


SCALING = Claim(
    id="hessian_index.scaling",
    title="Errors multiplied by lambda: H_0 + lambda H_1, and theta stays critical",
    statement=r"For every activation $\sigma$ with two derivatives, with or without output bias: if the targets are "
    r"changed so that the errors become $\lambda e$, the loss becomes $\lambda^2$ times, the gradient $\lambda$ times "
    r"what it is for $e$, and the Hessian $H_0 + \lambda H_1$, where $H_0$ does not change. So $\theta$ is critical "
    r"for all $\lambda \ne 0$ or for none.",
    source="petersenzech2024, Proposition 12.5 and section 12.3",
    case_type=Sizes,
    cases=(
        Sizes(1, 1, 1, True), Sizes(1, 1, 1, False), Sizes(1, 2, 2, True), Sizes(2, 1, 2, True), Sizes(2, 2, 1, False),
    ),
    sizes="width, inputs and samples <= 2",
    law=lambda at, factor: (factor**2 * at.loss, factor * at.gradient, at.H0 + factor * at.H1),
    check=_check_scaling,
    false_laws={
        "the Hessian scales as the gradient": lambda at, factor: (
            factor**2 * at.loss, factor * at.gradient, factor * (at.H0 + at.H1),
        ),
        "H_1 is quadratic in the errors": lambda at, factor: (
            factor**2 * at.loss, factor * at.gradient, at.H0 + factor**2 * at.H1,
        ),
        "the loss scales as the errors": lambda at, factor: (
            factor * at.loss, factor * at.gradient, at.H0 + factor * at.H1,
        ),
    },
    uses=("shallow_net.hessian_parts",),
)  # fmt: skip

CLAIMS = (SCALING,)
