"""A single ReLU neuron, a relu(w.x + b) + c with any of a, b, c present, and its one-sided derivatives."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from theory import arrays
from theory.activations import RELU
from theory.arithmetic import RATIONAL, arithmetic_of, is_zero, sign
from theory.errors import NotExact
from theory.landscape import Model, Point, Traits, batched, written
from theory.models.shallow_net import ShallowNet


@dataclass(frozen=True, eq=False)
class ReluNeuron(Model):
    """(1/m) sum_i (f(x_i) - y_i)^2 with f(x) = a relu(w.x + b) + c; a = 1, b = 0, c = 0 where they are no parameters.

    The shallow net of width 1, restricted to the coordinates that are present. Derivatives are those of the active
    piece, where a kink w.x_i + b = 0 counts as inactive.

    Parameters
    ----------
    X : (d, m), samples as columns.
    y : (m,).
    output_weight, bias, output_bias : whether a, b, c are parameters; theta = (w, b, a, c).

    Source: petersenzech2024, Exercise 12.8 (all four).

    >>> neuron = ReluNeuron([[-1, 0, 1]], [0, 3, 1], output_weight=True, bias=True, output_bias=True)
    >>> neuron.loss([1, 2, "1/2", "1/3"])
    25/18
    """

    X: Any
    y: Any
    _: KW_ONLY
    output_weight: bool = False
    bias: bool = False
    output_bias: bool = False

    loss_normalisation = "(1/m) sum of squares, no 1/2"

    def __post_init__(self) -> None:
        X = arrays.matrix(self.X, "ReluNeuron", "X")
        object.__setattr__(self, "X", X)
        object.__setattr__(self, "y", arrays.targets(self.y, X, "ReluNeuron"))

    @cached_property
    def _net(self) -> ShallowNet:
        return ShallowNet(1, self.X, self.y, RELU, output_bias=self.output_bias)

    @cached_property
    def layout(self) -> arrays.Layout:
        present = (True, self.bias, self.output_weight, self.output_bias)
        shapes = (("w", (self.X.shape[0],)), ("b", ()), ("a", ()), ("c", ()))
        return tuple(part for part, here in zip(shapes, present, strict=True) if here)

    @cached_property
    def traits(self) -> Traits:
        groups = (("w", "b") if self.bias else ("w",), ("a",))
        return Traits(
            smooth=False,
            analytic=False,
            layer_groups=groups if self.output_weight else (),
            symmetry=self._net.traits.symmetry if self.output_weight else "",
        )

    @cached_property
    def _kept(self) -> np.ndarray:
        """Positions of the parameters in (w, b, a, c)."""
        d = self.X.shape[0]
        positions = {"w": range(d), "b": (d,), "a": (d + 1,), "c": (d + 2,)}
        return np.array([i for name, _ in self.layout for i in positions[name]])

    def _embed(self, theta: Any) -> np.ndarray:
        """(w, b, a, c) as the shallow net reads it, with b = 0 and a = 1 where they are fixed."""
        theta = self._points(theta)
        kind = arithmetic_of(theta)
        full = kind.zeros((*theta.shape[:-1], self._net.dim))
        full[..., self.X.shape[0] + 1] = kind.fraction(1)
        full[..., self._kept] = theta
        return full

    def _embed_direction(self, v: np.ndarray) -> np.ndarray:
        full = arithmetic_of(v).zeros((*v.shape[:-1], self._net.dim))
        full[..., self._kept] = v
        return full

    def _entries(self, method: str) -> int:
        n = self._net.dim
        return 2 * self._net._entries(method) + 4 * n + n * n * (method == "hessian")

    @batched
    def loss(self, theta: Any) -> np.ndarray:
        """(1/m) sum (f(x_i) - y_i)^2: (..., n) -> (...)."""
        return self._net.loss(self._embed(theta))

    @batched
    def gradient(self, theta: Any) -> np.ndarray:
        """Gradient of the active piece: (..., n) -> (..., n)."""
        return self._net.gradient(self._embed(theta))[..., self._kept]

    @written
    def hessian(self, theta: Any, out: Any = None) -> None:
        """Hessian of the active piece: (..., n) -> (..., n, n)."""
        out[...] = self._net.hessian(self._embed(theta))[..., self._kept[:, None], self._kept]

    @batched
    def hvp(self, theta: Any, v: Any) -> np.ndarray:
        """Hessian of the active piece times v; theta and v broadcast: (..., n)."""
        return self._net.hvp(self._embed(theta), self._embed_direction(v))[..., self._kept]

    @property
    def sample_weight(self) -> Fraction:
        """loss == sample_weight * sample_losses.sum(-1)."""
        return self._net.sample_weight

    @batched
    def sample_losses(self, theta: Any) -> np.ndarray:
        """(f(x_i) - y_i)^2: (..., n) -> (..., m)."""
        return self._net.sample_losses(self._embed(theta))

    @batched
    def sample_gradients(self, theta: Any) -> np.ndarray:
        """Gradients of the sample losses: (..., n) -> (..., m, n)."""
        return self._net.sample_gradients(self._embed(theta))[..., self._kept]

    @batched
    def outputs(self, theta: Any) -> np.ndarray:
        """f(x_i): (..., n) -> (..., m)."""
        return self._net.outputs(self._embed(theta))

    @batched
    def activation_pattern(self, theta: Any) -> np.ndarray:
        """Whether w.x_i + b > 0: (..., n) -> booleans (..., 1, m); ``Undecided`` for a ball that meets the kink."""
        return self._net.activation_pattern(self._embed(theta))

    @batched
    def smooth_at(self, theta: Any) -> np.ndarray:
        """Whether no sample is at the kink: (..., n) -> (...). Without bias x_i = 0 has none."""
        u = self._net.preactivations(self._embed(theta))[..., 0, :]
        return np.asarray(((sign(u) != 0) | ~self._has_kink).all(-1))

    def _inputs(self) -> np.ndarray:
        """x~_i, as the derivative of w.x_i + b in (w, b) sees it: (d, m), or (d + 1, m) with a bias."""
        X1 = self._net._constants()[0]
        return X1 if self.bias else X1[:-1]

    @cached_property
    def _has_kink(self) -> np.ndarray:
        return np.asarray(~is_zero(self._inputs()).all(0))

    @batched
    def one_sided_derivative(self, theta: Any, v: Any) -> np.ndarray:
        """Derivative of t -> loss(theta + t v) at t = 0 from the right; theta and v broadcast: (...).

        (2/m) sum e_i (a relu'(u_i; du_i) + da relu(u_i) + dc), with relu'(0; du) = relu(du). Own derivation.
        """
        kind, full = arithmetic_of(theta), self._embed(theta)
        X1, y = self._net._in(kind)
        (_, _, a, *_), (dW, db, da, *dc) = self._net.unpack(full), self._net.unpack(self._embed_direction(v))
        u = self._net.preactivations(full)[..., 0, :]
        du = (dW @ X1[:-1] + db[..., None])[..., 0, :]
        s, side = RELU(u), sign(u)
        ds = du * kind.indicator(side > 0) + RELU(du) * kind.indicator(side == 0)
        df = a * ds + da * s + (dc[0][..., None] if dc else 0)
        return ((self._net.outputs(full) - y) * df).sum(-1) * kind.fraction(2, y.size)

    def clarke_stationary(self, theta: Any) -> np.ndarray:
        """Whether 0 lies in the Clarke subdifferential of the loss, decided exactly: (..., n) -> booleans (...).

        The subdifferential is the convex hull of the limits of gradients from the smooth pieces around theta. These
        pieces are the cells of the arrangement {d : x~_i.d = 0} of the samples at a kink, with x~_i = (x_i, 1), or x_i
        without bias. Where the set S of them is active, the limit is gradient + (2/m) sum_{i in S} e_i a x~_i in the
        coordinates (w, b): a hull of achievable pieces, not the larger zonotope that the chain rule gives.

        Raises
        ------
        NotExact
            For floats and balls: a kink is an equality.
        TooLarge
            When the kinks may have more than ``theory.calculus.cones.MAX_CELLS`` cells.

        Source: clarke1983, Theorem 2.5.1 (the hull of limits of gradients); the reduction to cells is our own.
        """
        theta = self._points(theta)
        if arithmetic_of(theta).name != RATIONAL:
            raise NotExact("ReluNeuron.clarke_stationary: theta must be rational, as kinks are; use theory.rational")
        rows = theta.reshape(-1, self.dim)
        return np.array([self._is_clarke_stationary(t) for t in rows]).reshape(theta.shape[:-1])[()]

    def _is_clarke_stationary(self, theta: np.ndarray) -> bool:
        from theory.calculus.cones import cells, convex_weights

        kind, full = arithmetic_of(theta), self._embed(theta)
        y, X = self._net._in(kind)[1], kind.convert(self._inputs())
        g, p = self.gradient(theta), len(X)
        vanishes = is_zero(g)
        kinks = (sign(self._net.preactivations(full)[0]) == 0) & self._has_kink
        if not kinks.any() or not vanishes[p:].all():
            return bool(vanishes.all())
        e, a = self.outputs(theta) - y, full[self.X.shape[0] + 1]
        jumps = (e * X)[:, kinks] * (a * kind.fraction(2, y.size))
        pieces = g[:p, None] + jumps @ kind.indicator(cells(X[:, kinks])).T
        return convex_weights(pieces) is not None

    def symmetry_directions(self, theta: Any) -> np.ndarray:
        """The rescaling (w, b, -a) where a is a parameter: (..., 0 or 1, n)."""
        if not self.output_weight:
            return super().symmetry_directions(theta)
        return self._net.symmetry_directions(self._embed(theta))[..., self._kept]

    def symmetry_images(self, theta: Any) -> np.ndarray:
        """The image (2 w, 2 b, a/2) where a is a parameter: (0 or 1, ..., n)."""
        if not self.output_weight:
            return super().symmetry_images(theta)
        return self._net.symmetry_images(self._embed(theta))[..., self._kept]

    def minimum_value(self) -> Any:
        """0 where a constant output fits (equal targets with c, or zero targets); None where it is not known here."""
        return self._net.minimum_value()

    def known_points(self) -> Iterable[Point]:
        """The dead neuron w = 0, b = -1, a = 1, c = mean y, if all four are parameters and it is no global minimum."""
        return self._net.known_points() if self.output_weight and self.bias else ()

    @classmethod
    def instances(cls) -> Iterable[tuple[str, ReluNeuron]]:
        """All eight sets of parameters, and degenerate data."""
        X, y = [[1, -1, 0, 2], [0, 1, -2, "1/2"]], [1, 2, 0, "-1/3"]
        for a, b, c in np.ndindex(2, 2, 2):
            flags = {"output_weight": bool(a), "bias": bool(b), "output_bias": bool(c)}
            yield "(w" + ", b" * b + ", a" * a + ", c" * c + ")", cls(X, y, **flags)
        yield "Exercise 12.8", cls([[-1, 0, 1]], [0, 3, 1], output_weight=True, bias=True, output_bias=True)
        yield "one sample", cls([[2]], [3])
        yield "zero sample, no bias", cls([[0, 1]], [1, 1])
        yield "duplicate samples, different targets", cls([[1, 1, -1]], [0, 2, 1], bias=True)
        yield "zero targets", cls([[1, 2]], [0, 0], output_weight=True)
        yield "floats", cls(np.array([[0.5, -1.25, 2.0]]), np.array([1.0, 0.5, -1.0]), bias=True)
