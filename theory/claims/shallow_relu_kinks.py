"""Shallow ReLU nets at their kinks: a point is a local minimum iff nothing descends at first order around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from theory.arithmetic import is_zero, rational
from theory.calculus.arrangement import arrangement
from theory.calculus.cones import cells, nonnegative_solution
from theory.calculus.exact_linalg import null_space
from theory.claims.cases import Case, Matrix
from theory.claims.claim import Claim, Verdict, verdict
from theory.claims.linear_data import Choose, chosen
from theory.critical.relu_minimality import descent
from theory.models.shallow_net import ShallowNet

NEAR = (30, 40)  # steps of 4^-k


@dataclass(frozen=True)
class Kinked(Case):
    """A net f(x) = sum_j a_j relu(w_j.x + b_j) + c with squared loss at a point, by its errors e = f - y there.

    Attributes
    ----------
    X : rows of inputs.
    neurons : rows (w_j, b_j, a_j).
    bias : the output bias c, or None for a net without one.
    e : the errors.
    """

    X: Matrix
    neurons: Matrix
    bias: Any
    e: tuple

    def outputs(self, neurons: Any, bias: Any) -> list[Fraction]:
        """f(x_i), sample by sample."""
        out = []
        for x in zip(*self.X, strict=True):
            values = [a * max(sum((p * q for p, q in zip(w, x, strict=True)), b), 0) for *w, b, a in neurons]
            out.append(sum(values, Fraction(bias or 0)))
        return out

    def excess(self, theta: Any) -> Fraction:
        """m (L(theta) - L), from literal sums."""
        *flat, c = [Fraction(int(t.p), int(t.q)) for t in theta] + [None] * (self.bias is None)
        k, d = len(self.neurons), len(self.X)
        W, b, a = flat[: k * d], flat[k * d : k * d + k], flat[k * d + k :]
        neurons = [(*W[j * d : j * d + d], b[j], a[j]) for j in range(k)]
        before, after = self.outputs(self.neurons, self.bias), self.outputs(neurons, c)
        return sum(
            ((e + g - f) ** 2 - Fraction(e) ** 2 for e, f, g in zip(self.e, before, after, strict=True)), Fraction(0)
        )

    def at(self) -> tuple[ShallowNet, np.ndarray]:
        """The model and the point."""
        y = [f - e for f, e in zip(self.outputs(self.neurons, self.bias), self.e, strict=True)]
        net = ShallowNet(len(self.neurons), self.X, y, "relu", self.bias is not None)
        columns = list(zip(*self.neurons, strict=True))
        W = [v for row in self.neurons for v in row[:-2]]
        return net, rational([*W, *columns[-2], *columns[-1], *([] if self.bias is None else [self.bias])])


@dataclass(frozen=True)
class Cell:
    """C_S = sum of e_i (x_i, 1) over the samples on which a neuron is active inside one cell of its kinks.

    ``zero``: C_S = 0; ``rising``: a_j C_S.d >= 0 in the cell; ``unsigned``: C_S.d >= 0; ``dead``: no kink is active.
    """

    zero: bool
    rising: bool
    unsigned: bool
    dead: bool


Neuron = tuple[bool, tuple[Cell, ...]]


def _neuron(X1: np.ndarray, e: np.ndarray, row: tuple) -> Neuron:
    """Whether a_j != 0, and the cells; rising by Farkas' lemma: a C_S is a sum of the signed kinks."""
    *w, a = rational(row)
    u = np.array(w, object) @ X1
    kinks = X1[:, u == 0]
    sides = np.where(cells(kinks), 1, -1) if kinks.shape[1] else np.ones((1, 0), int)
    found = []
    for side in sides:
        on = np.array([bool(v > 0) for v in u])
        on[u == 0] = side > 0
        C = X1 @ (rational(on.astype(int)) * e)
        rows = kinks * side
        rising, unsigned = (_is_combination(rows, v) for v in (a * C, C))
        found.append(Cell(bool(is_zero(C).all()), rising, unsigned, not (side > 0).any()))
    return bool(a != 0), tuple(found)


def _is_combination(V: np.ndarray, C: np.ndarray) -> bool:
    """Whether C (p,) = V t for some t >= 0."""
    return bool(is_zero(C).all()) if not V.shape[1] else nonnegative_solution(V, C) is not None


