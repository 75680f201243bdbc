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


def tangent_gradient(model: Any, theta: np.ndarray) -> np.ndarray:
    """The Riemannian gradient (n,), in ambient coordinates."""
    g = np.asarray(model.gradient(theta))
    return g if is_flat(model) else model.manifold.riemannian_gradient(theta, g)


def tangent_hessian(model: Any, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """(F^T Hess F, F) with columns F that span the tangent space: the inertia of the Riemannian Hessian; F is None in R^n."""
    H = np.asarray(model.hessian(theta))
    if is_flat(model):
        return H, None
    H = model.manifold.riemannian_hessian(theta, model.gradient(theta), H)
    F = model.manifold.tangent_frame(theta)
    return F.T @ H @ F, F


def refuse_off_manifold(model: Any, theta: np.ndarray) -> bool:
    """True for a point of the manifold (floats: up to rounding; balls: a box that meets it); ValueError otherwise."""
    radius_squared = getattr(getattr(model, "manifold", None), "radius_squared", None)
    if radius_squared is None:
        return True
    kind = arithmetic_of(theta)
    r2, length = kind.convert(as_array([radius_squared]))[0], dot(theta, theta)
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
