"""Proposition 12.5 at work: H_0 + lambda H_1 of a shallow net whose errors are multiplied by lambda.

H_0 = (2/m) sum J_i J_i^T is positive semidefinite and free of the targets; H_1 = (2/m) sum e_i D^2 f(x_i) is linear
in the errors e = f - y. With the targets f - lambda e the Hessian is H_0 + lambda H_1 and the gradient lambda times
that for e: the same theta stays critical at every lambda, while the number of negative eigenvalues grows.

H_1 has for each neuron the blocks C_j = (2/m) sum_i e_i s'(u_ji)(x_i, 1), of a_j with (w_j, b_j), and
B_j = (2/m) a_j sum_i e_i s''(u_ji)(x_i, 1)(x_i, 1)^T, of (w_j, b_j) with itself; all else is zero.

Source: petersenzech2024, Proposition 12.5 and section 12.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from theory import arrays
from theory.activations import RELU, Activation, Jet
from theory.arithmetic import BALL, RATIONAL, arithmetic_of, common_arithmetic, flint, is_zero
from theory.calculus.exact_linalg import null_space
from theory.calculus.pencils import (
    IndexProfile,
    enclosed_jumps,
    index_bounds,
    index_profile,
    norm_bound,
)
from theory.constructors import each
from theory.errors import NotCritical, NotExact
from theory.losses import Squared
from theory.models.shallow_net import ShallowNet


@dataclass(frozen=True, eq=False)
class HessianSplit:
    """The two parts of the Hessian at one point, and the index of H_0 + lambda H_1.

    Attributes
    ----------
    H0, H1 : (n, n), rationals or balls.
    errors : e = f - y (m,), those of lambda = 1.
    critical : whether the gradient vanishes, then at every lambda; None where balls leave it open.
    """

    H0: np.ndarray
    H1: np.ndarray
    errors: np.ndarray
    critical: bool | None

    @cached_property
    def profile(self) -> IndexProfile:
        """The index as a function of lambda, exactly; for rationals."""
        return index_profile(self.H0, self.H1)

    @property
    def bound(self) -> Any:
        """||H_0|| / mu, beyond which a negative eigenvalue is sure; None if H_1 has none. For rationals."""
        return norm_bound(self.H0, self.H1)

    def index(self, factor: Any) -> tuple[int, int]:
        """Proved bounds (least, most) of the number of negative eigenvalues of H_0 + lambda H_1."""
        return index_bounds(self.H0, self.H1, factor)

    def enclosed_jumps(self, bits: int = 20) -> tuple[tuple[Any, Any], ...]:
        """Intervals that contain the jumps of the index, also for balls (``theory.calculus.pencils``)."""
        return enclosed_jumps(self.H0, self.H1, bits)


def hessian_split(net: ShallowNet, theta: Any) -> HessianSplit:
    """H_0 and H_1 at theta (n,), off the kinks, in rationals or balls: transcendental activations have only balls.

    Raises
    ------
    NotExact
        For floats and symbols: give rationals or balls.
    ValueError
        For another loss than the squared one, a batch, or a theta at a kink, where H_1 has no meaning.

    >>> net = ShallowNet(1, [[1]], [2], "square")
    >>> hessian_split(net, [0, 0, 1, 0]).profile.start
    1
    """
    theta = _point(net, theta, "hessian_split")
    kind = arithmetic_of(theta)
    if kind.name not in (RATIONAL, BALL):
        raise NotExact(f"hessian_split: needs rationals or balls, got {kind.name} weights; see theory.ball")
    _require_smooth(net, theta, "hessian_split")
    gradient = net.gradient(theta)
    critical: bool | None = bool(is_zero(gradient).all())
    if not critical and kind.name == BALL and all(g.contains(0) for g in gradient):
        critical = None
    H0, H1 = net.hessian_parts(theta)
    return HessianSplit(H0, H1, net.outputs(theta) - kind.convert(net.y), critical)


def with_errors(net: ShallowNet, theta: Any, errors: Any) -> ShallowNet:
    """The same net on the targets y = f - e that leave these errors e (m,) at theta (n,)."""
    theta = _point(net, theta, "with_errors")
    f, e = net.outputs(theta), arrays.vector(errors, "with_errors", "errors", net.y.size)
    kind = common_arithmetic(f, e)
    y = kind.convert(f) - kind.convert(e)
    return ShallowNet(net.width, net.X, y, net.activation, net.output_bias)


def critical_errors(net: ShallowNet, theta: Any) -> np.ndarray:
    """A basis of the errors e for which theta (n,) is critical, the kernel of J = (J_1, ..., J_m): (m, k), rational.

    Off the kinks theta is critical iff sum_i e_i J_i = 0; k = m - rank J.

    Raises
    ------
    ValueError
        For a theta at a kink, where J has no meaning.
    """
    theta = _point(net, theta, "critical_errors")
    if arithmetic_of(theta).name != RATIONAL:
        raise NotExact(
            f"critical_errors: needs rationals, got {arithmetic_of(theta).name} weights; see theory.rational"
        )
    _require_smooth(net, theta, "critical_errors")
    zero = with_errors(net, theta, arithmetic_of(theta).zeros(net.y.size))
    ones = with_errors(zero, theta, arithmetic_of(theta).zeros(net.y.size) + arithmetic_of(theta).fraction(1))
    return null_space(ones.sample_gradients(theta).T)


def residual_blocks(net: ShallowNet, theta: Any) -> tuple[np.ndarray, np.ndarray]:
    """(C, B): C_j (k, d_0 + 1) and B_j (k, d_0 + 1, d_0 + 1) of H_1 at theta (n,), cut out of it neuron by neuron.

    Raises
    ------
    ValueError
        For a theta at a kink, where H_1 has no meaning.
    """
    theta = _point(net, theta, "residual_blocks")
    _require_smooth(net, theta, "residual_blocks")
    H1 = net.hessian_parts(theta)[1]
    places = dict(zip((name for name, _ in net.layout), arrays.unpack(np.arange(net.dim), net.layout), strict=True))
    inner = np.hstack([places["W"], places["b"][:, None]])
    return H1[places["a"][:, None], inner], H1[inner[:, :, None], inner[:, None, :]]


def is_relu_minimum(net: ShallowNet, theta: Any) -> bool:
    """Whether a rational critical point theta (n,) of a ReLU net, off the kinks, is a local minimum: iff all C_j = 0.

    Then sum_i e_i (f_i - f_i(theta)) = 0 on the active piece, and the loss exceeds that of theta by the mean square of
    f - f(theta). Otherwise theta is a strict saddle with as many negative eigenvalues as there are j with C_j != 0.
    Source: own derivation.

    Raises
    ------
    ValueError
        For another activation, a theta at a kink, or one that is not critical (``NotCritical``).
    """
    split, theta = hessian_split(net, theta), _point(net, theta, "is_relu_minimum")
    if net.activation != RELU:
        raise ValueError(f"is_relu_minimum: needs ReLU, got {net.activation}; see hessian_split for its Hessian")
    if arithmetic_of(theta).name != RATIONAL:
        raise NotExact("is_relu_minimum: needs rational weights, got balls; a ball is never known to be critical")
    if not split.critical:
        raise NotCritical("is_relu_minimum: needs a critical theta, got one with a gradient; see critical_errors")
    return bool(is_zero(residual_blocks(net, theta)[0]).all())


def _point(net: Any, theta: Any, where: str) -> np.ndarray:
    """One theta (n,) of a shallow net with the squared loss."""
    if not isinstance(net, ShallowNet):
        raise TypeError(f"{where}: needs a ShallowNet, got {type(net).__name__}")
    if type(net.output_loss) is not Squared:
        raise ValueError(f"{where}: needs the squared loss, got {net.output_loss.name}; H_1 is linear in e only there")
    theta = arrays.points(theta, net.dim, where)
    if theta.ndim != 1:
        raise ValueError(f"{where}: needs one theta ({net.dim},), got shape {theta.shape}; take them one by one")
    return theta


def _require_smooth(net: ShallowNet, theta: np.ndarray, where: str) -> None:
    if not net.smooth_at(theta):
        raise ValueError(
            f"{where}: needs a theta off the kinks, got one at a kink; move it, for J and H_1 have no meaning there"
        )


# -- transcendental activations with rational values -------------------------------------------------------------------


def _powers_of_two(u: np.ndarray, name: str) -> np.ndarray:
    """2^u for integers u, given as rationals."""
    if arithmetic_of(u).name != RATIONAL or any(x.q != 1 for x in u.flat):
        raise NotExact(f"{name}: has rational values at integer multiples of log 2 only; give integer weights and X")
    return each(lambda x: flint().fmpq(2) ** int(x.p), u)


def _logistic(u: np.ndarray, order: int = 2) -> Jet:
    E = _powers_of_two(u, "logistic at log 2")
    s = E / (E + 1)
    return (s, s * (1 - s), s * (1 - s) * (1 - 2 * s))[: order + 1]


def _tanh(u: np.ndarray, order: int = 2) -> Jet:
    E = _powers_of_two(u, "tanh at log 2")
    t = (E * E - 1) / (E * E + 1)
    return (t, 1 - t * t, -2 * t * (1 - t * t))[: order + 1]


LOGISTIC_AT_LOG2 = Activation("logistic at log 2", _logistic)
TANH_AT_LOG2 = Activation("tanh at log 2", _tanh, odd=True)
"""Logistic and tanh at integer multiples of log 2: W and b count in units of log 2, so that s, s', s'' are rational.

The derivatives are those in the true weights W log 2 and b log 2, so gradients and Hessians of a ``ShallowNet`` with
these activations are exactly those of the transcendental net there.
"""
