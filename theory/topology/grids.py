"""Scalar fields on grids of dimension 1, 2 and 3: what may be given, who is whose neighbour, and the order of nodes.

The nodes are ordered by (value, flat index), so that no two are equal: ties are decided by the index. There are two
connectivities, named by the number of neighbours of an inner node: 2, 4, 6 (along the axes, the default: one parameter
moves at a time) and 2, 8, 26 (also along the diagonals). Proofs about continuous paths need both of them, see
``theory.topology.certified``.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from theory.arithmetic import FLOAT, RATIONAL, arithmetic_of, as_array, rational, to_float
from theory.arrays import frozen
from theory.errors import NotExact

Node = Sequence[int]

CONNECTIVITIES = {1: (2, 2), 2: (4, 8), 3: (6, 26)}


@dataclass(frozen=True, eq=False)
class Field:
    """Values on a grid, of the shape (n,), (ny, nx) or (nz, ny, nx).

    Attributes
    ----------
    values : as they were given: floats, integers or rationals.
    order : an array of plain numbers, ordered as the values are: the values themselves, or the ranks of rationals.
    connectivity : the number of neighbours of an inner node.
    """

    values: np.ndarray
    order: np.ndarray
    connectivity: int

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape

    def at(self, flat: np.ndarray) -> np.ndarray:
        """The values at flat indices (k,): floats, or exact rationals."""
        found = self.values.reshape(-1)[flat]
        return rational(found) if found.dtype.kind in "iu" and found.size else found

    def flat(self, node: Node, where: str) -> int:
        """The flat index of a node, given as its tuple of indices.

        Raises
        ------
        ValueError
            For a node outside the grid: negative indices do not count from the end.
        """
        try:
            index = tuple(operator.index(i) for i in node)
        except TypeError:
            raise TypeError(f"{where}: a node is a tuple of {len(self.shape)} integers, got {node!r}") from None
        if len(index) != len(self.shape) or any(not 0 <= i < n for i, n in zip(index, self.shape, strict=True)):
            raise ValueError(f"{where}: needs a node of the grid of shape {self.shape}, got {index}")
        return int(np.ravel_multi_index(index, self.shape))

    def level(self, level: Any, where: str) -> Any:
        """A finite level that says v <= level exactly: for float values v the largest float that is not above it."""
        out = as_array([level], f"{where}: level")
        if out.shape != (1,) or out.dtype.kind == "c":
            raise TypeError(f"{where}: level must be one real number, got {level!r}")
        if self.values.dtype.kind == "f" and arithmetic_of(out).name in (FLOAT, RATIONAL):
            near = np.float64(to_float(out)[0])
            above = out.dtype == object and rational([Fraction(float(near))])[0] > out[0]
            return np.nextafter(near, -np.inf) if above else near
        if arithmetic_of(out).name != RATIONAL:
            raise NotExact(f'{where}: level must be rational, as the values are, got {level!r}; write "1/10"')
        return out[0]


def field(values: Any, connectivity: int | None = None, where: str = "field") -> Field:
    """A field from any array of real floats, integers or rationals; values of a model are ``model.loss(grid)``.

    Raises
    ------
    TypeError
        For balls and symbols, which have no order (NotExact), complex numbers and other dtypes.
    ValueError
        For NaN, infinities, empty arrays, other dimensions, or another number of neighbours.
    """
    a = values if isinstance(values, np.ndarray) and type(values) is np.ndarray else as_array(values, where)
    if not 1 <= a.ndim <= 3 or a.size == 0:
        raise ValueError(f"{where}: needs values on a grid of dimension 1, 2 or 3 with nodes, got shape {a.shape}")
    if connectivity is None:
        connectivity = CONNECTIVITIES[a.ndim][0]
    if connectivity not in CONNECTIVITIES[a.ndim]:
        allowed = " or ".join(map(str, dict.fromkeys(CONNECTIVITIES[a.ndim])))
        raise ValueError(f"{where}: connectivity in dimension {a.ndim} is {allowed} neighbours, got {connectivity!r}")
    if a.dtype.kind in "iu":
        a = frozen(np.ascontiguousarray(a))
        return Field(a, a, connectivity)
    a = frozen(np.ascontiguousarray(as_array(a, where)))
    if a.dtype == object:
        return Field(a, _ranks(a, where), connectivity)
    if a.dtype.kind != "f":
        raise TypeError(f"{where}: values must be real, got {a.dtype}; give the real part")
    return Field(a, a, connectivity)


def _ranks(a: np.ndarray, where: str) -> np.ndarray:
    """The position of each rational among the distinct ones."""
    kind = arithmetic_of(a).name
    if kind != RATIONAL:
        raise NotExact(f"{where}: values must be floats, integers or rationals, got {kind} entries without an order")
    distinct = {value: i for i, value in enumerate(sorted(set(a.flat)))}
    return np.array([distinct[value] for value in a.flat]).reshape(a.shape)


def strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """How far the flat index moves along each axis."""
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


def half_neighbourhood(connectivity: int) -> tuple[tuple[int, ...], ...]:
    """The offsets to the neighbours with a larger flat index: one of each pair of opposite ones."""
    ndim = next(d for d, names in CONNECTIVITIES.items() if connectivity in names)
    offsets = (o for o in product((-1, 0, 1), repeat=ndim) if o > (0,) * ndim)
    return tuple(o for o in offsets if connectivity != 2 * ndim or sum(map(abs, o)) == 1)
