"""Outputs of least loss among those of nets of sufficient width, where they are known in closed form."""

from __future__ import annotations

from typing import Any

import numpy as np

from theory.arithmetic import arithmetic_of, rational
from theory.calculus.exact_linalg import pinv, solve
from theory.errors import Degenerate
from theory.losses import Absolute, Logistic, Squared, Weighted
from theory.topology.one_hidden_layer import OneHiddenLayer


def optimal_outputs(net: Any) -> np.ndarray:
    """The outputs of least loss in the span of all features: (m,), or (p, m); exact.

    Least squares for the squared and the weighted loss, medians over repeated inputs for the absolute one, and the
    targets themselves for any other loss that vanishes where f = y, if repeated inputs have equal targets.

    Raises
    ------
    Degenerate
        For the logistic loss where an input has one label only: the infimum is not attained.
    ValueError
        Where no rational closed form is known: give the outputs.
    """
    layer = OneHiddenLayer(net)
    Y, G, loss = layer.Y, layer.span, layer.loss
    if isinstance(loss, Squared | Weighted):
        weights = rational(np.ones(Y.shape, int))
        if isinstance(loss, Weighted):
            given = arithmetic_of(Y).convert(np.asarray(loss.weights))
            weights = weights * np.broadcast_to(given, layer.targets.shape).reshape(Y.shape)
        F = np.stack([_least_squares(G, y, w) for y, w in zip(Y, weights, strict=True)])
    elif len(G) < len(layer.first):
        raise ValueError(f"optimal_outputs: the {loss.name} loss needs them given for a polynomial activation")
    elif isinstance(loss, Absolute):
        F = np.stack([_medians(y, layer.group) for y in Y])
    elif isinstance(loss, Logistic):
        raise _not_attained(layer)
    elif (Y == Y[:, layer.first][:, layer.group]).all() and _vanishes(layer):
        F = np.array(Y)
    else:
        raise ValueError(f"optimal_outputs: no closed form for the {loss.name} loss and these data; give the outputs")
    return F[0] if layer.shallow else F


def _least_squares(G: np.ndarray, y: np.ndarray, w: np.ndarray) -> np.ndarray:
    """argmin sum_i w_i (f_i - y_i)^2 over the row space of G (D, m); weights may vanish."""
    if (w > 0).all():
        return solve((G * w) @ G.T, (G * w) @ y) @ G
    return pinv((G * w) @ G.T) @ ((G * w) @ y) @ G


def _medians(y: np.ndarray, group: np.ndarray) -> np.ndarray:
    """The lower median of the targets of each input, at its samples."""
    out = y.copy()
    for g in range(group.max() + 1):
        values = sorted(y[group == g])
        out[group == g] = values[(len(values) - 1) // 2]
    return out


def _not_attained(layer: OneHiddenLayer) -> Exception:
    labels = layer.net.y
    if all(len(set(map(str, labels[layer.group == g]))) == 2 for g in range(len(layer.first))):
        return ValueError(
            "optimal_outputs: needs rational optimal outputs, got logits log(n+/n-); give outputs near them towards "
            "which the loss falls"
        )
    return Degenerate(
        "optimal_outputs: the logistic loss needs both labels at every input, got an input with one, so its infimum is "
        "not attained; give finite target_outputs, such as R y with R at least the largest margin y f"
    )


def _vanishes(layer: OneHiddenLayer) -> bool:
    """Whether the loss is 0 where the outputs are the targets, the least value of the losses of ``theory.losses``."""
    return bool((layer.loss.value(layer.targets, layer.targets) == 0).all())
