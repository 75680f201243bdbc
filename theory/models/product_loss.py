"""Functions f(R) of the product R = W_H ... W_1 of a deep linear net: what is left when the layers are multiplied.

An *objective* keeps the data as given, with their ``shape`` (d_H, d_0) if they fix it; ``objective.at(kind)`` is the
same function in one arithmetic: ``value(R)``, ``gradient(R)`` (..., d_H, d_0) and ``hessian(R)``
(..., d_H d_0, d_H d_0), row-major. Squares say more: their second derivative is 2 I (x) S whatever R is, so they carry
``S`` and the Hessian of the net keeps its Kronecker structure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.arithmetic import FLOAT, Arithmetic, arithmetic_of
from theory.errors import NotExact
from theory.landscape import ReadOnly

_SUM = (-2, -1)


@dataclass(frozen=True, eq=False)
class Factor:
    """||R F - T||_F^2 + floor: the form for floats, in which nothing cancels."""

    F: np.ndarray
    T: np.ndarray
    floor: Any
    S: np.ndarray
    shape: None = None

    def at(self, kind: Arithmetic) -> Factor:
        """Itself, at floats."""
        return self

    def value(self, R: np.ndarray) -> np.ndarray:
        E = R @ self.F - self.T
        return (E * E).sum(_SUM) + self.floor

    @property
    def majorant(self) -> Factor:
        """The same with the moduli of F and T, added up."""
        return Factor(np.abs(self.F), -np.abs(self.T), self.floor, np.abs(self.S))

    def gradient(self, R: np.ndarray) -> np.ndarray:
        return 2 * ((R @ self.F - self.T) @ self.F.T)

    def minimum(self, k: int) -> Any:
        """The least value over rank R <= k, from the singular values of T F^+ F."""
        _, s, V = np.linalg.svd(self.F)
        V = V[: int((s > len(s) * np.finfo(s.dtype).eps * s.max(initial=0)).sum())]
        T, outside = self.T @ V.T, self.T - self.T @ V.T @ V
        tail = np.linalg.svd(T, compute_uv=False)[k:]
        return self.floor + (outside * outside).sum() + (tail * tail).sum()


def residuals(f: Any, R: np.ndarray) -> np.ndarray:
    """The entries of R F - T and the root of the floor, whose squares add up to the objective: (..., d_H d_0 + 1).

    Raises
    ------
    NotExact
        For other objectives than squares at floats.
    """
    if not isinstance(f, Factor):
        raise NotExact("residuals: needs squares and float theta, as roots are computed; use the loss itself")
    E = (R @ f.F - f.T).reshape(*R.shape[:-2], -1)
    return np.concatenate([E, np.broadcast_to(np.sqrt(f.floor), (*E.shape[:-1], 1))], axis=-1)


@dataclass(frozen=True, eq=False)
class Moments:
    """<R S - 2 P, R> + c with S = X X^T, P = Y X^T, c = tr Y Y^T: the form for exact entries, free of m."""

    S: np.ndarray
    P: np.ndarray
    c: Any

    def value(self, R: np.ndarray) -> np.ndarray:
        return (R * (R @ self.S - 2 * self.P)).sum(_SUM) + self.c

    def gradient(self, R: np.ndarray) -> np.ndarray:
        return 2 * (R @ self.S - self.P)

    def minimum(self, k: int) -> Any:
        """The least value over rank R <= k: c - tr Sigma + the eigenvalues of Sigma = P S^+ P^T beyond the k-th."""
        from theory.calculus.exact_linalg import pinv, rank, symmetric_eigenvalues

        Sigma = self.P @ pinv(self.S) @ self.P.T
        floor = self.c - np.trace(Sigma)
        if rank(Sigma) <= k:
            return floor
        values = [value for value, multiplicity in symmetric_eigenvalues(Sigma) for _ in range(multiplicity)]
        return floor + sum(values[k + 1 :], start=values[k])


@dataclass(frozen=True, eq=False)
class Outputs:
    """The sum over samples of an output loss l(R x, y) that acts on each output separately."""

    X: np.ndarray
    Y: np.ndarray
    loss: Any
    S: None = None

    def value(self, R: np.ndarray) -> np.ndarray:
        return self.loss.value(R @ self.X, self.Y).sum(_SUM)

    def gradient(self, R: np.ndarray) -> np.ndarray:
        return self.loss.gradient(R @ self.X, self.Y) @ self.X.T

    def hessian(self, R: np.ndarray) -> np.ndarray:
        second = self.loss.hessian(R @ self.X, self.Y)
        d, n = R.shape[-2:]
        out = arithmetic_of(R).zeros((*R.shape[:-2], d, n, d, n))
        rows = np.einsum("...as,bs,cs->...abc", second, self.X, self.X)
        for a in range(d):
            out[..., a, :, a, :] = rows[..., a, :, :]
        return out.reshape(*R.shape[:-2], d * n, d * n)


@dataclass(frozen=True, eq=False)
class Function:
    """Any differentiable function of the product, given with its derivatives (batched over leading axes)."""

    value: Callable[[np.ndarray], np.ndarray]
    gradient: Callable[[np.ndarray], np.ndarray]
    hessian: Callable[[np.ndarray], np.ndarray]
    S: None = None
    shape: None = None

    def at(self, kind: Arithmetic) -> Function:
        """Itself: the functions must accept every arithmetic they are used with."""
        return self


def factor_of(XY: np.ndarray, d: int) -> Factor:
    """The compressed form of ||Y - R X||^2 for stacked [X; Y] with d rows of X.

    With [X; Y] = L Q (Q orthonormal rows) the loss is ||Y - R X||^2 = ||L_Y - R L_X||^2, and L is lower triangular: the
    columns beyond the d-th do not see R. They are the floor; m has dropped out. Source: own derivation.
    """
    L = np.asarray(np.linalg.qr(XY.T, mode="r")).T
    F, T, rest = L[:d, :d], L[d:, :d], L[d:, d:]
    return Factor(F, T, (rest * rest).sum(), F @ F.T)


@dataclass(frozen=True, eq=False)
class SquaredError(ReadOnly):
    """||Y - R X||_F^2 with X (d_0, m), Y (d_H, m)."""

    X: np.ndarray
    Y: np.ndarray

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.Y), len(self.X)

    def at(self, kind: Arithmetic) -> Factor | Moments:
        X, Y = kind.convert(self.X), kind.convert(self.Y)
        if kind.name == FLOAT:
            return factor_of(np.concatenate([X, Y]), len(X))
        return Moments(X @ X.T, Y @ X.T, (Y * Y).sum())


@dataclass(frozen=True, eq=False)
class SquaredMoments(ReadOnly):
    """E||y - R x||^2 from the second moments Sxx = E x x^T, Syx = E y x^T, Syy = E y y^T."""

    Sxx: np.ndarray
    Syx: np.ndarray
    Syy: np.ndarray

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.Syx), len(self.Sxx)

    def at(self, kind: Arithmetic) -> Factor | Moments:
        Sxx, Syx, Syy = map(kind.convert, (self.Sxx, self.Syx, self.Syy))
        if kind.name == FLOAT:
            values, vectors = np.linalg.eigh(np.block([[Sxx, Syx.T], [Syx, Syy]]))
            return factor_of(vectors * np.sqrt(np.maximum(values, 0)), len(Sxx))
        return Moments(Sxx, Syx, np.trace(Syy))


@dataclass(frozen=True, eq=False)
class OutputLoss(ReadOnly):
    """sum of loss(R X, Y) over samples and outputs, for any output loss of ``theory.losses``."""

    X: np.ndarray
    Y: np.ndarray
    loss: Any

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.Y), len(self.X)

    def at(self, kind: Arithmetic) -> Outputs:
        return Outputs(kind.convert(self.X), kind.convert(self.Y), self.loss)
