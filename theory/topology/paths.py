"""Constructive paths of nets with one hidden layer: down to optimal outputs, between two points, to the constants.

D+ is the dimension of the span of all features and the constant 1 on the inputs. From width D+ - 1 on there are no
spurious valleys, from D+ on every sublevel set is connected; above the best constant loss it always is.

Source: petersenzech2024, proof of Proposition 12.4, corrected; the widths: own derivation.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from theory.arithmetic import flint, rational
from theory.calculus.exact_linalg import rank
from theory.errors import Undecided
from theory.topology.one_hidden_layer import BITS, OneHiddenLayer, exact
from theory.topology.optimal_outputs import optimal_outputs
from theory.topology.path import Path
from theory.topology.walk import Walk

SMALL = 2 ** -(BITS // 4)  # a rise below this is the rounding of features that have no rational values


def descending_path(net: Any, theta: Any, target_outputs: Any = None) -> Path:
    """From theta to a point with the target outputs, the loss never increasing: at most 2 (D+ - r_0) + 1 segments.

    The loss is constant on all segments but the last, on which the outputs go straight to the target. Where the
    activation has no rational values, features are rounded to 384 binary places: the path is exact, and the certified
    rise of the loss along it is below 2^-96.

    Parameters
    ----------
    net : a ``ShallowNet`` with a convex loss or a ``DeepNet`` with one hidden layer, of width at least D+ - 1 with an
        output bias and D+ without.
    theta : (n,), rationals, or floats at their binary values.
    target_outputs : (m,), or (p, m) for p outputs, equal on repeated inputs: optimal, or such that the loss falls
        towards them; by default ``optimal_outputs(net)``.

    Raises
    ------
    ValueError
        If the width is too small, no net has these outputs, or the loss rises towards them.

    >>> from theory.models import ShallowNet
    >>> net = ShallowNet(3, [[0, 1, 2]], [0, 1, 2], "relu")
    >>> path = descending_path(net, [0, 0, 0, -1, -1, -1, 1, 2, 3, 1])
    >>> path.ranks(), path.losses(range(6)), path.falls
    ((1, 1, 2, 2, 3, 3), array([2/3, 2/3, 2/3, 2/3, 2/3, 0], dtype=object), True)
    """
    layer = OneHiddenLayer(net)
    theta = layer.point(theta, "descending_path")
    least = layer.dimension - layer.output_bias
    _require_width(layer, least, "descending_path", "D+ - 1" if layer.output_bias else "D")
    walk = Walk(layer, theta)
    walk.descend(_on_distinct(layer, _target(layer, target_outputs, "descending_path")))
    path = walk.path()
    given = target_outputs is not None
    if given and path.certificate[-1].falls is False and not _negligible(path, path.certificate[-1].rise):
        raise ValueError(
            "descending_path: needs target_outputs towards which the loss falls, got a rise; give optimal ones"
        )
    return _certified(path)


def connecting_path(net: Any, a: Any, b: Any, target_outputs: Any = None) -> Path:
    """From a to b with loss at most max(L(a), L(b)): down from both to the same outputs, then at constant loss.

    Between two nets with the same outputs and features of full rank, one neuron is always free: it takes a feature of
    b, which replaces a feature in use (Steinitz); free slots then permute the neurons.

    Parameters
    ----------
    net : as for ``descending_path``, one neuron wider: width at least D+ with an output bias, D + 1 without.
    a, b : (n,), rationals, or floats at their binary values.
    target_outputs : as for ``descending_path``, for both ends.
    """
    layer = OneHiddenLayer(net)
    least = layer.dimension + 1 - layer.output_bias
    _require_width(layer, least, "connecting_path", "D+" if layer.output_bias else "D + 1")
    a, b = layer.point(a, "connecting_path"), layer.point(b, "connecting_path")
    target = _target(layer, target_outputs, "connecting_path")
    down = descending_path(net, a, target)
    up = descending_path(net, b, target)
    walk = Walk(layer, down.end)
    walk.exchange(*layer.split(up.end), _on_distinct(layer, target))
    return down + _certified(walk.path()) + up.reversed()


def path_to_constants(net: Any, theta: Any, constant: Any = None) -> Path:
    """From theta to W = 0, b = 0, a = 0 with a constant output: loss at most max(L(theta), loss of the constant).

    First the outgoing weights go to 0 and the output bias to the constant, straight: the loss is convex there. Then the
    hidden weights, no longer in use, go to 0.

    Parameters
    ----------
    net : a ``ShallowNet`` with an output bias and a convex loss, or a ``DeepNet`` with one hidden layer; any width.
    theta : (n,), rationals, or floats at their binary values.
    constant : the output, a number or (p,); by default the mean target, best for the squared loss.
    """
    layer = OneHiddenLayer(net)
    if not layer.output_bias:
        raise ValueError("path_to_constants: needs an output bias, got a net without; its constants are no outputs")
    theta = layer.point(theta, "path_to_constants")
    H, A = layer.split(theta)
    if constant is None:
        if layer.loss.name != "squared":
            name = layer.loss.name
            raise ValueError(f"path_to_constants: needs a constant for the {name} loss, got none; give the best one")
        value = layer.Y.sum(-1) / rational([layer.Y.shape[-1]])[0]
    else:
        value = exact(constant, "path_to_constants: constant").reshape(-1)
        if value.size != len(A):
            raise ValueError(f"path_to_constants: constant needs {len(A)} entries, got {value.size}")
    B = 0 * A
    B[:, -1] = value
    return Path.through(layer.net, [theta, layer.join(H, B), layer.join(0 * H, B)])


def _require_width(layer: OneHiddenLayer, least: int, where: str, name: str) -> None:
    if layer.width < least:
        raise ValueError(
            f"{where}: width must be at least {name} = {least} on these inputs, got {layer.width}; below it there may "
            "be no such path: widen the net"
        )
    if not getattr(layer.loss, "convex", False):
        raise ValueError(f"{where}: needs a loss that is convex in the outputs, got {layer.loss.name}")


def _target(layer: OneHiddenLayer, target: Any, where: str) -> np.ndarray:
    """Target outputs (p, m) in rationals that some net attains."""
    F = optimal_outputs(layer.net) if target is None else exact(target, f"{where}: target_outputs")
    if F.shape not in (layer.targets.shape, layer.Y.shape):
        raise ValueError(f"{where}: target_outputs needs shape {layer.targets.shape}, got {F.shape}")
    F = F.reshape(layer.Y.shape)
    if rank(np.concatenate([layer.span, F])) > layer.dimension:
        raise ValueError(
            f"{where}: target_outputs must lie in the span of all features, of dimension {layer.dimension} on "
            f"{layer.Y.shape[1]} samples, got others; repeated inputs need equal outputs, and optimal_outputs(net) fit"
        )
    return F


def _on_distinct(layer: OneHiddenLayer, F: np.ndarray) -> np.ndarray:
    return F[:, layer.first]


def _certified(path: Path) -> Path:
    """The path, if the rise of the loss along it is 0, or that of rounded features."""
    if not path.falls and not _negligible(path, path.rise):
        raise Undecided(
            f"Path: needs features well separated from dependence, got a rise of at most {path.rise}; move theta"
        )
    return path


def _negligible(path: Path, rise: Any) -> bool:
    """Whether a rise is that of rounding: never where everything is exact."""
    layer = path.layer
    return not (layer.exact_features and layer.exact_loss) and bool(flint().arb(rise) < SMALL)
