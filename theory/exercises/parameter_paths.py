"""Paths of parameters among the answers: straight from point to point, with the loss on them as exact polynomials."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from theory.arithmetic import rational
from theory.calculus.unit_interval import interpolated
from theory.exercises.exercise import BadAnswer, rationals, shown
from theory.models.shallow_net import ShallowNet

MOST_POINTS = 60


def points(value: Any, where: str, dimension: int) -> list[np.ndarray]:
    """The corners of a path, each (dimension,).

    Raises
    ------
    BadAnswer
        When it is no list of one to ``MOST_POINTS`` lists of exact numbers of this length.
    """
    if not isinstance(value, list) or not value or not all(isinstance(p, list) for p in value):
        raise BadAnswer(
            f"{where}: needs a list of parameter vectors, from the first point to the last, got {shown(value)}"
        )
    if len(value) > MOST_POINTS:
        raise BadAnswer(f"{where}: needs at most {MOST_POINTS} points, got {len(value)}; fewer corners will do")
    return [rationals(p, f"{where}[{i}]", length=dimension) for i, p in enumerate(value)]


def polynomials(net: ShallowNet, p: np.ndarray, q: np.ndarray) -> Iterator[np.ndarray]:
    """The loss from p to q, piece by piece: coefficients in t in [0, 1] on each piece between two kinks.

    On a leg w_j.x_i + b_j is linear in t; between its zeros the outputs have degree 2 for ReLU and 3 for squares.
    """
    u, v = net.preactivations(p), net.preactivations(q)
    crossing = [a / (a - b) for a, b in zip(u.flat, v.flat, strict=True) if (a > 0 > b) or (a < 0 < b)]
    ends = [rational([0])[0], *sorted(set(crossing)), rational([1])[0]]
    degree = 2 * (2 if net.activation.homogeneous else 1 + (net.activation.degree or 2))
    t = rational(np.arange(degree + 1))[:, None] * rational([f"1/{degree}"])[0]
    for a, b in pairwise(ends):
        start, stop = p + a * (q - p), p + b * (q - p)
        yield interpolated(net.loss(start + t * (stop - start)))


def printed(theta: Any) -> str:
    """A parameter vector in one line."""
    return f"[{', '.join(map(str, theta))}]"
