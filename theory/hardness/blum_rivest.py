r"""Set splitting as the training of a net with three threshold nodes (Blum and Rivest), executable in both directions.

Set splitting: given sets c over {0, ..., n-1}, is there a part S such that no c lies in S or in its complement?
Training: given labelled points, are there two hidden half-spaces h_k = [w_k.x + b_k > 0] and an output gate, a
threshold function of (h_1, h_2), that give every point its label?

The samples: the origin +, every unit vector e_i -, the point sum_{i in c} e_i of every set +; and in three more
coordinates the gadget 101 +, 011 +, 100 -, 010 -, 001 -, 111 -.

1. A threshold gate of two bits is constant, one of the bits or its negation, or AND or OR of bits that may be negated.
   On finitely many points a negated half-space is one, so AND and OR alone have to be tried (a gate of one bit is the
   AND with a constant).
2. OR: each + point would lie in a half-space free of - points. Any two of 000, 101, 011 have the same midpoint as two -
   points: (000, 101) as (100, 001), (000, 011) as (010, 001), (101, 011) as (111, 001). So each of the three needs a
   half-space of its own, and there are two.
3. AND from a part S that splits all sets: w_1 is -1 on S and n elsewhere, w_2 is -1 off S and n on it, and (1, 1, -1),
   (-1, -1, 1) on the gadget, b = 1/2. A set meets S and its complement, so w_k.x >= n - (n - 1) there.
4. A part from an AND net: let S be the i with w_1.e_i + b_1 <= 0. As the origin is +, b_1 > 0. If a non-empty c lay in
   S, then w_1.sum_{i in c} e_i + b_1 <= |c| (-b_1) + b_1 <= 0, so c would be cut off; the same for the other
   half-space, which has to cut off the e_i with i not in S.

Source: blumrivest1992, the reduction from set splitting, in the form of; the weights and the proofs in this form: own
derivation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from theory import arrays
from theory.arithmetic import RATIONAL, arithmetic_of, rational
from theory.calculus.cones import convex_weights, nonnegative_solution
from theory.errors import NotExact, TooLarge

MAX_UNIVERSE = 16
MAX_NEGATIVE = 20

GADGET = (
    ((1, 0, 1), True),
    ((0, 1, 1), True),
    ((1, 0, 0), False),
    ((0, 1, 0), False),
    ((0, 0, 1), False),
    ((1, 1, 1), False),
)


@dataclass(frozen=True, eq=False)
class ThreeNodeNet:
    """gate([W_1.x + b_1 > 0], [W_2.x + b_2 > 0]) with the gate "and" or "or".

    Attributes
    ----------
    W : (2, d) rationals.
    b : (2,) rationals.
    gate : "and" or "or".
    """

    W: np.ndarray
    b: np.ndarray
    gate: str

    def outputs(self, X: np.ndarray) -> np.ndarray:
        """The label of each column of the rational X (d, N): booleans (N,)."""
        hidden = np.array(self.W @ X + self.b[:, None] > 0, bool)
        return np.asarray(hidden.all(0) if self.gate == "and" else hidden.any(0))


def splitting(n: int, sets: Iterable[Iterable[int]]) -> tuple[int, ...] | None:
    """A part S of {0, ..., n-1} such that every set meets S and its complement, or None; all parts are tried.

    >>> splitting(3, [(0, 1), (1, 2)]), splitting(3, [(0, 1), (1, 2), (0, 2)])
    ((1,), None)
    """
    n, family = _family(n, sets, "splitting")
    if n > MAX_UNIVERSE:
        raise TooLarge(f"splitting: tries 2^n parts, n <= {MAX_UNIVERSE}, got {n}; use fewer elements")
    parts = (part for size in range(n + 1) for part in combinations(range(n), size))
    return next((part for part in parts if splits(part, family)), None)


def splits(part: Iterable[int], sets: Iterable[Iterable[int]]) -> bool:
    """Whether every set has an element in the part and one outside."""
    inside = set(part)
    return all(inside & set(c) and set(c) - inside for c in sets)


def training_set(n: int, sets: Iterable[Iterable[int]], gadget: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """The samples of the reduction; one column a point: origin, unit vectors, sets, gadget.

    Returns
    -------
    X : (n + 3, N) rationals 0 and 1, or (n, N) without the gadget.
    labels : (N,) booleans.
    """
    n, family = _family(n, sets, "training_set")
    points = [((), True), *(((i,), False) for i in range(n)), *((tuple(c), True) for c in family)]
    X = np.zeros((n + 3 * gadget, len(points) + len(GADGET) * gadget), int)
    for column, (support, _) in enumerate(points):
        X[list(support), column] = 1
    if gadget:
        X[n:, len(points) :] = np.array([p for p, _ in GADGET]).T
    labels = [label for _, label in (*points, *(GADGET if gadget else ()))]
    return rational(X), np.array(labels)


def net_of_splitting(n: int, part: Iterable[int], gadget: bool = True) -> ThreeNodeNet:
    """The AND net of step 3: it fits the training set of every family of sets that the part splits."""
    n, (part,) = _family(n, [part], "net_of_splitting")
    first = [-1 if i in part else n for i in range(n)]
    second = [n if i in part else -1 for i in range(n)]
    extra = ([1, 1, -1], [-1, -1, 1]) if gadget else ([], [])
    return ThreeNodeNet(rational([first + extra[0], second + extra[1]]), rational(["1/2", "1/2"]), "and")


def splitting_of_net(n: int, net: ThreeNodeNet) -> tuple[int, ...]:
    """The part of step 4: the unit vectors that the first half-space of an AND net cuts off."""
    if net.gate != "and":
        raise ValueError(f"splitting_of_net: needs an AND net, got the gate {net.gate!r}; see three_node_net")
    n = arrays.positive_int(n, "splitting_of_net", "n")
    if net.W.shape[1] < n:
        raise ValueError(f"splitting_of_net: needs a net of at least n = {n} inputs, got {net.W.shape[1]}")
    return tuple(i for i in range(n) if net.W[0, i] + net.b[0] <= 0)


def three_node_net(X: Any, labels: Any) -> ThreeNodeNet | None:
    """A net with three threshold nodes that gives every point its label, or None; decided exactly.

    An AND net is a cover of the - points by two sets that a half-space separates from all + points; an OR net is an AND
    net of the complementary labels, negated. All covers are tried, one - point after the other, and separation is an
    exact linear program (Gordan's alternative).

    Parameters
    ----------
    X : (d, N) integers or rationals, points as columns.
    labels : (N,) booleans.

    Raises
    ------
    TooLarge
        For more than MAX_NEGATIVE points with the label that has to be cut off.
    """
    X, labels = _samples(X, labels)
    net = and_net(X, labels)
    if net is None and (opposite := and_net(X, ~labels)) is not None:
        return ThreeNodeNet(-opposite.W, -opposite.b, "or")
    return net


def and_net(X: Any, labels: Any) -> ThreeNodeNet | None:
    """An AND net that gives every point its label, or None; see ``three_node_net``."""
    X, labels = _samples(X, labels)
    negative = [int(i) for i in np.flatnonzero(~labels)]
    if len(negative) > MAX_NEGATIVE:
        raise TooLarge(f"and_net: covers of at most {MAX_NEGATIVE} points, got {len(negative)}; use fewer points")
    P, known = X[:, labels], {}

    def separable(side: frozenset[int]) -> bool:
        if side not in known:
            known[side] = is_separable(P, X[:, sorted(side)])
        return known[side]

    def cover(first: frozenset[int], second: frozenset[int], rest: list[int]) -> Sequence[frozenset[int]] | None:
        if not rest:
            return first, second
        i, *rest = rest
        for one, two in ((first | {i}, second), (first, second | {i}))[: 2 if first else 1]:  # sides are alike
            if separable(one) and separable(two) and (found := cover(one, two, rest)):
                return found
        return None

    found = cover(frozenset(), frozenset(), negative)
    if found is None:
        return None
    planes = [half_space(P, X[:, sorted(side)]) for side in found]
    return ThreeNodeNet(np.stack([p[:-1] for p in planes]), np.array([p[-1] for p in planes], object), "and")


def is_separable(P: np.ndarray, Q: np.ndarray) -> bool:
    """Whether a half-space w.x + b > 0 contains all columns of P (d, p), and Q (d, q) lies strictly outside.

    By Gordan's alternative: iff no convex combination of the (p, 1) and -(q, 1) is 0.
    """
    return P.size == 0 or Q.size == 0 or convex_weights(_signed(P, Q)) is None


def half_space(P: np.ndarray, Q: np.ndarray) -> np.ndarray:
    """(w, b) with w.p + b >= 1 and w.q + b <= -1 for all columns, (d + 1,); P and Q must be separable."""
    if Q.size == 0:
        return rational([0] * len(P) + [1])
    S = _signed(P, Q)
    kind = arithmetic_of(S)
    rows, ones = S.T, kind.zeros(S.shape[1]) + kind.fraction(1)
    x = nonnegative_solution(np.concatenate([rows, -rows, -kind.eye(S.shape[1])], axis=1), ones)
    if x is None:
        raise ValueError("half_space: needs separable points, got some whose convex hulls meet; ask is_separable first")
    return x[: len(S)] - x[len(S) : 2 * len(S)]


def _signed(P: np.ndarray, Q: np.ndarray) -> np.ndarray:
    """(p, 1) for the columns of P and -(q, 1) for those of Q: (d + 1, p + q)."""
    points = np.concatenate([P, -Q], axis=1)
    return np.concatenate([points, rational([[1] * P.shape[1] + [-1] * Q.shape[1]])])


def _samples(X: Any, labels: Any) -> tuple[np.ndarray, np.ndarray]:
    X = arrays.matrix(X, "three_node_net", "X")
    if arithmetic_of(X).name != RATIONAL:
        raise NotExact(f"three_node_net: X must be rational, got {arithmetic_of(X).name} entries; use theory.rational")
    labels = np.asarray(labels)
    if labels.dtype != bool or labels.shape != X.shape[1:]:
        got = f"{labels.dtype} of shape {labels.shape}"
        raise ValueError(f"three_node_net: labels must be booleans of shape ({X.shape[1]},), got {got}")
    return X, labels


def _family(n: Any, sets: Iterable[Iterable[int]], where: str) -> tuple[int, list[frozenset[int]]]:
    n = arrays.positive_int(n, where, "n")
    try:
        family = [frozenset(c) for c in sets]
    except TypeError:
        raise TypeError(f"{where}: needs collections of integers, got {sets!r}; write [(0, 1), (1, 2)]") from None
    for elements in family:
        if not all(isinstance(i, int | np.integer) and not isinstance(i, bool) and 0 <= i < n for i in elements):
            raise ValueError(f"{where}: elements must be integers from 0 to {n - 1}, got {set(elements)}")
    return n, family
