"""Merge trees of fields on grids: all components of all sublevel sets, and every barrier.

The sublevel set {f <= level} is the graph of the nodes with f <= level and of the edges between neighbours (see
``theory.topology.grids``). A component is born at a local minimum and ends, as the younger one, where it meets another.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as attribute
from functools import cached_property
from typing import Any

import numpy as np

from theory.topology import grids
from theory.topology.elder import elder_rule, simultaneous
from theory.topology.grids import Field, Node
from theory.topology.row_basins import reduced_graph


@dataclass(frozen=True, eq=False)
class MergeTree:
    """The components of {f <= level} for all levels; K of them live on some interval of levels.

    A component is named by its lowest node; the names are counted from the eldest, 0, on, in the order of (value, flat
    index). With ties, components that would end at the height of their own birth belong to no sublevel set and are left
    out.

    Attributes
    ----------
    minima : (K, d), the lowest node of each component.
    births : (K,), its value.
    saddles : (K, d), the node at which the component joins an elder one; -1 for the eldest.
    deaths : (K,), the value there; infinity for the eldest.
    parents : (K,), the component that it joins; -1 for the eldest.
    field : the values on the grid, a read-only copy, and the connectivity.
    """

    minima: np.ndarray
    births: np.ndarray
    saddles: np.ndarray
    deaths: np.ndarray
    parents: np.ndarray
    field: Field = attribute(repr=False)
    _starts: np.ndarray = attribute(repr=False)
    _owners: np.ndarray = attribute(repr=False)

    def __len__(self) -> int:
        return len(self.births)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the grid."""
        return self.field.shape

    @property
    def connectivity(self) -> int:
        """The number of neighbours of an inner node."""
        return self.field.connectivity

    @property
    def diagram(self) -> np.ndarray:
        """The persistence diagram in degree 0: (K, 2), birth and death."""
        return np.stack([self.births, self.deaths], axis=-1)

    def count(self, level: Any) -> int:
        """The number of components of {f <= level}: those born by then less those that ended; 0 below the minimum."""
        c = self.field.level(level, "MergeTree.count")
        return int((self.births <= c).sum()) - int((self.deaths[1:] <= c).sum())

    def component_counts(self) -> list[tuple[Any, int]]:
        """(level, number of components of {f <= c} for c from this level up to the next one), while it changes."""
        born, ended = sorted(self.births), sorted(self.deaths[1:])
        steps: dict[Any, int] = dict.fromkeys(sorted({*born, *ended}), 0)
        for level in born:
            steps[level] += 1
        for level in ended:
            steps[level] -= 1
        counts, n = [], 0
        for level, step in steps.items():
            n += step
            if step:
                counts.append((level, n))
        return counts

    def labels(self, level: Any) -> np.ndarray:
        """For every node the component of {f <= level} that holds it, by its name; -1 above the level.

        Raises
        ------
        ValueError
            For a level below the least value, where there are no components.
        """
        c = self.field.level(level, "MergeTree.labels")
        if c < self.births[0]:
            raise ValueError(f"MergeTree.labels: needs a level from the least value {self.births[0]} on, got {level}")
        ended = np.append([False], self.deaths[1:] <= c)
        name = np.where(ended, self.parents, np.arange(len(self)))
        while not np.array_equal(name, ends := name[name]):
            name = ends
        sizes = np.diff(self._starts, append=self.field.values.size)
        out = np.repeat(name[self._owners], sizes).reshape(self.shape)
        out[self.field.values > c] = -1
        return out

    def component_of(self, node: Node, level: Any) -> int:
        """The name of the component of {f <= level} that holds a node.

        Raises
        ------
        ValueError
            For a node outside the grid, or above the level.
        """
        flat, c = (self.field.flat(node, "component_of"), self.field.level(level, "component_of"))
        value = self.field.at(np.array([flat]))[0]
        if value > c:
            raise ValueError(f"component_of: needs a level of at least the value at the node, {value}, got {level}")
        i = self._minimum_below(flat)
        while i > 0 and self.deaths[i] <= c:
            i = int(self.parents[i])
        return i

    def barrier(self, node_1: Node, node_2: Node) -> Any:
        """The least level at which one component holds both nodes: the minimum over paths of the highest value.

        From each node a descending path leads to a local minimum, so the answer is the larger of the two values and of
        the level at which the components of these minima are one.

        Raises
        ------
        ValueError
            For a node outside the grid.
        """
        ends = np.array([self.field.flat(node, "barrier") for node in (node_1, node_2)])
        highest = max(self.field.at(ends))
        i, j = map(self._minimum_below, ends)
        while i != j:
            i, j = (i, j) if j == 0 or (i > 0 and self.deaths[i] <= self.deaths[j]) else (j, i)  # i is the first to end
            highest = max(highest, self.deaths[i])
            i = int(self.parents[i])
        return highest

    def _minimum_below(self, flat: int) -> int:
        return int(self._owners[np.searchsorted(self._starts, flat, "right") - 1])

    def branches(self, persistence: Any = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """The components that live longer than this: names, births, deaths, parents (as positions among these).

        A parent lives longer than those that join it, so what is left is a tree again: the one to draw.
        """
        shortest = self.field.level(persistence, "MergeTree.branches")
        names = np.flatnonzero(np.append([True], self.persistence[1:] > shortest))
        parents = np.append([-1], np.searchsorted(names, self.parents[names[1:]]))
        return names, self.births[names], self.deaths[names], parents

    @cached_property
    def persistence(self) -> np.ndarray:
        """deaths - births (K,): how high the barrier to an elder component is; infinity for the eldest."""
        out = self.deaths.copy()
        out[1:] = self.deaths[1:] - self.births[1:]
        return out


def merge_tree(values: Any, connectivity: int | None = None) -> MergeTree:
    """The merge tree of the sublevel sets of a field.

    Parameters
    ----------
    values : (n,), (ny, nx) or (nz, ny, nx), real floats, integers or rationals, all finite; ``model.loss(grid)`` say.
        Integers and rationals give exact births and deaths.
    connectivity : the number of neighbours, 2, 4, 6 (along the axes, the default) or 8, 26 (also the diagonals).

    Raises
    ------
    TypeError
        For balls, symbols (NotExact) and complex numbers.
    ValueError
        For NaN, infinities, empty arrays, and dimensions other than 1, 2, 3.

    Source: edelsbrunnerharer2010, section VII.1 (elder rule), in the form of; the reduction: own derivation.

    >>> tree = merge_tree([3, 0, 2, 1, 4])
    >>> tree.births, tree.deaths, tree.parents
    (array([0, 1], dtype=object), array([inf, 2], dtype=object), array([-1,  0]))
    >>> tree.barrier((0,), (3,)), tree.count(1)
    (3, 2)
    """
    f = grids.field(values, connectivity, "merge_tree")
    graph = reduced_graph(f)
    K, order = len(graph.minima), f.order.reshape(-1)
    joins, edge = elder_rule(K, zip(*graph.ends.T.tolist(), strict=True))
    saddles = np.append(graph.saddles, -1)[edge]
    parents = np.array(simultaneous(joins, saddles.tolist()))
    kept = np.append([True], order[saddles[1:]] > order[graph.minima[1:]])
    # A component that ends at its birth has only such children: the names of the others go through them.
    names = np.arange(K)
    names[~kept] = parents[~kept]
    while not np.array_equal(names, ends := names[names]):
        names = ends
    new = np.cumsum(kept) - 1
    births, highest = f.at(graph.minima[kept]), f.at(saddles[kept][1:])
    deaths = np.append(np.array([np.inf], object if births.dtype == object else births.dtype), highest)
    parents = np.append([-1], new[parents[kept][1:]])
    saddles[0] = 0  # the eldest has none
    minima, passes = (np.stack(np.unravel_index(v[kept], f.shape), axis=-1) for v in (graph.minima, saddles))
    passes[0] = -1
    return MergeTree(minima, births, passes, deaths, parents, f, graph.starts, new[names][graph.owners])
