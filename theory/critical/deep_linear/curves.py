"""Polynomial curves that prove what a critical point of a deep linear net is: down, up, and along the fibre.

All of them are exact: the loss along theta(s) = c_0 + s c_1 + ... is a polynomial in s with rational coefficients, and
the sign of its first one beyond the constant is the certificate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from theory import arrays
from theory.arithmetic import RATIONAL, Arithmetic, arithmetic_of, flint, is_zero, rational
from theory.calculus.exact_linalg import null_space, solve
from theory.calculus.negative_direction import negative_direction
from theory.critical.deep_linear.ranks import ranks_of
from theory.critical.deep_linear.spectrum import exact_critical_point, exact_moments, spectrum_of
from theory.errors import Degenerate
from theory.landscape import Kind
from theory.models.matrix_chain import T, flat, partial_products, product


@dataclass(frozen=True, eq=False)
class Curve:
    """theta(s) = sum_p coefficients[p] s^p and the exact loss along it.

    Attributes
    ----------
    coefficients : (degree + 1, n), rational; the first row is the critical point.
    change : the coefficients of L(theta(s)) - L(theta(0)), from s^0 on.
    """

    coefficients: np.ndarray
    change: tuple[Any, ...]

    @property
    def order(self) -> int:
        """The power of s with which the loss starts to change; 0 if it does not."""
        return next((p for p, c in enumerate(self.change) if c != 0), 0)

    @property
    def leading(self) -> Any:
        """Its coefficient: negative on a descent curve, positive on an ascent curve, 0 on a fibre."""
        return self.change[self.order]

    def __call__(self, s: Any) -> np.ndarray:
        """theta(s) for a rational s: (n,)."""
        t = rational([s])[0]
        return sum((c * t**p for p, c in enumerate(self.coefficients)), start=0 * self.coefficients[0])


@dataclass(frozen=True, eq=False)
class Fibre:
    """A line on which the product, hence the loss, is constant, and whose points theta + t v, t != 0, are not critical.

    Attributes
    ----------
    direction : v (n,).
    order, gradient : the gradient at theta + t v is t^order gradient (n,) + higher powers of t; gradient != 0.
    """

    direction: np.ndarray
    order: int
    gradient: np.ndarray


def curve(net: Any, coefficients: np.ndarray) -> Curve:
    """The curve with these rational coefficients (degree + 1, n) and the loss along it."""
    f, theta = spectrum_of(net), _polynomials(coefficients)
    loss = f.value(product(arrays.unpack(theta, net.layout)))
    return Curve(coefficients, tuple((loss - loss[0]).coeffs()) or (flint().fmpq(0),))


def descent_curve(net: Any, theta: Any) -> Curve:
    """A curve along which the loss falls from a critical point that is no global minimum.

    A line of negative curvature if the Hessian has one. Else the fibre certificate bends downwards: for small s > 0 the
    point theta + s v has the gradient s^c g + ..., and theta + s v - s^{c+1} g lies lower by s^{2c+1} |g|^2 + ...

    Parameters
    ----------
    net : a ``DeepLinearNet`` with the squared loss. theta : (n,), rational.

    Raises
    ------
    NotCritical
        When the gradient is not zero.
    Degenerate
        At a global minimum.
    NotExact
        For a theta that is not rational.

    >>> from theory.models import DeepLinearNet
    >>> down = descent_curve(DeepLinearNet((1, 1, 1, 1), [[1]], [[1]]), [0, 0, 0])
    >>> down.order, down.leading < 0
    (5, True)
    """
    exact, theta = exact_critical_point(net, theta, "descent_curve")
    kind = ranks_of(exact, theta).kind
    if kind == Kind.GLOBAL_MINIMUM:
        raise Degenerate("descent_curve: needs a critical point that is no global minimum, got one")
    if kind == Kind.STRICT_SADDLE:
        found = negative_direction(exact.hessian(theta))
        assert found is not None, "ranks and Hessian agree: ``classify`` checks it"
        return curve(exact, np.stack([theta, found[0]]))
    line = fibre_certificate(exact, theta)
    rows = Arithmetic(RATIONAL).zeros((line.order + 2, len(theta)))
    rows[0], rows[1] = theta, line.direction
    rows[-1] = rows[-1] - line.gradient
    return curve(exact, rows)


def ascent_curve(net: Any, theta: Any) -> Curve:
    """A line along which the loss rises from a critical point; there is one unless X = 0.

    Let i be the last layer with W_{i-1} ... W_1 X != 0, and l >= i the first with W_H ... W_{l+1} != 0. Elementary
    matrices in the layers i, ..., l lead from there to there, so that R X changes by +-s^2 p(s) D for a rank-one D != 0
    and a polynomial p != 0 (by s D for i = l), and the loss rises for one of the signs. Source: own derivation.

    Raises
    ------
    NotCritical, NotExact
        As ``descent_curve``.
    Degenerate
        For X = 0, where the loss is constant.
    """
    exact, theta = exact_critical_point(net, theta, "ascent_curve")
    W, f = exact.unpack(theta), exact_moments(exact)
    if is_zero(f.S).all():
        raise Degenerate("ascent_curve: needs X != 0, got X = 0, for which the loss is constant")
    kind = arithmetic_of(theta)
    A, B = partial_products(W, kind)
    V = [kind.zeros(w.shape) for w in W]
    seen = [i for i, b in enumerate(B) if not is_zero(b @ f.S).all()]
    i = seen[-1]
    if i == len(W) - 1 and not is_zero(W[-1] @ B[-1] @ f.S).all():
        V[0] = W[0].copy()
    else:
        last = next(j for j in range(i, len(W)) if not is_zero(A[j]).all())
        column = np.flatnonzero(~is_zero(B[i] @ f.S).all(1))[0]
        row = np.flatnonzero(~is_zero(A[last]).all(0))[0]
        for j in range(i, last + 1):
            V[j][row if j == last else 0, column if j == i else 0] = kind.fraction(1)
    for sign in (1, -1):
        V[i if V[i].any() else 0] *= sign
        up = curve(exact, np.stack([theta, flat(V)]))
        if up.leading > 0:
            break
    return up


def fibre_certificate(net: Any, theta: Any) -> Fibre:
    """Points of the same loss, arbitrarily near to a critical point with rank(R X) < k and M != 0, with a gradient.

    So no such point is a local minimum; ``escape_line`` serves any differentiable f(W_H ... W_1). With A_l = W_H ...
    W_{l+1} and B_l = W_{l-1} ... W_1 let l be the last layer with G = M B_l^T != 0; l < H, for W is critical. If
    A_l p = 0, p != 0, then W_l + t p q^T keeps R and moves G to a later layer. Otherwise A_l is injective,
    z^T W_l ... W_1 X = 0 for some z != 0, and W_H + t u w^T with w^T W_{H-1} ... W_{l+1} = z^T keeps R X and makes the
    gradient of W_l equal to t z u^T G.

    Raises
    ------
    NotCritical, NotExact
        As ``descent_curve``.
    Degenerate
        When M = 0 or rank(R X) = k.

    Source: own derivation, after the perturbations in the fibre of lukawaguchi2017.
    """
    exact, theta = exact_critical_point(net, theta, "fibre_certificate")
    W, f = exact.unpack(theta), exact_moments(exact)
    M = f.gradient(product(W))
    if is_zero(M).all():
        raise Degenerate("fibre_certificate: needs M = grad f(R) != 0, got an optimum of f, hence a global minimum")
    v = escape_line(W, f.S, M)
    A, B = partial_products(arrays.unpack(_polynomials(np.stack([theta, v])), net.layout), arithmetic_of(theta))
    lib = flint()
    g = [lib.fmpq_poly(x).coeffs() for x in flat([T(a) @ M @ T(b) for a, b in zip(A, B, strict=True)])]
    order = min(next(p for p, c in enumerate(x) if c != 0) for x in g if x)
    return Fibre(v, order, rational([x[order] if len(x) > order else 0 for x in g]))


def escape_line(W: tuple[np.ndarray, ...], S: np.ndarray, M: np.ndarray) -> np.ndarray:
    """The direction (n,) of ``fibre_certificate``.

    Parameters
    ----------
    W : the layers, rational. S : X X^T (d_0, d_0). M : grad f(R) (d_H, d_0), not zero.
    """
    H, kind = len(W), arithmetic_of(W[0])
    A, B = partial_products(W, kind)
    V = [kind.zeros(w.shape) for w in W]
    G, i = M, 0
    while True:
        while i < H - 1 and not is_zero(after := G @ T(W[i])).all():
            G, i = after, i + 1
        if not is_zero(T(A[i]) @ G).all():
            return flat(V)
        kernel = null_space(A[i])
        if not kernel.size:
            break
        q = np.flatnonzero(~is_zero(G).all(0))[0]
        p = kernel[:, 0]
        V[i][:, q] = p
        G, i = np.outer(G[:, q], p), i + 1
    kernel = null_space(T(W[i] @ B[i] @ S))
    if not kernel.size:
        raise Degenerate("fibre_certificate: needs rank(R X) < k, got k, where the product map is open; see classify")
    z = kernel[:, 0]
    C = product(W[i + 1 : H - 1]) if i + 1 < H - 1 else kind.eye(len(z))
    V[-1][np.flatnonzero(~is_zero(G).all(1))[0]] = C @ solve(T(C) @ C, z)
    return flat(V)


def _polynomials(coefficients: np.ndarray) -> np.ndarray:
    """The array (n,) of polynomials in s with these coefficients (degree + 1, n)."""
    out = np.empty(coefficients.shape[1], object)
    for k, column in enumerate(T(coefficients).tolist()):
        out[k] = flint().fmpq_poly(column)
    return out
