"""Proposition 12.5: what must be twice differentiable; and why a net with output bias has no local maxima."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from theory.arithmetic import arithmetic_of, is_zero, rational, sign, symbols
from theory.claims.cases import Case, Matrix
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.linear_data import Choose, chosen

# -- what has to be C^2 ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pieces(Case):
    """A net with a piecewise polynomial activation: relu, abs, square or identity."""

    activation: str
    width: int
    X: Matrix
    y: tuple
    theta: tuple
    output_bias: bool


SLOPES = {"relu": (0, 1), "abs": (-1, 1)}  # of the two pieces, below the kink and above


def nets(*biases: bool) -> Callable[[], Any]:
    """A callable that gives the strategy: up to 3 samples, all activations; kinks are met now and then."""
    few, weights = (0, 1, -1, 2, -3), (1, -2, Fraction(1, 2), Fraction(-2, 3), Fraction(3, 5), 3, 0, Fraction(-5, 3))

    def build(choose: Choose) -> Pieces:
        (k, d), m, bias = choose(((1, 1), (2, 1), (1, 2))), choose((1, 2, 3)), choose(biases)
        theta = tuple(choose(weights) for _ in range(k * (d + 2) + bias))
        X = tuple(tuple(choose(few) for _ in range(m)) for _ in range(d))
        return Pieces(
            choose(("abs", "relu", "square", "identity")), k, X, tuple(choose(few) for _ in X[0]), theta, bias
        )

    return lambda: chosen(build)


def _preactivations(case: Pieces) -> np.ndarray:
    """u_ji (k, m) by the definition."""
    k, d, theta, X = case.width, len(case.X), rational(case.theta), rational(case.X)
    return theta[: k * d].reshape(k, d) @ X + theta[k * d : k * d + k, None]


def outputs_are_smooth(case: Pieces) -> bool:
    """Whether no a_j s(u_ji) meets a kink: where one does, a_j s(u_ji) is not C^1 nearby, since a_j moves too."""
    return case.activation not in SLOPES or not is_zero(_preactivations(case)).any()


def _outputs(case: Pieces) -> list[list[Any]]:
    """The outputs f(x_i) at theta + d as polynomials in d, for every choice of pieces at the kinks that theta meets."""
    k, d, m = case.width, len(case.X), len(case.y)
    steps = symbols(d=len(case.theta))
    theta = steps + arithmetic_of(steps).convert(rational(case.theta))
    X, u = arithmetic_of(theta).convert(rational(case.X)), _preactivations(case)
    kinks = sorted({(j, tuple(map(str, rational(case.X)[:, i]))) for j, i in zip(*np.nonzero(u == 0), strict=True)})
    kinks = kinks if case.activation in SLOPES else []
    found = []
    for choice in product((0, 1), repeat=len(kinks)):
        at_kink, f = dict(zip(kinks, choice, strict=True)), []
        for i in range(m):
            total = theta[-1] if case.output_bias else 0 * theta[0]
            for j in range(k):
                z = sum((theta[j * d + q] * X[q, i] for q in range(d)), start=theta[k * d + j])
                if case.activation in SLOPES:
                    key = (j, tuple(map(str, rational(case.X)[:, i])))
                    side = at_kink[key] if u[j, i] == 0 else int(u[j, i] > 0)
                    z = SLOPES[case.activation][side] * z
                total = total + theta[k * d + k + j] * (z * z if case.activation == "square" else z)
            f.append(total)
        found.append(f)
    return found


Formula = Callable[[np.ndarray, np.ndarray, np.ndarray, Any], np.ndarray]


def _jet(p: Any) -> tuple[Any, np.ndarray, np.ndarray]:
    """Value, gradient and second derivatives at d = 0 of a polynomial in d: its coefficients up to degree two."""
    n, zero = p.ring.ngens, p.ring.domain(0)
    unit = np.eye(n, dtype=int)

    def coefficient(monomial: np.ndarray) -> Any:
        return p.get(tuple(monomial.tolist()), zero)

    slopes = np.array([coefficient(row) for row in unit], object)
    upper = {(i, j): coefficient(unit[i] + unit[j]) * (1 + (i == j)) for i in range(n) for j in range(i, n)}
    second = [[upper[min(i, j), max(i, j)] for j in range(n)] for i in range(n)]
    return coefficient(0 * unit[0]), slopes, np.array(second, object)


def _check_outputs(case: Pieces, law: Formula) -> Verdict:
    """J_i and D^2 f(x_i) are the same on all pieces, so they exist; the law is the second derivative of the risk."""
    choices = _outputs(case)
    ring, m = choices[0][0].ring, len(case.y)
    jets = [[_jet(g) for g in f] for f in choices]
    different = len({str(jet) for jet in jets})
    if different > 1:
        return verdict(False, detail=f"the outputs have no derivatives there: {different} different ones meet, exactly")
    values, J, D2 = (np.array(part, object) for part in zip(*jets[0], strict=True))
    y = np.array([ring.domain(int(t.p), int(t.q)) for t in rational(case.y)], object)
    risk = sum((g - t) ** 2 for g, t in zip(choices[0], y, strict=True)) * ring.domain(1, m)
    same = (law(J, D2, values - y, ring.domain(2, m)) == _jet(risk)[2]).all()
    return verdict(bool(same), detail="second derivatives of the polynomial pieces, exactly")


def printed_formula(J: np.ndarray, D2: np.ndarray, e: np.ndarray, scale: Any) -> np.ndarray:
    """(12.3.2): (2/m) sum_i (J_i J_i^T + e_i D^2 f(x_i))."""
    return sum((np.outer(J[i], J[i]) + e[i] * D2[i] for i in range(len(e))), start=0 * D2[0]) * scale


# a|wx + b| on two equal inputs with targets 1 and -1, at the kink: the loss is a^2 (w + b)^2 + 1.
_TWICE_THE_SAME = Pieces("abs", 1, ((1, 1),), (1, -1), (1, -1, 2), False)

OUTPUTS = Claim(
    id="hessian_index.outputs",
    title="Proposition 12.5: the Hessian of the risk splits where the outputs are twice differentiable",
    statement=r"If near $\theta$ every output $\theta \mapsto \Phi_\theta(x_i)$ is $C^2$, then $H_0 = \frac2m\sum_i "
    r"J_iJ_i^T$ and $H_1 = \frac2m\sum_i e_iD^2\Phi_\theta(x_i)$ exist at $\theta$, and $H = H_0 + H_1$.",
    source="petersenzech2024, Proposition 12.5, with the hypothesis on the outputs",
    case_type=Pieces,
    cases=nets(True, False),
    law=printed_formula,
    check=_check_outputs,
    hypotheses=(Hypothesis("outputs", r"the outputs are $C^2$ near $\theta$", outputs_are_smooth),),
    counterexamples=(
        Counterexample("outputs", _TWICE_THE_SAME, "the derivatives of a|w + b| from the two sides are opposite"),
    ),
    false_laws={
        "the Gauss-Newton part alone": lambda J, D2, e, scale: printed_formula(J, D2, 0 * e, scale),
        "the residual part with the opposite sign": lambda J, D2, e, scale: printed_formula(J, D2, -e, scale),
        "the residual part without 2/m": lambda J, D2, e, scale: (
            printed_formula(J, 0 * D2, e, scale) + sum(e[i] * D2[i] for i in range(len(e)))
        ),
    },
    examples=(
        Pieces("square", 1, ((1, 2, 0),), (3, 0, 1), (1, 1, 2, 0), True),
        Pieces("abs", 1, ((1, 2, -1),), (1, 0, 2), (1, 1, 2), False),
    ),
    uses=("shallow_net.hessian_parts",),
    deviations="The book asks that the risk be C^2. Without output bias that is less: the counterexample has the risk "
    "a^2 (w + b)^2 + 1. With one, as in Definition 12.1, that risk has a kink, and no such net is known to us.",
)

# -- no maxima ---------------------------------------------------------------------------------------------------------


def _check_maxima(case: Pieces, law: Callable[[Any], Any]) -> Verdict:
    """The loss at theta and at theta + t, theta - t along the last weight (c, if there is one), from the definition."""
    net_loss = _literal_loss(case)
    base, steps = net_loss(0), rational([1, "1/3", "1/1000"])
    same = all(net_loss(t) + net_loss(-t) - 2 * base == law(t) for t in steps)
    return verdict(bool(same), detail="losses at three distances, exactly")


def _literal_loss(case: Pieces) -> Callable[[Any], Any]:
    """The loss as a function of a shift of the last weight."""
    k, y = case.width, rational(case.y)
    u, theta = _preactivations(case), rational(case.theta)
    if case.activation in SLOPES:
        below, above = SLOPES[case.activation]
        positive = rational((sign(u) > 0).astype(int))
        s = u * (positive * above + (1 - positive) * below)
    else:
        s = u * u if case.activation == "square" else u
    first = k * (len(case.X) + 1)

    def loss(shift: Any) -> Any:
        moved = theta.copy()
        moved[-1] = moved[-1] + shift
        f = moved[first : first + k] @ s + (moved[-1] if case.output_bias else 0)
        return ((f - y) * (f - y)).sum() * rational([1])[0] / len(y)

    return loss


MAXIMA = Claim(
    id="hessian_index.no_maxima",
    title="With an output bias there are no local maxima",
    statement=r"With an output bias $c$, at every $\theta$ and for every activation: the mean of the losses at $c + t$ "
    r"and $c - t$ exceeds that at $c$ by $t^2$. So no $\theta$ is a local maximum, and a critical point whose Hessian "
    r"has a negative eigenvalue is a saddle.",
    source="own derivation",
    case_type=Pieces,
    cases=nets(True),
    law=lambda t: 2 * t * t,
    check=_check_maxima,
    hypotheses=(Hypothesis("output bias", "$c$ is a parameter", lambda case: case.output_bias),),
    counterexamples=(
        Counterexample(
            "output bias",
            Pieces("square", 1, ((1,),), (1,), (0, 0, 1), False),
            "at w = b = 0, a = 1 the loss (a(w + b)^2 - 1)^2 <= 1 nearby is a local maximum, and constant along a",
        ),
    ),
    false_laws={"half of it": lambda t: t * t, "linear in t": lambda t: 2 * t, "none": lambda t: 0 * t},
    examples=(
        Pieces("relu", 1, ((0, 1),), (0, 1), (1, 0, 1, 0), True),
        Pieces("square", 2, ((1, 2),), (3, -1), (1, 1, 2, 0, 1, -1, 0), True),
    ),
    deviations="The book has 'either a saddle point or a maximum'. Its 'saddle points are critical points at which the "
    "loss decreases in one direction' describes maxima too; with the output bias of Definition 12.1 there are none.",
)

CLAIMS = (OUTPUTS, MAXIMA)
