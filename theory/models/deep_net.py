"""Fully connected nets of any depth, with biases and a linear output layer, under the squared loss."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from theory import arrays
from theory.activations import named
from theory.arithmetic import RATIONAL, arithmetic_of, is_zero, sign
from theory.landscape import Kind, Model, Point, Traits, batched, written
from theory.models import mean_squares
from theory.models import neuron_symmetries as symmetries
from theory.models.matrix_chain import T


@dataclass(frozen=True, eq=False)
class DeepNet(Model):
    """(1/m) sum_i ||f(x_i) - y_i||^2 with f = W_L s(... s(W_1 x + b_1) ...) + b_L; L = 1 is linear regression.

    Parameters
    ----------
    widths : (d_0, ..., d_L), L >= 1.
    X : (d_0, m), samples as columns.
    Y : (d_L, m).
    activation : s, a name or an ``Activation`` of ``theory.activations``.

    Source: petersenzech2024, Definitions 12.1 and 12.2 with the squared loss.

    >>> DeepNet((1, 1, 1), [[1, 2]], [[0, 1]], activation="square").loss([1, 0, 1, 0])
    5
    """

    widths: Any
    X: Any
    Y: Any
    activation: Any = "tanh"

    loss_normalisation = "(1/m) sum of the squared errors of all outputs, no 1/2"

    def __post_init__(self) -> None:
        d = arrays.widths_of(self.widths, "DeepNet")
        X = arrays.matrix(self.X, "DeepNet", "X", rows=d[0])
        Y = arrays.matrix(self.Y, "DeepNet", "Y", rows=d[-1], columns=X.shape[1])
        for name, value in (("widths", d), ("X", X), ("Y", Y), ("activation", named(self.activation))):
            object.__setattr__(self, name, value)

    @property
    def depth(self) -> int:
        """Number L of affine maps."""
        return len(self.widths) - 1

    @cached_property
    def layout(self) -> arrays.Layout:
        d = self.widths
        return tuple(part for i in range(1, len(d)) for part in ((f"W{i}", (d[i], d[i - 1])), (f"b{i}", (d[i],))))

    @cached_property
    def traits(self) -> Traits:
        s, L = self.activation, self.depth
        degree = 1  # of the outputs in theta: D_1 = 1, D_{l+1} = p D_l + 1
        for _ in range(L - 1):
            degree = degree and s.degree and s.degree * degree + 1
        return Traits(
            smooth=s.smooth or L == 1,
            analytic=s.analytic or L == 1,
            polynomial_degree=2 * degree if degree else None,
            layer_groups=((f"W{L - 1}", f"b{L - 1}"), (f"W{L}",)) if s.homogeneous and L > 1 else (),
            squares=True,
            symmetry="; ".join(symmetries.in_words(s, k, True) for k in self.widths[1:-1]),
        )

    # Forward and backward pass; layer l has the index l - 1

    def _constants(self) -> tuple[Any, ...]:
        return self.X, self.Y

    def _forward(self, theta: np.ndarray, order: int) -> tuple[tuple, list, list, np.ndarray]:
        """W, the layers A = (X, s(U_1), ...), the derivatives (s, s', ...) at U_1, U_2, ..., and the outputs U_L."""
        layers = arrays.unpack(theta, self.layout)
        W, b = layers[::2], layers[1::2]
        A, jets = [self._in(arithmetic_of(theta))[0]], []
        for W_l, b_l in zip(W[:-1], b[:-1], strict=True):
            jets.append(self.activation.jet(W_l @ A[-1] + b_l[..., None], order))
            A.append(jets[-1][0])
        return W, A, jets, W[-1] @ A[-1] + b[-1][..., None]

    def _residual(self, theta: np.ndarray, f: np.ndarray) -> np.ndarray:
        return f - self._in(arithmetic_of(theta))[1]

    def _entries(self, method: str) -> int:
        passes = 4 * sum(self.widths) * self.X.shape[1]
        match method:
            case "hessian":
                return self.dim * passes
            case "sample_gradients":
                return passes + 2 * self.dim * self.X.shape[1]
            case _:
                return passes

    @batched
    def outputs(self, theta: Any) -> np.ndarray:
        """f(x_i) in columns: (..., n) -> (..., d_L, m)."""
        return self._forward(theta, 0)[-1]

    @batched
    def loss(self, theta: Any) -> np.ndarray:
        """(1/m) sum_i ||f(x_i) - y_i||^2: (..., n) -> (...)."""
        return self._sample_losses(theta).sum(-1) * arithmetic_of(theta).fraction(1, self.X.shape[1])

    @batched
    def residuals(self, theta: Any) -> np.ndarray:
        """(f(x_i) - y_i) / sqrt(m), whose squares add up to the loss, at floats: (..., n) -> (..., d_L m)."""
        E = mean_squares.roots(self, self._residual(theta, self._forward(theta, 0)[-1]))
        return E.reshape(*E.shape[:-2], -1)

    @batched
    def gradient(self, theta: Any) -> np.ndarray:
        """dW_l = D_l A_{l-1}^T, db_l = D_l 1, where D_L = (2/m) E, D_{l-1} = W_l^T D_l * s'(U_{l-1}): (..., n)."""
        W, A, jets, f = self._forward(theta, 1)
        deltas = self._backward(W, jets, self._residual(theta, f) * arithmetic_of(theta).fraction(2, self.X.shape[1]))
        return self._flat(*(part for D, A_l in zip(deltas, A, strict=True) for part in (D @ T(A_l), D.sum(-1))))

    @staticmethod
    def _backward(W: tuple, jets: list, D: np.ndarray) -> list[np.ndarray]:
        """D_1, ..., D_L from D_L = D."""
        deltas = [D]
        for W_l, s in zip(reversed(W), reversed(jets), strict=False):
            deltas.insert(0, (T(W_l) @ deltas[0]) * s[1])
        return deltas

    @written
    def hessian(self, theta: Any, out: Any = None) -> None:
        """The Hessian times every unit vector, each pass over theta shared by all of them: (..., n) -> (..., n, n)."""
        kind = arithmetic_of(theta)
        unit = kind.eye(self.dim)
        for part in self._parts(unit, "hvp"):
            out[..., part, :] = self._hvp(theta[..., None, :], unit[part])
        if not kind.is_exact:
            out[...] = (out + T(out)) * kind.fraction(1, 2)

    @batched
    def hvp(self, theta: Any, v: Any) -> np.ndarray:
        """Hessian times v by differentiating both passes along v; theta and v broadcast: (..., n)."""
        return self._hvp(theta, v)

    def _hvp(self, theta: np.ndarray, v: np.ndarray) -> np.ndarray:
        w = arithmetic_of(theta).fraction(2, self.X.shape[1])
        V, c = arrays.unpack(v, self.layout)[::2], arrays.unpack(v, self.layout)[1::2]
        W, A, jets, f = self._forward(theta, 2)
        D = self._backward(W, jets, self._residual(theta, f) * w)
        dU, dA = [V[0] @ A[0] + c[0][..., None]], []
        for i, (_, s1, _) in enumerate(jets, 1):
            dA.append(s1 * dU[-1])
            dU.append(V[i] @ A[i] + W[i] @ dA[-1] + c[i][..., None])
        dD, layers = dU.pop() * w, []
        for i in range(self.depth - 1, 0, -1):
            layers += [dD.sum(-1), dD @ T(A[i]) + D[i] @ T(dA.pop())]
            _, s1, s2 = jets[i - 1]
            dD = (T(V[i]) @ D[i] + T(W[i]) @ dD) * s1 + (T(W[i]) @ D[i]) * s2 * dU.pop()
        layers += [dD.sum(-1), dD @ T(A[0])]
        return self._flat(*layers[::-1], batch=theta.shape[:-1])

    @property
    def sample_weight(self) -> Fraction:
        """loss == sample_weight * sample_losses.sum(-1)."""
        return Fraction(1, self.X.shape[1])

    @batched
    def sample_losses(self, theta: Any) -> np.ndarray:
        """||f(x_i) - y_i||^2: (..., n) -> (..., m)."""
        return self._sample_losses(theta)

    def _sample_losses(self, theta: np.ndarray) -> np.ndarray:
        E = self._residual(theta, self._forward(theta, 0)[-1])
        return (E * E).sum(-2)

    @batched
    def sample_gradients(self, theta: Any) -> np.ndarray:
        """Gradients of the sample losses: (..., n) -> (..., m, n)."""
        W, A, jets, f = self._forward(theta, 1)
        layers = []
        for D, A_l in zip(self._backward(W, jets, 2 * self._residual(theta, f)), A, strict=True):
            layers += [T(D)[..., :, None] * T(A_l)[..., None, :], T(D)]
        return self._flat(*layers)

    # Kinks

    def preactivations(self, theta: Any) -> tuple[np.ndarray, ...]:
        """U_1, ..., U_{L-1}, each (..., d_l, m)."""
        U, hidden = self._stacked_preactivations(theta), self.widths[1:-1]
        return tuple(U[..., stop - d : stop, :] for d, stop in zip(hidden, np.cumsum(hidden), strict=True))

    @batched
    def _stacked_preactivations(self, theta: Any) -> np.ndarray:
        return self._stacked(theta, self._preactivations(theta), theta.dtype)

    def _stacked(self, theta: np.ndarray, layers: Iterable[np.ndarray], dtype: Any) -> np.ndarray:
        """Arrays (..., d_l, m) of the hidden layers in one, (..., d_1 + ... + d_{L-1}, m)."""
        return np.concatenate([np.empty((*theta.shape[:-1], 0, self.X.shape[1]), dtype), *layers], axis=-2)

    def _preactivations(self, theta: np.ndarray) -> Iterator[np.ndarray]:
        layers, A = arrays.unpack(theta, self.layout), self._forward(theta, 0)[1]
        return (W @ A_l + b[..., None] for W, b, A_l in zip(layers[:-2:2], layers[1:-2:2], A, strict=False))

    @batched
    def activation_pattern(self, theta: Any) -> np.ndarray:
        """Whether each neuron is active, hidden layers stacked: (..., n) -> booleans (..., d_1 + ... + d_{L-1}, m)."""
        return self._stacked(theta, (sign(U) > 0 for U in self._preactivations(theta)), bool)

    @batched
    def smooth_at(self, theta: Any) -> np.ndarray:
        """Whether no neuron is at a kink, so that the loss is C^2 near theta: (..., n) -> (...)."""
        smooth = np.ones(theta.shape[:-1], bool)
        if not self.activation.smooth:
            for U in self._preactivations(theta):
                smooth &= (sign(U) != 0).all((-1, -2))
        return smooth

    # Symmetries and known values

    def symmetry_directions(self, theta: Any) -> np.ndarray:
        """Rescalings of the neurons for homogeneous s, GL(d_l) and shifts of the bias for linear s: (..., K, n)."""
        theta = self._points(theta)
        kind, layers, orbits = arithmetic_of(theta), self.unpack(theta), [super().symmetry_directions(theta)]
        for i in range(0, 2 * (self.depth - 1), 2):
            W, b, A = layers[i : i + 3]
            moved = symmetries.directions(W, b, A, self.activation, True)
            parts = [kind.zeros((1, *shape)) for _, shape in self.layout]
            parts[i : i + 4] = moved
            orbits.append(self._flat(*parts))
        return np.concatenate(orbits, axis=-2)

    def symmetry_images(self, theta: Any) -> np.ndarray:
        """In each hidden layer, a swap of two neurons and a sign flip or rescaling of one: (K, ..., n)."""
        theta = self._points(theta)
        layers, images = self.unpack(theta), []
        for i in range(0, 2 * (self.depth - 1), 2):
            W, b, A = layers[i : i + 3]
            for moved in symmetries.images(W, b, A, self.activation):
                images.append(self._flat(*layers[:i], *moved, *layers[i + 3 :]))
        return np.stack(images) if images else super().symmetry_images(theta)

    def minimum_value(self) -> Any:
        """0 where all targets are equal, so that the output bias fits them; None where it is not known."""
        return arithmetic_of(self.Y).fraction(0) if is_zero(self.Y - self.Y[:, :1]).all() else None

    def known_points(self) -> Iterable[Point]:
        """theta = 0 but b_L = mean y, for rational data, L >= 2 and odd smooth s, if sum e_i x_i^T != 0: a saddle.

        f - b_L is of order L in W, with leading term s'(0)^{L-1} W_L ... W_1 x, of which sum e_i^T(.) takes both signs;
        d^2/db_L^2 = 2. Strict exactly for L = 2, since the Hessian has no other entries for L >= 3. Own derivation.
        """
        data, s = arithmetic_of(self.Y), self.activation
        exact = data.name == arithmetic_of(self.X).name == RATIONAL
        if not (exact and self.depth > 1 and s.odd and s.smooth and s.jet(np.zeros(1), 1)[1][0] != 0):
            return
        mean = self.Y.sum(-1) * data.fraction(1, self.Y.shape[1])
        E = mean[:, None] - self.Y
        if is_zero(E @ self.X.T).all():
            return
        theta = data.zeros(self.dim)
        theta[-len(mean) :] = mean
        kind = Kind.STRICT_SADDLE if self.depth == 2 else Kind.NON_STRICT_SADDLE
        yield Point("constant output, zero weights", theta, kind, (E * E).sum() * data.fraction(1, self.Y.shape[1]))

    @classmethod
    def instances(cls) -> Iterable[tuple[str, DeepNet]]:
        """Small nets for the battery: activations and depths, and degenerate data."""
        X, Y = [[1, 0, -1], [2, "1/2", 1]], [[1, 0, "1/3"], [0, -1, 2]]
        for s in ("tanh", "softplus", "relu", "square"):
            yield f"{s} 2-2-2-2", cls((2, 2, 2, 2), X, Y, s)
        yield "identity 2-2-1-2", cls((2, 2, 1, 2), X, Y, "identity")
        yield "depth 1", cls((2, 2), X, Y)
        yield "erf, width 1, depth 4, one sample", cls((1, 1, 1, 1, 1), [[2]], [[1]], "erf")
        yield "relu, duplicate samples", cls((1, 3, 1), [[1, 1, -2]], [[0, 2, 1]], "relu")
        yield "logistic, zero targets", cls((2, 3, 2), X, [[0, 0, 0], [0, 0, 0]], "logistic")
        yield "relu, zero inputs", cls((1, 2, 2, 1), [[0, 0]], [[1, 2]], "relu")
        yield "tanh, floats", cls((2, 3, 2, 1), np.sin(np.arange(8.0)).reshape(2, 4), np.cos(np.arange(4.0))[None])
