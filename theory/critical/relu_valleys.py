"""Valleys of a loss that is convex on every cell of an arrangement: components of sublevel sets from a weighted graph.

If L is convex on every closed cell, {L <= c} meets a cell in a convex set, which is not empty iff c >= min_C L; and two
neighbours meet in {L <= c} iff c >= min_F L on their common facet F. Two cells that share only a smaller face with a
point in {L <= c} are joined through the facets around it. So the path components of {L <= c} are those of the graph of
cells C with min_C L <= c and facets F with min_F L <= c.

Source: own derivation.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class CellGraph:
    """A connected graph with heights; heights are positions in ``levels``, and no edge is lower than its ends.

    Attributes
    ----------
    levels : the values that occur, increasing.
    cells : (n,) heights of the vertices.
    facets : (N,) heights of the edges.
    sides : (N, 2) their ends.
    """

    levels: tuple[Any, ...]
    cells: np.ndarray
    facets: np.ndarray
    sides: np.ndarray

    @cached_property
    def tree(self) -> np.ndarray:
        """The edges of a minimal spanning tree, by increasing height: they join all that the others join (Kruskal)."""
        root = list(range(len(self.cells)))
        kept = []
        for edge in np.argsort(self.facets, kind="stable"):
            a, b = (_find(root, int(cell)) for cell in self.sides[edge])
            if a != b:
                root[a] = b
                kept.append(edge)
        return np.array(kept, int)

    def labels(self, level: Any) -> np.ndarray:
        """(n,) the component of {L <= level} that each cell meets; -1 where the cell is above the level."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        below = np.array([value <= level for value in self.levels])
        a, b = self.sides[self.tree[below[self.facets[self.tree]]]].T
        n = len(self.cells)
        _, label = connected_components(coo_array((np.ones(len(a)), (a, b)), (n, n)), directed=False)
        return np.where(below[self.cells], label, -1)

    def minima(self, level: Any) -> np.ndarray:
        """(n,) for each cell at or below the level the least height in its component."""
        label = self.labels(level)
        least = np.full(len(self.cells), len(self.levels))
        np.minimum.at(least, label[label >= 0], self.cells[label >= 0])
        return least[label]

    def counts(self) -> tuple[tuple[Any, int], ...]:
        """(level, number of components of {L <= c} for c from this level up to the next one), while it changes."""
        steps = Counter(self.cells.tolist())
        steps.subtract(Counter(self.facets[self.tree].tolist()))
        counts, n = [], 0
        for height in sorted(steps):
            n += steps[height]
            if steps[height]:
                counts.append((self.levels[height], n))
        return tuple(counts)

    def joined(self, a: int, b: int) -> Any:
        """The least level at which the cells a and b lie in one component."""
        height = self.cells[[a, b]].max()
        root = list(range(len(self.cells)))
        for edge in self.tree:
            if _find(root, a) == _find(root, b):
                break
            ends = (_find(root, int(cell)) for cell in self.sides[edge])
            root[next(ends)] = next(ends)
            height = max(height, self.facets[edge])
        return self.levels[height]


def _find(root: list[int], i: int) -> int:
    while root[i] != i:
        root[i] = root[root[i]]
        i = root[i]
    return i
