"""Regularised nets: critical points counted by algebra, listed for chains of width one; a convex certificate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from theory.arithmetic import RATIONAL, arithmetic_of, ball, flint, precision, rational, symbols
from theory.calculus.inertia import inertia
from theory.calculus.krawczyk import certify_zero
from theory.calculus.quotient_algebra import QuotientAlgebra, quotient_algebra
from theory.critical.generic import Decision, Facts
from theory.errors import Degenerate, NotExact, Undecided
from theory.landscape import Kind, Point
from theory.models.deep_linear import DeepLinearNet
from theory.models.product_loss import SquaredError
from theory.models.regularised import RegularisedNet


def decide(model: Any, facts: Facts) -> Decision | None:
    """Two layers with constant penalties l_1, l_2: an exact critical point with M M^T <= l_1 l_2 I is a global minimum.

    M = (R X - Y) X^T. Then ||M|| <= l := sqrt(l_1 l_2), so 2 l ||R'||_* >= -2 <M, R'>, and for every point W'
    L(W') >= f(R') + 2 l ||R'||_* >= f(R) + 2 <M, R' - R> - 2 <M, R'> = f(R) - 2 <M, R> = L(W), because criticality
    says M W_1^T = -l_2 W_2 and W_2^T M = -l_1 W_1. None where this does not decide.
    Source: own derivation.
    """
    net: Any = model.net
    if not facts.critical or facts.evidence != "exact" or type(net) is not DeepLinearNet or net.depth != 2:
        return None
    data = _samples(net)
    if data is None or not all((L == L.flat[0]).all() for L in model.Lambda):
        return None
    if {arithmetic_of(a).name for a in (*data, model.weights, facts.theta)} != {RATIONAL}:
        return None
    X, Y = data
    M = (net.product(facts.theta) @ X - Y) @ X.T
    bound = model.Lambda[0].flat[0] * model.Lambda[1].flat[0]
    if inertia(np.diag([bound] * len(M)) - M @ M.T).negative:
        return None
    rule = f"{facts.why}; M M^T <= l_1 l_2 I for M = (R X - Y) X^T, the optimality of R with the nuclear norm"
    return Decision(Kind.GLOBAL_MINIMUM, rule, {"M": M})


@dataclass(frozen=True)
class ComplexCount:
    """How many critical points a polynomial loss has over the complex numbers.

    Attributes
    ----------
    total : with multiplicity.
    distinct : without.
    prime : None for an exact count. Modulo a prime, and with ``total == distinct``, there are at least so many isolated
        complex critical points; more only for finitely many primes (``theory.calculus.quotient_algebra``).
    """

    total: int
    distinct: int
    prime: int | None = None


@dataclass(frozen=True)
class RealCount:
    """How many real critical points a polynomial loss has: by the sign of det Hessian, which is (-1)^index."""

    even: int
    odd: int
    degenerate: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.even + self.odd + self.degenerate


def critical_algebra(model: Any, prime: int | None = None) -> QuotientAlgebra:
    """The algebra of the critical points of a model whose loss is a polynomial with rational data.

    Raises
    ------
    Degenerate
        If there are infinitely many complex critical points, as there are along every continuous symmetry.
    NotExact
        For data that are not rational, and losses that are no polynomials.
    """
    if model.traits.polynomial_degree is None:
        raise NotExact(f"critical_algebra: needs a polynomial loss, got {type(model).__name__} without a degree")
    return quotient_algebra(list(model.gradient(symbols(theta=model.dim))), prime)


def complex_count(model: Any, prime: int | None = None) -> ComplexCount:
    """The number of complex critical points; generic penalties make it finite.

    >>> from theory.models.deep_linear import DeepLinearNet
    >>> complex_count(RegularisedNet(DeepLinearNet((1, 1, 1, 1), [[1]], [[2]]), [1, 2, 3]))
    ComplexCount(total=17, distinct=17, prime=None)
    """
    algebra = critical_algebra(model, prime)
    return ComplexCount(algebra.dimension, algebra.distinct(), prime)


def real_count(model: Any) -> RealCount:
    """The number of real critical points, and of those of even and odd index: signatures of two trace forms.

    Source: coxlittleoshea2005, chapter 2, Theorem 5.2, in the form of; with weights 1 and det Hessian.
    """
    algebra, theta = critical_algebra(model), symbols(theta=model.dim)
    total = sum(algebra.real())
    even, odd = algebra.real(determinant(model.hessian(theta)))
    return RealCount(even, odd, total - even - odd)


def determinant(H: np.ndarray) -> Any:
    """The determinant of a square array of ring elements, by expansion along the first row: for small sizes."""
    if len(H) == 1:
        return H[0, 0]
    minors = (H[0, j] * determinant(np.delete(H[1:], j, axis=1)) for j in range(len(H)) if H[0, j] != 0)
    signs = ((-1) ** j for j in range(len(H)) if H[0, j] != 0)
    return sum((s * m for s, m in zip(signs, minors, strict=True)), start=0 * H[0, 0])


# -- chains of width one -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Chain:
    """G ||y - v b||^2 + floor with b = c_{H-1} ... c_2 z, z = W_1 x and v = W_H: what X and Y say of such a net.

    kappa = sum_j x_j^2 / Lambda_1j: among all W_1 with W_1 x = z the penalty is least, z^2 / kappa, at
    W_1j = x_j z / (Lambda_1j kappa), and no other W_1 is critical.
    """

    G: Any
    x: np.ndarray
    y: np.ndarray
    kappa: Any
    middle: list[Any]
    last: np.ndarray
    first: np.ndarray

    def equation(self) -> Any:
        """f(t), an integer polynomial whose positive roots t are z^2 / kappa at the critical points other than 0.

        There t = z^2/kappa = Lambda_i c_i^2 for all i, so B = b^2 = t^{H-1} kappa / prod Lambda_i; with
        v_k = G b y_k / (Lambda_k + G B) there remains t = B sum_k Lambda_k G^2 y_k^2 / (Lambda_k + G B)^2.
        """
        poly = flint().fmpq_poly
        B = poly([0] * len(self.middle) + [self.scale])  # B / t
        factors = [poly([a]) + self.G * B * poly([0, 1]) for a in self.last]
        left, right = poly([1]), poly([0])
        for f in factors:
            left = left * f * f
        for k, a in enumerate(self.last):
            term = poly([a * self.G * self.G * self.y[k] ** 2])
            for j, f in enumerate(factors):
                term = term * f * f if j != k else term
            right = right + term
        return (left - B * right).numer()

    @property
    def scale(self) -> Any:
        """kappa / prod Lambda_i over the layers between the first and the last."""
        out = self.kappa
        for a in self.middle:
            out = out / a
        return out

    def layers(self, t: Any, signs: tuple[int, ...]) -> list[Any]:
        """(W_1, c_2, ..., c_{H-1}, W_H) in balls for a root t and signs of z and the c_i."""
        z = signs[0] * (t * self.kappa).sqrt()
        c = [s * (t / a).sqrt() for s, a in zip(signs[1:], self.middle, strict=True)]
        b = z
        for ci in c:
            b = b * ci
        v = [self.G * y * b / (a + self.G * b * b) for y, a in zip(self.y, self.last, strict=True)]
        return [[x * z / (a * self.kappa) for x, a in zip(self.x, self.first, strict=True)], *([w] for w in c), v]


def chain_critical_points(model: RegularisedNet, *, bits: int = 128) -> tuple[Point, ...]:
    """All real critical points of a regularised deep linear net of width one on inputs of rank one, with their kinds.

    The net has widths (d_0, 1, ..., 1, d_H), H >= 2; inputs of rank one are multiples x g^T of one sample, so any
    number of scalar samples will do. The origin comes first; the others, 2^{H-1} for each positive root of one
    polynomial, are balls. The loss is coercive, so points of least loss are global minima: those whose balls lie below
    all others are called so; positive definite Hessians make local minima. What balls leave open is UNDECIDED.

    Raises
    ------
    ValueError
        Unless the net is such a chain.
    Degenerate
        If a weight of the penalty is 0: critical points need not be isolated.
    NotExact
        For data or weights that are not rational.
    """
    chain = _chain_of(model)
    with precision(bits):
        roots = [root.real for f, _ in _factors(chain.equation()) for root in _real_roots(f) if root.real > 0]
        points = [Point("origin", rational(np.zeros(model.dim, int)), Kind.UNDECIDED)]
        for r, t in enumerate(sorted(roots, key=lambda t: t.mid()), start=1):
            for signs in product((1, -1), repeat=model.net.depth - 1):
                flat = np.concatenate([ball(np.array(w, object)) for w in chain.layers(t, signs)])
                name = f"root {r}, signs {''.join('+-'[s < 0] for s in signs)}"
                points.append(Point(name, _proved_box(model, flat, bits), Kind.UNDECIDED))
        points = [replace(p, loss=model.loss(p.theta)) for p in points]
        # Points that differ by signs have the same loss; one of each group stands for it.
        size = 2 ** (model.net.depth - 1)
        groups = [points[:1], *(points[k : k + size] for k in range(1, len(points), size))]
        return tuple(replace(p, kind=kind) for g, kind in zip(groups, _kinds(model, groups), strict=True) for p in g)


def _proved_box(model: RegularisedNet, theta: np.ndarray, bits: int) -> np.ndarray:
    """A box around the enclosure theta in which Krawczyk's test finds exactly one critical point; else theta itself."""
    try:
        box = certify_zero(model.gradient, model.hessian, theta, bits=bits).box
    except Undecided:  # a degenerate critical point
        return theta
    return box if all(b.contains(t) for b, t in zip(box, theta, strict=True)) else theta


