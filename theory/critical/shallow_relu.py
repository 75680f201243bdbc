r"""Nets with one hidden ReLU layer and squared loss: every differentiable local minimum, in rational arithmetic.

f(x) = sum_j a_j relu(w_j.x + b_j) + c, x~ = (x, 1), w~_j = (w_j, b_j), A_j the samples on which neuron j is active.

1. Off the kinks the sets A_j are fixed nearby and f(x_i) = sum_{j : i in A_j} v_j.x~_i + c with v_j = a_j w~_j: the
   loss is a convex quadratic g(v, c), and its gradient in w~_j and a_j is a_j C_j and w~_j.C_j with
   C_j = (2/m) sum_{i in A_j} e_i x~_i = dg/dv_j.
2. If all C_j = 0 (and sum e_i = 0 with an output bias), then (v, c) minimises g, so theta is a local minimum, whatever
   the loss there. If theta is critical and some C_j != 0, then a_j = 0, and the Hessian has a zero block on w~_j beside
   the mixed block C_j of (a_j, w~_j): it is indefinite, a strict saddle.
3. So the value of all differentiable local minima with given sets A_j is the least-squares residual of y on the span
   of their features, and they exist iff a least-squares solution has every v_j in +K_j, in -K_j or equal to 0, where
   K_j is the open cone of the w~ that are active exactly on A_j: linear inequalities, decided exactly.

Source: own derivation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement, product
from math import comb
from typing import Any

import numpy as np

from theory.activations import RELU
from theory.arithmetic import RATIONAL, arithmetic_of, as_array, is_zero, rational
from theory.calculus.cones import cells, nonnegative_solution
from theory.calculus.exact_linalg import null_space, pinv
from theory.errors import NotExact, TooLarge
from theory.landscape import Kind
from theory.losses import Squared
from theory.models.shallow_net import ShallowNet

MAX_SYSTEMS = 50_000

Pattern = tuple[tuple[int, ...], ...]
Signs = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class PatternMinima:
    """The differentiable local minima with one activation pattern, up to the order of the neurons.

    Attributes
    ----------
    pattern : for each neuron the samples on which it is active; () for a dead neuron.
    value : the loss at all of them.
    dimension : of the set of their (v_j), v_j = a_j w~_j over the neurons that are not dead, and c.
    signs : the possible signs of (a_j); 0 where a_j = 0, and for a dead neuron, whose a_j is free.
    thetas : one local minimum (n,) for each of these signs.
    """

    pattern: Pattern
    value: Any
    dimension: int
    signs: tuple[Signs, ...]
    thetas: tuple[np.ndarray, ...]


def differentiable_minima(net: ShallowNet, max_systems: int = MAX_SYSTEMS) -> tuple[PatternMinima, ...]:
    """All local minima off the kinks, pattern by pattern, lowest value first.

    Parameters
    ----------
    net : ReLU, squared loss, rational data.
    max_systems : how many systems of linear inequalities may be looked at.

    Raises
    ------
    TypeError, ValueError, NotExact
        For other models, activations and losses, and for floats.
    TooLarge
        When there are more than ``max_systems`` patterns with signs.

    >>> corners = ShallowNet(1, [[0, 0, 1, 1], [0, 1, 0, 1]], [0, 1, 1, 0], "relu")
    >>> sorted({str(minima.value) for minima in differentiable_minima(corners)})
    ['1/4', '1/6']
    """
    X1, y = _data(net)
    if not isinstance(max_systems, int) or isinstance(max_systems, bool) or max_systems < 1:
        raise ValueError(f"differentiable_minima: max_systems must be a positive integer, got {max_systems!r}")
    layer = [tuple(int(i) for i in np.flatnonzero(cell)) for cell in cells(X1)]
    count = comb(len(layer) + net.width - 1, net.width) * 3**net.width
    if count > max_systems:
        why = f"{len(layer)} patterns a neuron, width {net.width}"
        raise TooLarge(f"differentiable_minima: at most {max_systems} systems, got {count} ({why}); use less data")
    inside = {A: _cone_point(X1, A) for A in layer}
    patterns = combinations_with_replacement(sorted(layer), net.width)
    found = (_minima(net, X1, y, pattern, inside) for pattern in patterns)
    return tuple(sorted((f for f in found if f.signs), key=lambda f: (f.value, f.pattern)))


def differentiable_kind(net: ShallowNet, theta: Any) -> Kind:
    """The kind of a rational theta (n,) off the kinks: not critical, a strict saddle, or a local minimum.

    A local minimum of loss 0 is called global; whether another one is, this criterion does not tell.

    Raises
    ------
    ValueError
        At a kink, where the loss need not be differentiable; ``theory.critical.relu_minimality`` decides there.
    """
    X1, y = _data(net)
    theta = as_array(theta, "differentiable_kind: theta")
    if theta.shape != (net.dim,):
        raise ValueError(f"differentiable_kind: theta needs shape ({net.dim},), got {theta.shape}; pass one point")
    if arithmetic_of(theta).name != RATIONAL:
        raise NotExact("differentiable_kind: theta must be rational, as zeros are; use theory.rational")
    if not net.smooth_at(theta):
        raise ValueError("differentiable_kind: needs w_j.x_i + b_j != 0 for all i and j, got a kink; move theta off it")
    if not is_zero(net.gradient(theta)).all():
        return Kind.NOT_CRITICAL
    e, kind = net.outputs(theta) - y, arithmetic_of(theta)
    if not is_zero((kind.indicator(net.activation_pattern(theta)) * e) @ X1.T).all():
        return Kind.STRICT_SADDLE
    return Kind.GLOBAL_MINIMUM if is_zero(e).all() else Kind.LOCAL_MINIMUM


def _data(net: Any) -> tuple[np.ndarray, np.ndarray]:
    """The inputs with a row of ones (d + 1, m), and the targets (m,)."""
    if not isinstance(net, ShallowNet):
        raise TypeError(f"shallow_relu: needs a ShallowNet, got {type(net).__name__}")
    if net.activation != RELU or type(net.output_loss) is not Squared:
        got = f"{net.activation} and the {net.output_loss.name} loss"
        raise ValueError(f"shallow_relu: needs ReLU and squared loss, got {got}; its proof uses both")
    if arithmetic_of(net.X).name != RATIONAL or arithmetic_of(net.y).name != RATIONAL:
        raise NotExact('shallow_relu: data must be rational, as kinks are; write "1/10" or Fraction(1, 10)')
    ones = rational(np.ones((1, net.y.size), int))
    return np.concatenate([net.X, ones]), net.y


def _minima(
    net: ShallowNet, X1: np.ndarray, y: np.ndarray, pattern: Pattern, inside: dict[tuple[int, ...], np.ndarray]
) -> PatternMinima:
    """Least squares on the features of the pattern, and the signs for which a solution lies in the cones."""
    alive = [A for A in pattern if A]
    Z = _features(X1, alive, net.output_bias)
    best, free = (pinv(Z) @ y, null_space(Z)) if Z.size else (y[:0], rational(np.zeros((0, 0), int)))
    e = y - Z @ best if Z.size else y
    value = (e * e).sum() * rational([Fraction(1, y.size)])[0]
    found = list(_solutions(X1, alive, best, free))
    thetas = [_weights(pattern, s, solution, inside, net.output_bias) for s, solution in found]
    signs = [tuple(next(s) if A else 0 for A in pattern) for s in (iter(s) for s, _ in found)]
    return PatternMinima(pattern, value, free.shape[1], tuple(signs), tuple(thetas))


def _weights(pattern: Pattern, signs: Signs, solution: np.ndarray, inside: Any, output_bias: bool) -> np.ndarray:
    """theta (n,) with a_j = sign_j and w~_j = sign_j v_j; a dead neuron has a_j = 1 and any w~_j of its cone."""
    p = len(next(iter(inside.values())))
    v, a, rows = solution[: p * len(signs)].reshape(len(signs), p), [], []
    alive = iter(zip(signs, v, strict=True))
    for A in pattern:
        sign, own = next(alive) if A else (1, inside[A])
        a.append(sign)
        rows.append(sign * own if sign else inside[A])
    W, b = np.stack(rows)[:, :-1], np.stack(rows)[:, -1]
    return np.concatenate([W.ravel(), b, rational(a), solution[len(solution) - output_bias :]])


def _features(X1: np.ndarray, alive: list[tuple[int, ...]], output_bias: bool) -> np.ndarray:
    """Z (m, k p + 1) with f = Z (v_1, ..., v_k, c)."""
    p, m = X1.shape
    Z = rational(np.zeros((m, p * len(alive) + output_bias), int))
    for j, A in enumerate(alive):
        Z[list(A), p * j : p * j + p] = X1.T[list(A)]
    if output_bias:
        Z[:, -1] = rational([1])[0]
    return Z


def _solutions(
    X1: np.ndarray, alive: list[tuple[int, ...]], best: np.ndarray, free: np.ndarray
) -> Iterator[tuple[Signs, np.ndarray]]:
    """(signs, (v, c)) wherever some best + free t has every v_j in sign_j K_j, and v_j = 0 for the sign 0."""
    p, k, f = len(X1), len(alive), free.shape[1]
    v, V = best[: p * k].reshape(k, p), free[: p * k].reshape(k, p, f)
    rows = [_sides(X1, A) for A in alive]
    for s in product((1, 0, -1), repeat=k):
        inside = [(s[j] * (rows[j] @ v[j]), s[j] * (rows[j] @ V[j])) for j in range(k) if s[j]]
        zero = [(v[j], V[j]) for j in range(k) if not s[j]]
        t = _feasible(*_stacked(inside, f), *_stacked(zero, f))
        if t is not None:
            yield s, best + free @ t if f else best


def _stacked(systems: list[tuple[np.ndarray, np.ndarray]], unknowns: int) -> tuple[np.ndarray, np.ndarray]:
    """Constants (r,) and slopes (r, unknowns) of all rows."""
    none = rational(np.zeros((0, unknowns), int))
    return np.concatenate([none.sum(1), *(b for b, _ in systems)]), np.concatenate([none, *(M for _, M in systems)])


def _sides(X1: np.ndarray, A: tuple[int, ...]) -> np.ndarray:
    """(m, p) with K_A = {u : all entries of this matrix times u are positive}."""
    side = -np.ones(X1.shape[1], int)
    side[list(A)] = 1
    return rational(side)[:, None] * X1.T


def _cone_point(X1: np.ndarray, A: tuple[int, ...]) -> np.ndarray:
    """Some w~ (p,) that is active exactly on A."""
    sides = _sides(X1, A)
    t = _feasible(0 * sides[:, 0], sides, *_stacked([], len(X1)))
    assert t is not None  # A comes from an open cell of the arrangement
    return t


def _feasible(constants: np.ndarray, slopes: np.ndarray, zero: np.ndarray, equal: np.ndarray) -> np.ndarray | None:
    """Some t with constants + slopes t > 0 and zero + equal t = 0, or None; decided exactly.

    With t = u / (1 + h), h >= 0, the strict inequalities may ask for at least 1 after scaling: linear in (h, u).
    """
    n, r = slopes.shape[1], len(constants)
    if n == 0 or r + len(zero) == 0:
        fits = all(x > 0 for x in constants) and is_zero(zero).all()
        return rational([0] * n) if fits else None
    slack = rational(-np.eye(r + len(zero), r, dtype=int))
    both = np.concatenate([slopes, equal])
    A = np.concatenate([np.concatenate([constants, zero])[:, None], both, -both, slack], axis=1)
    x = nonnegative_solution(A, np.concatenate([1 - constants, -zero]))
    return None if x is None else (x[1 : n + 1] - x[n + 1 : 2 * n + 1]) / (1 + x[0])
