"""One model in two arithmetics: what floats give lies near what balls enclose."""

import numpy as np

from theory.arithmetic import to_float


def require_floats_near_balls(net, theta, exact, v, bound):
    """Loss, gradient, Hessian and hvp at the floats theta (..., n), within ``bound`` of those at the same balls."""
    H = net.hessian(exact)
    for got, want in (
        (net.loss(theta), net.loss(exact)),
        (net.gradient(theta), net.gradient(exact)),
        (net.hessian(theta), H),
        (net.hvp(theta, to_float(v)), (H @ v[..., None])[..., 0]),
    ):
        assert np.abs(got - to_float(want)).max() <= bound