def _kinds(model: RegularisedNet, groups: list[list[Point]]) -> list[Kind]:
    """The kind of each group of points of equal loss."""
    losses, kinds = [ball([g[0].loss])[0] for g in groups], []
    for k, g in enumerate(groups):
        signs = inertia(model.hessian(g[0].theta))
        if all(losses[k] < other for j, other in enumerate(losses) if j != k):
            kinds.append(Kind.GLOBAL_MINIMUM)
        elif signs.negative and signs.positive:
            kinds.append(Kind.STRICT_SADDLE)
        elif signs.positive == model.dim:
            kinds.append(Kind.LOCAL_MINIMUM)
        else:
            kinds.append(Kind.UNDECIDED)
    return kinds


def _factors(f: Any) -> list[Any]:
    """The irreducible factors of an integer polynomial other than constants."""
    return [pair for pair in f.factor()[1] if pair[0].degree() > 0]


def _real_roots(f: Any) -> list[Any]:
    """Balls around the real roots of an irreducible polynomial, pairwise disjoint."""
    return [root for root, _ in f.complex_roots() if root.imag == 0]


def _samples(net: DeepLinearNet) -> tuple[np.ndarray, np.ndarray] | None:
    """X and Y of a net with the squared loss on samples."""
    f = net.objective
    return (f.X, f.Y) if isinstance(f, SquaredError) else None


