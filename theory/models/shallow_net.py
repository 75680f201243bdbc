"""Nets with one hidden layer and one output: f(x) = sum_j a_j s(w_j.x + b_j) + c, mean loss over the samples."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from theory import arrays
from theory.activations import Activation, named
from theory.arithmetic import FLOAT, RATIONAL, arithmetic_of, is_zero, sign
from theory.landscape import Kind, Model, Point, Traits, batched
from theory.losses import SQUARED, Absolute, Huber, Squared, Weighted, loss_named
from theory.models import mean_squares
from theory.models import neuron_symmetries as symmetries
from theory.models.hidden_layer import gauss_newton_into, jacobian_into, residual_positions, second_moments


@dataclass(frozen=True, eq=False, init=False)
class ShallowNet(Model):
    """(1/m) sum_i l(f(x_i), y_i) with f(x) = sum_j a_j s(w_j.x + b_j) + c; squares by default: (1/m) sum e_i^2.

    Parameters
    ----------
    width : number k of hidden neurons.
    X : (d_0, m), samples as columns.
    y : (m,).
    activation : s, a name or an ``Activation`` of ``theory.activations``.
    output_bias : whether c is a parameter; without it c = 0.
    loss : output loss l of ``theory.losses``, or its name; ``output_loss`` is the same by the name of the field.

    Source: petersenzech2024, Definitions 12.1 and 12.2, equation (12.3.1).

    >>> net = ShallowNet(1, [[1, 2]], [0, 1], activation="identity")
    >>> net.loss([1, 0, 1, 0]), net.gradient([1, 0, 1, 0])
    (1, array([3, 2, 3, 2], dtype=object))
    """

    width: int
    X: np.ndarray
    y: np.ndarray
    activation: Activation
    output_bias: bool
    output_loss: Any

    def __init__(
        self, width: int, X: Any, y: Any, activation: Any = "tanh", output_bias: bool = True, loss: Any = SQUARED,
        *, output_loss: Any = None,
    ) -> None:  # fmt: skip
        width, X = arrays.positive_int(width, "ShallowNet", "width"), arrays.matrix(X, "ShallowNet", "X")
        y = arrays.targets(y, X, "ShallowNet")
        loss = loss_named(loss if output_loss is None else output_loss)
        if hasattr(loss, "check_targets"):
            loss.check_targets(y, "ShallowNet")
        values = (width, X, y, named(activation), bool(output_bias), loss)
        for field, value in zip(fields(self), values, strict=True):
            object.__setattr__(self, field.name, value)

    @cached_property
    def layout(self) -> arrays.Layout:
        k, d = self.width, self.X.shape[0]
        return (("W", (k, d)), ("b", (k,)), ("a", (k,)), ("c", ()))[: 3 + self.output_bias]

    @property
    def loss_normalisation(self) -> str:  # type: ignore[override]
        """How the loss is scaled, in words."""
        return f"(1/m) sum of the {self.output_loss.name} loss of the samples, no 1/2"

    @cached_property
    def traits(self) -> Traits:
        s, squares = self.activation, type(self.output_loss) in (Squared, Weighted)
        smooth = s.smooth and self.output_loss.smooth
        return Traits(
            smooth=smooth,
            analytic=s.analytic and smooth,
            polynomial_degree=2 * (s.degree + 1) if squares and s.degree else None,
            layer_groups=(("W", "b"), ("a",)) if s.homogeneous else (),
            squares=type(self.output_loss) is Squared,
            symmetry=symmetries.in_words(s, self.width, self.output_bias),
        )

    # Forward pass

    def _constants(self) -> tuple[Any, ...]:
        data = arithmetic_of(self.X)
        ones = data.zeros((1, self.X.shape[1])) + data.fraction(1)
        return np.concatenate([self.X, ones]), self.y

    def _forward(self, theta: np.ndarray, order: int) -> tuple[np.ndarray, tuple[np.ndarray, ...], np.ndarray]:
        """a (..., k), the derivatives (s, s', ...) at u (..., k, m), and the outputs f (..., m)."""
        _, _, a, *c = arrays.unpack(theta, self.layout)
        s = self.activation.jet(self._preactivations(theta), order)
        f = (a[..., None, :] @ s[0])[..., 0, :]
        return a, s, f + c[0][..., None] if c else f

    @batched
    def preactivations(self, theta: Any) -> np.ndarray:
        """u_ji = w_j.x_i + b_j: (..., n) -> (..., k, m)."""
        return self._preactivations(theta)

    def _preactivations(self, theta: np.ndarray) -> np.ndarray:
        W, b, *_ = arrays.unpack(theta, self.layout)
        return W @ self._in(arithmetic_of(theta))[0][:-1] + b[..., None]

    @batched
    def outputs(self, theta: Any) -> np.ndarray:
        """f(x_i): (..., n) -> (..., m)."""
        return self._forward(theta, 0)[2]

    def _join(self, *parts: np.ndarray) -> np.ndarray:
        """The flat vectors of W, b, a, c; c is dropped where it is no parameter."""
        return self._flat(*parts[: len(self.layout)])

    def _entries(self, method: str) -> int:
        m = self.y.size
        return self.dim * m if method in ("hessian", "sample_gradients") else 4 * self.width * m

    @batched
    def loss(self, theta: Any) -> np.ndarray:
        """(1/m) sum_i l(f(x_i), y_i): (..., n) -> (...)."""
        return self._sample_losses(theta).sum(-1) * self._weight(theta)

    @batched
    def residuals(self, theta: Any) -> np.ndarray:
        """(f(x_i) - y_i) / sqrt(m), whose squares add up to the squared loss, at floats: (..., n) -> (..., m)."""
        return mean_squares.roots(self, self._forward(theta, 0)[2] - self._in(arithmetic_of(theta))[1])

    @batched
    def gradient(self, theta: Any) -> np.ndarray:
        """dc = sum r_i, da_j = sum s_ji r_i, d(w_j,b_j) = sum a_j s'_ji r_i (x_i,1), r_i = l'(f_i,y_i)/m: (..., n)."""
        X1, y = self._in(arithmetic_of(theta))
        a, (s, s1), f = self._forward(theta, 1)
        r = self.output_loss.gradient(f, y) * self._weight(theta)
        G = (a[..., None] * s1 * r[..., None, :]) @ X1.T
        return self._join(G[..., :-1], G[..., -1], (s @ r[..., None])[..., 0], r.sum(-1))

    def hessian(self, theta: Any, out: np.ndarray | None = None) -> np.ndarray:
        """H = H_0 + H_1 of Proposition 12.5, at a kink that of the active pieces: (..., n) -> (..., n, n)."""
        theta, out = self._room(theta, out, "hessian")
        self._hessian_into(theta, out, out)
        return out

    def hessian_parts(self, theta: Any) -> tuple[np.ndarray, np.ndarray]:
        """(H_0, H_1): Gauss-Newton part (1/m) sum l'' J_i J_i^T and residual part (1/m) sum l' D^2 f(x_i), (..., n, n).

        H_0 is positive semidefinite for convex l; for squares it does not depend on y, and H_1 is linear in e.

        Source: petersenzech2024, Proposition 12.5 and (12.3.2).
        """
        theta, H0 = self._room(theta, None, "hessian_parts")
        H1 = arithmetic_of(theta).zeros(H0.shape)
        self._hessian_into(theta, H0, H1)
        return H0, H1

    def _hessian_into(self, theta: np.ndarray, H0: np.ndarray, H1: np.ndarray) -> None:
        """Write the Gauss-Newton part to H0 and add the residual part to H1, which may be the same array."""
        n, kind, loss = self.dim, arithmetic_of(theta), self.output_loss
        (X1, y), w = self._in(kind), self._weight(theta)
        real = kind.name == FLOAT and kind.parent.kind == "f"
        one = None if real and getattr(loss, "convex", False) else kind.eye(1)
        rows, H0, H1 = theta.reshape(-1, n), H0.reshape(-1, n, n), H1.reshape(-1, n * n)
        parts, moments = list(self._parts(rows, "hessian")), second_moments(X1)
        J = np.empty((parts[0].stop, n, y.size), theta.dtype)
        upper, lower = self._residual_positions
        for part in parts:
            a, (s, s1, s2), f = self._forward(rows[part], 2)
            r, h = loss.gradient(f, y)[:, None] * w, loss.hessian(f, y)[:, None] * w
            gauss_newton_into(H0[part], J[: len(f)], a[..., None] * s1, s, h, X1[:-1], one)
            B, C, H = a[..., None] * moments(s2 * r), (s1 * r) @ X1.T, H1[part]
            H[:, upper] += np.concatenate([B, C], axis=-1).reshape(len(f), -1)
            H[:, lower] = H[:, upper]

    @cached_property
    def _residual_positions(self) -> tuple[np.ndarray, np.ndarray]:
        return residual_positions(self.width, self.X.shape[0], self.dim)

    @batched
    def hvp(self, theta: Any, v: Any) -> np.ndarray:
        """Hessian times v by differentiating the gradient along v; theta and v broadcast: (..., n)."""
        X1, y = self._in(arithmetic_of(theta))
        dW, db, da, *dc = arrays.unpack(v, self.layout)
        a, (s, s1, s2), f = self._forward(theta, 2)
        w, du = self._weight(theta), dW @ X1[:-1] + db[..., None]
        ds = s1 * du
        df = (a[..., None, :] @ ds + da[..., None, :] @ s)[..., 0, :] + (dc[0][..., None] if dc else 0)
        r, dr = self.output_loss.gradient(f, y) * w, self.output_loss.hessian(f, y) * df * w
        D = (da[..., None] * s1 + a[..., None] * s2 * du) * r[..., None, :] + a[..., None] * s1 * dr[..., None, :]
        G, da = D @ X1.T, (ds @ r[..., None] + s @ dr[..., None])[..., 0]
        return self._join(G[..., :-1], G[..., -1], da, dr.sum(-1))

    @property
    def sample_weight(self) -> Fraction:
        """loss == sample_weight * sample_losses.sum(-1)."""
        return Fraction(1, self.y.size)

    def _weight(self, theta: np.ndarray) -> Any:
        """1/m in the arithmetic of theta; ring elements must stand right of an array in a product."""
        return arithmetic_of(theta).fraction(1, self.y.size)

    @batched
    def sample_losses(self, theta: Any) -> np.ndarray:
        """l(f(x_i), y_i): (..., n) -> (..., m)."""
        return self._sample_losses(theta)

    def _sample_losses(self, theta: np.ndarray) -> np.ndarray:
        return self.output_loss.value(self._forward(theta, 0)[2], self._in(arithmetic_of(theta))[1])

    @batched
    def sample_gradients(self, theta: Any) -> np.ndarray:
        """Gradients of the sample losses: (..., n) -> (..., m, n)."""
        kind, m = arithmetic_of(theta), self.y.size
        X1, y = self._in(kind)
        a, (s, s1), f = self._forward(theta.reshape(-1, self.dim), 1)
        J = np.empty((len(f), self.dim, m), theta.dtype)
        jacobian_into(J, a[..., None] * s1, s, kind.eye(1)[None], X1[:-1])
        J *= self.output_loss.gradient(f, y)[:, None]
        return J.swapaxes(-1, -2).reshape(*theta.shape[:-1], m, self.dim)

    @batched
    def activation_pattern(self, theta: Any) -> np.ndarray:
        """Whether w_j.x_i + b_j > 0: (..., n) -> booleans (..., k, m); ``Undecided`` for a ball that meets the kink."""
        return sign(self._preactivations(theta)) > 0

    @batched
    def smooth_at(self, theta: Any) -> np.ndarray:
        """Whether no kink of the activation or the loss is met, so that the loss is C^2 nearby: (..., n) -> (...)."""
        smooth = np.ones(theta.shape[:-1], bool)
        if not self.activation.smooth:
            smooth &= (sign(self._preactivations(theta)) != 0).all((-1, -2))
        if not self.output_loss.smooth:
            f, y = self._forward(theta, 0)[2], self._in(arithmetic_of(theta))[1]
            smooth &= self.output_loss.smooth_at(f, y).all(-1)
        return smooth

    def symmetry_directions(self, theta: Any) -> np.ndarray:
        """Rescalings of the neurons for homogeneous s, GL(k) and shifts of the bias for linear s: (..., K, n)."""
        W, b, a, *_ = self.unpack(theta)
        dW, db, dA, dc = symmetries.directions(W, b, a[..., None, :], self.activation, self.output_bias)
        return self._join(dW, db, dA[..., 0, :], dc[..., 0])

    def symmetry_images(self, theta: Any) -> np.ndarray:
        """Images under a swap of the first two neurons, and a sign flip or rescaling of the first: (K, ..., n)."""
        theta = self._points(theta)
        W, b, a, *_ = arrays.unpack(theta, self.layout)
        layers = symmetries.images(W, b, a[..., None, :], self.activation)
        images = [self._join(V, v, A[..., 0, :], theta[..., -1]) for V, v, A in layers]
        return np.stack(images) if images else super().symmetry_images(theta)

    def minimum_value(self) -> Any:
        """0 where a constant output fits (equal targets with an output bias, or zero targets), None where unknown."""
        data = arithmetic_of(self.y)
        target = self.y[0] if self.output_bias else data.fraction(0)
        fits = type(self.output_loss) in (Squared, Weighted, Absolute, Huber)
        return data.fraction(0) if fits and is_zero(self.y - target).all() else None

    def known_points(self) -> Iterable[Point]:
        """Constant outputs at the mean target, for rational data, squares and an output bias, if sum e_i x_i != 0.

        W = 0, b = 0, a = 0 with s'(0) != 0: the block of (w_j, a_j) has a zero diagonal entry beside
        (2/m) s'(0) sum e_i x_i != 0, and d^2/dc^2 = 2: a strict saddle. All neurons of a ReLU net dead: the loss is
        Var y + (c - mean y)^2 nearby, and a neuron active on all samples does better: a non-global minimum.
        Own derivation.
        """
        data = arithmetic_of(self.y)
        exact = data.name == arithmetic_of(self.X).name == RATIONAL
        if not (exact and self.output_bias and type(self.output_loss) is Squared):
            return
        mean = self.y.sum() * data.fraction(1, self.y.size)
        if is_zero(self.X @ (mean - self.y)).all():
            return
        flat = data.zeros(self.dim)
        flat[-1] = mean
        variance = ((self.y - mean) * (self.y - mean)).sum() * data.fraction(1, self.y.size)
        if self.activation.smooth:
            if self.activation.jet(np.zeros(1), 1)[1][0] != 0:
                yield Point("constant output, no neuron in use", flat, Kind.STRICT_SADDLE, variance)
        elif self.activation.homogeneous:
            k = self.width
            flat[-1 - 2 * k : -1 - k] = data.fraction(-1)
            flat[-1 - k : -1] = data.fraction(1)
            yield Point("all neurons dead", flat, Kind.LOCAL_MINIMUM, variance)

    @classmethod
    def instances(cls) -> Iterable[tuple[str, ShallowNet]]:
        """Small nets for the battery: every activation and loss, and degenerate data."""
        X, y = [[0, 1, -1, 2], [1, "1/2", 0, -1]], [1, 0, "1/3", 2]
        for s in ("tanh", "logistic", "softplus", "erf", "relu", "square", "identity"):
            yield f"{s} 2-3-1", cls(3, X, y, s)
        yield "square 2-2-1 without output bias", cls(2, X, y, "square", output_bias=False)
        yield "relu 1-1-1, three samples", cls(1, [[-1, 0, 1]], [0, 3, 1], "relu")
        yield "tanh 1-1-1, one sample", cls(1, [[2]], [1])
        yield "identity, duplicate samples, zero targets", cls(2, [[1, 1, 2]], [0, 0, 0], "identity")
        yield "square, zero inputs", cls(2, [[0, 0]], [1, 2], "square")
        yield "softplus, logistic loss", cls(2, X, [1, -1, -1, 1], "softplus", loss="logistic")
        yield "square, Huber loss", cls(2, X, y, "square", loss="huber")
        yield "tanh 5-4-1, floats", cls(4, np.sin(np.arange(30.0)).reshape(5, 6), np.cos(np.arange(6.0)))
