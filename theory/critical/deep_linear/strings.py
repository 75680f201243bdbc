"""Strings: what the free blocks of a critical point of a deep linear net are direct sums of.

A string (a, b), a <= b, is a chain of ones through the layers a, ..., b of Z; one with a > b leads through a, ..., H,
over M^T to the inputs, and on through 0, ..., b; its gap are the hidden layers b + 1, ..., a - 1. Representations of a
cyclic quiver in which all paths of H arrows vanish are direct sums of such strings, and each one is critical.
Source: own derivation (the quiver: an algebra of Nakayama's).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from theory.arithmetic import RATIONAL, Arithmetic, rational
from theory.calculus.exact_linalg import column_space, null_space, solve
from theory.critical.deep_linear.spectrum import Spectrum, invertible, mixed
from theory.models.matrix_chain import T

String = tuple[int, int]
_EXACT = Arithmetic(RATIONAL)


def shapes(d: tuple[int, ...], r: int) -> dict[int, tuple[int, int]]:
    """The shapes of the free blocks Z_1, ..., Z_H beside a part of rank r; one layer has one that X does not see."""
    if len(d) == 2:
        return {1: (d[1], d[0])}
    return {i: (d[i] - r, d[i - 1] - r if i > 1 else d[0]) for i in range(1, len(d))}


@dataclass(frozen=True, eq=False)
class Ends:
    """Where strings start and end: rows of Z_1 and columns of Z_H.

    Attributes
    ----------
    correlated : (rho, d_0), rows z with z P^T v_t = 1 for the t-th column v_t of U_Q ``outputs``, 0 for the others.
    idle : rows that X sees and that meet no target, P z^T = 0.
    outputs : (d_H - r, d_H - r) in the basis U_Q; the first rho columns are correlated with the inputs.
    """

    correlated: np.ndarray
    idle: np.ndarray
    outputs: np.ndarray

    @classmethod
    def of(cls, f: Spectrum, UQ: np.ndarray, r: int, rng: np.random.Generator | None = None) -> Ends:
        """The ends for eigenvectors U_Q (d_H, d_H - r), the correlated ones first; with ``rng`` in random bases."""
        rho, q = len(f.squares) - r, UQ.shape[1]
        columns = UQ[:, :rho]
        seen = T(column_space(f.S @ null_space(f.P @ f.S)))
        outputs, correlated = _EXACT.eye(q), _zeros((rho, len(f.S)))
        if rho:
            correlated = T(columns) @ f.best / (T(columns) @ f.Sigma @ columns).diagonal()[:, None]
        if rng is not None and rho:
            change = invertible(rho, rng)
            outputs[:rho, :rho] = change
            outputs[rho:, :rho] = integers((q - rho, rho), rng)
            correlated = solve(change, correlated)
            if len(seen):
                correlated = correlated + integers((rho, len(seen)), rng) @ seen
        if rng is not None:
            outputs[rho:, rho:] = invertible(q - rho, rng)
            seen = T(mixed(T(seen), rng))
        return cls(correlated, seen, outputs)


def _zeros(shape: tuple[int, int]) -> np.ndarray:
    return _EXACT.zeros(shape)


def integers(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A random matrix of -1, 0 and 1, as rationals."""
    return rational(rng.integers(-1, 2, shape))


def layers_of(string: String, H: int) -> tuple[int, ...]:
    """The layers that a string passes, in order.

    Raises
    ------
    ValueError
        Unless it is (a, b) with a <= b or a >= b + 2, and passes at most H of the layers 0, ..., H.
    """
    a, b = string
    if not (0 <= min(a, b) and max(a, b) <= H and (b - a < H if a <= b else a >= b + 2)):
        raise ValueError(f"free_blocks: a string needs a <= b or a >= b + 2 and at most H = {H} layers, got {string}")
    return tuple(range(a, b + 1)) if a <= b else (*range(a, H + 1), *range(b + 1))


