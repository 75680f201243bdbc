"""Convexity and trainability: surfaces that are not convex and have no bad minimum."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from theory.arithmetic import is_zero, rational
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.linear_data import CriticalPoint, critical_points
from theory.models.deep_linear import DeepLinearNet


def bends_down(net: DeepLinearNet) -> bool:
    """Whether the Hessian is negative along (W_1, -W_2, 0, ...) at W_1 = c e_1 x^T, the other layers e_1 e_1^T.

    There the product is c e_1 x^T, and (1 - t^2) times that along the line: L'' = 4 <Y - RX, RX> < 0 for large c.
    """
    X, Y = np.asarray(net.X), np.asarray(net.Y)
    x = max(X.T, key=lambda column: (column * column).sum())
    output = (x @ X) @ Y[0]
    square = ((x @ X) ** 2).sum()
    layers = [rational(np.zeros(shape, int)) for _, shape in net.layout]
    for W in layers:
        W[0, 0] = rational([1])[0]
    layers[0][0] = x * (1 + abs(output) / square) if square != 0 else x
    theta = net.pack(*layers)
    v = net.pack(layers[0], -layers[1], *(0 * W for W in layers[2:])) if len(layers) > 1 else theta
    return bool(v @ net.hvp(theta, v) < 0)


def _check_arrow(case: CriticalPoint, law: Callable[[bool, bool], bool]) -> Verdict:
    """Convexity by one exact direction; a critical point that is no global minimum needs a negative eigenvalue."""
    net, theta = case.net, case.theta
    critical = bool(is_zero(net.gradient(theta)).all())
    stuck = net.loss(theta) != net.minimum_value() and case.signs.negative == 0
    return verdict(critical and law(not bends_down(net), stuck), detail="exact curvature, inertia and least value")


def _has_inputs(case: CriticalPoint) -> bool:
    return any(case.d)


ARROW = Claim(
    id="slice_arrows.nonconvex_without_bad_minima",
    title="Not convex, and no bad minimum to be stuck in",
    statement=r"For $H = 2$, all widths and data with $X \ne 0$: $\|Y - W_2W_1X\|_F^2$ is not convex, and yet no "
    "critical point but the global minima has a positive semidefinite Hessian: convexity is not needed for "
    "trainability in the sense that every local minimum is global and every saddle strict.",
    source="lerique2018, Visualizing the loss landscape of neural nets; own derivation",
    case_type=CriticalPoint,
    cases=critical_points(2),
    law=lambda convex, stuck: not convex and not stuck,
    check=_check_arrow,
    hypotheses=(
        Hypothesis("two layers", "$H = 2$", lambda case: len(case.widths) == 3),
        Hypothesis("inputs", r"$X \ne 0$", _has_inputs),
    ),
    counterexamples=(
        Counterexample(
            "two layers",
            CriticalPoint((1, 1, 1, 1), (1,), (1,), 0, (0,) * 8, (), (0, 0), 0),
            "H = 3: at the origin the Hessian vanishes, without a local minimum",
        ),
        Counterexample("inputs", CriticalPoint((1, 1, 1), (0,), (1,), 1, (0,) * 8, (), (0, 0), 0), "a constant loss"),
    ),
    false_laws={
        "trainable, hence convex": lambda convex, stuck: convex and not stuck,
        "not convex, hence stuck": lambda convex, stuck: not convex and stuck,
        "convex iff trainable": lambda convex, stuck: convex != stuck,
    },
    examples=(
        CriticalPoint((1, 1, 1), (1,), (1,), 0, (0,) * 8, (), (0, 0), 0),
        CriticalPoint((2, 1, 2), (1, 1), (2, 1), 1, (1,) * 8, (1,), (0, 0), 0),
    ),
    uses=("deep_linear.two_layers_strict", "deep_linear.local_minima_are_global", "deep_linear.not_convex_not_concave"),
    deviations="The slide draws an arrow, global loss landscape (convex or not) <-> trainability, as a question for "
    "experiments; read as an equivalence it is false.",
)

CLAIMS = (ARROW,)
