"""Chapter 12: rescaling a ReLU neuron makes minima flat in one direction and as sharp as you like in the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory.arithmetic import is_zero, rational
from theory.claims.cases import Case, Matrix
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.linear_data import Choose, chosen
from theory.models.relu_neuron import ReluNeuron

FEW = (0, 1, -1, 2, -2, 3, -3)

# -- ReLU minima are never strict --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Neuron(Case):
    """Weights (w, b, a) of one ReLU neuron in a net with other neurons, and whether its a is a parameter."""

    X: Matrix
    y: tuple
    w: tuple
    b: Any
    a: Any
    output_weight: bool


def neurons() -> Any:
    """One or two inputs; zeros are frequent, also all of them at once."""

    def build(choose: Choose) -> Neuron:
        d, m, few = choose((1, 2)), choose((1, 2, 3)), choose(((0,), (0, 0, 1, -1), FEW))
        X = tuple(tuple(choose(FEW) for _ in range(m)) for _ in range(d))
        y, w = tuple(choose(FEW) for _ in range(m)), tuple(choose(few) for _ in range(d))
        return Neuron(X, y, w, choose(few), choose(few), True)

    return chosen(build)


Motion = Callable[[Any, Any, Any, Any], tuple[Any, Any, Any]]


def _check_motion(case: Neuron, law: Motion) -> Verdict:
    """theta(t) from the law: theta(1) = theta, elsewhere another point, and the same loss at each of five t > 0."""
    model = ReluNeuron(case.X, case.y, output_weight=case.output_weight, bias=True)
    w, b, a = rational(case.w), rational([case.b])[0], rational([case.a])[0]
    points = []
    for t in rational(["1/2", "9/10", 1, "11/10", 3]):
        moved, shift, scale = law(w, b, a, t)
        points.append([*moved, shift, *[scale][: case.output_weight]])
    theta = np.array(points, object)
    same = (model.loss(theta) == model.loss(theta[2])).all() and (theta[2][: len(w)] == w).all()
    moves = all((p != theta[2]).any() for i, p in enumerate(theta) if i != 2)
    return verdict(bool(same and moves), detail="losses along the curve, exactly")


def _along_the_fibre(w: Any, b: Any, a: Any, t: Any) -> tuple[Any, Any, Any]:
    """(t w, t b, a/t); where all weights vanish, w moves at a = 0."""
    if is_zero(np.array([*w, b, a], object)).all():
        return w + t - 1, b, a
    return t * w, t * b, a / t


NOT_STRICT = Claim(
    id="shallow_relu.minima_not_strict",
    title="No minimum of a ReLU net with output weights is strict",
    statement=r"Every $\theta$ of a net with a ReLU neuron $a\,\mathrm{relu}(w \cdot x + b)$ lies on a curve of other "
    r"weights with the same loss: $(tw, tb, a/t)$, $t > 0$, or, if $w = b = a = 0$, $w$ moves at $a = 0$. So no local "
    r"minimum is strict, and a net that has a global minimum has infinitely many.",
    source="own derivation",
    case_type=Neuron,
    cases=neurons,
    law=_along_the_fibre,
    check=_check_motion,
    hypotheses=(Hypothesis("output weight", "$a$ is a parameter", lambda case: case.output_weight),),
    counterexamples=(
        Counterexample(
            "output weight", Neuron(((1, 2),), (1, 2), (1,), 0, 1, False), "the minimum w = 1, b = 0 is strict"
        ),
    ),
    false_laws={
        "rescaling suffices where all weights vanish": lambda w, b, a, t: (t * w, t * b, a / t),
        "the bias stays": lambda w, b, a, t: (t * w, b, a / t),
        "the output weight grows too": lambda w, b, a, t: (t * w, t * b, t * a),
    },
    examples=(Neuron(((1, 2),), (1, 0), (1,), 1, 2, True), Neuron(((1, 2),), (1, 0), (0,), 0, 0, True)),
)

# -- the width of a minimum ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rescaled(Case):
    """The neuron a relu(w x) at (w, a) = (t, 1/t), fitted to y = relu(x)."""

    x: tuple
    t: Any


def rescaled() -> Any:
    """One to three samples, one of them positive; t from 1/4 to 4."""

    def build(choose: Choose) -> Rescaled:
        x = (choose((1, 2, 3)), *(choose((-2, -1, 0, 1, 2)) for _ in range(choose((0, 1, 2)))))
        return Rescaled(x, choose((1, 2, 3, 4, Fraction(1, 2), Fraction(1, 4), Fraction(3, 2))))

    return chosen(build)


def _check_width(case: Rescaled, law: Callable[[Any, Any], Any]) -> Verdict:
    y = tuple(max(s, 0) for s in case.x)
    model, t = ReluNeuron([case.x], y, output_weight=True), rational([case.t])[0]
    theta = rational([t, 1 / t])
    moment = rational([Fraction(2 * sum(s * s for s in y), len(y))])[0]
    same = model.loss(theta) == 0 and is_zero(model.outputs(theta) - model.outputs(rational([1, 1]))).all()
    return verdict(
        bool(same) and np.trace(model.hessian(theta)) == law(t, moment), detail="trace of the Hessian, exactly"
    )


WIDTH = Claim(
    id="shallow_relu.width_is_not_invariant",
    title="The width of a minimum depends on the parametrisation of one and the same network",
    statement=r"For $a\,\mathrm{relu}(wx)$ fitted to $y = \mathrm{relu}(x)$ all $(w, a) = (t, 1/t)$, $t > 0$, are the "
    r"same function and global minima; the trace of the Hessian is $\frac2m\sum_{x_i > 0}x_i^2\,(t^2 + t^{-2})$, which "
    r"takes arbitrarily large values.",
    source="own derivation",
    case_type=Rescaled,
    cases=rescaled,
    law=lambda t, moment: moment * (t * t + 1 / (t * t)),
    check=_check_width,
    false_laws={
        "invariant": lambda t, moment: 2 * moment,
        "linear in t": lambda t, moment: moment * (t + 1 / t),
    },
    examples=(Rescaled((1,), 2), Rescaled((1, -1, 2), Fraction(1, 2)), Rescaled((1,), 1)),
    deviations="The remarks on sharp and wide minima at the end of the chapter need a normalisation.",
)

CLAIMS = (NOT_STRICT, WIDTH)
