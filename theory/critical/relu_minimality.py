r"""Nets with one hidden ReLU layer: whether a point is a local minimum, at kinks too, in rational arithmetic.

Let f_i be the outputs, r_i = l'(f_i, y_i) for an output loss l that is convex and differentiable at them, x~ = (x, 1),
w~_j = (w_j, b_j). Since l is convex,

    L(theta') - L(theta) >= (1/m) sum_j D_j + (c' - c) (1/m) sum_i r_i,
    D_j = sum_i r_i (a'_j relu(w~'_j.x~_i) - a_j relu(w~_j.x~_i)),

with equality at first order. Near theta neuron j is active on A_j, and on those of its kinks K_j = {i : w~_j.x~_i = 0}
on which it is after the move; on each cell of the arrangement of the x~_i, i in K_j, these are fixed, S, say. Put
C_S = sum_{i in A_j or S} r_i x~_i.

1. a_j != 0: with v = a_j w~_j, D_j is the piecewise linear function C_S.(v' - v), exactly. So either C_S.d >= 0 for all
   d in all cells, turned by the sign of a_j, and D_j >= 0; or moving w~_j by d / a_j descends at first order.
2. a_j = 0: D_j = a'_j C_S.w~'_j. Either all C_S = 0 and D_j = 0 nearby; or there is a w~'_j as near as one likes with
   C_S.w~'_j != 0, where the loss is still the same, and moving a_j descends from there at first order.
3. With an output bias, sum_i r_i != 0 lets c descend.

So theta is a local minimum iff nothing descends; off the kinks iff all C_j = 0 (``theory.critical.shallow_relu``).
Source: own derivation.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import count
from typing import Any

import numpy as np

from theory import arrays
from theory.activations import RELU
from theory.arithmetic import RATIONAL, arithmetic_of, as_array, is_zero, rational, sign
from theory.calculus.arrangement import arrangement
from theory.calculus.cones import nonnegative_solution
from theory.errors import NotExact
from theory.losses import Absolute, Huber, Squared, Weighted
from theory.models.shallow_net import ShallowNet
from theory.topology.one_hidden_layer import with_ones

_EXACT = (Squared, Weighted, Absolute, Huber)  # convex, with rational derivatives
MAX_FACES = 2**12  # of the arrangement of the kinks of one neuron: some seconds

Descent = tuple[np.ndarray, np.ndarray]


def descent(net: ShallowNet, theta: Any) -> Descent | None:
    """None if theta (n,) is a local minimum; else a point (n,) and a direction (n,) in which the loss falls from there.

    The point is theta, or differs from it in a hidden weight of a neuron with a_j = 0, has the same loss, and lies as
    near as one likes: between it and theta the same direction descends.

    Parameters
    ----------
    net : ReLU, rational data, a convex loss.
    theta : (n,) rationals.

    Raises
    ------
    TypeError, ValueError, NotExact
        For other models, activations and losses, for floats, and where the loss has a kink in the outputs.
    TooLarge
        When the kinks of a neuron have more than ``MAX_FACES`` faces.

    >>> net = ShallowNet(1, [[0, 1, 2]], [1, 0, 1], "relu", output_bias=False)
    >>> descent(net, [-2, 1, 1]), descent(net, [1, -2, 0])[1]
    (None, array([0, 0, 1], dtype=object))
    """
    theta = _required(net, theta)
    r = net.output_loss.gradient(net.outputs(theta), net.y)
    W, b, a, *c = arrays.unpack(np.arange(net.dim), net.layout)
    inner, X1, direction = np.concatenate([W, b[:, None]], axis=1), with_ones(net.X), 0 * theta
    if c and r.sum() != 0:
        direction[int(c[0])] = -_sign(r.sum())
        return theta, direction
    for own, out in zip(inner, a, strict=True):
        if (found := _of_neuron(X1, r, theta[own], theta[out])) is not None:
            start = theta.copy()
            start[own], direction[own], direction[out] = theta[own] + found[0], found[1], found[2]
            return start, direction
    return None


def applies(net: Any, theta: np.ndarray) -> bool:
    """Whether ``descent`` decides a rational theta (n,) of this net."""
    if not isinstance(net, ShallowNet) or net.activation != RELU:
        return False
    if any(arithmetic_of(v).name != RATIONAL for v in (theta, net.X, net.y)) or type(net.output_loss) not in _EXACT:
        return False
    loss = net.output_loss
    return loss.smooth or isinstance(loss, Huber) or bool(loss.smooth_at(net.outputs(theta), net.y).all())


def _required(net: Any, theta: Any) -> np.ndarray:
    """theta (n,), if ``descent`` decides it."""
    if not isinstance(net, ShallowNet):
        raise TypeError(f"descent: needs a ShallowNet, got {type(net).__name__}")
    theta = as_array(theta, "descent: theta")
    if theta.shape != (net.dim,):
        raise ValueError(f"descent: theta needs shape ({net.dim},), got {theta.shape}; pass one point")
    if any(arithmetic_of(v).name != RATIONAL for v in (theta, net.X, net.y)):
        raise NotExact("descent: theta and the data must be rational, as kinks are; use theory.rational")
    if not applies(net, theta):
        got = f"{net.activation} and the {net.output_loss.name} loss"
        raise ValueError(f"descent: needs ReLU and a convex loss without a kink at the outputs, got {got}; move theta")
    return theta


def _of_neuron(X1: np.ndarray, r: np.ndarray, w: np.ndarray, a: Any) -> tuple[np.ndarray, np.ndarray, Any] | None:
    """A shift of w~ (p,), a direction of w~ (p,) and of a in which the neuron descends after it, or None."""
    u, zero, one = w @ X1, 0 * w, arithmetic_of(w)
    at, on, kinks = u == 0, u > 0, X1[:, u == 0]
    if a == 0 and (value := RELU(u) @ r) != 0:
        return zero, zero, -_sign(value)
    for side in _cells(kinks):
        on[at] = side > 0
        C = X1 @ (one.indicator(on) * r)
        if a != 0:
            rows = np.concatenate([(kinks * side).T, -a * C[None]])
            if (d := _solution(rows, np.arange(len(rows)) == len(side))) is not None:
                return zero, d, 0 * a
        elif not is_zero(C).all():
            shift = _into(X1, w, kinks * side, C)
            return shift, zero, -_sign(C @ (w + shift))
    return None


def _cells(kinks: np.ndarray) -> np.ndarray:
    """On which side of the kinks (p, K) each of the F open cells lies: (F, K) of 1 and -1."""
    if not kinks.shape[1]:
        return np.ones((1, 0), int)
    planes = arrangement(kinks, MAX_FACES)
    return planes.signs[planes.of_dimension(planes.rank)].astype(int)


def _solution(rows: np.ndarray, least: np.ndarray) -> np.ndarray | None:
    """Some d (p,) with rows d >= least, or None."""
    n, p = rows.shape
    slack = rational(-np.eye(n, dtype=int))
    x = nonnegative_solution(np.concatenate([rows, -rows, slack], axis=1), rational(least.astype(int)))
    return None if x is None else x[:p] - x[p : 2 * p]


def _into(X1: np.ndarray, w: np.ndarray, rows: np.ndarray, C: np.ndarray) -> np.ndarray:
    """A shift d of w~ in the open cell {rows^T d > 0}, so small that no other sign changes, with C.(w~ + d) != 0."""
    d = _solution(rows.T, np.ones(rows.shape[1])) if rows.shape[1] else 0 * w
    assert d is not None  # the cell is open
    signs = sign(w @ X1)
    for t in (rational([Fraction(1, 2**k)])[0] for k in count()):
        for turn in (0 * t, t):  # at most one of the two is orthogonal to C
            shift = (d + C * turn) * t
            moved = sign((w + shift) @ X1)
            if C @ (w + shift) != 0 and (sign(shift @ rows) > 0).all() and ((moved == signs) | (signs == 0)).all():
                return shift
    raise AssertionError("small steps stay in an open set")


def _sign(x: Any) -> Any:
    return x / abs(x)
