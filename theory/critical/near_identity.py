"""Linear ResNets near the identity: a map as a product of factors I + W_k, and bounds of their norms and gradients.

Let R = (I + W_H) ... (I + W_1) be d x d, r = max ||W_k|| in the spectral norm, gamma = max(|log s_max|, |log s_min|).

- Factors exist for det R > 0. R = Q e^S (polar decomposition, ||S|| = gamma), Q a rotation by angles of at most pi in
  orthogonal planes (an even number of eigenvalues -1: they pair up) and T its H-th root. With S_k = T^k S T^{-k}, the
  product of T e^{S_k / H} for k = H - 1, ..., 0 is T^H e^S = R, and
  ||T e^{S_k/H} - I|| <= ||T - I|| e^{gamma/H} + e^{gamma/H} - 1 <= e^{gamma/H} (1 + 2 sin(pi/2H)) - 1.
- They cannot be smaller than s_max <= (1 + r)^H and (1 - r)^H <= s_min (if r < 1) allow. I + W turns a vector by at
  most arcsin r < pi/2 (if r < 1), and angles add up at most: the angle phi between v and R v is at most H arcsin r.
- If det R < 0, some det(I + W_k) < 0, so W_k has an eigenvalue below -1: r > 1, s_min(I + W_k) <= r - 1 and
  s_min(R) <= (r - 1)(r + 1)^{H-1}. For det R = 0 some I + W_k is singular: r >= 1.
- The gradients are G_i = 2 A_i^T E Sigma B_i^T, E = (I + W_H) ... (I + W_1) - R, with partial products A_i, B_i, so
  ||G_i|| >= 2 prod_{j != i} s_min(I + W_j) ||E Sigma||, and ||E Sigma||^2 = tr E Sigma^2 E^T >= lambda^+ tr E Sigma E^T
  with lambda^+ the least positive eigenvalue of Sigma; tr E Sigma E^T is the loss above its minimum.

Source: hardtma2017, section 2, whose Theorem 2.1 needs det R > 0 and whose (2.3) other exponents; own derivation.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from theory import arrays
from theory.arithmetic import RATIONAL, Arithmetic, as_array, ball, flint, precision, rational, to_float
from theory.calculus.exact_linalg import rational_matrix, solve, symmetric_eigenvalues
from theory.critical.deep_linear.spectrum import exact_net
from theory.errors import Degenerate, NotExact
from theory.models.linear_resnet import LinearResNet

ROUNDING_BITS = 24
REVERSE = "reverse one output, or give x and y a coordinate more, b and -b: both change the sign of det R"

# -- factors ---------------------------------------------------------------------------------------------------------


def layers_near_identity(R: Any, H: int) -> tuple[np.ndarray, Any]:
    """Rational W_1, ..., W_H with (I + W_H) ... (I + W_1) = R exactly, and a ball that contains max ||W_k||.

    One factor after another is split off what is left of R, rounded to rationals; the last one is what remains. So
    max ||W_k|| is at most ``near_bound`` up to the rounding of the factors, some 2^-24 of it, and the ball proves it.
    The denominators of W_H grow with d H.

    Parameters
    ----------
    R : (d, d), rational, det R > 0.
    H : number of layers, at least 1.

    Returns
    -------
    W : (H, d, d), rational, W_1 first.
    norm : ball around the largest spectral norm.

    Raises
    ------
    ValueError
        Unless R is square with det R > 0, and H at least 1.
    NotExact
        For floats, balls and symbols.
    Degenerate
        When R is singular up to the rounding of floats, which guess the factors.

    Source: hardtma2017, Theorem 2.1, corrected, with another proof: own derivation.

    >>> W, norm = layers_near_identity([[4]], 2)
    >>> W.ravel(), norm.contains(1)
    (array([1, 1], dtype=object), True)
    """
    H = arrays.positive_int(H, "layers_near_identity", "H")
    rest, layers = _oriented(R, "layers_near_identity"), []
    one = rational(np.eye(len(rest), dtype=int))
    for left in range(H, 1, -1):
        W = _rounded(_first_factor(to_float(rest), left) - np.eye(len(rest)))
        layers.append(W)
        rest = solve((one + W).T, rest.T).T
    W = np.stack([*layers, rest - one])
    with precision(max(128, flint().ctx.prec)):
        return W, largest_norm(W)


def optimum_near_identity(model: LinearResNet) -> tuple[np.ndarray, Any]:
    """theta (n,), rational: a global minimum of a ResNet with exact data near theta = 0; and a ball with max ||W_k||.

    The product is the least-squares map Y X^T (X X^T)^{-1}, which must preserve orientation.

    Raises
    ------
    NotExact
        For data that are not rational.
    Degenerate
        When X X^T is singular: then many maps are optimal, and this function would have to choose one.
    ValueError
        When the determinant of the map is not positive: no point with max ||W_k|| < 1 is a global minimum.
    """
    kind = model.net._data_kind
    if kind.name != RATIONAL:
        raise NotExact(f"optimum_near_identity: needs rational data, got {kind.name}; build the model from rationals")
    f = model.net.objective.at(kind)
    try:
        R = solve(f.S, f.P.T).T
    except Degenerate:
        raise Degenerate(
            "optimum_near_identity: needs an invertible X X^T, got a singular one; choose an optimal map R with "
            "det R > 0 and call layers_near_identity"
        ) from None
    W, norm = layers_near_identity(R, model.net.depth)
    return W.ravel(), norm


def _oriented(R: Any, where: str) -> np.ndarray:
    """R as a rational matrix (d, d) with det R > 0."""
    R = as_array(R, f"{where}: R")
    if R.ndim != 2 or R.shape[0] != R.shape[1]:
        raise ValueError(f"{where}: R must be square (d, d), got shape {R.shape}; layers I + W_k keep the dimension")
    det = rational_matrix(R, f"{where}: R").det()
    if det == 0:
        raise ValueError(f"{where}: needs det R > 0, got a singular R; fit R + eps I instead, eps small")
    if det < 0:
        raise ValueError(f"{where}: needs det R > 0, got {det}; {REVERSE}")
    return R


def _first_factor(R: np.ndarray, H: int) -> np.ndarray:
    """T e^{S/H} in floats for R = Q e^S, T the H-th root of Q."""
    U, s, Vt = np.linalg.svd(R)
    Q, size = U @ Vt, len(s) * np.finfo(float).eps
    if not s[-1] > size * s[0] or np.linalg.det(Q) < 0:
        raise Degenerate(
            f"layers_near_identity: needs a condition number below {1 / size:.0e}, got singular values from {s[0]:.1e} "
            f"to {s[-1]:.1e}; factor R by hand into better conditioned maps and split each of them"
        )
    return rotation_root(Q, H) @ (Vt.T * s ** (1 / H)) @ Vt


def rotation_root(Q: np.ndarray, H: int) -> np.ndarray:
    """The H-th root T of a float rotation Q (d, d) that turns by at most pi/H: ||T - I|| <= 2 sin(pi/2H).

    The real Schur form of Q consists of plane rotations and of 1 and -1; the -1 are even in number, and two of them are
    a rotation by pi.
    """
    from scipy.linalg import schur

    form, Z = schur(Q, output="real")
    d = len(Q)
    first = np.flatnonzero(form.diagonal(-1))
    half_turns = np.setdiff1d(np.flatnonzero(form.diagonal() < 0), np.concatenate([first, first + 1]))
    i = np.concatenate([first, half_turns[::2]])
    j = np.concatenate([first + 1, half_turns[1::2]])
    angle = np.arctan2(form[j, i] - form[i, j], form[i, i] + form[j, j]) / H
    angle[len(first) :] = math.pi / H
    root = np.eye(d)
    root[i, i] = root[j, j] = np.cos(angle)
    root[j, i], root[i, j] = np.sin(angle), -np.sin(angle)
    return Z @ root @ Z.T


def _rounded(W: np.ndarray) -> np.ndarray:
    """The float matrix as rationals with 24 bits for its largest entry."""
    shift = ROUNDING_BITS - math.frexp(np.abs(W).max())[1]
    return rational([[Fraction(round(math.ldexp(x, shift))) / Fraction(2) ** shift for x in row] for row in W])


# -- norms -----------------------------------------------------------------------------------------------------------


def singular_values_squared(W: Any) -> list[Any]:
    """The distinct squared singular values of a square rational W (d, d), descending: rationals, else balls."""
    W = rational_matrix(W, "singular_values_squared: W")
    return [value for value, _ in symmetric_eigenvalues(W.transpose() * W)]


def largest_norm(layers: np.ndarray) -> Any:
    """A ball around max ||W_k||, spectral norms, of rational layers (H, d, d)."""
    return _largest([ball([singular_values_squared(W)[0]])[0].sqrt() for W in layers])


def log_range(R: Any) -> Any:
    """A ball around gamma = max(|log s_max(R)|, |log s_min(R)|) of an invertible rational R (d, d)."""
    return _largest([abs(ball([value])[0].log() / 2) for value in singular_values_squared(R)])


def near_bound(gamma: Any, H: int) -> Any:
    """e^{gamma/H} (1 + 2 sin(pi/2H)) - 1, about (pi + gamma)/H: max ||W_k|| of the factors of any R with det R > 0."""
    return (gamma / H).exp() * (1 + 2 * (gamma.pi() / (2 * H)).sin()) - 1


def printed_bound(gamma: Any, H: int) -> Any:
    """2 (sqrt(pi) + sqrt(3 gamma))^2 / H, printed for H >= 3 gamma. Source: hardtma2017, Theorem 2.1."""
    return 2 * (gamma.pi().sqrt() + (3 * gamma).sqrt()) ** 2 / H


def norm_lower_bound(R: Any, H: int) -> Any:
    """A ball: max ||W_k|| is not below it for any factors (I + W_H) ... (I + W_1) = R of a rational R (d, d).

    The largest of s_max^{1/H} - 1, 1 - s_min^{1/H} and sin(min(phi/H, pi/2)), with phi the angle between a unit vector
    e_i and R e_i != 0; for det R <= 0 also of 1 (for det R < 0 it is more: ``reflection_norm``).

    Source: own derivation.
    """
    H, R = arrays.positive_int(H, "norm_lower_bound", "H"), as_array(R, "norm_lower_bound: R")
    squares = [ball([value])[0] for value in singular_values_squared(R)]
    most, least = (x.root(2 * H) if x > 0 else x for x in (squares[0], squares[-1]))  # flint's 6th root of 0 is nan
    bounds = [most - 1, 1 - least]
    one = rational(np.eye(len(R), dtype=int))
    bounds += [turning_bound(one[i], R[:, i], H) for i in range(len(R)) if R[:, i].any()]
    if rational_matrix(R).det() <= 0:
        bounds.append(ball([1])[0])
    return _largest(bounds)


def turning_bound(v: np.ndarray, w: np.ndarray, H: int) -> Any:
    """A ball around sin(min(phi/H, pi/2)), phi the angle between rational vectors v and w (d,), not 0.

    No product of H factors I + W_k takes v to w if max ||W_k|| is smaller.
    """
    inner, one = v @ w, ball([1])[0]
    cosine = ball([inner * inner / ((v @ v) * (w @ w))])[0].sqrt().min(one)
    phi = (cosine if inner > 0 else -cosine).acos()
    return (phi / H).min(one.pi() / 2).sin()


def _largest(balls: list[Any]) -> Any:
    """A ball around the largest of the numbers in these balls."""
    largest = balls[0]
    for x in balls[1:]:
        largest = largest.max(x)
    return largest


def reflection_norm(rho: Any, H: int) -> tuple[Any, Any]:
    """Rationals (low, high) with low <= a <= high for the root a > 1 of (a - 1)(a + 1)^{H-1} = rho, 2^-64 apart.

    The left side increases from 0 to infinity on [1, infinity), so the root is unique. It is the least possible
    max |w_k| of (1 + w_H) ... (1 + w_1) = -rho, and a lower bound of max ||W_k|| for maps with det R < 0 and
    s_min(R) = rho.

    Parameters
    ----------
    rho : a positive rational. H : number of layers, at least 1.

    Source: own derivation.
    """
    H = arrays.positive_int(H, "reflection_norm", "H")
    rho = rational([rho])[0]
    if not rho > 0:
        raise ValueError(f"reflection_norm: rho must be positive, got {rho}; for R = -rho > 0 use layers_near_identity")
    low, width = rational([1, Fraction(1, 2**64)])
    high = low + rho
    while high - low > width:
        middle = (low + high) / 2
        low, high = (low, middle) if (middle - 1) * (middle + 1) ** (H - 1) >= rho else (middle, high)
    return low, high


# -- gradients -------------------------------------------------------------------------------------------------------


def gradient_constant(model: LinearResNet, theta: Any) -> Any:
    """c with ||grad f(theta)||^2 >= c (f(theta) - min f): c = 4 lambda^+ sum_i prod_{j != i} s_min(I + W_j)^2.

    lambda^+ is the least positive eigenvalue of X X^T (0 if there is none: then f is constant). Where all
    ||W_k|| <= tau < 1, c is at least 4 H (1 - tau)^{2(H-1)} lambda^+.

    Parameters
    ----------
    theta : (..., n), floats or rationals.

    Returns
    -------
    (...): floats for floats, balls at the precision in force for rationals.

    Raises
    ------
    NotExact
        For data or theta in balls or symbols, whose rank or order is open.
    """
    theta = arrays.points(theta, model.dim, "gradient_constant")
    net, d, H = exact_net(model.net), model.net.widths[0], model.net.depth
    if net is None:
        raise NotExact("gradient_constant: needs data without radius, got balls; build the model from rationals")
    layers = theta.reshape(*theta.shape[:-1], H, d, d)
    positive = [x for x, _ in symmetric_eigenvalues(net.objective.at(Arithmetic(RATIONAL)).S) if x > 0]
    if theta.dtype != object:
        smallest = np.linalg.svd(np.eye(d) + layers, compute_uv=False)[..., -1] ** 2
        least = float(ball(positive[-1:])[0].mid()) if positive else 0.0
    else:
        one = rational(np.eye(d, dtype=int))
        values = [singular_values_squared(one + W)[-1] for W in layers.reshape(-1, d, d)]
        smallest, least = ball(values).reshape(layers.shape[:-2]), ball(positive[-1:] or [0])[0]
    return 4 * least * sum(np.delete(smallest, i, -1).prod(-1) for i in range(H))
