"""ReLU students and teachers under Gaussian inputs: the population loss and its derivatives in closed form."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np

from theory import arrays
from theory.arithmetic import BALL, FLOAT, RATIONAL, Arithmetic, arithmetic_of, flint, rational, sign
from theory.constructors import each
from theory.errors import NotExact
from theory.landscape import Kind, Model, Point, Traits, batched, written
from theory.models.arc_cosine import Pairs, pairs_of

_WHERE = "GaussianReluNet"


@dataclass(frozen=True, eq=False)
class GaussianReluNet(Model):
    """F(W) = 1/2 E (1/p sum_q g(x_q))^2 with g(x) = sum_i relu(w_i.x) - sum_j relu(v_j.x), x_1, ..., x_p ~ N(0, I_d).

    The p patches are independent: F = (E g^2 / p + (1 - 1/p) (E g)^2) / 2. With p = 1 these are n students that learn k
    teachers; with n = k = 1 one filter of a convolution without overlap, averaged over the patches. The loss is twice
    continuously differentiable where no w_i is 0. Floats and balls only.

    Parameters
    ----------
    n : number of students; theta holds the rows of W (n, d).
    V : (k, d), the teachers as rows.
    patches : p.

    Source: safran2018, equation (1), in the form of (p = 1); brutzkus2017, section 3, in the form of (n = k = 1, and
    without the 1/2); own derivation (the derivatives, see ``theory.models.arc_cosine``).

    >>> print(GaussianReluNet(1, [[1, 0]]).loss([0.0, 1.0]).round(12))  # 1/2 - 1/(2 pi)
    0.340845056908
    """

    n: int
    V: Any
    patches: int = 1

    loss_normalisation = "1/2 of the expectation of the square"

    def __post_init__(self) -> None:
        object.__setattr__(self, "n", arrays.positive_int(self.n, _WHERE, "n"))
        object.__setattr__(self, "patches", arrays.positive_int(self.patches, _WHERE, "patches"))
        V = arrays.as_array(self.V, f"{_WHERE}: V")
        if V.ndim != 2:
            raise ValueError(f"{_WHERE}: V needs shape (k, d), teachers as rows, got {V.shape}; write [v] for one")
        object.__setattr__(self, "V", arrays.matrix(V, _WHERE, "V"))
        if arithmetic_of(self.V).name not in (FLOAT, BALL, RATIONAL):
            raise NotExact(f"{_WHERE}: V must be rationals, floats or balls, got symbols; substitute numbers")

    @cached_property
    def layout(self) -> arrays.Layout:
        return (("W", (self.n, self.V.shape[1])),)

    @cached_property
    def traits(self) -> Traits:
        free = self._normals.shape[1]
        groups = [f"permutations of {self.n} students"] * (self.n > 1)
        groups += [f"O({free}) across the span of the teachers"] * (free > 0)
        return Traits(smooth=False, analytic=False, has_samples=False, symmetry=", ".join(groups))

    def _points(self, theta: Any, name: str = "theta") -> np.ndarray:
        theta = super()._points(theta, name)
        kind = arithmetic_of(theta).name
        if theta.dtype.kind == "c":
            raise TypeError(f"{_WHERE}: {name} must be real, got {theta.dtype}; give the real part")
        if name == "theta" and kind not in (FLOAT, BALL):
            raise NotExact(f"{_WHERE}: has no exact {kind} values; evaluate at theory.ball(theta) or at floats")
        return theta

    def _constants(self) -> tuple[Any, ...]:
        return (self.V,)

    def _in(self, kind: Arithmetic) -> tuple[Any, ...]:
        """V, sum |v_j| and 2 pi sum_jl E relu(v_j.x) relu(v_l.x) in this arithmetic."""
        if kind not in self._converted:
            V = kind.convert(self.V)
            pairs = pairs_of(V, V)
            self._converted[kind] = V, pairs.r.sum(), pairs.kernel.sum()
        return self._converted[kind]

    def _students(self, theta: Any) -> tuple[Arithmetic, np.ndarray]:
        theta = self._points(theta)
        return arithmetic_of(theta), theta.reshape(*theta.shape[:-1], self.n, -1)

    def _smooth_pairs(self, theta: Any, method: str) -> tuple[Arithmetic, Pairs, Pairs]:
        """The pairs of students with students and with teachers; refused at the kink w_i = 0."""
        kind, W = self._students(theta)
        own, taught = pairs_of(W, W), pairs_of(W, self._in(kind)[0])
        if (sign(own.r) == 0).any():
            raise ValueError(
                f"{_WHERE}.{method}: needs students other than 0, got theta with w_i = 0, where the loss has a kink; "
                "ask one_sided_derivative"
            )
        return kind, own, taught

    def _weights(self, kind: Arithmetic) -> tuple[Any, Any]:
        """The factors of 2 pi E g^2 / 2 and of 2 pi (E g)^2 / 2: 1/p and 1 - 1/p over 2 pi."""
        pi, p = _pi(kind), self.patches
        return kind.fraction(1, 2 * p) / pi, kind.fraction(p - 1, 2 * p) / pi

    def _entries(self, method: str) -> int:
        pairs = self.n * (self.n + len(self.V)) * (6 * self.V.shape[1] + 8)
        return pairs + 8 * self.dim * self.dim * (method == "hessian")

    @batched
    def loss(self, theta: Any) -> np.ndarray:
        """F(W): (..., n d) -> (...)."""
        kind, W = self._students(theta)
        V, lengths, constant = self._in(kind)
        square, mean = self._weights(kind)
        own, taught = pairs_of(W, W), pairs_of(W, V)
        total = own.kernel.sum((-2, -1)) - 2 * taught.kernel.sum((-2, -1)) + constant
        excess = own.r.sum((-2, -1)) - lengths
        return kind.fraction(1, 2) * (square * total + mean * excess * excess)

    @batched
    def gradient(self, theta: Any) -> np.ndarray:
        """sum_j c_j (sigma_ij u_i + tau_ij z_j) / (2 pi p) + (1 - 1/p) (sum |w_j| - sum |v_j|) u_i / (2 pi).

        Over z_j = w_1, ..., w_n with c_j = 1 and v_1, ..., v_k with c_j = -1: (..., n d) -> (..., n d).
        """
        kind, own, taught = self._smooth_pairs(theta, "gradient")
        W = self._students(theta)[1]
        V, lengths, _ = self._in(kind)
        square, mean = self._weights(kind)
        pull = (own.sigma.sum(-1) - taught.sigma.sum(-1))[..., None] * own.u + own.tau @ W - taught.tau @ V
        excess = own.r.sum((-2, -1), keepdims=True) - lengths
        return (square * pull + mean * excess * own.u).reshape(np.shape(theta))

    @batched
    def hvp(self, theta: Any, v: Any) -> np.ndarray:
        """Hessian times v; theta and v broadcast: (..., n d)."""
        kind, own, taught = self._smooth_pairs(theta, "hvp")
        square, mean = self._weights(kind)
        x = v.reshape(*v.shape[:-1], self.n, -1)
        ux = (own.u * x).sum(-1, keepdims=True)
        turn = own.turned(x) - taught.turned(x) + own.tau @ x + own.reflected(x)
        excess = own.r.sum((-2, -1), keepdims=True) - self._in(kind)[1]
        common = own.u * ux.sum(-2, keepdims=True) + excess * (x - own.u * ux) / own.r
        out = square * turn + mean * common
        return out.reshape(*out.shape[:-2], self.dim)

    @written
    def hessian(self, theta: Any, out: Any = None) -> None:
        """(..., n d) -> (..., n d, n d), block (i, l) in R^(d x d).

        Diagonal blocks sum_j c_j (sigma (I - u u^T) + P P^T / sigma) / |w_i|, and on all of them tau_il I + M_il with
        M = sin t times the reflection of the plane of w_i and w_l that exchanges their directions; over 2 pi p.
        """
        kind, own, taught = self._smooth_pairs(theta, "hessian")
        square, mean = self._weights(kind)
        n, d = own.u.shape[-2:]
        H = out.reshape(*out.shape[:-2], n, d, n, d)
        one, u = kind.eye(d), own.u
        across = one - u[..., :, None] * u[..., None, :]
        excess = (own.r.sum((-2, -1), keepdims=True) - self._in(kind)[1])[..., None]
        blocks = square * (own.curvature(across) - taught.curvature(across))
        blocks = blocks + mean * excess * across / own.r[..., None]
        pairs = square * (own.tau[..., None, None] * one + own.reflections())
        pairs = pairs + mean * u[..., :, None, :, None] * u[..., None, :, None, :]
        H[...] = np.moveaxis(pairs, -2, -3)
        i = np.arange(n)
        H[..., i, :, i, :] += np.moveaxis(blocks, -3, 0)

    @batched
    def smooth_at(self, theta: Any) -> np.ndarray:
        """Whether every student is different from 0: (..., n d) -> (...)."""
        theta = super()._points(theta)
        W = theta.reshape(*theta.shape[:-1], self.n, -1)
        alive = (W != 0).any(-1) if W.dtype != object else sign((W * W).sum(-1)) != 0
        return np.asarray(alive.all(-1))

    @batched
    def one_sided_derivative(self, theta: Any, v: Any) -> np.ndarray:
        """Derivative of t -> loss(theta + t v) at t = 0 from the right, also where w_i = 0; theta and v broadcast.

        From w_i = 0 in the direction v_i the kernels grow as those of v_i itself, and |w_i| as |v_i|.
        """
        kind, W = self._students(theta)
        x = v.reshape(*v.shape[:-1], self.n, -1)
        V, lengths, _ = self._in(kind)
        square, mean = self._weights(kind)
        own, taught = pairs_of(W, W), pairs_of(W, V)
        born = x * kind.indicator(sign(own.r) == 0)
        grown, missed = pairs_of(born, W), pairs_of(born, V)
        x = x - born
        pull = (own.sigma.sum(-1) - taught.sigma.sum(-1))[..., None] * own.u + own.tau @ W - taught.tau @ V
        slope = (pull * x).sum((-2, -1)) + grown.kernel.sum((-2, -1)) - missed.kernel.sum((-2, -1))
        stretch = (own.u * x).sum((-2, -1)) + grown.r.sum((-2, -1))
        return square * slope + mean * (own.r.sum((-2, -1)) - lengths) * stretch

    @cached_property
    def _normals(self) -> np.ndarray:
        """(d, d - rank V): a basis of the orthogonal complement of the teachers; empty for balls."""
        from theory.calculus.exact_linalg import null_space

        kind = arithmetic_of(self.V)
        if kind.name == BALL:
            return np.empty((self.V.shape[1], 0), object)
        exact = rational(each(Fraction, self.V)) if kind.name == FLOAT else self.V
        return null_space(exact)

    def symmetry_directions(self, theta: Any) -> np.ndarray:
        """W (x y^T - y x^T) for pairs of vectors x, y orthogonal to the teachers: (..., k, n d)."""
        kind, W = self._students(theta)
        planes = list(combinations(self._normals.T, 2))
        if not planes:
            return super().symmetry_directions(theta)
        x, y = (kind.convert(np.array(side)) for side in zip(*planes, strict=True))
        turns = x[:, :, None] * y[:, None, :] - y[:, :, None] * x[:, None, :]
        out = W[..., None, :, :] @ turns
        return out.reshape(*out.shape[:-2], self.dim)

    def symmetry_images(self, theta: Any) -> np.ndarray:
        """The students in reverse order, and their mirror images in a hyperplane that contains the teachers."""
        kind, W = self._students(theta)
        images = [W[..., ::-1, :]] if self.n > 1 else []
        if self._normals.size:
            x = kind.convert(self._normals[:, 0])
            images.append(W - 2 * (W @ x)[..., None] * x / (x @ x))
        if not images:
            return super().symmetry_images(theta)
        return np.stack(images).reshape(len(images), *np.shape(theta))

    def minimum_value(self) -> Any:
        """0 where there are as many students as teachers; None where it is not known here."""
        kind = arithmetic_of(self.V)
        return None if self.n < len(self.V) or kind.name == BALL else kind.fraction(0)

    def known_points(self) -> Iterable[Point]:
        """The students equal to the teachers, of which the last is divided among all students that remain."""
        kind, k = arithmetic_of(self.V), len(self.V)
        if self.minimum_value() is None:
            return
        rest = self.n - k + 1
        W = np.concatenate([self.V[:-1], np.repeat(self.V[-1:], rest, axis=0) * kind.fraction(1, rest)])
        yield Point("students equal to teachers", W.ravel(), Kind.GLOBAL_MINIMUM, kind.fraction(0))

    @classmethod
    def instances(cls) -> Iterable[tuple[str, GaussianReluNet]]:
        """One and more students, fewer and more than teachers, patches, dimension 1, degenerate teachers, floats."""
        yield "one neuron", cls(1, [[1, 2]])
        yield "one neuron, d = 1", cls(1, [[2]])
        yield "one neuron, d = 4", cls(1, [[1, 0, 0, 0]])
        yield "one filter, 3 patches", cls(1, [[1, -1, 0]], 3)
        yield "two students, orthonormal teachers", cls(2, [[1, 0], [0, 1]])
        yield "three students, two teachers", cls(3, [[1, 0, 1], [0, 1, 0]])
        yield "two students, three teachers", cls(2, [[1, 0], [0, 1], [-1, -1]])
        yield "two students, two patches", cls(2, [[1, 0], [1, 1]], 2)
        yield "d = 1, opposite teachers", cls(2, [[1], [-2]])
        yield "equal teachers", cls(2, [[1, 1], [1, 1]])
        yield "zero teacher", cls(1, [[0, 0], [1, 2]])
        yield "floats", cls(2, np.array([[0.5, -1.25], [2.0, 0.75]]))


def _pi(kind: Arithmetic) -> Any:
    return flint().arb.pi() if kind.name == BALL else kind.parent.type(np.pi)
