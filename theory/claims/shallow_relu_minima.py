"""Shallow ReLU nets: all differentiable local minima for XOR."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, combinations_with_replacement, product, repeat

import numpy as np

from theory.arithmetic import is_zero, rational
from theory.calculus.cones import convex_weights, nonnegative_solution
from theory.claims.cases import Case
from theory.claims.claim import Claim, Verdict, verdict
from theory.critical.shallow_relu import PatternMinima, differentiable_minima
from theory.models.shallow_net import ShallowNet


@dataclass(frozen=True)
class Labels(Case):
    """A width, and targets on the corners 00, 01, 10, 11."""

    width: int
    y: tuple


CORNERS = ((0, 0, 1, 1), (0, 1, 0, 1))


def _check_minima(case: Labels, law: dict[int, tuple]) -> Verdict:
    proved, values = _enumerated(case)
    holds = proved and values == dict(law[case.width])
    return verdict(holds, detail="a point of each kind, and a proof for each pattern with signs that has none")


@lru_cache(4)
def _enumerated(case: Labels) -> tuple[bool, dict[str, int]]:
    """Whether all is proved, and the number of patterns of each value.

    Each point found is a local minimum by the criterion and has the pattern and signs it is counted under; every other
    pattern with signs is proved to have none.
    """
    net = ShallowNet(case.width, CORNERS, case.y, "relu")
    return proved_minima(net, differentiable_minima(net))


def proved_minima(net: ShallowNet, found: tuple[PatternMinima, ...]) -> tuple[bool, dict[str, int]]:
    """The proof: the minima have the patterns, signs and values they are counted under, each pattern once."""
    points = np.stack([theta for minima in found for theta in minima.thetas])
    active, e = rational(net.activation_pattern(points) + 0), net.outputs(points) - net.y
    exist = net.smooth_at(points).all() and is_zero((active * e[:, None]) @ _corners1().T).all() and is_zero(e.sum(1))
    kept = {(minima.pattern, signs) for minima in found for signs in minima.signs}
    systems = set(_systems(net.width))
    empty = all(_has_none(net, *system) for system in systems - kept)
    counts = Counter(str(minima.value) for minima in found)
    losses = [(net.loss(theta), minima.value) for minima in found for theta in minima.thetas]
    once = len({minima.pattern for minima in found}) == len(found) and kept <= systems
    placed = once and all(map(_is_under_its_signs, repeat(net), found))
    return bool(exist.all() and placed and empty and all(a == b for a, b in losses)), dict(counts)


def _is_under_its_signs(net: ShallowNet, minima: PatternMinima) -> bool:
    """Whether each neuron is active on its corners only, literally, and a_j has its sign; dead neurons have none."""
    k = net.width
    for signs, theta in zip(minima.signs, minima.thetas, strict=True):
        W, b, a = theta[: 2 * k].reshape(k, 2), theta[2 * k : 3 * k], theta[3 * k : 4 * k]
        u = W @ rational(CORNERS) + b[:, None]
        if tuple(tuple(i for i in range(4) if row[i] > 0) for row in u) != minima.pattern:
            return False
        own = tuple(int(x > 0) - int(x < 0) if A else 0 for x, A in zip(a, minima.pattern, strict=True))
        if own != signs:
            return False
    return True


def _corners1() -> np.ndarray:
    return rational([*CORNERS, (1, 1, 1, 1)])


def _systems(width: int) -> Iterator[tuple[tuple, tuple]]:
    """Every choice of separable sets of corners and signs, literally: A is separable iff no hulls meet."""
    subsets = [A for size in range(5) for A in combinations(range(4), size) if _separable(A)]
    for pattern in combinations_with_replacement(sorted(subsets), width):
        yield from ((pattern, s) for s in product(*((1, 0, -1) if A else (0,) for A in pattern)))


def _separable(A: tuple[int, ...]) -> bool:
    return convex_weights(_sides(A).T) is None


def _has_none(net: ShallowNet, pattern: tuple, signs: tuple) -> bool:
    """A certificate (Motzkin) that Z^T (Z z - y) = 0 has no solution z = (v, c) with the v_j in their cones.

    With z = z'/h: a combination of the strict rows (signed sides, h > 0) with non-negative weights of sum 1, and of
    the equations (Z^T Z z' - h Z^T y = 0, and v_j = 0 for the sign 0), is the zero form in (z', h).
    """
    normal = _normal_equations(pattern, tuple(map(str, net.y)))
    one = rational(np.eye(normal.shape[1], dtype=int))
    strict, equal = [one[-1:]], [normal]
    for j, (A, s) in enumerate(zip(pattern, signs, strict=True)):
        rows = one[3 * j : 3 * j + 3]
        strict += [s * (_sides(A) @ rows)] if s else []
        equal += [rows] if A and not s else []
    E, S = np.concatenate(equal), np.concatenate(strict)
    weights = rational([[1] * len(S) + [0] * (2 * len(E))])
    A, b = np.concatenate([np.concatenate([S, E, -E]).T, weights]), rational([0] * S.shape[1] + [1])
    x = nonnegative_solution(A, b)
    return x is not None and all(t >= 0 for t in x) and bool(is_zero(A @ x - b).all())


@lru_cache(256)
def _normal_equations(pattern: tuple, y: tuple) -> np.ndarray:
    """(Z^T Z, -Z^T y) for the features Z of the active corners and the output bias."""
    blocks = [rational([[int(i in A)] for i in range(4)]) * _corners1().T for A in pattern]
    Z = np.concatenate([*blocks, rational([[1]] * 4)], axis=1)
    return np.concatenate([Z.T @ Z, -(Z.T @ rational(y))[:, None]], axis=1)


@lru_cache(16)
def _sides(A: tuple[int, ...]) -> np.ndarray:
    """(4, 3): the corners with a one, negative off A."""
    return rational([[1 if i in A else -1] for i in range(4)]) * _corners1().T


XOR = Claim(
    id="shallow_relu.xor_minima",
    title="XOR: all differentiable local minima of the nets 2-1-1 and 2-2-1",
    statement=r"With mean squared loss the differentiable local minima of the ReLU nets on $y = (0, 1, 1, 0)$ at the "
    r"corners $00, 01, 10, 11$ have the values $1/6$ (4 activation patterns) and $1/4$ (2) for one neuron, and $0$ "
    r"(46), $1/8$ (16), $1/6$ (8) and $1/4$ (3) for two neurons, patterns counted up to the order of the neurons.",
    source="own derivation",
    case_type=Labels,
    cases=(Labels(1, (0, 1, 1, 0)), Labels(2, (0, 1, 1, 0))),
    exhaustive=True,
    law={1: (("1/6", 4), ("1/4", 2)), 2: (("0", 46), ("1/8", 16), ("1/6", 8), ("1/4", 3))},
    check=_check_minima,
    false_laws={
        "one neuron fits XOR": {1: (("0", 4), ("1/4", 2)), 2: (("0", 46), ("1/8", 16), ("1/6", 8), ("1/4", 3))},
        "two neurons have only global minima": {1: (("1/6", 4), ("1/4", 2)), 2: (("0", 46),)},
        "no minima of value 1/8": {1: (("1/6", 4), ("1/4", 2)), 2: (("0", 46), ("1/6", 8), ("1/4", 3))},
        "patterns in order": {1: (("1/6", 4), ("1/4", 2)), 2: (("0", 92), ("1/8", 32), ("1/6", 16), ("1/4", 4))},
        "one pattern of loss 1/8 less": {
            1: (("1/6", 4), ("1/4", 2)),
            2: (("0", 46), ("1/8", 15), ("1/6", 8), ("1/4", 3)),
        },
        "signs counted apart": {1: (("1/6", 4), ("1/4", 2)), 2: (("0", 46), ("1/8", 20), ("1/6", 8), ("1/4", 3))},
    },
    uses=("shallow_relu.differentiable_minima",),
)

CLAIMS = (XOR,)
