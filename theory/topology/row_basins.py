"""The graph of a field on a grid, reduced to its local minima: array expressions only, for any dimension.

1. Every row of the grid (along the last axis) is cut after its local maxima into basins, each an interval with one
   local minimum, from which the values increase to both sides. So for every level a basin meets {f <= level} in an
   interval around its minimum or not at all, and may be contracted to one vertex without changing any component.
2. A basin whose minimum has a lower neighbour in another row is never a component of its own: it joins the basin of
   that neighbour at its own birth. Following these pointers to their ends leaves the local minima of the grid.
3. Between the basins of two local minima remain the maxima of rows, and in pairs of neighbouring rows, for every
   overlap of two basins, the lowest pair of neighbours. Each is kept as its higher node, the lowest one for every pair.

"Lower" is in the order of (value, flat index), in which no two nodes are equal.

Source: own derivation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from theory.topology.grids import Field, half_neighbourhood, strides

CHUNK = 2**20  # nodes whose temporaries are held at a time


@dataclass(frozen=True, eq=False)
class ReducedGraph:
    """The local minima of a field, elder first, and where two of them meet.

    Attributes
    ----------
    minima : (K,), flat indices of the local minima, increasing in (value, index).
    ends : (E, 2), pairs of minima, as positions in ``minima``.
    saddles : (E,), flat indices of the nodes at which they meet, increasing in (value, index).
    starts : (R,), flat indices at which the basins of the rows begin.
    owners : (R,), for each basin the minimum to which a descending path leads, as a position in ``minima``.
    """

    minima: np.ndarray
    ends: np.ndarray
    saddles: np.ndarray
    starts: np.ndarray
    owners: np.ndarray


def reduced_graph(f: Field) -> ReducedGraph:
    """The minima of the field and their lowest connections."""
    order, n = f.order.reshape(-1), f.shape[-1]
    starts, bottoms = _rows(f.order.reshape(-1, n))
    to = _lower_basins(f, starts, bottoms)
    while not np.array_equal(to, ends := to[to]):
        to = ends
    roots = np.flatnonzero(to == np.arange(len(to)))
    roots = roots[np.lexsort((bottoms[roots], order[bottoms[roots]]))]
    elder = np.empty(len(to), np.int64)
    elder[roots] = np.arange(len(roots))
    owners = elder[to]
    parts = [_row_edges(starts, owners, n)]
    parts += [e for offset in half_neighbourhood(f.connectivity) if any(offset[:-1])
              for e in _edges_between_rows(f, offset, starts, owners)]  # fmt: skip
    pairs, saddles = (np.concatenate(part) for part in zip(*parts, strict=True))
    saddles, pairs = _lowest(order, pairs, saddles)
    ends = np.stack(np.divmod(pairs, _BASE), axis=-1)
    return ReducedGraph(bottoms[roots], ends, saddles, starts, owners)


_BASE = 2**31  # two positions of minima in one integer


def _rows(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the basins of the rows (r, n) start, and their minima: flat indices (R,) each."""
    r, n = rows.shape
    down = np.empty((r, n + 1), bool)  # the values fall towards this node
    down[:, 0], down[:, n] = True, False
    np.less(rows[:, 1:], rows[:, :-1], out=down[:, 1:n])
    bottoms = np.flatnonzero(down[:, :-1] > down[:, 1:])
    tops = np.flatnonzero(down[:, :-1] < down[:, 1:])
    row = bottoms // n
    first = np.diff(row, prepend=-1) != 0
    starts = row * n
    starts[~first] = tops + 1
    return starts, bottoms


def _lower_basins(f: Field, starts: np.ndarray, bottoms: np.ndarray) -> np.ndarray:
    """For each basin one that holds a lower neighbour of its minimum, or itself at a local minimum of the grid."""
    order, step = f.order.reshape(-1), strides(f.shape)
    place, own = np.stack(np.unravel_index(bottoms, f.shape)), order[bottoms]
    lower = bottoms.copy()
    for half in half_neighbourhood(f.connectivity):
        for sign in (1, -1):
            offset = sign * np.array(half)
            if not offset[:-1].any():
                continue
            moved = place + offset[:, None]
            inside = np.flatnonzero(((moved >= 0) & (moved < np.array(f.shape)[:, None])).all(0))
            there = bottoms[inside] + offset @ step
            falls = order[there] < own[inside] if sign > 0 else order[there] <= own[inside]
            lower[inside[falls]] = there[falls]
    to = np.arange(len(starts))
    moves = np.flatnonzero(lower != bottoms)
    to[moves] = _basin(starts, lower[moves])
    return to


