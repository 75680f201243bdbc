"""Numbers of minima of single neurons: other routes to the counts of the claims, and what is refused."""

import random
from fractions import Fraction
from math import atan2, gcd

import numpy as np
import pytest

from theory.arithmetic import ball, precision, rational, to_float
from theory.calculus.cones import cells
from theory.claims.many_minima_relu import FIVE, FOUR, literal_relu_minima
from theory.critical.many_minima import (
    BITS,
    blocks_of,
    clip_loss,
    clip_minima,
    geometric_inputs,
    logistic_critical_points,
    logistic_polynomial,
    on_axes,
    products,
    relu_cell_bound,
    strict_relu_minima,
)
from theory.errors import NotExact, TooLarge

HALF = Fraction(1, 2)


def test_the_worked_clip_neuron():
    found = clip_minima([16, 4, 1], [HALF] * 3)
    assert [(str(m.lo), str(m.value)) for m in found] == [("1/26", "9/26"), ("5/34", "13/34"), ("1/2", "1/2")]
    assert all(m.is_strict for m in found)
    plateaus = clip_loss(rational([16, 4, 1]), rational([HALF] * 3), rational([-1, 0, 1, 2]))
    assert (plateaus == rational(["3/4"])[0]).all()


def test_clip_bottoms_against_a_fine_grid():
    """On the grid of all kinks, vertices and points between, every bottom and no other point is a local minimum."""
    draw = random.Random(3)
    for _ in range(60):
        m = draw.randint(1, 4)
        x, y = [draw.randint(-3, 5) for _ in range(m)], [Fraction(draw.randint(-1, 5), 4) for _ in range(m)]
        found = clip_minima(x, y)
        grid = np.array(
            sorted(
                {Fraction(i, 840) for i in range(-1680, 1681, 3)} | {fraction(b.lo) for b in found if b.lo is not None}
            )
        )
        values = [sum((min(max(w * u, 0), 1) - v) ** 2 for u, v in zip(x, y, strict=True)) for w in grid]
        best = [i for i in range(1, len(grid) - 1) if values[i - 1] > values[i] < values[i + 1]]
        assert [grid[i] for i in best] == [fraction(b.lo) for b in found if b.is_strict]
        assert min(values) == min(fraction(b.value) for b in found)


def fraction(v):
    return Fraction(int(v.p), int(v.q))


def test_plateaus_of_the_clip_neuron():
    (only,) = clip_minima([0, 0], [1, 2])
    assert only.lo is None and only.hi is None and only.value == 5 and not only.is_strict
    (right,) = clip_minima([2], [1])
    assert fraction(right.lo) == HALF and right.hi is None and right.value == 0
    (dead,) = clip_minima([2], [0])
    assert dead.lo is None and dead.hi == 0


def test_logistic_critical_points_against_sturm_and_known_digits():
    import sympy

    P = logistic_polynomial([1, 20], ["9/10", "3/5"])
    coefficients = [int(c) for c in reversed(P.coeffs())]
    assert P.degree() == 61
    assert sympy.Poly(coefficients, sympy.Symbol("z")).count_roots(0, None) == 3
    with precision(BITS):
        points = logistic_critical_points([1, 20], ["9/10", "3/5"])
        digits = ("0.0246709443424", "0.2247563229446", "2.1972245773362")
        assert all(
            abs(p.w - ball([text])[0]) < ball(["1/20000000000000"])[0] for p, text in zip(points, digits, strict=True)
        )
    assert [p.kind for p in points] == ["minimum", "maximum", "minimum"]


def test_a_repeated_root_of_the_derivative_is_no_minimum():
    """k = (1), y = 1/2 twice is one minimum; y_1 = 1 - y_2 moves nothing; a double root comes out as an inflection."""
    assert [p.kind for p in logistic_critical_points([1, 1], [HALF, HALF])] == ["minimum"]
    assert logistic_critical_points([1], [1]) == () == logistic_critical_points([2, 3], [1, 2])
    (only,) = logistic_critical_points([3], ["3/4"])
    with precision(BITS):
        assert (only.w * 3 - ball([3])[0].log()).contains(0)


def test_the_bound_is_the_number_of_cells_in_general_position():
    for d, m in ((1, 3), (2, 4), (2, 5), (3, 4)):
        X = rational([[(i + 2) ** j for i in range(m)] for j in range(d)])
        assert relu_cell_bound(m, d) == len(cells(X)) if d > 1 else relu_cell_bound(m, d) == 2
    assert relu_cell_bound(5, 10**9) == 2**5


@pytest.mark.parametrize(("data", "count"), [(FOUR, 6), (FIVE, 10)])
def test_many_strict_minima_in_the_plane(data, count):
    """Literally: at each of them, the loss rises in 64 directions, and descent from nearby comes back."""
    W = strict_relu_minima(data.X, data.y)
    assert len(W) == count == len(literal_relu_minima(rational(data.X), rational(data.y)))
    X, y = np.array(data.X, float), np.array(data.y, float)
    angles = 2 * np.pi * np.arange(64) / 64
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=1) / 256

    def loss(w):
        return ((np.maximum(w @ X, 0) - y) ** 2).sum(-1)

    points = to_float(W)
    assert (loss(points[:, None] + ring) > loss(points)[:, None]).all()
    w = points + ring[:count]
    for _ in range(2000):
        w -= 0.005 * ((np.maximum(w @ X, 0) - y) * (w @ X > 0)) @ X.T
    distance = np.linalg.norm(w[:, None] - points, axis=2)
    assert (distance.argmin(1) == np.arange(count)).all() and distance.min(1).max() < np.linalg.norm(ring[0])


