"""XOR and ReLU: one neuron does no better than 1/6, and with two the minima of value 1/6 lie in no spurious valley."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import combinations, pairwise
from typing import Any

import numpy as np

from theory.arithmetic import is_zero, rational
from theory.calculus.cones import cells
from theory.calculus.exact_linalg import null_space, pinv
from theory.claims.cases import Case, Matrix
from theory.claims.claim import Claim, Verdict, verdict
from theory.claims.linear_data import Choose, chosen
from theory.critical.shallow_relu import differentiable_minima
from theory.models.shallow_net import ShallowNet

CORNERS, LABELS = ((0, 0, 1, 1), (0, 1, 0, 1)), (0, 1, 1, 0)
NET = ShallowNet(2, CORNERS, LABELS, "relu")
SIXTH = rational(["1/6"])[0]
ALONE = (
    (-2, -2, 1),
    (-2, 2, -1),
    (2, -2, -1),
    (2, 2, -3),
)  # (w, b) with w.x + b = 1 at this corner, negative at others


# -- one neuron ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OneNeuron(Case):
    """The net c + a relu(w.x + b) on the corners, with a = ``sign`` without loss of generality."""

    sign: int


@cache
def _least_values(sign: int) -> tuple[Any, ...]:
    """The least loss on each closed cell of (w, b): a convex quadratic on a cone.

    A minimiser lies inside a face and solves least squares on its span; of each face the solution of least norm is
    tried, which is the only one where it is unique, as it is at some minimiser of every pointed cone.
    """
    X1, y = rational([*CORNERS, (1, 1, 1, 1)]), rational(LABELS)
    found = []
    for cell in cells(X1):
        side, values = np.where(cell, 1, -1), []
        Z = np.concatenate([sign * rational(cell.astype(int)) * X1, rational([[1] * 4])]).T
        for face in (list(T) for k in range(5) for T in combinations(range(4), k)):
            B = null_space(X1[:, face].T) if face else rational(np.eye(3, dtype=int))
            F = np.concatenate([Z[:, :3] @ B, Z[:, 3:]], axis=1)
            t = pinv(F) @ y
            e, inside = F @ t - y, all(u >= 0 for u in (B @ t[:-1]) @ X1 * side)
            values += [(e * e).sum() / 4] if inside else []
        found.append(min(values))
    return tuple(found)


def _check_one(case: OneNeuron, law: Callable[[Any], bool]) -> Verdict:
    values = _least_values(case.sign)
    return verdict(len(values) == 14 and law(min(values)), detail="least squares on every face of every cell, exactly")


ONE = Claim(
    id="shallow_relu.xor_one_neuron",
    title="One ReLU neuron reaches 1/6 on XOR and no less",
    statement=r"The least mean squared error of $c + a\,\mathrm{relu}(w \cdot x + b)$ on XOR is $1/6$, for $a > 0$ and "
    r"for $a < 0$: its local minima of this value are global, and lie in no spurious valley.",
    source="own derivation",
    case_type=OneNeuron,
    cases=(OneNeuron(1), OneNeuron(-1)),
    exhaustive=True,
    law=lambda least: least == SIXTH,
    check=_check_one,
    false_laws={
        "constants are best": lambda least: 4 * least == 1,
        "half of the corners fitted, the others averaged": lambda least: 8 * least == 1,
        "two corners fitted, one missed": lambda least: 12 * least == 1,
        "XOR fitted": lambda least: least == 0,
    },
)

# -- two neurons -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Start(Case):
    """A minimum of value 1/6 that fits one corner.

    Attributes
    ----------
    corner : the number i of this corner.
    neurons : two rows (u_i, u_j, u_k, a): affine functions u by their values at i and at the neighbours j, k, and the
        output weights; u_j, u_k < 0, and u < 0 at the opposite corner too.
    """

    corner: int
    neurons: Matrix

    def theta(self) -> np.ndarray:
        """The weights (9,), the output bias the mean label of the other corners."""
        i, rows = self.corner, rational(self.neurons)
        j, k, opposite = (i + 1) % 4 if i % 2 == 0 else i - 1, (i + 2) % 4, 3 - i
        u = rational(np.zeros((2, 4), int))
        u[:, [i, j, k]] = rows[:, :3]
        u[:, opposite] = u[:, j] + u[:, k] - u[:, i]
        W = np.stack([u[:, 2] - u[:, 0], u[:, 1] - u[:, 0]], axis=1)
        c = rational([sum(LABELS) - LABELS[i]])[0] / 3
        return np.concatenate([W.ravel(), u[:, 0], rows[:, 3], [c]])


def starts() -> Any:
    """One or both neurons active at the corner, with any output weights that fit it."""

    def build(choose: Choose) -> Start:
        i, active = choose(range(4)), choose(((0,), (1,), (0, 1), (0, 1)))
        u = [
            [choose((1, 2, Fraction(1, 3), 5)) if n in active else choose((-1, -2, Fraction(-1, 2)))]
            + [choose((-1, -3, Fraction(-1, 2), -4)) - (n not in active) * 4 for _ in range(2)]
            for n in (0, 1)
        ]
        need = LABELS[i] - Fraction(sum(LABELS) - LABELS[i], 3)
        first, second = active[0], active[-1]
        a = [Fraction(choose((0, 1, -1, 3, Fraction(-1, 2)))) for _ in (0, 1)]
        a[second] = (need - (a[first] * u[first][0] if first != second else 0)) / u[second][0]
        return Start(i, tuple((*row, weight) for row, weight in zip(u, a, strict=True)))

    return chosen(build)


@cache
def _listed() -> tuple[np.ndarray, ...]:
    """One minimum (9,) of value 1/6 for each activation pattern and signs of the output weights."""
    return tuple(theta for found in differentiable_minima(NET) if found.value == SIXTH for theta in found.thetas)


def _fitted(theta: np.ndarray) -> int:
    """The corner of a differentiable local minimum of value 1/6 at which each neuron is active, if at any; else -1.

    Off the kinks a minimum has sum e = 0 and, for each neuron, sum e x~ = 0 over the corners at which it is active.
    """
    u, e = NET.preactivations(theta), NET.outputs(theta) - NET.y
    X1 = rational([*CORNERS, (1, 1, 1, 1)])
    stationary = sum(e) == 0 and is_zero(X1 @ (rational((u > 0).astype(int)) * e).T).all()
    fitted = [i for i in range(4) if e[i] == 0 and not (np.delete(u, i, 1) > 0).any()]
    return fitted[0] if stationary and (u != 0).all() and (e * e).sum() / 4 == SIXTH and len(fitted) == 1 else -1


def descent(theta: np.ndarray) -> list[np.ndarray]:
    """Corners of a path to loss 0 that never rises, from any minimum that fits one corner i and averages the others.

    Of the neurons active at i, one whose a has the sign of f_i - c takes over, while the other shrinks to w = 0, b = 0
    if it is active at all; then the other's a goes to 0, it moves to the corner opposite to i, and at last a, c go
    straight to the weights that fit all corners, with errors times 1 - t.
    """
    W, b, a, _ = NET.unpack(theta)
    w, a, c = np.concatenate([W, b[:, None]], axis=1), a.copy(), theta[-1]
    u, path = NET.preactivations(theta), [theta]
    i = next(i for i in range(4) if (NET.outputs(theta) - NET.y)[i] == 0)
    share = np.array([a[j] * max(u[j, i], 0 * c) for j in (0, 1)], object)
    keep = int(np.argmax(share * share.sum()))
    free = 1 - keep

    def go(**to: Any) -> None:
        path.append(np.concatenate([w[:, :2].ravel(), w[:, 2], a, [to.get("c", c)]]))

    if u[free, i] > 0:
        w[keep], w[free] = w[keep] * (share.sum() / share[keep]), 0 * w[free]
        go()
    a[free] = 0 * c
    go()
    w[free] = rational(ALONE[3 - i])
    go()
    sign = rational([2 * LABELS[i] - 1])[0]
    a[free], a[keep] = sign, sign / (w[keep] @ rational([CORNERS[0][i], CORNERS[1][i], 1]))
    go(c=rational([1 - LABELS[i]])[0])
    return path


def _follows(p: np.ndarray, q: np.ndarray, claimed: Callable[[Any], Any]) -> bool:
    """Whether the loss at p + t (q - p), one layer moving, is ``claimed``, a polynomial of degree at most 2 in t.

    Between kinks the outputs are linear in t, so that three values prove it: the ends and the middle of each piece.
    """
    u, v = NET.preactivations(p).ravel(), NET.preactivations(q).ravel()
    kinks = {x / (x - y) for x, y in zip(u, v, strict=True) if x * y < 0}
    ends = sorted({*rational([0, 1]), *kinks})
    times = [*ends, *((s + t) / 2 for s, t in pairwise(ends))]
    return all(NET.loss(p + (q - p) * t) == claimed(t) for t in times)


def _check_descent(case: Start, law: Callable[[bool, Any], Any]) -> Verdict:
    """``law`` gives the loss at the time t of a leg, and is told whether it is the last one."""
    theta = case.theta()
    path = descent(theta)
    moves = [(bool((p[:6] != q[:6]).any()), bool((p[6:] != q[6:]).any())) for p, q in pairwise(path)]
    one_layer = not any(hidden and output for hidden, output in moves)
    listed = len(_listed()) == 24 and all(_fitted(t) >= 0 for t in _listed())
    holds = listed and _fitted(theta) == case.corner and one_layer and NET.loss(path[-1]) == 0
    *level, last = pairwise(path)
    holds = holds and all(_follows(p, q, lambda t: law(False, t)) for p, q in level)
    holds = holds and _follows(*last, lambda t: law(True, t))
    return verdict(bool(holds), detail="the loss as a polynomial on each leg, between kinks, exactly")


SIXTHS = Claim(
    id="shallow_relu.xor_sixth",
    title="XOR 2-2-1: no differentiable local minimum of value 1/6 is in a spurious valley",
    statement=r"From every differentiable local minimum of value $1/6$ of the ReLU net 2-2-1 on XOR a path leads to "
    r"loss $0$ on which the loss is $1/6$, and $(1 - t)^2/6$ on the last leg, $0 \le t \le 1$. At these minima one "
    "corner is fitted, and each neuron is active there or nowhere, so that one neuron can be freed and sent to the "
    "opposite corner. This is checked for 24 minima, one for each activation pattern, up to the order of the neurons, "
    "with the signs of $a$ (one sign only for a dead neuron). The paths are checked from drawn minima.",
    source="own derivation",
    case_type=Start,
    cases=starts,
    law=lambda last, t: SIXTH * (1 - t) * (1 - t) if last else SIXTH,
    check=_check_descent,
    false_laws={
        "no way down": lambda last, t: SIXTH,
        "a barrier between the ends of a leg": lambda last, t: SIXTH * (1 - t) * (1 + t) if last else SIXTH + t - t * t,
        "a dip on the way": lambda last, t: SIXTH * (1 - t) * (1 - t) if last else SIXTH - t * (1 - t) / 12,
        "down along a line": lambda last, t: SIXTH * (1 - t) if last else SIXTH,
        "down with (1 - t^2)/6, slowly at first": lambda last, t: SIXTH * (1 - t * t) if last else SIXTH,
        "down to the minima of value 1/8": lambda last, t: SIXTH - t / 24 if last else SIXTH,
    },
    examples=(
        Start(0, ((1, -1, -1, Fraction(-2, 3)), (-1, -5, -5, 1))),
        Start(1, ((-1, -5, -6, -2), (2, -1, -3, Fraction(1, 3)))),
        Start(2, ((1, -1, -1, Fraction(5, 3)), (1, -2, -1, -1))),
        Start(3, ((1, -1, -2, Fraction(-5, 3)), (Fraction(1, 3), -2, -1, 3))),
        Start(3, ((1, -1, -2, 0), (2, -2, -1, Fraction(-1, 3)))),
    ),
    uses=("shallow_relu.xor_minima",),
)

CLAIMS = (ONE, SIXTHS)
