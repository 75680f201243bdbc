"""Linear ResNets: theta = (W_1, ..., W_H), loss ||Y - (I + W_H) ... (I + W_1) X||_F^2."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from theory import arrays
from theory.arithmetic import arithmetic_of, common_arithmetic, rational
from theory.landscape import Model, Point, Traits, batched, written
from theory.models.deep_linear import DeepLinearNet


@dataclass(frozen=True, eq=False, init=False)
class LinearResNet(Model):
    """A deep linear net with square layers I + W_k: the same landscape, seen from the identity.

    Every closed form is that of ``DeepLinearNet`` at theta + vec(I).

    Parameters
    ----------
    depth : H >= 1.
    X, Y : (d, m) each, samples as columns.

    Source: hardtma2017, section 2.

    >>> LinearResNet(2, [[1]], [[4]]).loss([1, 1])
    0
    """

    net: DeepLinearNet = field(init=False)
    loss_normalisation = "||Y - (I + W_H) ... (I + W_1) X||_F^2, no 1/2, no 1/m"

    def __init__(self, depth: int, X: Any, Y: Any) -> None:
        H = arrays.positive_int(depth, "LinearResNet", "depth")
        X = arrays.matrix(X, "LinearResNet", "X")
        Y = arrays.matrix(Y, "LinearResNet", "Y", rows=len(X), columns=X.shape[1])
        object.__setattr__(self, "net", DeepLinearNet((len(X),) * (H + 1), X, Y))

    @classmethod
    def _of(cls, net: DeepLinearNet) -> LinearResNet:
        model = cls.__new__(cls)
        object.__setattr__(model, "net", net)
        return model

    @classmethod
    def population(cls, depth: int, R: Any, Sigma: Any, noise: Any = 0) -> LinearResNet:
        """E||y - (I + W_H) ... (I + W_1) x||^2 for y = R x + xi, E x x^T = Sigma, E xi x^T = 0, E xi xi^T = noise.

        ``noise`` is a covariance matrix (d, d), or a number s for s I.
        """
        H = arrays.positive_int(depth, "LinearResNet.population", "depth")
        R = arrays.matrix(R, "LinearResNet.population", "R")
        d = len(R)
        R = arrays.matrix(R, "LinearResNet.population", "R", d, d)
        Sigma = arrays.matrix(Sigma, "LinearResNet.population", "Sigma", d, d)
        if np.ndim(noise) == 0:
            s = arrays.vector([noise], "LinearResNet.population", "noise", 1)
            noise = arithmetic_of(s).eye(d) * s[0]
        noise = arrays.matrix(noise, "LinearResNet.population", "noise", d, d)
        R, Sigma, noise = map(common_arithmetic(R, Sigma, noise).convert, (R, Sigma, noise))
        return cls.from_moments(H, Sigma, R @ Sigma, R @ Sigma @ R.T + noise)

    @classmethod
    def from_moments(cls, depth: int, Sxx: Any, Syx: Any, Syy: Any) -> LinearResNet:
        """The population loss from second moments, (d, d) each."""
        H = arrays.positive_int(depth, "LinearResNet.from_moments", "depth")
        Sxx = arrays.matrix(Sxx, "LinearResNet.from_moments", "Sxx")
        return cls._of(DeepLinearNet.from_moments((len(Sxx),) * (H + 1), Sxx, Syx, Syy))

    @property
    def depth(self) -> int:
        """Number H of layers."""
        return self.net.depth

    @property
    def layout(self) -> arrays.Layout:
        return self.net.layout

    @cached_property
    def traits(self) -> Traits:
        net = self.net.traits
        return Traits(
            polynomial_degree=2 * self.depth,
            has_samples=net.has_samples,
            squares=net.squares,
            symmetry=net.symmetry,
        )

    @cached_property
    def _identity(self) -> np.ndarray:
        """vec(I) for every layer."""
        return arrays.frozen(rational(np.tile(np.eye(self.net.widths[0], dtype=int).ravel(), self.depth)))

    def _entries(self, method: str) -> int:
        return self.dim + self.net._entries(method)

    def _constants(self) -> tuple[np.ndarray, ...]:
        return (self._identity,)

    def _shift(self, theta: np.ndarray) -> np.ndarray:
        """theta + vec(I)."""
        return theta + self._in(arithmetic_of(theta))[0]

    @batched
    def product(self, theta: Any) -> np.ndarray:
        """(I + W_H) ... (I + W_1): (..., d, d)."""
        return self.net.product(self._shift(theta))

    @batched
    def loss(self, theta: Any) -> np.ndarray:
        """(..., n) -> (...)."""
        return self.net.loss(self._shift(theta))

    @batched
    def residuals(self, theta: Any) -> np.ndarray:
        """r with loss = |r|^2 at floats: (..., n) -> (..., d^2 + 1)."""
        return self.net.residuals(self._shift(theta))

    @batched
    def gradient(self, theta: Any) -> np.ndarray:
        """(..., n) -> (..., n)."""
        return self.net.gradient(self._shift(theta))

    @written
    def hessian(self, theta: Any, out: Any = None) -> None:
        """(..., n) -> (..., n, n)."""
        self.net.hessian(self._shift(theta), out=out)

    @batched
    def hvp(self, theta: Any, v: Any) -> np.ndarray:
        """Hessian times v; theta and v broadcast."""
        return self.net.hvp(self._shift(theta), v)

    @property
    def sample_weight(self) -> Fraction:
        """loss == sample_weight * sample_losses.sum(-1)."""
        return self.net.sample_weight

    @batched
    def sample_losses(self, theta: Any) -> np.ndarray:
        """(..., n) -> (..., m)."""
        return self.net.sample_losses(self._shift(theta))

    @batched
    def sample_gradients(self, theta: Any) -> np.ndarray:
        """(..., n) -> (..., m, n)."""
        return self.net.sample_gradients(self._shift(theta))

    def symmetry_directions(self, theta: Any) -> np.ndarray:
        """Those of the net at theta + vec(I): (..., (H-1) d^2, n)."""
        return self.net.symmetry_directions(self._shift(self._points(theta)))

    def symmetry_images(self, theta: Any) -> np.ndarray:
        """Those of the net at theta + vec(I), moved back: (k, ..., n)."""
        theta = self._points(theta)
        images = self.net.symmetry_images(self._shift(theta))
        return images - self._in(arithmetic_of(theta))[0] if len(images) else images

    def minimum_value(self) -> Any:
        """That of the net: no layer is a bottleneck, so it is the unconstrained optimum."""
        return self.net.minimum_value()

    def known_points(self) -> Iterable[Point]:
        """W_k = -I for all k: the origin of the net."""
        for point in self.net.known_points():
            theta = point.theta - self._in(arithmetic_of(point.theta))[0]
            yield Point("all layers zero", theta, point.kind, point.loss)

    @classmethod
    def instances(cls) -> Iterable[tuple[str, LinearResNet]]:
        """One layer, scalar nets, singular data, a reflection, a population loss, floats."""
        yield "2x2, depth 2", cls(2, [[1, 0, 1], [0, 2, 1]], [[1, 1, 0], [3, 0, "1/2"]])
        yield "depth 1", cls(1, [[1, 0], [0, 1]], [[1, 2], [0, 1]])
        yield "scalar, depth 4", cls(4, [[1, 2]], [[3, "1/3"]])
        yield "rank-deficient X", cls(3, [[1, 2], [2, 4]], [[1, 0], [0, 1]])
        yield "reflection d=1, R=-1", cls.population(3, [[-1]], [[1]])
        yield "population with noise", cls.population(2, [[1, 1], [0, 1]], [[2, 1], [1, 1]], "1/3")
        yield "floats", cls(2, [[0.5, -1.0, 2.0], [1.5, 0.3, -0.2]], [[1.0, 0.2, -0.4], [0.0, 1.1, 0.6]])
