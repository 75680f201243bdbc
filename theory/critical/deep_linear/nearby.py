"""The critical points beside a trained linear net: the global minimum one layer away, and the normal form in its gauge.

Trained weights are never exactly critical, and where layers are wider than needed the critical points beside them form
families larger than the orbits of GL, on which no Newton step converges. The theory knows these families.
Source: own derivation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theory.arithmetic import RATIONAL, Arithmetic, arithmetic_of, ball, is_zero, rational, to_float
from theory.calculus.exact_linalg import array_of, ball_matrix, pinv, solve
from theory.critical.deep_linear.ranks import canonical_ranks, ranks_of
from theory.critical.deep_linear.spectrum import (
    Spectrum,
    exact_critical_point,
    exact_moments,
    exact_net,
    largest_rank,
    orthogonal,
)
from theory.critical.generic import Facts, rational_of
from theory.critical.systems import distance
from theory.errors import Degenerate, Undecided
from theory.models.matrix_chain import T, flat, partial_products, product
from theory.models.product_loss import SquaredError, SquaredMoments

_EXACT = Arithmetic(RATIONAL)


def near(model: Any, theta: np.ndarray) -> tuple[Any, Facts] | None:
    """(net with exact data, facts of the nearer of the two critical points) beside a float theta; None without one."""
    if not isinstance(model.objective, SquaredError | SquaredMoments):
        return None
    net, start = exact_net(model), rational_of(theta)
    if net is None:
        return None
    found = [facts for facts in (_optimum(net, start), _kept(net, start)) if facts is not None]
    return (net, min(found, key=lambda facts: distance(facts.theta, start))) if found else None


def _optimum(net: Any, start: np.ndarray) -> Facts | None:
    """An exact global minimum, by changing one layer; None if that does not reach one.

    R* = R - M S^+ / 2 is the optimum of the convex f, unchanged where X does not see it, and the layer W_i becomes
    W_i + A_i^+ (R* - R) B_i^+, for the i that changes least.
    """
    W, f = net.unpack(start), exact_moments(net)
    (A, B), R = partial_products(W, _EXACT), product(W)
    step = -_EXACT.fraction(1, 2) * f.gradient(R) @ pinv(f.S)
    changes = [pinv(a) @ step @ pinv(b) for a, b in zip(A, B, strict=True)]
    reached = [i for i, V in enumerate(changes) if is_zero((A[i] @ V @ B[i] - step) @ f.S).all()]
    if not reached:
        return None
    i = min(reached, key=lambda i: (changes[i] * changes[i]).sum())
    return _exact_facts(net, flat([w + changes[i] if j == i else w for j, w in enumerate(W)]))


def _exact_facts(net: Any, theta: np.ndarray) -> Facts:
    """Facts of a rational critical point from its ranks; the Hessian's long entries would take their time."""
    exact, theta = exact_critical_point(net, theta, "nearest")
    ranks, why = ranks_of(exact, theta), "the gradient is exactly zero"
    return Facts(theta, exact.loss(theta), True, why, 0.0, "exact", ranks.inertia, 0, {"ranks": ranks})


def _kept(net: Any, start: np.ndarray) -> Facts | None:
    """The critical point that keeps the singular values that R keeps, in the hidden subspaces of the layers.

    With E_i = U_S^+ W_H ... W_{i+1}, F_i = W_i ... W_1 P^T U_S the layers U_S E_{H-1}, F_i (E_i F_i)^{-1} E_{i-1} and
    F_1 (E_1 F_1)^{-1} U_S^+ Y X^+ have the product P_S Y X^+. What the projections F_i (E_i F_i)^{-1} E_i leave of the
    layers is added if |S| = k, and is critical there whatever it is.
    """
    if net.depth == 1:
        return None
    W, f = net.unpack(start), exact_moments(net)
    try:
        US, counts = _subspace(f, product(W))
        if sum(counts) > largest_rank(net):
            return None
        ranks = canonical_ranks(net, f, counts)
        theta = flat(_projected(W, f, US, ranks.r == ranks.largest)) if ranks.r else 0 * start
    except (Degenerate, Undecided, ZeroDivisionError):
        return None
    if arithmetic_of(theta).name == RATIONAL:
        return _exact_facts(net, theta)
    if not all(x.is_finite() for x in theta):
        return None
    why, S = f"the normal form proves a critical point of rank {ranks.r} in the box", f.first(counts)
    certificate = {"box": theta, "index_set": S, "ranks": ranks}
    return Facts(theta, f.value_at(S), True, why, 0.0, "certified", ranks.inertia, 0, certificate)


def _subspace(f: Spectrum, R: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """(U_S, how many of each distinct singular value), from R P^T, which is P_S Sigma at a critical point."""
    U, columns, counts = f.eigenvectors(), [], []
    kept = to_float(R @ f.P.T)
    for value, m in f.distinct:
        basis, U = np.stack(U[:m], axis=1), U[m:]
        B = to_float(basis)
        share = np.linalg.pinv(B) @ kept @ B / float(to_float(ball([value]))[0])
        values, vectors = np.linalg.eigh((share + share.T) / 2)
        V = vectors[:, values > 1 / 2]
        counts.append(V.shape[1])
        if m > 1 and V.shape[1]:
            mixed = rational([[round(x * 2**20) for x in row] for row in V.tolist()])
            basis = orthogonal(basis @ arithmetic_of(basis).convert(mixed))
        columns += list(basis.T) if V.shape[1] else []
    if not columns:
        return np.empty((len(R), 0), object), counts
    if any(arithmetic_of(u).name != RATIONAL for u in columns):
        columns = [ball(u) for u in columns]
    return np.stack(columns, axis=1), counts


def _projected(W: Sequence[np.ndarray], f: Spectrum, US: np.ndarray, with_rest: bool) -> list[np.ndarray]:
    """The layers of ``_kept``, in the arithmetic of U_S."""
    H, kind = len(W), arithmetic_of(US)
    W, P, best = [kind.convert(w) for w in W], kind.convert(f.P), kind.convert(f.best)
    pseudo = T(US) / (US * US).sum(0)[:, None]
    E, F = [pseudo], [W[0] @ T(P) @ US]  # E_H, ..., E_1 and F_1, ..., F_{H-1}
    for w in reversed(W[1:]):
        E.insert(0, E[0] @ w)
    for w in W[1:-1]:
        F.append(w @ F[-1])
    G = [f_i @ _inverse(e @ f_i) for e, f_i in zip(E, F, strict=False)]
    layers = [G[0] @ pseudo @ best, *(G[i] @ E[i - 1] for i in range(1, H - 1)), US @ E[H - 2]]
    if with_rest:
        projections = [*(g @ e for g, e in zip(G, E, strict=False)), US @ pseudo]
        rest = [kind.eye(len(p)) - p for p in projections]
        inner = [rest[0] @ W[0], *(rest[i] @ W[i] @ rest[i - 1] for i in range(1, H))]
        layers = [a + b for a, b in zip(layers, inner, strict=True)]
    return layers


def _inverse(G: np.ndarray) -> np.ndarray:
    kind = arithmetic_of(G)
    return solve(G, kind.eye(len(G))) if kind.name == RATIONAL else array_of(ball_matrix(G).inv())
