"""Deep linear nets: theta = (W_1, ..., W_H), loss ||Y - W_H ... W_1 X||_F^2."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from theory import arrays
from theory.arithmetic import BALL, SYMBOLIC, Arithmetic, arithmetic_of, common_arithmetic, is_zero
from theory.landscape import Kind, Model, Point, Traits, batched, written
from theory.losses import SQUARED, Squared, Weighted, loss_named
from theory.models import chain_symmetries as symmetries
from theory.models.matrix_chain import T, flat, hessian_into, partial_products, product
from theory.models.product_loss import Factor, Function, OutputLoss, SquaredError, SquaredMoments, residuals


@dataclass(frozen=True, eq=False, init=False)
class DeepLinearNet(Model):
    """A product of H matrices fitted to data: ||Y - W_H ... W_1 X||_F^2, without 1/2 and 1/m.

    Parameters
    ----------
    widths : (d_0, ..., d_H), H >= 1.
    X : (d_0, m), samples as columns.
    Y : (d_H, m).
    loss : an output loss of ``theory.losses``, or its name; summed over samples and outputs.
    objective : in place of X, Y and loss, the function of the product that another net has (``product_loss``).

    Source: golikov2019, Linear nets; the closed forms are our own derivation.

    >>> net = DeepLinearNet((1, 1, 1), [[1]], [[2]])
    >>> net.loss([1, 1]), net.gradient([1, 1])
    (1, array([-2, -2], dtype=object))
    """

    widths: tuple[int, ...]
    objective: Any
    loss_normalisation = "||Y - W_H ... W_1 X||_F^2, no 1/2, no 1/m"

    def __init__(
        self, widths: Any, X: Any = None, Y: Any = None, loss: Any = SQUARED, *, objective: Any = None
    ) -> None:
        d = arrays.widths_of(widths, "DeepLinearNet")
        if objective is None:
            objective = _objective(d, X, Y, loss_named(loss))
        elif X is not None or Y is not None or loss is not SQUARED:
            raise TypeError("DeepLinearNet: needs X, Y and loss, or an objective, got both; build a new net from data")
        elif objective.shape not in (None, (d[-1], d[0])):
            raise ValueError(f"DeepLinearNet: widths need d_H, d_0 = {objective.shape} for these data, got widths {d}")
        object.__setattr__(self, "widths", d)
        object.__setattr__(self, "objective", objective)

    @classmethod
    def _of(cls, widths: Any, objective: Any) -> DeepLinearNet:
        return cls(widths, objective=objective)

    @classmethod
    def from_moments(cls, widths: Any, Sxx: Any, Syx: Any, Syy: Any) -> DeepLinearNet:
        """The population loss E||y - W_H ... W_1 x||^2 from moments Sxx (d_0, d_0), Syx (d_H, d_0), Syy (d_H, d_H)."""
        from theory.calculus.inertia import inertia

        d = arrays.widths_of(widths, cls.__name__)
        Sxx = arrays.matrix(Sxx, cls.__name__, "Sxx", d[0], d[0])
        Syx = arrays.matrix(Syx, cls.__name__, "Syx", d[-1], d[0])
        Syy = arrays.matrix(Syy, cls.__name__, "Syy", d[-1], d[-1])
        xx, yx, yy = map(common_arithmetic(Sxx, Syx, Syy).convert, (Sxx, Syx, Syy))
        joint = np.block([[xx, yx.T], [yx, yy]])
        if (signs := inertia(joint)).negative:
            raise ValueError(f"{cls.__name__}: moments must be positive semidefinite together, got inertia {signs}")
        return cls._of(d, SquaredMoments(Sxx, Syx, Syy))

    @classmethod
    def of_product(
        cls,
        widths: Any,
        value: Callable[[np.ndarray], np.ndarray],
        gradient: Callable[[np.ndarray], np.ndarray],
        hessian: Callable[[np.ndarray], np.ndarray],
    ) -> DeepLinearNet:
        """f(W_H ... W_1) for any twice differentiable f, given with gradient (..., d_H, d_0) and row-major Hessian."""
        return cls._of(widths, Function(value, gradient, hessian))

    @property
    def depth(self) -> int:
        """Number H of matrices."""
        return len(self.widths) - 1

    @property
    def X(self) -> np.ndarray | None:
        """The inputs (d_0, m), or None for a population loss."""
        return getattr(self.objective, "X", None)

    @property
    def Y(self) -> np.ndarray | None:
        """The targets (d_H, m), or None for a population loss."""
        return getattr(self.objective, "Y", None)

    @cached_property
    def layout(self) -> arrays.Layout:
        d = self.widths
        return tuple((f"W{i}", (d[i], d[i - 1])) for i in range(1, len(d)))

    @cached_property
    def traits(self) -> Traits:
        loss = getattr(self.objective, "loss", SQUARED)  # a function of the product is twice differentiable by contract
        squares = not isinstance(self.objective, Function) and type(loss) in (Squared, Weighted)
        return Traits(
            smooth=loss.smooth,
            analytic=squares,
            polynomial_degree=2 * self.depth if squares else None,
            layer_groups=tuple((name,) for name, _ in self.layout),
            has_samples=self.X is not None,
            squares=isinstance(self.objective, SquaredError | SquaredMoments | Factor),
            symmetry=" x ".join(f"GL({d})" for d in self.widths[1:-1]),
        )

    @cached_property
    def _objectives(self) -> dict[Arithmetic, Any]:
        return {}

    def _f(self, kind: Arithmetic) -> Any:
        """The objective f(R) in this arithmetic, compressed at its first use."""
        if kind not in self._objectives:
            self._objectives[kind] = self.objective.at(kind)
        return self._objectives[kind]

    def _entries(self, method: str) -> int:
        p, q, m, n = self.widths[-1], self.widths[0], 0 if self.X is None else self.X.shape[1], self.dim
        squares = isinstance(self.objective, SquaredError | SquaredMoments)
        outputs, second = (0, 0) if squares else (8 * p * m, 2 * (p * q) ** 2)
        match method:
            case "hessian":
                return n * n + (0 if squares else outputs + second + 2 * p * q * n)
            case "hvp":
                return 8 * n + outputs + second
            case "sample_gradients" | "sample_losses":
                return 8 * p * m + 2 * n * m * (method == "sample_gradients")
            case _:
                return 4 * n + outputs

    def _enter(self, theta: np.ndarray) -> tuple[tuple[np.ndarray, ...], Any, Arithmetic]:
        kind = arithmetic_of(theta)
        return arrays.unpack(theta, self.layout), self._f(kind), kind

    @batched
    def product(self, theta: Any) -> np.ndarray:
        """R = W_H ... W_1, (..., d_H, d_0)."""
        return product(arrays.unpack(theta, self.layout))

    @batched
    def loss(self, theta: Any) -> np.ndarray:
        """f(W_H ... W_1): (..., n) -> (...)."""
        W, f, _ = self._enter(theta)
        return f.value(product(W))

    @batched
    def residuals(self, theta: Any) -> np.ndarray:
        """r with loss = |r|^2, for squares at floats, m compressed away: (..., n) -> (..., d_H d_0 + 1)."""
        W, f, _ = self._enter(theta)
        return residuals(f, product(W))

    @batched
    def gradient(self, theta: Any) -> np.ndarray:
        """G_i = A_i^T M B_i^T with M = grad f(R): (..., n) -> (..., n)."""
        W, f, kind = self._enter(theta)
        A, B = partial_products(W, kind)
        M = f.gradient(W[-1] @ B[-1])
        return flat([T(A_i) @ M @ T(B_i) for A_i, B_i in zip(A, B, strict=True)])

    @written
    def hessian(self, theta: Any, out: Any = None) -> None:
        """Blocks H_ij[p,q; p',q'] = f''(A_i, B_i; A_j, B_j) + (A_i^T M B_j^T)[p,q'] C_ij[q,p'] for i > j: (..., n, n).

        For squares the first term is 2 (A_i^T A_j)[p,p'] (B_i S B_j^T)[q,q'].
        """
        hessian_into(out, *self._enter(theta))

    @batched
    def hvp(self, theta: Any, v: Any) -> np.ndarray:
        """Hessian times v by differentiating the gradient along v; theta and v broadcast: (..., n)."""
        (W, f, kind), V = self._enter(theta), arrays.unpack(v, self.layout)
        A, B = partial_products(W, kind)
        dA, dB = [kind.zeros(A[-1].shape)], [kind.zeros(B[0].shape)]
        for i in range(self.depth - 1, 0, -1):
            dA.insert(0, dA[0] @ W[i] + A[i] @ V[i])
        for i in range(self.depth - 1):
            dB.append(V[i] @ B[i] + W[i] @ dB[-1])
        R, dR = W[-1] @ B[-1], V[-1] @ B[-1] + W[-1] @ dB[-1]
        M = f.gradient(R)
        if f.S is not None:
            dM = 2 * (dR @ f.S)
        else:
            dM = (f.hessian(R) @ dR.reshape(*dR.shape[:-2], -1, 1)).reshape(dR.shape)
        terms = zip(A, B, dA, dB, strict=True)
        return flat([T(da) @ M @ T(b) + T(a) @ dM @ T(b) + T(a) @ M @ T(db) for a, b, da, db in terms])

    @property
    def sample_weight(self) -> Fraction:
        """loss == sample_weight * sample_losses.sum(-1)."""
        return Fraction(1)

    def _samples(self, kind: Arithmetic) -> tuple[np.ndarray, np.ndarray, Any]:
        if self.X is None or self.Y is None:
            raise TypeError("DeepLinearNet: a population loss has no samples; build the net from X and Y")
        return kind.convert(self.X), kind.convert(self.Y), getattr(self.objective, "loss", SQUARED)

    @batched
    def sample_losses(self, theta: Any) -> np.ndarray:
        """||y_s - R x_s||^2 for each sample: (..., n) -> (..., m)."""
        W, _, kind = self._enter(theta)
        X, Y, loss = self._samples(kind)
        return loss.value(product(W) @ X, Y).sum(-2)

    @batched
    def sample_gradients(self, theta: Any) -> np.ndarray:
        """Gradients of the sample losses: (..., n) -> (..., m, n)."""
        W, _, kind = self._enter(theta)
        X, Y, loss = self._samples(kind)
        A, B = partial_products(W, kind)
        E = loss.gradient(W[-1] @ B[-1] @ X, Y)
        layers = [np.einsum("...ps,...qs->...spq", T(a) @ E, b @ X) for a, b in zip(A, B, strict=True)]
        return flat(layers)

    @batched
    def smooth_at(self, theta: Any) -> np.ndarray:
        """Whether the loss is twice differentiable at the outputs: (..., n) -> (...)."""
        W, _, kind = self._enter(theta)
        if self.traits.smooth:
            return np.ones(theta.shape[:-1], bool)
        X, Y, loss = self._samples(kind)
        return loss.smooth_at(product(W) @ X, Y).all((-2, -1))

    def symmetry_directions(self, theta: Any) -> np.ndarray:
        """W_i -> xi W_i, W_{i+1} -> -W_{i+1} xi for the unit matrices xi of gl(d_i), 0 < i < H: (..., sum d_i^2, n)."""
        return symmetries.directions(self._points(theta), self.layout)

    def symmetry_images(self, theta: Any) -> np.ndarray:
        """Images under 2 I and under the shear I + E_12 in each hidden layer: (k, ..., n)."""
        images = list(symmetries.images(self._points(theta), self.layout))
        return np.stack(images) if images else super().symmetry_images(theta)

    def minimum_value(self) -> Any:
        """The global minimum: exact (rational, or a ball where it is irrational) for exact data, else a float.

        ||Y (I - X^+ X)||^2 + the squared singular values of Y X^+ X beyond the k-th, k = min_i d_i: Eckart-Young.
        None for other losses than the squared one, and for balls and symbols, whose rank is open.
        """
        if not isinstance(self.objective, SquaredError | SquaredMoments) or self._data_kind.name in (BALL, SYMBOLIC):
            return None
        return self._f(self._data_kind).minimum(min(self.widths))

    @cached_property
    def _data_kind(self) -> Arithmetic:
        """The arithmetic that all data have, or can be brought into."""
        return common_arithmetic(*vars(self.objective).values())

    def known_points(self) -> Iterable[Point]:
        """The origin (H >= 2): a global minimum if YX^T = 0, else a saddle, strict exactly for H = 2."""
        if self.depth < 2 or self.minimum_value() is None:
            return
        f, data = self._f(self._data_kind), self._data_kind
        origin = data.zeros((self.widths[-1], self.widths[0]))
        if is_zero(f.gradient(origin)).all():
            kind = Kind.GLOBAL_MINIMUM
        else:
            kind = Kind.STRICT_SADDLE if self.depth == 2 else Kind.NON_STRICT_SADDLE
        yield Point("origin", data.zeros(self.dim), kind, f.value(origin))

    @classmethod
    def instances(cls) -> Iterable[tuple[str, DeepLinearNet]]:
        """Small nets for the battery: plain, and degenerate in width, depth, rank of X, ties and targets."""
        yield "2-2-2", cls((2, 2, 2), [[1, 0, 1], [0, 2, 1]], [[1, 1, 0], [3, 0, "1/2"]])
        yield "depth 1", cls((2, 1), [[1, 0], [0, 1]], [[1, 2]])
        yield "width 1, depth 4", cls((1, 1, 1, 1, 1), [[1, 2]], [[3, "1/3"]])
        yield "bottleneck 2-1-2", cls((2, 1, 2), [[1, 0], [0, 1]], [[2, 0], [0, 1]])
        yield "rank-deficient X, 2-3-1-2", cls((2, 3, 1, 2), [[1, 2], [2, 4]], [[1, 0], [0, 1]])
        yield "tied singular values", cls((2, 1, 2), [[1, 0], [0, 1]], [[1, 0], [0, 1]])
        yield "zero targets", cls((1, 2, 1), [[1, 1]], [[0, 0]])
        yield "floats", cls((2, 3, 2), [[0.5, -1.0, 2.0], [1.5, 0.3, -0.2]], [[1.0, 0.2, -0.4], [0.0, 1.1, 0.6]])
        yield "population", cls.from_moments((2, 2, 1), [[2, 1], [1, 1]], [[1, 3]], [[20]])
        yield "absolute loss", cls((1, 1, 2), [[1, 2]], [[0, 1], [1, "1/2"]], "absolute")
        yield "weighted squares", cls((2, 1, 2), [[1, 0], [0, 1]], [[1, 0], [0, "1/2"]], Weighted([[1, 3], [3, 1]]))


def _objective(widths: tuple[int, ...], X: Any, Y: Any, loss: Any) -> Any:
    """The sum of an output loss over the samples: squares are known by their type, whatever another loss is named."""
    if X is None or Y is None:
        raise TypeError("DeepLinearNet: needs both X and Y; a population loss is built by from_moments")
    X = arrays.matrix(X, "DeepLinearNet", "X", rows=widths[0])
    Y = arrays.matrix(Y, "DeepLinearNet", "Y", rows=widths[-1], columns=X.shape[1])
    if hasattr(loss, "check_targets"):
        loss.check_targets(Y, "DeepLinearNet")
    return SquaredError(X, Y) if type(loss) is Squared else OutputLoss(X, Y, loss)
