"""ReLU nets on the line, one sign orthant of (a_j, w_j) after the other: exact least losses by convex quadratics.

Where neuron j has slope p_j = a_j |w_j| of a fixed sign and its kink t_j lies in a fixed cell between data points, the
outputs are linear in (c, p_j, p_j t_j) and the cell is a polyhedral cone: the least loss over it is attained at the
least-squares solution on one of its faces. A path that leaves an open orthant meets a net with one neuron fewer.

Source: own derivation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from itertools import combinations, pairwise, product

import numpy as np

from theory.arithmetic import rational
from theory.calculus.exact_linalg import null_space, pinv
from theory.claims.cases import exact_tuple
from theory.claims.literal_nets import Net, loss, weights

Signs = tuple[tuple[int, int], ...]


def signs_of(case: Net) -> Signs | None:
    """(sign a_j, sign w_j) of a net on the line, None if one of them is 0."""
    rows, a, _ = weights(case, case.theta)
    pairs = [(p, w) for p, (w, _) in zip(a, rows, strict=True)]
    if any(p * w == 0 for p, w in pairs):
        return None
    return tuple((1 if p > 0 else -1, 1 if w > 0 else -1) for p, w in pairs)


@lru_cache(256)
def least_in_orthant(x: tuple, y: tuple, signs: Signs) -> Fraction:
    """The least loss over the closed orthant of these signs; it may be that of a limit in which a kink goes away."""
    knots = sorted(set(x))
    ends = [(None, knots[0]), *pairwise(knots), (knots[-1], None)]
    best = None
    for cells in product(ends, repeat=len(signs)):
        for value in _face_values(x, y, signs, cells):
            best = value if best is None or value < best else best
            if best == 0:
                return best
    assert best is not None
    return best


def _face_values(x: tuple, y: tuple, signs: Signs, cells: tuple) -> Iterator[Fraction]:
    """Losses at least-squares solutions on the faces of one cell, where these lie in it."""
    n = 1 + 2 * len(signs)
    design, walls = np.zeros((len(x), n), object), []
    design[:, 0] = 1
    for j, ((sign_a, sign_w), (lo, hi)) in enumerate(zip(signs, cells, strict=True)):
        for i, u in enumerate(x):
            active = (hi is not None and u >= hi) if sign_w > 0 else (lo is not None and u <= lo)
            if active:
                design[i, 1 + 2 * j : 3 + 2 * j] = sign_a * sign_w * u, -sign_a * sign_w
        size = [int(i == 1 + 2 * j) for i in range(n)]
        kink = [int(i == 2 + 2 * j) for i in range(n)]
        walls.append(size)
        if lo is not None:
            walls.append([k - lo * s for k, s in zip(kink, size, strict=True)])
        if hi is not None:
            walls.append([hi * s - k for k, s in zip(kink, size, strict=True)])
    A, target = rational(design), rational(y)
    W = rational(walls) if walls else np.empty((0, n), object)
    for count in range(len(walls) + 1):
        for on in combinations(range(len(walls)), count):
            N = null_space(W[list(on)]) if on else rational(np.eye(n, dtype=int))
            z = N @ (pinv(A @ N) @ target) if N.shape[1] else 0 * A[0]
            if all(v >= 0 for v in W @ z):
                e = A @ z - target
                yield Fraction(exact_tuple(e @ e)) / len(y)


def leaving_cost(x: tuple, y: tuple, signs: Signs) -> Fraction:
    """A lower bound of the loss where a path leaves the open orthant: the least of all nets with one neuron fewer."""
    fewer = {signs[:j] + signs[j + 1 :] for j in range(len(signs))}
    return min(least_in_orthant(x, y, s) for s in fewer)


def better_orthant(x: tuple, y: tuple, signs: Signs) -> Signs | None:
    """Some orthant with a smaller least loss, None if there is none."""
    level = least_in_orthant(x, y, signs)
    quadrants = ((1, 1), (1, -1), (-1, 1), (-1, -1))
    every = sorted(product(quadrants, repeat=len(signs)), key=lambda s: sum(w for _, w in s))
    return next((s for s in every if s == tuple(sorted(s, reverse=True)) and least_in_orthant(x, y, s) < level), None)


def trapped(case: Net) -> bool:
    """Whether theta is proved to lie in a spurious valley: leaving its orthant costs more, and another one has less."""
    if not _on_the_line(case) or (signs := signs_of(case)) is None:
        return False
    x, y = case.X[0], case.y
    cheap = loss(case, case.theta) < leaving_cost(x, y, signs)
    return cheap and better_orthant(x, y, signs) is not None


def apart(case: Net, other: tuple) -> bool:
    """Whether theta and another point are proved to be in two components at the higher of their losses."""
    there = replace(case, theta=other)
    if not _on_the_line(case) or (signs := signs_of(case)) is None or signs_of(there) == signs:
        return False
    level = max(loss(case, case.theta), loss(case, other))
    return level < leaving_cost(case.X[0], case.y, signs)


def _on_the_line(case: Net) -> bool:
    return case.activation == "relu" and len(case.X) == 1 and case.width <= 2
