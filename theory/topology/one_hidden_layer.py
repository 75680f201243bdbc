"""Nets with one hidden layer as their paths see them: exact data, the features on distinct inputs, their dimension."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import combinations_with_replacement
from typing import Any

import numpy as np

from theory.activations import Activation
from theory.arithmetic import FLOAT, RATIONAL, arithmetic_of, as_array, each, flint, precision, rational, to_float
from theory.calculus.exact_linalg import column_space, rank
from theory.errors import NotExact, Undecided
from theory.losses import SQUARED
from theory.models.deep_net import DeepNet
from theory.models.shallow_net import ShallowNet

BITS = 384  # binary places of computed features
GAP = Fraction(1, 2 ** (BITS // 3))  # computed features nearer to the span of the others count as dependent


def exact(a: Any, name: str) -> np.ndarray:
    """Rationals of an array of rationals, or of floats at their binary values.

    Raises
    ------
    NotExact
        For balls and symbols, which name no single point.
    """
    a = as_array(a, name)
    kind = arithmetic_of(a)
    if kind.name == FLOAT and a.dtype.kind == "f":
        return rational(each(Fraction, a.astype(float)))
    if kind.name != RATIONAL:
        raise NotExact(f"{name}: needs rationals or real floats, got {kind.name} entries; give the midpoints")
    return a


@dataclass(frozen=True, eq=False)
class OneHiddenLayer:
    """f(x) = A (s(w_1.x + b_1), ..., s(w_k.x + b_k), 1), for a ``ShallowNet`` or a ``DeepNet`` with one hidden layer.

    Hidden weights are rows H (k, d_0 + 1) = (w_j, b_j); output weights are A (p, k + 1), the output bias its last
    column, or A (p, k) without one. Repeated inputs count once: M distinct ones.
    """

    net: Any

    def __post_init__(self) -> None:
        net = self.net
        if not isinstance(net, ShallowNet | DeepNet) or (isinstance(net, DeepNet) and net.depth != 2):
            got = f"depth {net.depth}" if isinstance(net, DeepNet) else type(net).__name__
            raise TypeError(f"OneHiddenLayer: needs a ShallowNet or a DeepNet with one hidden layer, got {got}")
        X = exact(net.X, "OneHiddenLayer: X")
        if isinstance(net, ShallowNet):
            y = exact(net.y, "OneHiddenLayer: y")
            net = ShallowNet(net.width, X, y, net.activation, net.output_bias, net.output_loss)
        else:
            net = DeepNet(net.widths, X, exact(net.Y, "OneHiddenLayer: Y"), net.activation)
        object.__setattr__(self, "net", net)

    # Sizes and data

    @property
    def shallow(self) -> bool:
        """One output without an axis of its own."""
        return isinstance(self.net, ShallowNet)

    @property
    def width(self) -> int:
        """Number k of hidden neurons."""
        return self.net.width if self.shallow else self.net.widths[1]

    @property
    def output_bias(self) -> bool:
        """Whether the constants are outputs whatever the hidden weights."""
        return self.net.output_bias if self.shallow else True

    @property
    def activation(self) -> Activation:
        """s."""
        return self.net.activation

    @property
    def loss(self) -> Any:
        """The output loss; the squared one for a ``DeepNet``."""
        return self.net.output_loss if self.shallow else SQUARED

    @property
    def Y(self) -> np.ndarray:
        """Targets (p, m)."""
        return self.net.y[None] if self.shallow else self.net.Y

    @cached_property
    def first(self) -> np.ndarray:
        """Where each distinct input occurs first: (M,)."""
        return np.unique(self.group, return_index=True)[1]

    @cached_property
    def group(self) -> np.ndarray:
        """Which distinct input each sample has: (m,) integers below M, in the order of first occurrence."""
        numbers: dict[tuple, int] = {}
        return np.array([numbers.setdefault(tuple(map(str, x)), len(numbers)) for x in self.net.X.T])

    @cached_property
    def inputs(self) -> np.ndarray:
        """The distinct inputs above a row of ones: (d_0 + 1, M)."""
        return with_ones(self.net.X[:, self.first])

    @cached_property
    def span(self) -> np.ndarray:
        """A basis (D, m) of the outputs of nets of any width, one row each; D is ``dimension``.

        The M indicators of the distinct inputs unless s is a polynomial; all polynomials of degree at most r in x for a
        polynomial of degree r, whose derivatives in b give the lower powers of w.x + b. Own derivation.
        """
        r, kind = self.activation.degree, arithmetic_of(self.net.X)
        if r is None:
            return kind.indicator(self.group == np.arange(len(self.first))[:, None])
        X1 = with_ones(self.net.X)
        monomials = [X1[list(i)].prod(0) for i in combinations_with_replacement(range(len(X1)), r)]
        return column_space(np.stack(monomials).T).T if r else X1[-1:]

    @property
    def dimension(self) -> int:
        """D+ = dim span{1, (s(w.x_i + b))_i : w, b}; without an output bias D, which is the same for s here."""
        return len(self.span)

    # Points

    def point(self, theta: Any, where: str) -> np.ndarray:
        """theta (n,) in rationals; a batch is refused."""
        theta = exact(theta, f"{where}: theta")
        if theta.shape != (self.net.dim,):
            raise ValueError(f"{where}: needs one theta of {self.net.dim} parameters, got shape {theta.shape}")
        return theta

    def split(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(H, A) of theta (..., n)."""
        W, b, *A = self.net.unpack(theta)
        if self.shallow:
            A = [A[0][..., None, :], *[c[..., None] for c in A[1:]]]
        H = np.concatenate([W, b[..., None]], axis=-1)
        return H, np.concatenate([A[0], *[c[..., None] for c in A[1:]]], axis=-1)

    def join(self, H: np.ndarray, A: np.ndarray) -> np.ndarray:
        """theta (n,) of H and A."""
        k = self.width
        if not self.shallow:
            return self.net.pack(H[:, :-1], H[:, -1], A[:, :k], A[:, k])
        return self.net.pack(H[:, :-1], H[:, -1], A[0, :k], *([A[0, k]] if self.output_bias else []))

    # Values

    @cached_property
    def exact_features(self) -> bool:
        """Whether s has rational values."""
        return _has_rational_values(self.activation, self.net.X[:1, :1])

    @cached_property
    def exact_loss(self) -> bool:
        """Whether the loss of rational outputs is rational."""
        return _has_rational_values(lambda f: self.loss.value(f, self.targets), 0 * self.targets)

    @property
    def targets(self) -> np.ndarray:
        """Targets in the shape of the outputs: (m,) or (p, m)."""
        return self.net.y if self.shallow else self.net.Y

    def outputs(self, theta: np.ndarray) -> np.ndarray:
        """Outputs at a rational theta, (m,) or (p, m): rationals if s has them, else balls."""
        return self.net.outputs(theta if self.exact_features else self.balls(theta))

    @staticmethod
    def balls(a: np.ndarray) -> np.ndarray:
        """Rationals as balls at the precision in force."""
        return each(flint().arb, a)

    def loss_of(self, f: np.ndarray) -> Any:
        """(1/m) sum of the losses of outputs f, in their arithmetic or, where it has no rational values, in balls."""
        f = f if self.exact_loss or arithmetic_of(f).name != RATIONAL else self.balls(f)
        kind = arithmetic_of(f)
        return self.loss.value(f, kind.convert(self.targets)).sum() * kind.fraction(1, f.shape[-1])

    def loss_at(self, theta: np.ndarray) -> Any:
        """The loss at a rational theta (n,): a rational, or a ball at the precision in force."""
        return self.loss_of(self.outputs(theta))

    def rows(self, H: np.ndarray) -> np.ndarray:
        """V: features (k, M) of hidden weights H (k, d_0 + 1), above a row of ones if there is an output bias."""
        V = self.features(H)
        return self.separated(np.concatenate([V, 0 * V[:1] + 1]) if self.output_bias else V)

    def separated(self, V: np.ndarray) -> np.ndarray:
        """V (r, M), rows within ``GAP`` of the span of others moved into it: sums of exponentials vanish exactly.

        Elimination with complete pivoting, the row of ones first; V less what it leaves. Exact features stay.
        """
        if self.exact_features:
            return V
        R = V
        if self.output_bias:
            R = R - np.multiply.outer(R[:, 0], R[-1])
        while (size := np.abs(to_float(R))).max() > float(GAP):
            i, j = np.unravel_index(size.argmax(), size.shape)
            R = R - np.multiply.outer(R[:, j] / R[i, j], R[i])
        return V - R

    def features(self, H: np.ndarray) -> np.ndarray:
        """s(w_j.x_i + b_j) on the distinct inputs, (k, M): exact, or rounded to ``BITS`` binary places."""
        u = H @ self.inputs
        if self.exact_features:
            return self.activation(u)
        with precision(BITS + 64):
            return rounded(each(_midpoint, self.activation(self.balls(u))))

    def independent(self, V: np.ndarray) -> list[int]:
        """The earliest rows of V (r, M) that form a basis of the row space; computed ones stand off by ``GAP``."""
        gap = rational([0 if self.exact_features else GAP])[0]
        R, chosen = V, []
        for i in range(len(V)):
            j = max(range(V.shape[1]), key=lambda j: abs(R[i, j]))
            if abs(R[i, j]) > gap:
                chosen.append(i)
                R = R - np.multiply.outer(R[:, j] / R[i, j], R[i])
        return chosen

    def rank(self, theta: np.ndarray) -> int:
        """The rank of V; computed features nearer than ``GAP`` to the span of the others count as dependent."""
        return rank(self.rows(self.split(theta)[0]))


def with_ones(X: np.ndarray) -> np.ndarray:
    """X above a row of ones."""
    kind = arithmetic_of(X)
    return np.concatenate([X, kind.zeros((1, X.shape[1])) + kind.fraction(1)])


def rounded(a: np.ndarray) -> np.ndarray:
    """Rationals to ``BITS`` binary places, so that their length stays bounded."""
    scale = flint().fmpz(2) ** BITS

    def one(x: Any) -> Any:
        return flint().fmpq((2 * x.p * scale + x.q) // (2 * x.q), scale)

    return each(one, a)


def _midpoint(x: Any) -> Any:
    """The midpoint of a ball as a rational."""
    if not x.is_finite():
        raise Undecided(f"features: need activations that balls enclose, got {x}; take smaller weights or inputs")
    m, e = x.mid().man_exp()
    m, e, two = flint().fmpq(m), int(e), flint().fmpz(2)
    return m * two**e if e >= 0 else m / two**-e


def _has_rational_values(function: Any, at: np.ndarray) -> bool:
    try:
        return arithmetic_of(np.asarray(function(at))).name == RATIONAL
    except NotExact:
        return False
