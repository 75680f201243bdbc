"""XOR with two ReLU neurons: the differentiable local minima of value 1/8 lie in no spurious valley."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from theory.arithmetic import rational
from theory.claims.cases import Case
from theory.claims.claim import Claim, Verdict, verdict
from theory.claims.shallow_relu_minima import CORNERS
from theory.critical.shallow_relu import differentiable_minima
from theory.models.shallow_net import ShallowNet

NET = ShallowNet(2, CORNERS, (0, 1, 1, 0), "relu")
SYMMETRIES = ((0, 1, 2, 3), (0, 2, 1, 3), (3, 2, 1, 0), (3, 1, 2, 0))  # of the square, that keep the labels


@dataclass(frozen=True)
class Start(Case):
    """The minimum of value 1/8 with this number: one for each activation pattern and signs of the output weights."""

    number: int


@cache
def _starts() -> tuple[np.ndarray, ...]:
    """All of them, each (9,)."""
    return tuple(theta for found in differentiable_minima(NET) if str(found.value) == "1/8" for theta in found.thetas)


def _weights(u: np.ndarray, a: np.ndarray, c: Any) -> np.ndarray:
    """theta (9,) of neurons that are the affine functions with values u (2, 4) on the corners."""
    W = np.stack([u[:, 2] - u[:, 0], u[:, 1] - u[:, 0]], axis=1)
    return np.concatenate([W.ravel(), u[:, 0], a, [c]])


def descent(theta: np.ndarray) -> list[np.ndarray]:
    """Corners of a path to loss 0 that never rises, from a minimum that fits two corners and averages the other two.

    In the order of corners p, q, r, s of one of the symmetries, p and q fitted, with the neuron of a = -1 first:
    f = 1/2 - relu(u_1) + relu(u_2), relu(u_1) - relu(u_2) = 1/2 at p, the opposite at q, and u_1, u_2 <= 0 at r, s. On
    the level set go to u_1 = (1/2, 1/2, 0, 0), u_2 = (-1, 1, -3, -1), then straight to u_1 = (1, 2, 0, 1),
    u_2 = (-1, 2, -4, -1), c = 1, with errors 0, 0, (t - 1)/2, (1 - t)/2.
    """
    half, one = rational(["1/2", 1])
    f, u, a = NET.outputs(theta), NET.preactivations(theta), NET.unpack(theta)[2]
    order = next(list(g) for g in SYMMETRIES if f[g[0]] == 0 and f[g[1]] == 1)
    neurons = [0, 1] if a[0] < 0 else [1, 0]
    u, signs, path = u[neurons][:, order], rational([-1, 1]), [theta]

    def move(v: np.ndarray, c: Any = half) -> None:
        """To the values v at p, q, r in the order above; that at s follows."""
        nonlocal u
        u = np.concatenate([v[:, :3], v[:, 1:2] + v[:, 2:3] - v[:, :1]], axis=1)
        back = np.empty_like(u)
        back[:, order] = u
        at = np.empty_like(back)
        at[neurons] = back
        out = np.empty_like(signs)
        out[neurons] = signs
        path.append(_weights(at, out, c))

    def stepped(j: int, corner: int, value: Any) -> np.ndarray:
        """u with another value at one corner; where that would raise u at s, the value at r sinks as much."""
        v = u.copy()
        rise = (value - u[j, corner]) * (1 if corner else -1)
        v[j, corner] = value
        v[j, 2] -= max(rise, 0 * rise)
        return v

    if u[1, 0] > 0:
        drop = u[1, 0]
        u_1 = stepped(0, 0, u[0, 0] - drop)[0]
        move(np.stack([u_1, stepped(1, 0, 0 * drop)[1]]))
    move(stepped(1, 0, -one))
    if u[0, 1] < 0:
        move(stepped(0, 1, 0 * one))
    move(np.stack([stepped(0, 1, half)[0], stepped(1, 1, one)[1]]))
    move(rational([["1/2", "1/2", 0], [-1, 1, -3]]))
    move(rational([[1, 2, 0], [-1, 2, -4]]), one)
    return path


def _highest(path: list[np.ndarray]) -> Any:
    """The maximum of the loss: a is fixed, so between kinks the outputs are linear in t and the loss is convex."""
    values = []
    for p, q in pairwise(path):
        u, v = NET.preactivations(p).ravel(), NET.preactivations(q).ravel()
        crossing = [x / (x - y) for x, y in zip(u, v, strict=True) if x * y < 0]
        times = rational([0, 1]).tolist() + crossing
        values += [NET.loss(p + (q - p) * t) for t in times]
    return max(values)


def _check_descent(case: Start, law: Callable[[Any, Any, Any], bool]) -> Verdict:
    theta = _starts()[case.number]
    path = descent(theta)
    continuous = (path[0] == theta).all() and all((p[6:8] == theta[6:8]).all() for p in path)
    holds = len(_starts()) == 20 and law(NET.loss(theta), _highest(path), NET.loss(path[-1]))
    return verdict(bool(continuous and holds), detail="the maximum on each leg, at kinks and ends, exactly")


_EIGHTH = rational(["1/8"])[0]

DESCENT = Claim(
    id="shallow_relu.xor_descent",
    title="XOR 2-2-1: no differentiable local minimum of value 1/8 is in a spurious valley",
    statement=r"From the differentiable local minima of value $1/8$ of the ReLU net 2-2-1 on XOR a path leads to loss "
    r"0 on which the loss is $1/8$ and at last $(1 - t)^2/8$. Checked for one minimum of each of the 16 activation "
    r"patterns and signs of $a$; all others with these are joined to it, as $(a_jw_j, a_jb_j, c)$ run through a convex "
    r"set.",
    source="own derivation",
    case_type=Start,
    cases=tuple(Start(number) for number in range(20)),
    exhaustive=True,
    law=lambda start, highest, end: start == highest == _EIGHTH and end == 0,
    check=_check_descent,
    false_laws={
        "a barrier": lambda start, highest, end: highest > start,
        "no way down": lambda start, highest, end: end == start,
    },
    uses=("shallow_relu.xor_minima",),
)

CLAIMS = (DESCENT,)
