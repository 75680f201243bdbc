"""The elder rule: when two components of a sublevel set meet, the one with the higher minimum ends.

Works on any graph whose edges are sorted by height; a grid, or the exact valleys of a landscape, give such a graph.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations, pairwise
from typing import Any


def elder_rule(count: int, edges: Iterable[tuple[int, int]]) -> tuple[list[int], list[int]]:
    """The merge tree of vertices 0, ..., count - 1, elder first, joined by edges in order of increasing height.

    Returns
    -------
    parents, deaths : for each vertex the one whose component its own joins, and the position of the edge that does
        it; -1 for both where a component never ends.

    Kruskal's algorithm; every root is the eldest vertex of its component.
    Source: edelsbrunnerharer2010, section VII.1 (elder rule), in the form of.

    >>> elder_rule(3, [(1, 2), (0, 2)])
    ([-1, 0, 1], [-1, 1, 0])
    """
    root = list(range(count))
    parents, deaths = [-1] * count, [-1] * count
    left = count - 1
    for position, (i, j) in enumerate(edges):
        while root[i] != i:
            root[i] = i = root[root[i]]
        while root[j] != j:
            root[j] = j = root[root[j]]
        if i == j:
            continue
        elder, younger = (i, j) if i < j else (j, i)
        root[younger] = parents[younger] = elder
        deaths[younger] = position
        left -= 1
        if not left:
            break
    return parents, deaths


def tree_of_barriers(births: Sequence[Any], barrier: Callable[[int, int], Any]) -> tuple[list[Any], list[int]]:
    """The merge tree of valleys from the barriers between any two of them.

    Parameters
    ----------
    births : (K,), the floors, lowest first.
    barrier : the least level at which one component holds the valleys i and j.

    Returns
    -------
    deaths, parents : for each valley the level at which it joins a lower one, and the lowest that it then joins; None
        and -1 for the first.

    >>> tree_of_barriers([0, 1, 2], lambda i, j: 5 if 0 in (i, j) else 3)
    ([None, 5, 3], [-1, 0, 1])
    """
    if any(high < low for low, high in pairwise(births)):
        raise ValueError("tree_of_barriers: needs the floors in increasing order, lowest first; sort them")
    edges = sorted(((barrier(i, j), (i, j)) for i, j in combinations(range(len(births)), 2)), key=lambda edge: edge[0])
    parents, edge = elder_rule(len(births), [ends for _, ends in edges])
    deaths = [None if e < 0 else edges[e][0] for e in edge]
    return deaths, simultaneous(parents, deaths)


def simultaneous(parents: Sequence[int], deaths: Sequence[Any]) -> list[int]:
    """The parents where all who end at the same death end at once: each joins the eldest of those who meet there."""
    out = list(parents)
    for i, parent in enumerate(out):
        if parent >= 0 and out[parent] >= 0 and deaths[parent] == deaths[i]:
            out[i] = out[parent]  # the parent is elder, so its own parent is final
    return out
