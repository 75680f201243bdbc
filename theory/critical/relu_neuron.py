"""The single ReLU neuron on the line: every valley, every floor and every barrier, in rational arithmetic.

f(x) = a relu(w x + b) + c with theta = (w, b, a, c), loss (1/m) sum_i (f(x_i) - y_i)^2, data x_i, y_i rational.

Why everything is finite and rational (V = Var(y) is the loss of the best constant):

1. A network with a w = 0 is constant, so its loss is at least V: the set {loss <= c}, c < V, splits over the four open
   quadrants of the signs of (a, w). For c >= V it is connected: (a, c) -> (0, ybar) moves the outputs on a segment
   towards the best constant, and at a = 0 all (w, b) are joined.
2. In a quadrant let t = -b/w be the kink and z_t = relu(sign(w) (x - t)). For fixed t the loss is a strictly convex
   function of (a|w|, c), so {loss <= c} is connected over an interval of kinks and has no other components than the
   intervals of {t: h(t) <= c}, where h(t) = V - Cov(y, z_t)^2 / Var(z_t) if sign(a) Cov > 0, and h(t) = V otherwise.
3. Between two data points Cov is linear and Var(z_t) quadratic in t, so h has at most one minimum there, and it is
   rational; beyond the data (a straight line) and where one end point alone is active, h is constant. Hence h is
   continuous where the neuron is alive, monotone between finitely many nodes, and every infimum below V is attained.

Source: petersenzech2024, Definition 12.3 and Exercise 12.8; the solution is our own derivation.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from theory import arrays
from theory.activations import RELU
from theory.arithmetic import RATIONAL, arithmetic_of, rational
from theory.critical.relu_faces import cone_landscape as cone_landscape
from theory.critical.relu_faces import local_minima as local_minima
from theory.critical.relu_profile import Interval, Profile, mean
from theory.errors import NotExact

Quadrant = tuple[int, int]

QUADRANTS: tuple[Quadrant, ...] = ((1, 1), (1, -1), (-1, 1), (-1, -1))


@dataclass(frozen=True)
class Floor:
    """The bottom of a valley: a connected set of local minima below the best constant; its infimum is attained.

    Attributes
    ----------
    sign_a, sign_w : the signs of the quadrant.
    kinks : the interval of kinks -b/w; a half-line where the network is a straight line on the data, and open at an end
        point of the data that is approached with growing slope.
    value : the loss.
    spurious : the component of {loss <= value} that is this floor contains no global minimum (Definition 12.3).
    kink, slope, offset : one of its networks, slope * relu(sign_w (x - kink)) + offset.
    """

    sign_a: int
    sign_w: int
    kinks: Interval
    value: Any
    spurious: bool
    kink: Any
    slope: Any
    offset: Any

    @property
    def quadrant(self) -> Quadrant:
        return self.sign_a, self.sign_w

    def parameters(self, scale: Any = 1) -> np.ndarray:
        """theta = (w, b, a, c) on the floor, with |w| = scale > 0 (the scaling orbit of the neuron)."""
        r = _number(scale)
        if r <= 0:
            raise ValueError(f"Floor.parameters: scale must be positive, got {scale}")
        return rational([self.sign_w * r, -self.sign_w * self.kink * r, self.slope / r, self.offset])


@dataclass(frozen=True, eq=False)
class LineLandscape:
    """The landscape of (1/m) sum (a relu(w x_i + b) + c - y_i)^2; made by ``line_landscape``, lazily computed."""

    x: np.ndarray
    y: np.ndarray

    @cached_property
    def profiles(self) -> dict[Quadrant, Profile]:
        """h for each of the four quadrants (sign_a, sign_w)."""
        return {q: Profile.of(self.x, self.y, *q) for q in QUADRANTS}

    def profile(self, sign_a: int, sign_w: int) -> Profile:
        """h of one quadrant."""
        return self.profiles[sign_a, sign_w]

    @property
    def best_constant(self) -> Any:
        """Var(y), the loss of the best constant network."""
        return self.profiles[QUADRANTS[0]].variance

    @cached_property
    def floors(self) -> tuple[Floor, ...]:
        """The floors of all valleys, lowest first; empty if no network is better than the best constant."""
        found = [(value, q, kinks) for q, h in self.profiles.items() for kinks, value in h.bottoms()]
        lowest = min((value for value, _, _ in found), default=self.best_constant)
        floors = [
            Floor(*q, kinks, value, value > lowest, kinks.inner, *self.profiles[q].best(kinks.inner))
            for value, q, kinks in found
        ]
        return tuple(sorted(floors, key=lambda f: (f.value, QUADRANTS.index(f.quadrant), f.kink)))

    @cached_property
    def plateaus(self) -> tuple[Floor, ...]:
        """The other connected sets of local minima below the best constant, lowest first: no valley ends there.

        The loss is constant on them, but their component of {loss <= value} has smaller values too; ``spurious`` says
        that it contains no global minimum.
        """
        found = [(value, q, kinks) for q, h in self.profiles.items() for kinks, value in h.shelves()]
        plateaus = []
        for value, q, kinks in found:
            flat = Floor(*q, kinks, value, False, kinks.inner, *self.profiles[q].best(kinks.inner))
            lower = self.component_of(flat.parameters(), value)
            plateaus.append(replace(flat, spurious=self.is_spurious(lower)))
        return tuple(sorted(plateaus, key=lambda f: (f.value, QUADRANTS.index(f.quadrant), f.kink)))

    @property
    def global_value(self) -> Any:
        """The least loss; it is attained."""
        return self.floors[0].value if self.floors else self.best_constant

    @cached_property
    def _chains(self) -> tuple[tuple[list[int], list[Any]], ...]:
        """For each quadrant its floors from left to right, and the heights of the saddles between neighbours."""
        chains = []
        for q, h in self.profiles.items():
            chain = sorted((i for i, f in enumerate(self.floors) if f.quadrant == q), key=lambda i: self.floors[i].kink)
            chains.append((chain, [h.highest(self.floors[i].kink, self.floors[j].kink) for i, j in pairwise(chain)]))
        return tuple(chains)

    def components(self, level: Any) -> tuple[tuple[int, ...], ...]:
        """The path components of {loss <= level}, each as the tuple of the floors that it contains.

        Below ``global_value`` there are none; from ``best_constant`` on there is one, which contains all floors and the
        best constants (so it is ``((),)`` if there are no floors).
        """
        level = _number(level)
        if level >= self.best_constant:
            return (tuple(range(len(self.floors))),)
        parts = []
        for chain, saddles in self._chains:
            cuts = [0, *(i for i, height in enumerate(saddles, 1) if height > level), len(chain)]
            valleys = (chain[lo:hi] for lo, hi in pairwise(cuts))
            parts += [tuple(sorted(i for i in valley if self.floors[i].value <= level)) for valley in valleys]
        return tuple(sorted(part for part in parts if part))

    def is_spurious(self, component: tuple[int, ...]) -> bool:
        """Whether a component given by its floors contains no global minimum."""
        return bool(component) and all(self.floors[i].spurious for i in component)

    def component_counts(self) -> tuple[tuple[Any, int], ...]:
        """(level, number of components of {loss <= c} for c from this level up to the next one), while it changes."""
        steps: Counter = Counter(f.value for f in self.floors)
        steps.subtract(Counter(height for _, saddles in self._chains for height in saddles))
        counts, n = [], 0
        for level in sorted(level for level in steps if level < self.best_constant):
            n += steps[level]
            if steps[level]:
                counts.append((level, n))
        return (*counts, (self.best_constant, 1)) if n != 1 else tuple(counts)

    def loss(self, theta: Any) -> Any:
        """(1/m) sum_i (a relu(w x_i + b) + c - y_i)^2 at a rational theta = (w, b, a, c)."""
        w, b, a, c = _theta(theta)
        e = a * RELU(w * self.x + b) + c - self.y
        return mean(e * e)

    def component_of(self, theta: Any, level: Any) -> tuple[int, ...]:
        """The component of {loss <= level} that contains theta, as in ``components``.

        Raises
        ------
        ValueError
            When the loss at theta is above the level.
        """
        loss, level = self.loss(theta), _number(level)
        if loss > level:
            raise ValueError(f"component_of: needs a level of at least the loss at theta, {loss}, got {level}")
        return next(part for part in self.components(level) if not part or self._joined(theta, part[0], level))

    def _joined(self, theta: Any, floor: int, level: Any) -> bool:
        return self.height(theta, self.floors[floor].parameters()) <= level

    def height(self, theta_1: Any, theta_2: Any) -> Any:
        """The communication height: the least level at which one component of {loss <= level} contains both.

        In one quadrant the larger loss or the maximum of h between the two kinks; else the constants must be crossed.
        """
        ends = max(self.loss(theta_1), self.loss(theta_2))
        (q1, t1), (q2, t2) = _place(theta_1), _place(theta_2)
        if q1 != q2 or 0 in q1:
            return max(ends, self.best_constant)
        return max(ends, self.profiles[q1].highest(t1, t2))

    def barrier(self, i: int, j: int) -> Any:
        """The communication height between the floors i and j."""
        return self.height(self.floors[i].parameters(), self.floors[j].parameters())


def line_landscape(x: Any, y: Any) -> LineLandscape:
    """The complete landscape of the neuron a relu(w x + b) + c on the data (x_i, y_i), in O(m log m).

    Parameters
    ----------
    x, y : (m,) integers or rationals; repetitions, equal x and constant y are allowed.

    Raises
    ------
    NotExact
        For floats: ties and kinks decide the answer, so the data must be exact.

    >>> neuron = line_landscape([-1, 0, 1], [0, 3, 1])
    >>> [f.value for f in neuron.floors], neuron.barrier(0, 1)
    ([2/3, 25/18, 3/2], 14/9)
    """
    x = arrays.vector(x, "line_landscape", "x")
    y = arrays.vector(y, "line_landscape", "y", x.size)
    for name, a in (("x", x), ("y", y)):
        if arithmetic_of(a).name != RATIONAL:
            kind = arithmetic_of(a).name
            raise NotExact(f'line_landscape: {name} must be rational, got {kind} entries; write "1/10" or Fraction(x)')
    return LineLandscape(x, y)


def _number(value: Any) -> Any:
    return rational([value])[0]


def _theta(theta: Any) -> np.ndarray:
    out = rational(theta)
    if out.shape != (4,):
        raise ValueError(f"line_landscape: theta = (w, b, a, c) needs shape (4,), got {out.shape}")
    return out


def _place(theta: Any) -> tuple[Quadrant, Any]:
    """The signs of (a, w), and the kink -b/w where w != 0."""
    w, b, a, _ = _theta(theta)
    return ((a > 0) - (a < 0), (w > 0) - (w < 0)), -b / w if w != 0 else None
