"""Problem files to start from: Fisher's irises in a linear net 5-3-3, at critical points that theory gives.

With R* = Y X^+ the critical points of ||Y - W_2 W_1 X||^2 have maps W_2 W_1 = P R*, where P projects onto a set of
left singular vectors of R* X. Empty set: the origin. Full set: P = I, the optimum. With balanced classes and a row of
ones in X the vector (1, 1, 1) is one of them: the constant fit, whose map is rational too. The other two are not
rational and come as floats.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from theory.arithmetic import Arithmetic, arithmetic_of, rational, to_float
from theory.io.entries import lists_from
from theory.io.problem import SCHEMA
from theory.io.tables import iris

WIDTHS = (5, 3, 3)


def optimal_map() -> np.ndarray:
    """R* = Y X^+ (3, 5), rational: Y X^T (X X^T)^{-1}, since X has full row rank."""
    from theory.calculus.exact_linalg import solve

    X, Y = iris()
    return solve(X @ X.T, X @ Y.T).T


def _layers(left: np.ndarray, right: np.ndarray) -> dict[str, Any]:
    """W_1 = [right; 0], W_2 = [left, 0] with W_2 W_1 = left right."""
    kind: Arithmetic = arithmetic_of(right)
    W1, W2 = kind.zeros((WIDTHS[1], WIDTHS[0])), kind.zeros((WIDTHS[2], WIDTHS[1]))
    W1[: len(right)], W2[:, : left.shape[1]] = right, left
    return {"W1": lists_from(W1, "W1"), "W2": lists_from(W2, "W2")}


def _origin() -> dict[str, Any]:
    return _layers(rational([[0]] * 3), rational([[0] * 5]))


def _optimum() -> dict[str, Any]:
    return _layers(rational(np.eye(3, dtype=int)), optimal_map())


def _constant() -> dict[str, Any]:
    """P = J / 3: every class gets the probability 1/3."""
    return _layers(rational([[1]] * 3), rational([["1/3"] * 3]) @ optimal_map())


def _float() -> dict[str, Any]:
    """P = u u^T for the second left singular vector u of R* X."""
    X, _ = iris()
    R = to_float(optimal_map())
    U = np.linalg.svd(R @ to_float(X))[0]
    u = U[:, 1:2]
    return _layers(u, u.T @ R)


EXAMPLES: dict[str, Callable[[], dict[str, Any]]] = {
    "iris-origin": _origin,
    "iris-optimum": _optimum,
    "iris-constant": _constant,
    "iris-float": _float,
}


def example(name: str) -> dict[str, Any]:
    """A valid problem file as a nested dictionary."""
    arithmetic = "float" if name == "iris-float" else "rational"
    return {
        "schema": SCHEMA,
        "model": "DeepLinearNet",
        "architecture": {"widths": list(WIDTHS)},
        "data": {"csv": "iris", "Y": "species", "bias": True},
        "theta": EXAMPLES[name](),
        "options": {"arithmetic": arithmetic},
    }
