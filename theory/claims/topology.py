"""Sublevel sets on grids: components by the elder rule, and what bounds on cells prove about continuous functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import isqrt
from typing import Any

import numpy as np

from theory.arithmetic import rational
from theory.claims.cases import Case
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.linear_data import Choose, chosen
from theory.claims.neuron_cells import cell_bounds, network, node_losses
from theory.critical.relu_neuron import line_landscape
from theory.topology.merge_tree import merge_tree

# -- the elder rule --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class GridValues(Case):
    """Values in row-major order on a grid, and the number of neighbours."""

    shape: tuple
    values: tuple
    connectivity: int


def _grid(choose: Choose) -> GridValues:
    """Small grids of dimension 1, 2, 3 with few values, so that ties and plateaus are frequent."""
    sizes = {1: (1, 2, 5, 9), 2: (1, 2, 3, 4, 5), 3: (1, 2, 3)}
    ndim = choose((1, 2, 3))
    shape = tuple(choose(sizes[ndim]) for _ in range(ndim))
    top = choose((1, 3, 9))
    values = tuple(choose(range(top + 1)) for _ in range(int(np.prod(shape))))
    return GridValues(shape, values, choose({1: (2,), 2: (4, 8), 3: (6, 26)}[ndim]))


def flood(shape: tuple, values: tuple, connectivity: int, level: Any) -> int:
    """The number of components of {f <= level}, by filling one after the other from node to node."""
    nodes = {node for node, v in zip(product(*map(range, shape)), values, strict=True) if v <= level}
    steps = [o for o in product((-1, 0, 1), repeat=len(shape)) if any(o)]
    steps = [o for o in steps if connectivity != 2 * len(shape) or sum(map(abs, o)) == 1]
    found = 0
    while nodes:
        found += 1
        front = [nodes.pop()]
        while front:
            here = front.pop()
            near = {tuple(a + b for a, b in zip(here, o, strict=True)) for o in steps} & nodes
            nodes -= near
            front += near
    return found


def _check_counts(case: GridValues, law: Callable[[Any, Any, int], int]) -> Verdict:
    """At every value of the field: the law from births and deaths against the flood."""
    tree = merge_tree(np.reshape(rational(list(case.values)), case.shape), case.connectivity)
    levels = sorted(set(case.values))
    counts = [flood(case.shape, case.values, case.connectivity, c) for c in levels]
    predicted = [law(tree.births, tree.deaths[1:], c) for c in levels]
    return verdict(counts == predicted, detail="components at every level, counted by flooding")


def _living(births: Any, deaths: Any, c: int) -> int:
    return sum(b <= c for b in births) - sum(d <= c for d in deaths)


COUNTS = Claim(
    id="topology.component_counts",
    title="Components are those born and not yet ended",
    statement=r"For every function on the nodes of a grid and every $c$, the number of components of $\{f \le c\}$ is "
    r"the number of local minima with value at most $c$ to which the elder rule (a component ends where it meets one "
    r"with a lower minimum, ties by index) gives a positive lifetime, less the number of their deaths at most $c$.",
    source="edelsbrunnerharer2010, section VII.1 (elder rule), in the form of",
    case_type=GridValues,
    cases=lambda: chosen(_grid),
    law=_living,
    check=_check_counts,
    examples=(
        GridValues((5,), (0, 2, 1, 2, 0), 2),
        GridValues((2, 2), (0, 1, 1, 0), 4),
        GridValues((2, 2), (0, 1, 1, 0), 8),
        GridValues((2, 2, 2), (0, 1, 1, 1, 1, 1, 1, 0), 6),
        GridValues((1,), (3,), 2),
    ),
    false_laws={
        "components never end": lambda births, deaths, c: sum(b <= c for b in births),
        "a component still lives at the level of its death": lambda births, deaths, c: sum(b <= c for b in births)
        - sum(d < c for d in deaths),
        "a component is born above its minimum": lambda births, deaths, c: sum(b < c for b in births)
        - sum(d <= c for d in deaths),
    },
)

# -- bounds on cells -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NeuronGrid(Case):
    """Data on the line, cells between slopes and kinks, and two cells (row, column) whose lower corners are joined."""

    x: tuple
    y: tuple
    slopes: tuple
    kinks: tuple
    p: tuple
    q: tuple

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        """x, y, slopes, kinks as rationals."""
        return tuple(map(_rationals, (self.x, self.y, self.slopes, self.kinks)))


def best_slope_bound(x: tuple, y: tuple, last: Any) -> int:
    r"""An integer S with |best slope| <= S for every kink t <= last < max(x).

    |Cov(y, z)| / Var(z) <= (Var(y) / Var(z))^(1/2), and Var(z_t) >= p (1 - p) d^2 where a share p < 1 of the data is at
    the largest x and z is lower by at least d = min(max(x) - second largest x, max(x) - last) elsewhere.
    """
    top, rest = max(x), [u for u in x if u < max(x)]
    p = Fraction(len(x) - len(rest), len(x))
    d = min(Fraction(top - max(rest)), Fraction(top - last))
    mean = Fraction(sum(y), len(y))
    ratio = sum((v - mean) ** 2 for v in y) / len(y) / (p * (1 - p) * d * d)
    return isqrt(int(ratio)) + 1


def _data(choose: Choose) -> tuple[tuple, tuple]:
    """Three or four data x, y."""
    m = choose((3, 3, 4))
    x = (*(choose((-2, -1, 0, 1, 2, 3)) for _ in range(m - 2)), -1, 1)
    return x, tuple(choose((0, 1, 3, -1)) for _ in range(m))


def _neuron(choose: Choose) -> NeuronGrid:
    """A box that holds all best slopes, cells that are smaller near slope 0."""
    return cells(*_data(choose), choose((2, 3, 5)), choose((1, 1, 2)), choose)


def grid(x: tuple, y: tuple, half: int, fineness: int) -> tuple[tuple, tuple]:
    """Slopes S k^3 / half^3 and kinks in steps of 1/(2 fineness), from below the data to 1/2 below the largest."""
    start, steps = min(x) - 1, 2 * fineness
    kinks = tuple(start + Fraction(i, steps) for i in range(int((max(x) - start) * steps) - fineness + 1))
    S = best_slope_bound(x, y, kinks[-1])
    return tuple(Fraction(S * k**3, half**3) for k in range(-half, half + 1)), kinks


def cells(x: tuple, y: tuple, half: int, fineness: int, choose: Choose) -> NeuronGrid:
    """Two cells of ``grid``, chosen at random or where the loss is low."""
    slopes, kinks = grid(x, y, half, fineness)
    rows, columns = range(len(slopes) - 1), range(len(kinks) - 1)
    p, q = ((choose(rows), choose(columns)) for _ in "pq")
    if choose((True, True, False)):  # two corners that are low, on the same side of slope 0 or not
        losses = node_losses(*map(_rationals, (x, y, slopes, kinks)))
        low = sorted(product(rows, columns), key=lambda node: losses[node])
        p, q = choose(low[: len(low) // 8 + 1]), choose(low[: len(low) // 2])
    return NeuronGrid(x, y, slopes, kinks, p, q)


def _rationals(a: tuple) -> np.ndarray:
    return rational(list(a))


def _check_enclosure(case: NeuronGrid, law: Callable[..., bool]) -> Verdict:
    """Bounds from the cells, the barrier of the grid of nodes, and the exact height between the two corners."""
    x, y, slopes, kinks = case.arrays
    lower, upper = cell_bounds(x, y, slopes, kinks).barrier(case.p, case.q)
    nodes = merge_tree(node_losses(x, y, slopes, kinks)).barrier(case.p, case.q)
    exact = line_landscape(x, y).height(*(network(x, y, slopes[i], kinks[j]) for i, j in (case.p, case.q)))
    return verdict(bool(law(exact, lower, upper, nodes)), detail=f"{lower} <= {exact} <= {upper}, nodes {nodes}")


def _holds_best_slopes(case: NeuronGrid) -> bool:
    if len(set(case.x)) < 2 or case.kinks[-1] >= max(case.x):
        return False
    S = best_slope_bound(case.x, case.y, case.kinks[-1])
    return bool(case.slopes[0] <= -S and case.slopes[-1] >= S)


_THREE, _TWISTED = ((-1, 0, 1), (0, 3, 1)), ((0, 1, 2, 3), (-3, 6, -4, 1))
_DENSE = (*(Fraction(i, 2) - 1 for i in range(8)), Fraction(11, 4))

ENCLOSURE = Claim(
    id="topology.barrier_enclosure",
    title="Bounds on cells enclose the barrier",
    statement=r"Let $l \le f \le u$ on the cells of a grid that cuts a box, and let $b$ be the barrier of the "
    r"continuous $f$ in the box between two points. The minimum over cell paths through faces of $\max l$ is at most "
    r"$b$, and the minimum over cell paths through corners of $\max u$ is at least $b$. Here $f(s, t)$ is the least "
    r"loss over $c$ of $s\,\mathrm{relu}(x - t) + c$; if the box holds the best slopes of its kinks, $b$ is the "
    r"barrier of the whole landscape.",
    source="own derivation",
    case_type=NeuronGrid,
    cases=lambda: chosen(_neuron),
    law=lambda exact, lower, upper, nodes: lower <= exact <= upper,
    check=_check_enclosure,
    hypotheses=(
        Hypothesis("best slopes", "the neuron lives at all kinks; the box has their best slopes", _holds_best_slopes),
    ),
    counterexamples=(
        Counterexample(
            "best slopes",
            NeuronGrid(*_TWISTED, (Fraction(1, 5), Fraction(11, 50)), _DENSE, (0, 0), (0, 7)),
            "the box is without slope 0, where the path over the constants leads: inside it the barrier is higher",
        ),
    ),
    examples=(
        cells(*_THREE, 8, 1, lambda entries: entries[0]),
        NeuronGrid(*_TWISTED, (-37, 0, Fraction(1, 5), 37), (-1, Fraction(5, 2), Fraction(11, 4)), (2, 0), (2, 1)),
        NeuronGrid(
            (1, -1, 1),
            (0, 1, 0),
            (-3, Fraction(-4, 3), Fraction(-1, 3), 0, Fraction(1, 3), Fraction(4, 3), 3),
            (-2, Fraction(-3, 2), -1, Fraction(-1, 2), 0, Fraction(1, 2)),
            (1, 4),
            (2, 2),
        ),
    ),
    false_laws={
        "the barrier of the nodes is a lower bound": lambda exact, lower, upper, nodes: nodes <= exact,
        "the barrier of the nodes is an upper bound": lambda exact, lower, upper, nodes: exact <= nodes,
        "the lower bound is the barrier": lambda exact, lower, upper, nodes: lower == exact,
    },
    uses=("relu_neuron.quadrants_are_separated",),
)

# -- proved valleys ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NeuronLevel(Case):
    """Data on the line, how fine the cells are, and a level as a fraction of the loss of the best constant."""

    x: tuple
    y: tuple
    half: int
    fineness: int
    share: Any


def _level(choose: Choose) -> NeuronLevel:
    """Data as for the barriers; levels up to just below the best constant."""
    return NeuronLevel(*_data(choose), choose((2, 4, 6)), choose((1, 1, 2)), choose((Fraction(1, 3), Fraction(19, 20))))


def _check_valleys(case: NeuronLevel, law: Callable[[int, int], bool]) -> Verdict:
    """What the cells prove for w > 0 and, with -x for x, for w < 0, against the exact count."""
    neuron, proved = line_landscape(case.x, case.y), 0
    level = neuron.best_constant * rational([case.share])[0]
    for sign in (1, -1):
        x = tuple(sign * u for u in case.x)
        slopes, kinks = grid(x, case.y, case.half, case.fineness)
        proved += cell_bounds(*map(_rationals, (x, case.y, slopes, kinks))).least_count(level)
    exact = len(neuron.components(level))
    return verdict(law(proved, exact), detail=f"{proved} of {exact} components of {{L <= {level}}} proved")


def _below(case: NeuronLevel) -> bool:
    return case.share < 1 and len(set(case.y)) > 1


VALLEYS = Claim(
    id="topology.neuron_valleys",
    title="Bounds on cells prove valleys of a single ReLU neuron",
    statement=r"Let $L$ be the loss of $a\,\mathrm{relu}(wx + b) + c_0$ on the line. For $c < \mathrm{Var}(y)$, "
    r"$\{L \le c\}$ has at least as many components as the cells with lower bound at most $c$, in the planes of slope "
    r"and kink for $w > 0$ and for $w < 0$, have components on which a loss of at most $c$ is known; for $x = (-1, 0, "
    r"1)$, $y = (0, 3, 1)$, $c = 151/100$ these prove all three valleys already with $16 \times 5$ cells.",
    source="petersenzech2024, Exercise 12.8 (the data); own derivation",
    case_type=NeuronLevel,
    cases=lambda: chosen(_level),
    law=lambda proved, exact: proved <= exact,
    check=_check_valleys,
    hypotheses=(Hypothesis("below the constants", r"$c < \mathrm{Var}(y)$, and $y$ is not constant", _below),),
    counterexamples=(
        Counterexample("below the constants", NeuronLevel(*_THREE, 8, 1, 2), "the planes meet: one is counted twice"),
    ),
    examples=(
        NeuronLevel(*_THREE, 8, 1, Fraction(151 * 9, 1400)),
        NeuronLevel(*_THREE, 2, 1, Fraction(151 * 9, 1400)),
        NeuronLevel((0, 1), (0, 1), 2, 1, Fraction(1, 2)),
    ),
    false_laws={
        "cells prove all valleys": lambda proved, exact: proved >= exact,
        "some valley always stays unproved": lambda proved, exact: proved < exact,
    },
    uses=("relu_neuron.quadrants_are_separated", "topology.barrier_enclosure"),
    figures=("fig_merge_tree_neuron",),
)

CLAIMS = (COUNTS, ENCLOSURE, VALLEYS)