@lru_cache(1024)
def _facts(case: Kinked) -> tuple[bool, tuple[Neuron, ...], bool, bool]:
    """Whether the errors sum to 0, if they must; the neurons; whether nothing nearby is lower; the library's answer."""
    net, theta = case.at()
    e, X1 = rational(case.e), np.concatenate([net.X, rational([[1] * len(case.e)])])
    neurons = tuple(_neuron(X1, e, row) for row in case.neurons)
    balanced = case.bias is None or sum(case.e) == 0
    return balanced, neurons, _is_lowest(case, X1, theta), descent(net, theta) is None


def _is_lowest(case: Kinked, X1: np.ndarray, theta: np.ndarray) -> bool:
    """Whether theta is a local minimum, without cells: by the literal function g_j(w) = sum e_i relu(w.x~_i).

    As (e + d)^2 >= e^2 + 2 e d, m (L(theta') - L(theta)) is at least twice sum_j (a'_j g_j(w'_j) - a_j g_j(w_j)) +
    (c' - c) sum e_i. Near w_j the function g_j is linear on each cell of the kinks, a cone over its rays and +- the
    directions that no kink sees, w_j among them. So if sum e_i = 0, all g_j = 0 along these generators where a_j = 0,
    and a_j g_j does not fall along them elsewhere, the bound is >= 0. Otherwise points nearby are lower, in literal
    losses; where a_j = 0, after w_j has moved by t, with a step of -t^2 g'_j in a_j.
    """
    downhill = [_moved(theta, len(theta) - 1, -sum(case.e))] if case.bias is not None and sum(case.e) else []
    k, p = len(case.neurons), len(X1)
    for j, row in enumerate(case.neurons):
        *w, a = rational(row)
        u = np.array(w, object) @ X1
        inner, out = [*range(j * (p - 1), (j + 1) * (p - 1)), k * (p - 1) + j], k * p + j
        slopes = [(r, _slope(case.e, u, r @ X1)) for r in _generators(X1[:, u == 0])]
        if a != 0:
            downhill += [_moved(theta, inner, r) for r, slope in slopes if a * slope < 0]
        else:
            now = sum((e * v for e, v in zip(rational(case.e), u, strict=True) if v > 0), 0 * a)
            downhill += [_moved(theta, out, -now)] if now != 0 else []
            downhill += [_moved(theta, inner, r, (out, -slope)) for r, slope in slopes if now == 0 != slope]
    if not downhill:
        return True
    lower = (case.excess(move(Fraction(1, 4**k))) < 0 for move in downhill for k in NEAR)
    assert all(lower), "first order decides near theta"
    return False


def _moved(
    theta: np.ndarray, where: Any, direction: Any, second: tuple[Any, Any] = ([], [])
) -> Callable[[Fraction], np.ndarray]:
    """t -> theta + t direction at these places, and t^2 times the second at its own."""
    v, w = 0 * theta, 0 * theta
    v[where], w[second[0]] = direction, second[1]
    return lambda t: theta + v * rational([t])[0] + w * rational([t * t])[0]


def _generators(kinks: np.ndarray) -> list[np.ndarray]:
    """The rays of the cells of the kinks (p, K), and +- a basis of the directions that no kink sees."""
    if not kinks.shape[1]:
        return [sign * row for row in rational(np.eye(len(kinks), dtype=int)) for sign in (1, -1)]
    planes = arrangement(kinks)
    flat = null_space(kinks.T).T
    return [planes.lift @ rational(ray) for ray in planes.rays] + [sign * row for row in flat for sign in (1, -1)]


def _slope(e: tuple, u: np.ndarray, rise: np.ndarray) -> Any:
    """The derivative of sum e_i relu(u_i) where u rises by ``rise``: at u_i = 0 only what becomes positive counts."""
    moving = (d if v > 0 else max(d, 0 * d) if v == 0 else 0 * d for v, d in zip(u, rise, strict=True))
    return sum((f * d for f, d in zip(rational(e), moving, strict=True)), 0 * rise[0])


Law = Callable[[bool, tuple[Neuron, ...]], bool]


def _check_kinks(case: Kinked, law: Law) -> Verdict:
    balanced, neurons, lowest, library = _facts(case)
    detail = "Farkas' lemma in each cell, against derivatives along all rays and lower points nearby in literal losses"
    return verdict(law(balanced, neurons) == lowest == library, detail=detail)