def _chain_of(model: RegularisedNet) -> _Chain:
    """The reduced problem of a chain of width one."""
    from theory.calculus.exact_linalg import rank

    net: Any = model.net
    data = _samples(net) if type(net) is DeepLinearNet else None
    if data is None or net.depth < 2:
        raise ValueError("chain_critical_points: needs a DeepLinearNet of depth at least 2 on samples, squared loss")
    if set(net.widths[1:-1]) != {1}:
        raise ValueError(f"chain_critical_points: needs hidden layers of width 1, got widths {net.widths}")
    if {arithmetic_of(a).name for a in (*data, model.weights)} != {RATIONAL}:
        raise NotExact("chain_critical_points: needs rational data and weights; give integers or strings p/q")
    if any(w == 0 for w in model.weights):
        raise Degenerate("chain_critical_points: needs positive weights of the penalty, got a 0; see classify")
    X, Y = data
    if rank(X) != 1:
        raise ValueError(f"chain_critical_points: needs inputs X of rank 1, got rank {rank(X)}")
    x = next(column for column in X.T if any(entry != 0 for entry in column))
    g = X.T @ x / (x @ x)
    first, *middle, last = model.Lambda
    first, last = first[0], last[:, 0]
    kappa = sum((xj * xj / a for xj, a in zip(x, first, strict=True)), start=0 * x[0])
    return _Chain(g @ g, x, Y @ g / (g @ g), kappa, [a[0, 0] for a in middle], last, first)
