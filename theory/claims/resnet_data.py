"""Cases for linear ResNets: singular values are given and rotations rational, so that what the bounds need is exact."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory.arithmetic import rational
from theory.calculus.inertia import inertia
from theory.claims.cases import Case, Matrix, composed, matrices, vectors
from theory.claims.linear_data import rotation
from theory.definitions import linear_resnet as definition


def with_singular_values(spectral: tuple) -> np.ndarray:
    """U diag(values) V (d, d) from (entries of U, values, entries of V), rational rotations by Cayley's transform."""
    left, values, right = spectral
    d = len(values)
    return rotation(d, left) @ np.diag(rational(values)) @ rotation(d, right)


@dataclass(frozen=True)
class Spectral(Case):
    """A loss and a point given by rotations and singular values, so that what the bounds need is rational.

    Attributes
    ----------
    tau : the stated radius.
    layers : for each layer (rotation, values, rotation): those of W_k / tau, or of I + W_k (``from_zero``).
    R : (d, d), the map to be learned.
    inputs : (rotation, values): Sigma = Q diag(values^2) Q^T.
    """

    tau: Any
    layers: tuple
    R: Matrix
    inputs: tuple

    @property
    def one(self) -> np.ndarray:
        return rational(np.eye(len(self.R), dtype=int))

    def within(self) -> bool:
        """Whether ||W_k|| <= tau for the layers ``near``: tau^2 I - W W^T is positive semidefinite."""
        square = rational([self.tau])[0] ** 2 * self.one
        return self.tau >= 0 and all(inertia(square - W @ W.T).negative == 0 for W in self.near())

    def near(self) -> np.ndarray:
        """W_1, ..., W_H (H, d, d) with ||W_k|| = tau max |values|."""
        return rational([self.tau])[0] * np.stack([with_singular_values(w) for w in self.layers])

    def from_zero(self) -> np.ndarray:
        """W_1, ..., W_H (H, d, d) with the singular values |values| of I + W_k."""
        return np.stack([with_singular_values(w) for w in self.layers]) - self.one

    @property
    def samples(self) -> np.ndarray:
        """X (d, d) with X X^T = Sigma."""
        return rotation(len(self.R), self.inputs[0]) @ np.diag(rational(self.inputs[1]))

    @property
    def variances(self) -> list[Any]:
        """The eigenvalues of Sigma."""
        return [x * x for x in rational(self.inputs[1])]

    @property
    def least(self) -> Any:
        """(lambda^+, u): the least positive eigenvalue of Sigma with its unit vector; (0, anything) for Sigma = 0."""
        values = self.variances
        i = min((i for i, x in enumerate(values) if x > 0), key=lambda i: values[i], default=0)
        return values[i], rotation(len(self.R), self.inputs[0])[:, i]


@composed
def spectral(draw: Any) -> Spectral:
    """d = 1, 2 and H = 1, 2, 3; singular Sigma, extreme layers -tau I and singular I + W_k (``from_zero``) too."""
    from hypothesis import strategies as st

    d, H = draw(st.sampled_from((2, 1, 2))), draw(st.sampled_from((2, 3, 1, 2, 3)))
    turn = vectors(d * (d - 1) // 2, st.sampled_from((1, 0, Fraction(1, 2), -1, Fraction(-1, 2))))
    values = vectors(d, st.sampled_from((-1, 1, Fraction(1, 2), Fraction(-1, 3), 0)))
    layers = tuple(draw(st.tuples(turn, values, turn)) for _ in range(H))
    tau = draw(st.sampled_from((Fraction(1, 2), Fraction(1, 3), Fraction(3, 4), Fraction(9, 10), 0)))
    inputs = draw(st.tuples(turn, vectors(d, st.sampled_from((1, 2, Fraction(1, 2), 3, 0)))))
    return Spectral(tau, layers, draw(matrices(d, d)), inputs)


# -- gradient and excess, literally ----------------------------------------------------------------------------------


def literal(case: Spectral, W: np.ndarray, R: np.ndarray) -> tuple[Any, Any]:
    """(|gradient|^2, f - min f) at the layers W for y = R x, from values of the literal loss alone.

    The loss is quadratic in each single weight, so central differences with step 1 are its derivatives; its least
    value 0 is attained at W = (R - I, 0, ..., 0).
    """
    H, X, theta = len(W), case.samples, W.ravel()
    Y, steps = R @ X, rational(np.eye(theta.size, dtype=int))
    two = rational([2])[0]
    slopes = [(definition.loss(H, X, Y, theta + e) - definition.loss(H, X, Y, theta - e)) / two for e in steps]
    return sum((g * g for g in slopes), start=0 * two), definition.loss(H, X, Y, theta)


def scalar(tau: Any, values: tuple, R: Any, deviation: Any = 1) -> Spectral:
    """d = 1: w_k = tau values[k] (or 1 + w_k = values[k]), Sigma = deviation^2."""
    return Spectral(tau, tuple(((), (v,), ()) for v in values), ((R,),), ((), (deviation,)))
