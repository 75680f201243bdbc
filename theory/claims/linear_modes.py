"""Cases for the dynamics of deep linear nets: layers that are diagonal in rational frames, and what data they meet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import permutations
from itertools import product as tuples_of
from typing import Any

import numpy as np

from theory.arithmetic import flint, is_zero, rational
from theory.calculus.exact_linalg import solve
from theory.claims.cases import Case, composed, exact_tuple, vectors
from theory.claims.claim import Counterexample, Hypothesis
from theory.claims.linear_data import rotation
from theory.dynamics.conservation import imbalance
from theory.models.deep_linear import DeepLinearNet
from theory.models.matrix_chain import product


@dataclass(frozen=True)
class Modes(Case):
    """Layers W_i = Q_i diag(w_i) Q_{i-1}^T with rational rotations Q_i, on X = Q_0 C and Y = U diag(s) C^{-T}.

    So Y X^T = U diag(s) Q_0^T, and X X^T = I for C = I.

    Attributes
    ----------
    widths : (d_0, ..., d_H).
    strengths : (H, k), the diagonals w_1, ..., w_H, k = min_i d_i.
    s : (min(d_0, d_H),).
    rotations : entries of the Cayley transforms Q_0, ..., Q_H.
    tilt : U = Q_H times the rotation with this entry.
    shear : the entries of C below the diagonal; its diagonal is 1.
    decay : lam of the penalty lam sum_i ||W_i||^2.
    """

    widths: tuple
    strengths: tuple
    s: tuple
    rotations: tuple = (0, 0, 0)
    tilt: Any = 0
    shear: Any = 0
    decay: Any = 0

    @property
    def depth(self) -> int:
        return len(self.widths) - 1

    @cached_property
    def frames(self) -> list[np.ndarray]:
        """Q_0, ..., Q_H."""
        return [rotation(d, tuple(np.roll(np.array(self.rotations, object), i))) for i, d in enumerate(self.widths)]

    @cached_property
    def layers(self) -> list[np.ndarray]:
        """W_1, ..., W_H."""
        Q, layers = self.frames, []
        for i, w in enumerate(rational(self.strengths)):
            layers.append(Q[i + 1] @ rectangular(w, self.widths[i + 1], self.widths[i]) @ Q[i].T)
        return layers

    @cached_property
    def net(self) -> DeepLinearNet:
        """The squared loss on these data."""
        d0, dH = self.widths[0], self.widths[-1]
        C, one = (rational(np.eye(d0, dtype=int)) for _ in range(2))
        C[np.tril_indices(d0, -1)] = rational([self.shear])[0]
        U = self.frames[-1] @ rotation(dH, (self.tilt, 0, 0))
        S = rectangular(rational(self.s), dH, d0)
        return DeepLinearNet(self.widths, self.frames[0] @ C, U @ S @ solve(C, one).T)

    def flow(self) -> list[np.ndarray]:
        """dW_i/dt of all layers."""
        net, lam = self.net, rational([self.decay])[0]
        theta = net.pack(*self.layers)
        return list(net.unpack(-net.gradient(theta) - 2 * lam * theta))

    def velocity(self) -> np.ndarray:
        """dR/dt in the frames, Q_H^T (sum_i W_H ... dW_i/dt ... W_1) Q_0: the product rule, literally."""
        W = self.layers
        moved = [product([*W[:i], v, *W[i + 1 :]]) for i, v in enumerate(self.flow())]
        return self.frames[-1].T @ sum(moved) @ self.frames[0]

    @cached_property
    def u(self) -> np.ndarray:
        """The diagonal of Q_H^T R Q_0, (min(d_0, d_H),): products of strengths, 0 beyond the k-th."""
        R = self.frames[-1].T @ product(self.layers) @ self.frames[0]
        return np.diagonal(R)

    @cached_property
    def radii(self) -> np.ndarray:
        """|u|^{1/H}, which must be rational."""
        return np.array([_exact_root(abs(u), self.depth) for u in self.u], object)


def rectangular(diagonal: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """The matrix (rows, columns) with this diagonal, continued by zeros."""
    out = rational(np.zeros((rows, columns), int))
    i = np.arange(len(diagonal))
    out[i, i] = diagonal
    return out


def _exact_root(x: Any, n: int) -> Any:
    p, q = (round(int(part) ** (1 / n)) for part in (x.p, x.q))
    if flint().fmpq(p, q) ** n != x:
        raise ValueError(f"Modes: needs products with rational roots of order {n}, got {x}")
    return flint().fmpq(p, q)


FEW = (0, 1, Fraction(1, 2), -1, Fraction(-1, 2))


def modes(*depths: int, balanced: bool = True, aligned: bool = True) -> Callable[[], Any]:
    """A callable that gives the strategy; few values, so that zeros and ties are frequent."""

    @composed
    def cases(draw: Any) -> Modes:
        """Mostly two or three modes, often of different strengths; strengths equal up to signs where balanced.

        Ties, zeros and wider layers are among them; any data where not aligned.
        """
        from hypothesis import strategies as st

        H, k = draw(st.sampled_from(depths)), draw(st.sampled_from((2, 3, 2, 1)))
        widths = list(draw(vectors(H + 1, st.sampled_from((k, min(k + 1, 3))))))
        widths[draw(st.sampled_from(range(H + 1)))] = k
        different, any_kind = permutations((1, 2, "1/2", 3), k), tuples_of((1, 0, 2), repeat=k)
        size, few = st.sampled_from((*different, *any_kind)), st.sampled_from(FEW)
        one = rational(draw(size))
        rows = [one if balanced else rational(draw(size)) for _ in range(H)]
        signs = [draw(vectors(k, st.sampled_from((1, 1, -1)))) for _ in range(H)]
        strengths = tuple(exact_tuple(row * rational(sign)) for row, sign in zip(rows, signs, strict=True))
        s = draw(vectors(min(widths[0], widths[-1]), st.sampled_from((1, 2, 0, 3))))
        tilt, shear = (draw(few), draw(few)) if not aligned else (0, 0)
        decay = draw(st.sampled_from((0, 1, 2))) if balanced and aligned else 0
        return Modes(tuple(widths), strengths, s, draw(vectors(3, few)), tilt, shear, decay)

    return cases


def _balanced(case: Modes) -> bool:
    return all(is_zero(D).all() for D in imbalance(case.net, case.net.pack(*case.layers)))


def _aligned(case: Modes) -> bool:
    target = case.frames[-1].T @ np.asarray(case.net.Y) @ np.asarray(case.net.X).T @ case.frames[0]
    return bool(is_zero(target - rectangular(np.diagonal(target), *target.shape)).all())


def _white(case: Modes) -> bool:
    X = np.asarray(case.net.X)
    return bool(is_zero(X @ X.T - rational(np.eye(len(X), dtype=int))).all())


BALANCED = Hypothesis("balanced", r"$W_{i+1}^TW_{i+1} = W_iW_i^T$ for all $i$", _balanced)
ALIGNED = Hypothesis("aligned", "$Q_H^TYX^TQ_0$ is diagonal", _aligned)
WHITENED = Hypothesis("whitened", "$XX^T = I$", _white)
PLAIN = Hypothesis("plain", "no weight decay", lambda case: case.decay == 0)
COUPLED = (
    Counterexample("whitened", Modes((2, 2, 2), ((1, 1), (1, 1)), (2, 1), shear=1), "correlated inputs couple modes"),
    Counterexample("aligned", Modes((2, 2, 2), ((1, 2), (1, 2)), (2, 1), tilt=1), "a turned target couples modes"),
)