def free_blocks(d: tuple[int, ...], r: int, ends: Ends, strings: Iterable[String]) -> dict[int, np.ndarray]:
    """The blocks Z_1, ..., Z_H of a critical point that is the direct sum of these strings; the rest is zero.

    Parameters
    ----------
    d : the widths (d_0, ..., d_H). r : the rank of the kept part.
    strings : (a, b) with a <= b, at most H layers, starting at an idle input for a = 0 and ending at an output beyond
        all u_q for b = H; or a >= b + 2, through M^T: the t-th of these takes the t-th correlated input and output.

    Raises
    ------
    ValueError
        For strings that do not fit into the layers.
    """
    H, rho = len(d) - 1, len(ends.correlated)
    room = [rho + len(ends.idle), *(width - r for width in d[1:H]), len(ends.outputs)]
    taken = [rho, *[0] * (H - 1), rho]
    Z, through = {i: _zeros(shape) for i, shape in shapes(d, r).items()}, 0
    for string in strings:
        if wraps := string[0] > string[1]:
            through += 1
            if through > rho:
                raise ValueError(f"free_blocks: at most {rho} strings pass M^T here, got one more: {string}")
        at = {}
        for layer in layers_of(string, H):
            if wraps and layer in (0, H):
                at[layer] = through - 1
                continue
            at[layer], taken[layer] = taken[layer], taken[layer] + 1
            if taken[layer] > room[layer]:
                raise ValueError(f"free_blocks: layer {layer} has no room for the string {string}")
        for i in range(1, H + 1):
            if i - 1 in at and i in at:
                _join(Z, i, at, ends)
    Z[H] = ends.outputs @ Z[H] if H > 1 and Z[H].size else Z[H]
    return Z


def _join(Z: dict[int, np.ndarray], i: int, at: dict[int, int], ends: Ends) -> None:
    """Add the arrow of a string from layer i - 1 to layer i."""
    if i == 1:
        rho = len(ends.correlated)
        Z[1][at[1]] += ends.correlated[at[0]] if at[0] < rho else ends.idle[at[0] - rho]
    else:
        Z[i][at[i], at[i - 1]] += _EXACT.fraction(1)


def random_strings(d: tuple[int, ...], r: int, ends: Ends, rng: np.random.Generator) -> list[String]:
    """Strings that fit, drawn one after the other: those through M^T first, then others while there is room."""
    H, rho = len(d) - 1, len(ends.correlated)
    room = np.array([len(ends.idle), *(width - r for width in d[1:H]), len(ends.outputs) - rho])
    wrapping = [(a, b) for a in range(2, H + 1) for b in range(a - 1)]
    plain = [(a, b) for a in range(H + 1) for b in range(a, H + 1) if b - a < H]
    out: list[String] = []
    for candidates, count in ((wrapping, rho), (plain, int(room.sum()))):
        for _ in range(count):
            fitting = [s for s in candidates if all(room[layer] for layer in _limited(s, H))]
            if not fitting or rng.random() < 1 / 8:
                break
            string = fitting[rng.integers(len(fitting))]
            out.append(string)
            room[list(_limited(string, H))] -= 1
    return out


def _limited(string: String, H: int) -> tuple[int, ...]:
    """The layers in which a string takes room that others want: M^T has its own inputs and outputs."""
    layers = layers_of(string, H)
    return tuple(x for x in layers if 0 < x < H) if string[0] > string[1] else layers


@functools.lru_cache(1024)
def most_pairs(room: tuple[int, ...], rho: int) -> int:
    """The most pairs of a string through M^T and one that covers its gap: what the Hessian's index can gain.

    Parameters
    ----------
    room : (d_1 - r, ..., d_{H-1} - r), places for strings in the hidden layers.
    rho : the number of strings through M^T.

    A string through M^T with gap G takes a place in every hidden layer outside of G; in what is left, u_l places in
    layer l, generic strings cover G min_{l in G} u_l times. No string is covered more than min_{l in G} room_l times,
    which bounds the search.
    """
    if not rho or not room or not min(room):  # a layer without room lies in every gap, and nothing covers it
        return 0
    gaps = [(j, i) for j in range(len(room)) for i in range(j + 1, len(room) + 1)]
    gaps.sort(key=lambda gap: -min(room[gap[0] : gap[1]]))
    caps = [min(room[j:i]) for j, i in gaps]
    best = max(_pairs(room, {gap: rho}) for gap in gaps)

    def search(start: int, left: int, counts: dict[tuple[int, int], int], bound: int) -> None:
        nonlocal best
        if not left:
            best = max(best, _pairs(room, counts))
            return
        for g in range(start, len(gaps)):
            if bound + left * caps[g] <= best:  # caps only get smaller
                return
            more = {**counts, gaps[g]: counts.get(gaps[g], 0) + 1}
            if _pairs(room, more) >= 0:
                search(g, left - 1, more, bound + caps[g])

    search(0, rho, {}, 0)
    return best


def _pairs(room: tuple[int, ...], counts: dict[tuple[int, int], int]) -> int:
    """The pairs for these numbers of gaps j, ..., i - 1; -1 if they do not fit."""
    u = [w - sum(n for (j, i), n in counts.items() if not j <= layer < i) for layer, w in enumerate(room)]
    if min(u) < 0:
        return -1
    disjoint = sum(m * n for (_, i), m in counts.items() for (j, _), n in counts.items() if i <= j)
    return disjoint + sum(n * min(u[j:i]) for (j, i), n in counts.items())
