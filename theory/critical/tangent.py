"""Gradient and Hessian on the tangent space of the model's manifold; R^n for a model without one."""

from __future__ import annotations

from typing import Any

import numpy as np

from theory.arithmetic import BALL, RATIONAL, arithmetic_of, as_array
from theory.calculus.tolerance import rounding
from theory.manifolds.euclidean import Euclidean, dot


def is_flat(model: Any) -> bool:
    """Whether the weights move freely in R^n."""
    return isinstance(getattr(model, "manifold", None), Euclidean | None)


def gradient_at(model: Any, theta: np.ndarray) -> np.ndarray:
    """The gradient (n,) in the ambient space, in one arithmetic."""
    return _of_shape(model.gradient(theta), theta.shape, "gradient")


def hessian_at(model: Any, theta: np.ndarray) -> np.ndarray:
    """The Hessian (n, n) in the ambient space, in one arithmetic."""
    return _of_shape(model.hessian(theta), 2 * theta.shape, "hessian")


def _of_shape(a: Any, shape: tuple[int, ...], name: str) -> np.ndarray:
    out = as_array(a, f"classify: {name}")
    if out.shape != shape:
        raise ValueError(f"classify: {name} needs shape {shape} at one point, got {out.shape}; correct the model")
    return out


def tangent_gradient(model: Any, theta: np.ndarray) -> np.ndarray:
    """The Riemannian gradient (n,), in ambient coordinates."""
    g = gradient_at(model, theta)
    return g if is_flat(model) else model.manifold.riemannian_gradient(theta, g)


def tangent_hessian(model: Any, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """(F^T Hess F, F) for columns F that span the tangent space: its inertia is the Hessian's; F is None in R^n."""
    H = hessian_at(model, theta)
    if is_flat(model):
        return H, None
    H = model.manifold.riemannian_hessian(theta, gradient_at(model, theta), H)
    F = model.manifold.tangent_frame(theta)
    return F.T @ H @ F, F


def refuse_off_manifold(model: Any, theta: np.ndarray) -> bool:
    """True for a point of the manifold (floats: up to rounding; balls: a box that meets it); ValueError otherwise."""
    radius_squared = getattr(getattr(model, "manifold", None), "radius_squared", None)
    if radius_squared is None:
        return True
    kind = arithmetic_of(theta)
    r2: Any = kind.convert(as_array([radius_squared]))[0]
    length: Any = dot(theta, theta)
    if kind.name == RATIONAL:
        on = length == r2
    elif kind.name == BALL:
        on = length.overlaps(r2)
    else:
        on = abs(length - r2) <= rounding(theta.dtype, len(theta) + 2, r2)
    if not on:
        raise ValueError(
            f"classify: theta must lie on the sphere |theta|^2 = {radius_squared}, got |theta|^2 = {length}; "
            "rescale it, or take a ball around the irrational point"
        )
    return True