def _law(used: Callable[[list[Cell]], bool], unused: Callable[[list[Cell]], bool]) -> Law:
    """Both conditions on the neurons, beside the errors' sum."""
    return lambda balanced, neurons: balanced and all((used if a else unused)(list(cells)) for a, cells in neurons)


def _every(name: str) -> Callable[[list[Cell]], bool]:
    return lambda cells: all(getattr(cell, name) for cell in cells)


def _dead(name: str) -> Callable[[list[Cell]], bool]:
    return lambda cells: all(getattr(cell, name) for cell in cells if cell.dead)


def _some(name: str) -> Callable[[list[Cell]], bool]:
    return lambda cells: any(getattr(cell, name) for cell in cells)


def _points() -> Any:
    """One or two neurons on up to four small inputs; errors of few values, with sum 0 more often than not."""

    def build(choose: Choose) -> Kinked:
        d, k, m = choose((1, 1, 2)), choose((1, 1, 2)), choose((2, 3, 3, 4))
        X = tuple(tuple(choose((-2, -1, 0, 1, 2)) for _ in range(m)) for _ in range(d))
        neurons = tuple((*(choose((-1, 0, 1)) for _ in range(d + 1)), choose((-1, 0, 1, 2))) for _ in range(k))
        e = [choose((0, 0, 0, 1, -1, 2)) for _ in range(m)]
        bias = choose((None, None, 0, 1))
        if bias is not None and choose((True, True, False)):
            e[-1] = -sum(e[:-1])
        return Kinked(X, neurons, bias, tuple(e))

    return chosen(build)


LINE = ((0, 1, 2),)
LAW = _law(_every("rising"), _every("zero"))

KINKS = Claim(
    id="shallow_relu.kinks",
    title="Local minima of ReLU nets at kinks are decided at first order, cell by cell",
    statement=r"Let $\theta$ be any point of $f(x) = \sum_j a_j\mathrm{relu}(w_j \cdot x + b_j) + c$ with squared "
    r"loss, $e_i$ the errors, $\tilde x = (x, 1)$, and $C_S = \sum e_i\tilde x_i$ over the samples on which neuron $j$ "
    r"is active after $(w_j, b_j)$ has moved into the cell $S$ of its kinks. Then $\theta$ is a local minimum iff "
    r"$\sum e_i = 0$ (if $c$ is a parameter), $a_jC_S \cdot d \ge 0$ for all $d$ in all cells $S$ if $a_j \ne 0$, and "
    r"$C_S = 0$ for all $S$ if $a_j = 0$.",
    source="own derivation",
    case_type=Kinked,
    cases=_points,
    law=LAW,
    check=_check_kinks,
    false_laws={
        "stationary in every cell": _law(_every("zero"), _every("zero")),
        "stationary where the kinks are off": _law(_dead("zero"), _dead("zero")),
        "one cell is enough": _law(_some("rising"), _some("zero")),
        "unused neurons do not matter": _law(_every("rising"), lambda cells: True),
        "unused neurons like used ones": _law(_every("rising"), _every("unsigned")),
        "whatever the sign of a": _law(_every("unsigned"), _every("zero")),
        "kinks only switch off": _law(_dead("rising"), _every("zero")),
        "whatever the mean error": lambda balanced, neurons: LAW(True, neurons),
    },
    examples=(
        Kinked(LINE, ((1, 0, 1),), None, (1, 0, 0)),
        Kinked(LINE, ((1, 0, 1),), None, (-1, 0, 0)),
        Kinked(LINE, ((1, 0, -1),), None, (-1, 0, 0)),
        Kinked(LINE, ((1, 0, 0),), None, (1, 0, 0)),
        Kinked(LINE, ((1, 1, 0),), None, (0, 1, 1)),
        Kinked(LINE, ((1, 1, 2), (-1, -1, 1)), 0, (1, -2, 1)),
        Kinked(LINE, ((1, 1, 2), (-1, 0, 0)), 0, (1, -2, 1)),
        Kinked(((1, 2),), ((0, 0, 1),), 0, (2, -2)),
        Kinked(((1, -1),), ((-1, -2, 1),), 0, (0, 2)),
        Kinked(((0, 0, 1, 1), (0, 1, 0, 1)), ((1, 1, -1, 1), (1, 1, 0, -1)), 0, (1, 0, 0, -1)),
        Kinked(((0, 0, 1, 1), (0, 1, 0, 1)), ((0, 0, 0, 1),), None, (1, 0, 0, 2)),
    ),
)

CLAIMS = (KINKS,)
