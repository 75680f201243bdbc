"""Cases for theorems on local minima: a deep linear net with any of four losses, at one point, decided exactly.

Whether the point is a local minimum is decided without the theorem in question: by a curve on which the loss falls, by
an exact inertia without other zeros than those of the symmetries, or by the values at the corners of a small box.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from itertools import product as cartesian
from typing import Any

import numpy as np

from theory.arithmetic import is_zero, rational
from theory.calculus.exact_linalg import column_space, pinv, rank
from theory.calculus.inertia import inertia
from theory.claims.cases import Case, Matrix, composed, exact_tuple, matrices, vectors
from theory.claims.linear_data import CriticalPoint, critical_points
from theory.critical.classify import classify
from theory.critical.deep_linear.curves import Curve, descent_curve
from theory.critical.deep_linear.spectrum import largest_rank
from theory.landscape import Kind
from theory.losses import Weighted
from theory.models.deep_linear import DeepLinearNet

SQUARED, ABSOLUTE, DIFFERENCE = "squared", "absolute", "difference"


@dataclass(frozen=True)
class LossPoint(Case):
    """A point of f(W_H ... W_1).

    Attributes
    ----------
    loss : "squared" or "absolute" (of Y - R X); a matrix of weights for squares; or "difference" for f(R) = R_1^2 -
        R_2^2, which is not convex.
    theta : the weights, flat.
    """

    widths: tuple
    X: Matrix
    Y: Matrix
    loss: Any
    theta: tuple

    @property
    def net(self) -> DeepLinearNet:
        """The model."""
        if self.loss == DIFFERENCE:
            D = rational([1, -1])[:, None]
            return DeepLinearNet.of_product(
                self.widths,
                lambda R: (D * R * R).sum((-2, -1)),
                lambda R: 2 * D * R,
                lambda R: np.broadcast_to(2 * rational([[1, 0], [0, -1]]), (*R.shape[:-2], 2, 2)),
            )
        loss = self.loss if isinstance(self.loss, str) else Weighted([list(row) for row in self.loss])
        return DeepLinearNet(self.widths, self.X, self.Y, loss)

    @property
    def point(self) -> np.ndarray:
        """theta (n,)."""
        return rational(self.theta)

    @property
    def is_squared(self) -> bool:
        """Whether the loss is the Frobenius norm."""
        return self.loss == SQUARED

    def product_at(self, theta: np.ndarray) -> np.ndarray:
        """W_H ... W_1 (d_H, d_0), literally."""
        R = rational(np.eye(self.widths[0], dtype=int))
        for W in self.net.unpack(theta):
            R = W @ R
        return R

    def residual_at(self, theta: np.ndarray) -> np.ndarray:
        """R X - Y (d_H, m)."""
        return self.product_at(theta) @ rational(self.X) - rational(self.Y)

    def value_at(self, theta: np.ndarray) -> Any:
        """The loss at any weights, literally."""
        E = self.residual_at(theta)
        if self.loss == DIFFERENCE:
            R = self.product_at(theta)
            return R[0, 0] ** 2 - R[1, 0] ** 2
        if self.loss == ABSOLUTE:
            return abs(E).sum()
        return (E * E).sum() if self.is_squared else (rational(self.loss) * E * E).sum()


def falls(case: LossPoint, curve: Curve) -> bool:
    """Whether the loss falls along a curve from the point, proved: its polynomial is right, and starts downwards."""
    return follows(case, curve) and bool(curve.leading < 0)


def follows(case: LossPoint, curve: Curve) -> bool:
    """Whether the curve starts at the point and its polynomial is the loss along it: at more points than its degree."""
    start, change = case.value_at(case.point), curve.change
    degree = 2 * len(case.widths) * len(curve.coefficients)  # more than 2 H (number of rows - 1)
    values = [(s, case.value_at(curve(s)) - start) for s in range(-(degree // 2), degree // 2 + 1)]
    right = all(value == sum(c * rational([s])[0] ** p for p, c in enumerate(change)) for s, value in values)
    return right and (curve(0) == case.point).all() and len(change) <= degree


def is_local_minimum(case: LossPoint) -> bool | None:
    """Decided exactly; None where none of the ways decides."""
    net = case.net
    if case.is_squared:
        if case.value_at(case.point) == net.minimum_value():
            return True
        return False if falls(case, descent_curve(net, case.point)) else None
    if case.loss in (ABSOLUTE, DIFFERENCE):
        return corners_are_above(case) or None
    return {Kind.LOCAL_MINIMUM: True, Kind.STRICT_SADDLE: False}.get(classify(net, case.point).kind)


def corners_are_above(case: LossPoint, radius: Fraction = Fraction(1, 4)) -> bool:
    """Whether no value in the box of this radius around the point lies below that at the point.

    The box is cut at the weights that vanish. In each part an absolute loss is affine in every weight, if no residual
    changes its sign there, and the difference of squares is affine in the square of every weight (for widths 1-1-2,
    where R_1 and R_2 are monomials): such functions, and the residuals, attain their extreme values at corners.
    """
    sides = [((-radius, 0), (0, radius)) if x == 0 else ((x - radius, x + radius),) for x in map(Fraction, case.theta)]
    centre = case.value_at(case.point)
    for part in cartesian(*sides):
        corners = [rational(corner) for corner in cartesian(*part)]
        residuals = np.array([case.residual_at(corner).ravel() for corner in corners])
        one_sign = (residuals >= 0).all(0) | (residuals <= 0).all(0)
        if case.loss == ABSOLUTE and not one_sign.all():
            return False
        if any(case.value_at(corner) < centre for corner in corners):
            return False
    return True


def is_global_minimum(case: LossPoint) -> bool:
    """Whether the loss is the least one: known for squares; for the three others a better point is known."""
    value = case.value_at(case.point)
    if case.is_squared:
        return bool(value == case.net.minimum_value())
    return not any(case.value_at(rational(better)) < value for better in BETTER[case])


# 1-1-2, x = 1, y = (0, 1): |w_2 w_1| + |w_3 w_1 - 1| is at least 1 + |w_1| (|w_2| - |w_3|), yet 0 is attained.
KINK = LossPoint((1, 1, 2), ((1,),), ((0,), (1,)), ABSOLUTE, (0, 1, 0))
# 2-1-2 with weights: W_2 = (0, 1)^T, W_1 = (0, 1/2) has the value 1, W_2 = (1, 0)^T, W_1 = (1, 0) the value 1/4.
HALF = Fraction(1, 2)
WEIGHTED = LossPoint((2, 1, 2), ((1, 0), (0, 1)), ((1, 0), (0, HALF)), ((1, 3), (3, 1)), (0, HALF, 0, 1))
# 1-1-2: w_1^2 (w_2^2 - w_3^2) is not negative near w_1 = 0, w_2 = 1, w_3 = 0; R = 0 is a saddle of R_1^2 - R_2^2.
SADDLE = LossPoint((1, 1, 2), ((1,),), ((0,), (0,)), DIFFERENCE, (0, 1, 0))
BETTER = {KINK: ((1, 0, 1),), WEIGHTED: ((1, 0, 1, 0),), SADDLE: ((1, 0, 1),)}  # points of smaller loss


def at_point(case: CriticalPoint) -> LossPoint:
    """The same point as plain data."""
    X, Y, _, _ = case.matrices
    return LossPoint(case.widths, exact_tuple(X), exact_tuple(Y), SQUARED, exact_tuple(case.theta))


def squared_points(*depths: int, where: Callable[[CriticalPoint], bool] = lambda case: True) -> Callable[[], Any]:
    """A callable that gives the strategy: critical points of squared losses, from the whole critical set."""
    return lambda: critical_points(*depths)().filter(where).map(at_point)


def below_largest_rank(case: LossPoint) -> bool:
    """Whether R X (for other losses than squares R) has no more than k - 1 as rank."""
    net = case.net
    R = net.product(case.point)
    if case.is_squared:
        return rank(R @ rational(case.X)) < largest_rank(net)
    return rank(R) < min(case.widths)


@composed
def with_two_zero_layers(draw: Any) -> LossPoint:
    """A weighted square at weights of which two layers vanish: critical for every function of the product."""
    from hypothesis import strategies as st

    H = draw(st.integers(2, 4))
    d = draw(vectors(H + 1, st.integers(1, 3)))
    few, one = st.sampled_from((1, 0, -1, 2)), st.integers(1, 3)
    zero = draw(st.permutations(range(H)))[:2]
    layers = [draw(vectors(b * a, st.just(0) if i in zero else few)) for i, (a, b) in enumerate(pairwise(d))]
    X, Y = draw(matrices(d[0], 2, few)), draw(matrices(d[-1], 2, few))
    return LossPoint(d, X, Y, draw(matrices(d[-1], 2, one)), tuple(x for layer in layers for x in layer))


def slope(case: LossPoint) -> np.ndarray:
    """grad f(R) (d_H d_0,): the gradient of the net of one layer."""
    net = case.net
    shallow = DeepLinearNet((case.widths[0], case.widths[-1]), objective=net.objective)
    return shallow.gradient(net.product(case.point).ravel())


def is_shallow_minimum(case: LossPoint) -> bool | None:
    """Whether R is a local minimum of f over rank R <= k, decided exactly without the layers; None where it is open.

    Below rank k all changes of rank one are allowed: some entry of R lowers f if grad f(R) != 0 (the loss falls for a
    small enough step against it), or at a step that shows it; else a convex f is least there. At rank k the matrices of
    rank k are a manifold, and two layers of width k parametrise it around R with GL(k) as fibre, so the inertia of that
    net decides.
    """
    net, k = case.net, min(case.widths)
    R = net.product(case.point)
    if case.is_squared and case.value_at(case.point) == net.minimum_value():
        return True
    if rank(R) < k:
        one = DeepLinearNet((case.widths[0], case.widths[-1]), objective=net.objective)
        for index in range(R.size):
            for t in (rational(["1/1024"])[0], rational(["-1/1024"])[0]):
                moved = R.ravel().copy()
                moved[index] += t
                if one.loss(moved) < case.value_at(case.point):
                    return False
        return bool(is_zero(slope(case)).all())
    A = column_space(R)
    two = DeepLinearNet((case.widths[0], k, case.widths[-1]), objective=net.objective)
    theta = two.pack(pinv(A) @ R, A)
    signs = inertia(two.hessian(theta))
    if not is_zero(two.gradient(theta)).all() or signs.negative:
        return False
    return True if signs.zero == k * k else None