def _basin(starts: np.ndarray, flat: np.ndarray) -> np.ndarray:
    """The basins that hold these nodes."""
    return np.searchsorted(starts, flat, "right") - 1


Edges = tuple[np.ndarray, np.ndarray]


def _row_edges(starts: np.ndarray, owners: np.ndarray, n: int) -> Edges:
    """Neighbouring basins of one row meet at the maximum between them."""
    cut = np.flatnonzero((owners[1:] != owners[:-1]) & (starts[1:] % n != 0))
    return _pairs(owners[cut], owners[cut + 1]), starts[cut + 1] - 1


def _pairs(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.minimum(a, b) * _BASE + np.maximum(a, b)


def _edges_between_rows(f: Field, offset: tuple[int, ...], starts: np.ndarray, owners: np.ndarray) -> Iterator[Edges]:
    """For a neighbour's offset, every overlap of two basins of different minima, with its lowest pair of neighbours."""
    order, n, dx = f.order.reshape(-1), f.shape[-1], offset[-1]
    delta = int(np.dot(offset, strides(f.shape)))
    lead = f.shape[:-1]
    has_upper, has_lower = (_rows_inside(lead, tuple(s * o for o in offset[:-1])) for s in (1, -1))
    rows = starts // n
    cuts = np.sort(np.concatenate([starts[has_upper[rows]], starts[has_lower[rows]] - delta]))
    column = cuts % n
    first, stop = max(0, -dx), n - max(0, dx)
    ends = np.minimum(np.append(cuts[1:], order.size), cuts - column + stop)
    kept = (ends > cuts) & (column >= first) & (column < stop)
    cuts, ends = cuts[kept], ends[kept]
    a, b = owners[_basin(starts, cuts)], owners[_basin(starts, cuts + delta)]
    differ = np.flatnonzero(a != b)
    cuts, sizes, pairs = cuts[differ], (ends - cuts)[differ], _pairs(a[differ], b[differ])
    total = np.cumsum(sizes)
    at = 0
    while at < len(cuts):
        end = max(at + 1, int(np.searchsorted(total, total[at] - sizes[at] + CHUNK, "right")))
        yield pairs[at:end], _lowest_crossings(order, cuts[at:end], sizes[at:end], delta)
        at = end


def _rows_inside(lead: tuple[int, ...], offset: tuple[int, ...]) -> np.ndarray:
    """Which rows, counted along the leading axes, have a row at this offset: booleans."""
    inside = np.ones(lead, bool)
    for axis, step in enumerate(offset):
        edge = np.moveaxis(inside, axis, 0)
        if step:
            edge[slice(None, -step) if step < 0 else slice(len(edge) - step, None)] = False
    return inside.reshape(-1)


def _lowest_crossings(order: np.ndarray, cuts: np.ndarray, sizes: np.ndarray, delta: int) -> np.ndarray:
    """The lowest higher node of the pairs (q, q + delta) over the intervals q = cut, ..., cut + size - 1."""
    begin = np.cumsum(sizes) - sizes
    q = np.repeat(cuts - begin, sizes) + np.arange(sizes.sum())
    here, there = order[q], order[q + delta]
    return _lowest_of_each(np.maximum(here, there), np.where(there >= here, q + delta, q), begin, order.size)


def _lowest(order: np.ndarray, pairs: np.ndarray, saddles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The lowest saddle of each pair, all in increasing order: (saddles, pairs)."""
    if not len(pairs):
        return saddles, pairs
    by = np.argsort(pairs)
    pairs = pairs[by]
    begin = np.flatnonzero(np.diff(pairs, prepend=-1))
    saddles = _lowest_of_each(order[saddles[by]], saddles[by], begin, order.size)
    pairs = pairs[begin]
    by = np.lexsort((saddles, order[saddles]))
    return saddles[by], pairs[by]


def _lowest_of_each(values: np.ndarray, nodes: np.ndarray, begin: np.ndarray, beyond: int) -> np.ndarray:
    """The lowest node of each run of nodes that starts at ``begin``, by (value, index)."""
    least = np.repeat(np.minimum.reduceat(values, begin), np.diff(begin, append=len(values)))
    return np.minimum.reduceat(np.where(values == least, nodes, beyond), begin)
