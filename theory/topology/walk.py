"""Moves of a net with one hidden layer at constant outputs: freeing a neuron, raising the rank, exchanging features.

Let V be the features of the distinct inputs, above a row of ones if there is an output bias. A neuron whose row depends
on the others gives its outgoing weights to them, which leaves the outputs, and then moves freely.

Source: petersenzech2024, proof of Proposition 12.4, corrected; the exchange: own derivation.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property

import numpy as np

from theory.arithmetic import is_zero, rational, to_float
from theory.calculus.exact_linalg import null_space, pinv, rank
from theory.errors import Degenerate
from theory.topology.one_hidden_layer import OneHiddenLayer, rounded
from theory.topology.path import Path


class Walk:
    """A point that moves, one segment after another; H and A are its hidden and output weights."""

    def __init__(self, layer: OneHiddenLayer, theta: np.ndarray) -> None:
        self.layer, self.vertices = layer, [theta]
        self.H, self.A = layer.split(theta)
        self.H, self.A = self.H.copy(), self.A.copy()

    def path(self) -> Path:
        return Path.through(self.layer.net, self.vertices)

    def rows(self) -> np.ndarray:
        return self.layer.rows(self.H)

    def go(self, *, H: np.ndarray | None = None, A: np.ndarray | None = None) -> None:
        """Straight to these weights; no segment where nothing moves."""
        self.H = self.H if H is None else H
        self.A = self.A if A is None else A
        theta = self.layer.join(self.H, self.A)
        if (theta != self.vertices[-1]).any():
            self.vertices.append(theta)

    def descend(self, F: np.ndarray) -> None:
        """Raise the rank to D+, then let the output weights go to the nearest ones with outputs F (p, M)."""
        while rank(V := self.rows()) < self.layer.dimension:
            self.raise_rank(V)
        self.go(A=self._short(self.A + (F - self.A @ V) @ pinv(V)))

    def _short(self, A: np.ndarray) -> np.ndarray:
        """Computed weights, rounded where the features are."""
        return A if self.layer.exact_features else rounded(A)

    def raise_rank(self, V: np.ndarray) -> None:
        """Free a neuron whose row depends on the others, and send it to a feature outside the row space."""
        j, n = self._dependent(V)
        self.go(A=self._short(self.A - np.multiply.outer(self.A[:, j], n / n[j])))
        H = self.H.copy()
        H[j] = self._outside(V)
        self.go(H=H)

    def _dependent(self, V: np.ndarray) -> tuple[int, np.ndarray]:
        """(j, n) with n V = 0, n_j != 0 for a neuron j: one without outgoing weight, else with the least factors."""
        N, k = null_space(V.T), self.layer.width
        free = {j for j in range(k) if is_zero(self.A[:, j]).all()}
        size, candidates = abs(N), np.argwhere(N[:k] != 0)
        j, c = min(candidates, key=lambda jc: (jc[0] not in free, size[:, jc[1]].max() / size[jc[0], jc[1]]))
        return int(j), N[:, c]

    @cached_property
    def _candidates(self) -> tuple[np.ndarray, np.ndarray]:
        """Hidden weights (P, d_0 + 1) and their features (P, M)."""
        pool = candidates_of(self.layer)
        return pool, self.layer.features(pool)

    @cached_property
    def _float_candidates(self) -> tuple[np.ndarray, np.ndarray]:
        """Features f (P, M) over powers of two 2^k >= 1 next to their size, in floats, and (1 + |f|) / 2^k: (P,)."""
        features = self._candidates[1]
        k = np.maximum(0, _exponents(features))
        F = _shifted(features, k)
        return F, np.ldexp(1.0, -k[:, 0]) + np.linalg.norm(F, axis=1)

    def _outside(self, V: np.ndarray) -> np.ndarray:
        """Hidden weights (d_0 + 1,) whose feature is not in the row space of V, far from it among some candidates."""
        (pool, features), r = self._candidates, rank(V)
        (F, size), Q = self._float_candidates, np.linalg.svd(_shifted(V, _exponents(V)), full_matrices=False)[2][:r]
        distance = np.linalg.norm(F - F @ Q.T @ Q, axis=1) / size
        for i in np.argsort(-distance, kind="stable"):
            if rank(self.layer.separated(np.concatenate([features[i : i + 1], V]))) > r:
                return pool[i]
        raise Degenerate(
            f"descending_path: found no feature outside a row space of rank {r} < D+ = {self.layer.dimension}; if the "
            "activation is a polynomial, state its degree"
        )

    # From one net to another with the same outputs

    def exchange(self, H: np.ndarray, A: np.ndarray, F: np.ndarray) -> None:
        """To the weights (H, A), at constant outputs F (p, M); both nets have rank D+ and there is a free neuron."""
        wanted = self._basis(self.layer.rows(H), [])
        used = self._basis(self.rows(), [])
        self._load(used, F)
        place: dict[int, int] = {}  # which slot holds which neuron of the other net
        for q in wanted:
            slot = next(j for j in range(self.layer.width) if j not in used and j not in place.values())
            self._set(slot, H[q])
            place[q] = slot
            used = self._basis(self.rows(), list(place.values()))
            self._load(used, F)
        for q in wanted:
            self._move(q, place, H)
        rest = [j for j in range(self.layer.width) if j not in wanted]
        final = self.H.copy()
        final[rest] = H[rest]
        self.go(H=final)
        self.go(A=A)

    def _basis(self, V: np.ndarray, first: list[int]) -> list[int]:
        """Neurons that with the row of ones form a basis of the row space: those of ``first``, then the earliest."""
        k = self.layer.width
        order = [*range(k, len(V)), *first, *(j for j in range(k) if j not in first)]
        chosen = [order[i] for i in self.layer.independent(V[order])]
        return [j for j in chosen if j < k]

    def _load(self, used: list[int], F: np.ndarray) -> None:
        """Outputs F (p, M) by the neurons in use and the bias alone."""
        keep = [*used, *range(self.layer.width, self.A.shape[1])]
        A = 0 * self.A
        A[:, keep] = F @ pinv(self.rows()[keep])
        self.go(A=self._short(A))

    def _set(self, slot: int, h: np.ndarray) -> None:
        H = self.H.copy()
        H[slot] = h
        self.go(H=H)

    def _move(self, q: int, place: dict[int, int], H: np.ndarray) -> None:
        """Neuron q of the other net into slot q; what is there first moves to a free slot."""
        if place[q] == q:
            return
        if q in place.values():
            other = next(p for p, slot in place.items() if slot == q)
            free = next(j for j in range(self.layer.width) if j not in place.values())
            self._copy(place[other], free, H[other])
            place[other] = free
        self._copy(place[q], q, H[q])
        place[q] = q

    def _copy(self, source: int, free: int, h: np.ndarray) -> None:
        """A free slot takes the feature of another, and then its outgoing weights: the other is free."""
        self._set(free, h)
        A = self.A.copy()
        A[:, free] = A[:, free] + A[:, source]
        A[:, source] = 0 * A[:, source]
        self.go(A=A)


def _exponents(V: np.ndarray) -> np.ndarray:
    """k (r, 1) such that 2^k is next to the largest entry of each row of V (r, M) in rationals."""
    sizes = [[int(x.p).bit_length() - int(x.q).bit_length() for x in row if x != 0] for row in V]
    return np.array([[max(row, default=0)] for row in sizes])


def _shifted(V: np.ndarray, k: np.ndarray) -> np.ndarray:
    """V (r, M) in rationals over 2^k (r, 1), in floats."""
    return to_float(V * rational([[Fraction(2) ** -int(i)] for i in k.flat]))


def candidates_of(layer: OneHiddenLayer) -> np.ndarray:
    """Hidden weights (P, d_0 + 1) among whose features is one outside any proper subspace of the span, as a rule.

    For ReLU and steps the kinks between the inputs, projected to a line on which they differ, do: the matrix is
    triangular. For polynomials small integers do, but for a proper algebraic subset.
    """
    rng, d = np.random.default_rng(0), layer.inputs.shape[0] - 1
    count = 64 if layer.activation.degree is not None else 8
    some = rational(rng.integers(-3, 4, (count, d + 1)))
    if layer.activation.degree is not None:
        return some
    w, t = _projection(layer)
    t = np.sort(t)
    gaps = t[1:] - t[:-1]
    kinks = np.concatenate([t[:1] - 1, (t[1:] + t[:-1]) / 2, t[-1:] + 1, t])  # at t itself for a spike 1_{u = 0}
    steep = 2 / min(gaps) if len(gaps) else 0 * t[0] + 1
    line = np.concatenate([np.broadcast_to(w, (len(kinks), d)), -kinks[:, None]], axis=1)
    return np.concatenate([line, -line, steep * line, -steep * line, some])


def _projection(layer: OneHiddenLayer) -> tuple[np.ndarray, np.ndarray]:
    """w = (1, q, q^2, ...) and w.x_i for the first q = 0, 1, ... for which these (M,) differ."""
    X = layer.inputs[:-1]
    q = 0
    while True:
        w = rational([q**i for i in range(len(X))])
        t = w @ X
        if len(set(map(str, t))) == X.shape[1]:
            return w, t
        q += 1
