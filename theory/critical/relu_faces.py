"""A ReLU neuron relu(w.x) in R^d, with or without an output bias c: all local minima and all valleys, exactly.

L(w) = (1/m) ||P (relu(X^T w) - y)||^2, where P = I, or P subtracts the mean (the best c has been put in). With the
least values on closed faces of ``theory.critical.relu_least``:

1. w is a local minimum iff D(d) = sum_{x_i.w > 0} e_i x_i.d + sum_{x_i.w = 0} e_i relu(x_i.d) >= 0 for all d, with
   e = P (relu(X^T w) - y): L is convex on each adjacent cell, so no second-order condition. D is linear on the tangent
   cone of each adjacent cell, which its rays and the span of the face of w generate. On the span D = 0 where w is the
   least-squares solution of its face, so it suffices to test the rays of the arrangement.
2. A cell adjacent to a local minimum w has w among its minimisers, which are a convex set. So the local minima with one
   cell in common form one connected set, and there are at most as many connected sets as cells.
3. Valleys: ``theory.critical.relu_valleys``. Along a ray L is a quadratic A r^2 - B r + L(0), so {L <= c} is
   star-shaped for c >= L(0) = (1/m) ||P y||^2, and all local minima have values of at most L(0).

Source: own derivation; petersenzech2024, Definition 12.3 (spurious valleys).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from theory import arrays
from theory.activations import RELU
from theory.arithmetic import RATIONAL, arithmetic_of, flint, rational, sign
from theory.calculus.arrangement import Arrangement, arrangement
from theory.calculus.exact_linalg import array_of, rank, rational_matrix
from theory.critical.relu_least import FACES_AT_ONCE, LeastValues, is_below
from theory.critical.relu_profile import mean
from theory.critical.relu_valleys import CellGraph
from theory.errors import NotExact


@dataclass(frozen=True)
class LocalMinima:
    """A connected set of local minima, all of one value.

    Attributes
    ----------
    value : the loss.
    w, c : one of them, inside the largest face that the set meets; c is 0 without an output bias.
    signs : of x_i.w for this w; 0 is a kink.
    faces : number of faces of the arrangement that the set meets.
    dimension : of the set.
    strict : the set is a single point.
    dead : the neuron is inactive on all samples.
    bottom : the least value in the component of {L <= value} that contains the set.
    floor : the set is that component: the bottom of a valley.
    spurious : that component has no global minimum (Definition 12.3).
    """

    value: Any
    w: tuple[Any, ...]
    c: Any
    signs: tuple[int, ...]
    faces: int
    dimension: int
    strict: bool
    dead: bool
    bottom: Any
    floor: bool
    spurious: bool


@dataclass(frozen=True, eq=False)
class ConeLandscape:
    """The landscape of (1/m) sum (relu(w.x_i) + c - y_i)^2; made by ``cone_landscape``, lazily computed."""

    X: np.ndarray
    y: np.ndarray
    output_bias: bool

    @cached_property
    def arrangement(self) -> Arrangement:
        return arrangement(self.X)

    @cached_property
    def values(self) -> LeastValues:
        """The least values on all faces."""
        return LeastValues(self.arrangement, self.y, self.output_bias)

    @property
    def value_at_zero(self) -> Any:
        """L(0): the loss of the zero network, or of the best constant with an output bias."""
        return self.values.at_zero

    def loss(self, w: Any) -> Any:
        """L(w), the least over c where there is one, at a rational w (d,)."""
        return mean(self.values.project(RELU(self._point(w) @ self.X) - self.y) ** 2)

    def offset(self, w: Any) -> Any:
        """The best c at w; 0 without an output bias."""
        return mean(self.y - RELU(self._point(w) @ self.X)) if self.output_bias else flint().fmpq(0)

    def _point(self, w: Any) -> np.ndarray:
        out = rational(w)
        if out.shape != self.X.shape[:1]:
            raise ValueError(f"ConeLandscape: w needs shape ({len(self.X)},), got {out.shape}; pass one point")
        return out

    # -- local minima --------------------------------------------------------------------------------------------------

    @cached_property
    def _minimal_faces(self) -> tuple[np.ndarray, np.ndarray]:
        """The faces that local minima meet, and one point on each: the first-order test on all rays."""
        _, faces, points = self.values.least
        if not self.arrangement.rank:
            return faces, points
        starts = range(0, len(faces), FACES_AT_ONCE)
        parts = [slice(start, start + FACES_AT_ONCE) for start in starts]
        passed = np.concatenate([self._is_stationary(faces[part], points[part]) for part in parts])
        return faces[passed], points[passed]

    def _is_stationary(self, faces: np.ndarray, points: np.ndarray) -> np.ndarray:
        """Whether D >= 0 on all rays, at points (N, r) inside faces; in integers, D times a positive number."""
        A, lib = self.arrangement, flint()
        outputs = array_of(rational_matrix(points) * rational_matrix(A.reduced))
        errors, side = self.values.project(RELU(outputs) - self.y), A.signs[faces]
        split = np.concatenate([errors * (side > 0).astype(int), errors * (side == 0).astype(int)], axis=1)
        cleared = [lib.fmpq_mat(1, len(row), row.tolist()).numer_denom()[0].entries() for row in split]
        slopes = lib.fmpz_mat(len(split), split.shape[1], [x for row in cleared for x in row]) * self._along_rays
        entries, n = slopes.entries(), slopes.ncols()
        return np.array([all(x >= 0 for x in entries[i : i + n]) for i in range(0, len(entries), n)])

    @cached_property
    def _along_rays(self) -> Any:
        """x_i.d and relu(x_i.d) for the rays d, times a positive integer: an integer flint matrix (2m, R)."""
        P = array_of(self.arrangement.ray_products).T
        return rational_matrix(np.concatenate([P, RELU(P)])).numer_denom()[0]

    @cached_property
    def minima(self) -> tuple[LocalMinima, ...]:
        """All local minima, as connected sets, lowest first."""
        from scipy.sparse.csgraph import connected_components

        A, (faces, points) = self.arrangement, self._minimal_faces
        signs = A.signs[faces].astype(np.float32)
        number, part = connected_components(is_below(signs, signs), directed=False)
        last = [np.flatnonzero(part == i)[-1] for i in range(number)]  # faces are sorted by dimension
        sizes = np.bincount(part)
        found = [self._described(int(faces[i]), points[i], int(sizes[part[i]])) for i in last]
        return tuple(sorted(found, key=lambda f: (f.value, f.signs)))

    def _described(self, face: int, point: np.ndarray, size: int) -> LocalMinima:
        A, graph = self.arrangement, self.graph
        w = A.lift @ point if A.rank else rational([0] * len(self.X))
        height = self.values.least[0][face]
        value = graph.levels[height]
        bottom = int(graph.minima(value)[self._cell_of(A.signs[face])])
        dimension = self._dimension(face)
        return LocalMinima(
            value=value,
            w=tuple(w),
            c=self.offset(w),
            signs=tuple(A.signs[face].tolist()),
            faces=size,
            dimension=dimension,
            strict=dimension == 0,
            dead=bool((A.signs[face] <= 0).all()),
            bottom=graph.levels[bottom],
            floor=bool(bottom == height),
            spurious=bool(bottom > 0),
        )

    def _dimension(self, face: int) -> int:
        """Of the directions in the span of a face that leave the outputs as they are, up to a constant with c."""
        A = self.arrangement
        zero = A.signs[face] == 0
        V = self.values.project(np.where(A.signs[face] > 0, A.reduced, A.reduced * 0))
        seen = rank(np.concatenate([V, A.reduced[:, zero]], axis=1)) if A.rank else 0
        return len(self.X) - seen

    # -- valleys -------------------------------------------------------------------------------------------------------

    @cached_property
    def graph(self) -> CellGraph:
        """Cells and facets with the least values on them."""
        A, least = self.arrangement, self.values.least[0]
        return CellGraph(
            self.values.levels[0], least[A.of_dimension(A.rank)], least[A.of_dimension(A.rank - 1)], A.sides
        )

    def _cell_of(self, signs: np.ndarray) -> int:
        """A cell whose closure contains the points with these signs."""
        A = self.arrangement
        cells = A.signs[A.of_dimension(A.rank)].astype(np.float32)
        return int(is_below(signs[None].astype(np.float32), cells)[0].argmax())

    @property
    def global_value(self) -> Any:
        """The least loss; it is attained."""
        return self.values.levels[0][0]

    @property
    def floors(self) -> tuple[LocalMinima, ...]:
        """The local minima that are bottoms of valleys, lowest first."""
        return tuple(f for f in self.minima if f.floor)

    def component_counts(self) -> tuple[tuple[Any, int], ...]:
        """(level, number of components of {L <= c} for c from this level up to the next one), while it changes."""
        return self.graph.counts()

    def components(self, level: Any) -> tuple[tuple[int, ...], ...]:
        """The path components of {L <= level}, each as the tuple of the ``minima`` that it contains."""
        level = rational([level])[0]
        labels = self.graph.labels(level)
        parts: dict[int, list[int]] = {}
        for i, f in enumerate(self.minima):
            if f.value <= level:
                parts.setdefault(int(labels[self._cell_of(np.array(f.signs))]), []).append(i)
        return tuple(sorted(map(tuple, parts.values())))

    def height(self, w_1: Any, w_2: Any) -> Any:
        """The communication height: the least level at which one component of {L <= level} contains both."""
        a, b = (self._cell_of(sign(self._point(w) @ self.X)) for w in (w_1, w_2))
        return max(self.loss(w_1), self.loss(w_2), self.graph.joined(a, b))

    def barrier(self, i: int, j: int) -> Any:
        """The communication height between the local minima i and j."""
        return self.height(self.minima[i].w, self.minima[j].w)


def cone_landscape(X: Any, y: Any, *, output_bias: bool = False) -> ConeLandscape:
    """The complete landscape of the neuron relu(w.x) + c on rational data; c = 0 unless ``output_bias``.

    Parameters
    ----------
    X : (d, m) integers or rationals, samples as columns; a row of ones makes its weight the bias of the neuron.
    y : (m,).

    Raises
    ------
    NotExact
        For floats: kinks decide the answer, so the data must be exact.
    TooLarge
        When the arrangement of the samples may have too many faces; it is raised at the first question.

    >>> neuron = cone_landscape([[1, 0, 1], [0, 1, 1]], [1, 1, 0])
    >>> [(f.value, f.signs, f.strict, f.spurious) for f in neuron.floors]
    [(1/3, (-1, 1, -1), False, False), (1/3, (1, -1, -1), False, False), (4/9, (1, 1, 1), True, True)]
    >>> neuron.component_counts()
    ((1/3, 2), (4/9, 3), (1/2, 1))
    """
    X = arrays.matrix(X, "cone_landscape", "X")
    y = arrays.targets(y, X, "cone_landscape")
    for name, a in (("X", X), ("y", y)):
        if arithmetic_of(a).name != RATIONAL:
            kind = arithmetic_of(a).name
            raise NotExact(f'cone_landscape: {name} must be rational, got {kind} entries; write "1/10" or Fraction(x)')
    return ConeLandscape(rational(X), rational(y), output_bias)


def local_minima(X: Any, y: Any) -> tuple[LocalMinima, ...]:
    """All local minima of (1/m) sum (relu(w.x_i) - y_i)^2, as connected sets; see ``cone_landscape``."""
    return cone_landscape(X, y).minima