def test_blocks_and_axes():
    assert blocks_of(7, 3) == (3, 2, 2) and blocks_of(4, 4) == (1, 1, 1, 1)
    X, y = on_axes([((1, -1), (2, 3)), ((5,), (7,))])
    assert X.tolist() == [[1, -1, 0], [0, 0, 5]] and y.tolist() == [2, 3, 7]
    assert products((1, 2), (3,), (4, 5)).tolist() == [[1, 3, 4], [1, 3, 5], [2, 3, 4], [2, 3, 5]]
    assert (geometric_inputs(3, "5/2") == rational(["25/4", "5/2", 1])).all()


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: clip_minima([0.5], [1]), NotExact, "x must be rational"),
        (lambda: clip_minima([1, 2], [1]), ValueError, r"y needs shape \(2,\)"),
        (lambda: clip_minima([float("nan")], [1]), ValueError, "finite"),
        (lambda: clip_minima([], []), ValueError, "at least one entry"),
        (lambda: geometric_inputs(0), ValueError, "at least 1"),
        (lambda: geometric_inputs(2, 1), ValueError, "above 1"),
        (lambda: geometric_inputs(2, 1.5), NotExact, "1.5"),
        (lambda: logistic_critical_points(["1/2"], [HALF]), ValueError, "positive integers"),
        (lambda: logistic_critical_points([-1], [HALF]), ValueError, "rescale"),
        (lambda: logistic_critical_points([1], [0.5]), NotExact, "y must be rational"),
        (lambda: blocks_of(2, 3), ValueError, "n >= d"),
        (lambda: on_axes([]), ValueError, "at least one pair"),
        (lambda: on_axes([1, 2]), ValueError, "pairs only"),
        (lambda: relu_cell_bound(0, 1), ValueError, "at least 1"),
        (lambda: relu_cell_bound(10**7, 10**6), TooLarge, "for d >= m it is 2.m"),
        (lambda: strict_relu_minima([[1, 0], [0, 0]], [1, 1]), ValueError, "leave it out"),
        (lambda: strict_relu_minima([1, 2], [1, 1]), ValueError, "2-D"),
        (lambda: strict_relu_minima(np.eye(2), np.ones(2)), NotExact, "X must be rational"),
        (lambda: strict_relu_minima([[i**j for i in range(35)] for j in range(4)], [1] * 35), TooLarge, "got up to"),
        (lambda: geometric_inputs(10**6), TooLarge, "at most 1073741824 binary digits, got 1499998500000"),
        (lambda: logistic_polynomial([10**9], [HALF]), TooLarge, "at most 1024 as degree, got 1000000000; use"),
        (lambda: logistic_critical_points([1, 400], [HALF, HALF]), TooLarge, "got 1201"),
        (lambda: logistic_critical_points([10**400], [HALF]), TooLarge, "over 10.18"),
        (lambda: products(), ValueError, "needs at least one list of coordinates, got none"),
        (lambda: products(*[(0, 1)] * 30), TooLarge, "at most 4194304 entries, got 32212254720; loop"),
    ],
)
def test_refusals(call, error, says):
    with pytest.raises(error, match=says):
        call()


def angle(v):
    return atan2(*v)


def test_sizes_within_the_bounds_are_answered():
    """Many inputs on few lines, of which only the lines count; and 50 inputs in the plane, cell by cell by angles."""
    few = rational([[1, -1, 2, -3] * 50, [0, 1, 0, 3] * 50])
    y = rational([1, 2, 3, -1] * 50)
    assert sorted(map(str, strict_relu_minima(few, y))) == sorted(map(str, strict_relu_minima(few[:, :4], y[:4])))
    draw = random.Random(4)
    inputs = [(draw.randint(-9, 9) or 1, draw.randint(-9, 9)) for _ in range(50)]
    X, y = rational(inputs).T, rational([abs(p) + 2 * abs(q) for p, q in inputs])
    expected = set()
    kinks = sorted({(-s * q // gcd(p, q), s * p // gcd(p, q)) for p, q in inputs for s in (1, -1)}, key=angle)
    for v, u in zip(kinks, kinks[1:] + kinks[:1], strict=True):
        inside = rational(v) + rational(u)
        on = inside @ X > 0
        A = X[:, on]
        G = A @ A.T
        if G[0, 0] * G[1, 1] != G[0, 1] ** 2:
            r = A @ y[on]
            w = np.array([G[1, 1] * r[0] - G[0, 1] * r[1], G[0, 0] * r[1] - G[0, 1] * r[0]])
            w = w / (G[0, 0] * G[1, 1] - G[0, 1] ** 2)
            if ((w @ X > 0) == on).all() and (w @ X != 0).all():
                expected.add(str(w))
    assert {str(w) for w in strict_relu_minima(X, y)} == expected and expected
    assert products((1, 2), ()).shape == (0, 2)
