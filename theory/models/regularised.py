"""Any net with layers, and a penalty on each weight: loss + sum_i <Lambda_i, W_i o W_i>."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from theory import arrays
from theory.arithmetic import BALL, RATIONAL, SYMBOLIC, arithmetic_of, as_array, common_arithmetic
from theory.landscape import Kind, Model, Point, Traits, batched, written
from theory.models import chain_symmetries as symmetries
from theory.models.deep_linear import DeepLinearNet
from theory.models.shallow_net import ShallowNet

_MEMBERS = ("layout", "dim", "traits", "loss", "gradient", "hessian", "hvp")


@dataclass(frozen=True, eq=False, init=False)
class RegularisedNet(Model):
    """net.loss + sum_i sum_ab Lambda_i,ab W_i,ab^2: weight decay with a weight of its own for each entry.

    The weights enter linearly, so rational ones stay rational: this is ||sqrt(Lambda_i) o W_i||_F^2 in the notation in
    which the penalty is the norm of an entrywise product. All derivatives are those of the net, plus a diagonal.

    Parameters
    ----------
    net : a model with layers: ``layout``, ``loss``, ``gradient``, ``hessian``, ``hvp``.
    weights : Lambda >= 0: one number for all entries, or one number or array for each layer of the layout, or (n,).

    Source: mehta2022, generalised L2 regularisation, in the form of; without their factor 1/2.

    >>> net = RegularisedNet(DeepLinearNet((1, 1, 1), [[1]], [[2]]), [1, "1/2"])
    >>> net.loss([1, 1]), net.gradient([1, 1])
    (5/2, array([0, -1], dtype=object))
    """

    net: Any
    weights: np.ndarray

    def __init__(self, net: Any, weights: Any) -> None:
        missing = [name for name in _MEMBERS if not hasattr(net, name)]
        if missing or isinstance(net, type):
            lacks = "a class; build an instance of it" if isinstance(net, type) else f"no {', no '.join(missing)}"
            raise TypeError(f"RegularisedNet: needs a model with layers and derivatives, got {lacks}")
        object.__setattr__(self, "net", net)
        object.__setattr__(self, "weights", _flat_weights(weights, net.layout))

    @property
    def loss_normalisation(self) -> str:  # type: ignore[override]
        """That of the net, and the penalty."""
        return f"{getattr(self.net, 'loss_normalisation', 'loss of the net')}, plus sum of Lambda w^2, no 1/2"

    @property
    def layout(self) -> arrays.Layout:
        return self.net.layout

    @property
    def manifold(self) -> Any:  # type: ignore[override]
        """That of the net."""
        return getattr(self.net, "manifold", None) or super().manifold

    @property
    def Lambda(self) -> tuple[np.ndarray, ...]:
        """The weights layer by layer, each in the shape of its layer."""
        return arrays.unpack(self.weights, self.layout)

    @cached_property
    def traits(self) -> Traits:
        net, hidden = self.net.traits, [rows for _, (rows, *_) in self.layout[:-1]] if self._is_chain else []
        return Traits(
            smooth=net.smooth,
            analytic=net.analytic,
            polynomial_degree=None if net.polynomial_degree is None else max(net.polynomial_degree, 2),
            has_samples=False,
            squares=net.squares,
            symmetry=" x ".join(
                f"O({d})" if free else f"O(1)^{d}" for d, free in zip(hidden, self._rotates, strict=True)
            ),
        )

    @property
    def _is_chain(self) -> bool:
        return type(self.net) is DeepLinearNet

    @cached_property
    def _rotates(self) -> list[bool]:
        """For each hidden layer of a chain, whether the penalty is the same for all units, so that O(d) acts."""
        L = self.Lambda if self._is_chain else ()
        same = [(_equal(a, a[:1]), _equal(a, a[:, :1])) for a in L]
        return [incoming and outgoing for (incoming, _), (_, outgoing) in pairwise(same)]

    def _constants(self) -> tuple[np.ndarray, ...]:
        return (self.weights,)

    def _entries(self, method: str) -> int:
        return 2 * self.dim + (self.net._entries(method) if isinstance(self.net, Model) else self.dim**2)

    def _weights(self, theta: np.ndarray) -> np.ndarray:
        return self._in(arithmetic_of(theta))[0]

    @batched
    def loss(self, theta: Any) -> np.ndarray:
        """(..., n) -> (...)."""
        return self.net.loss(theta) + (self._weights(theta) * theta * theta).sum(-1)

    @batched
    def residuals(self, theta: Any) -> np.ndarray:
        """Those of the net, and sqrt(Lambda) w for each weight, at floats: (..., n) -> (..., k + n)."""
        return np.concatenate([self.net.residuals(theta), np.sqrt(self._weights(theta)) * theta], axis=-1)

    @batched
    def gradient(self, theta: Any) -> np.ndarray:
        """G_i + 2 Lambda_i o W_i: (..., n) -> (..., n)."""
        return self.net.gradient(theta) + 2 * (self._weights(theta) * theta)

    @written
    def hessian(self, theta: Any, out: Any = None) -> None:
        """The Hessian of the net + 2 diag(Lambda): (..., n) -> (..., n, n)."""
        self.net.hessian(theta, out=out)
        diagonal = np.einsum("...ii->...i", out)
        diagonal += 2 * self._weights(theta)

    @batched
    def hvp(self, theta: Any, v: Any) -> np.ndarray:
        """Hessian times v; theta and v broadcast."""
        return self.net.hvp(theta, v) + 2 * (self._weights(theta) * v)

    @batched
    def smooth_at(self, theta: Any) -> np.ndarray:
        """Whether the net is smooth there: (..., n) -> (...)."""
        if hasattr(self.net, "smooth_at"):
            return self.net.smooth_at(theta)
        return np.full(theta.shape[:-1], self.traits.smooth)

    def symmetry_directions(self, theta: Any) -> np.ndarray:
        """W_i -> xi W_i, W_{i+1} -> -W_{i+1} xi for xi = E_ab - E_ba, a < b, in the layers with O(d_i): (..., k, n)."""
        theta = self._points(theta)
        if not any(self._rotates):
            return super().symmetry_directions(theta)
        linear, start, chosen = symmetries.directions(theta, self.layout), 0, []
        for (_, (d, _)), free in zip(self.layout[:-1], self._rotates, strict=True):
            a, b = np.triu_indices(d, 1)
            if free and len(a):
                chosen.append(linear[..., start + a * d + b, :] - linear[..., start + b * d + a, :])
            start += d * d
        return np.concatenate(chosen, axis=-2) if chosen else super().symmetry_directions(theta)

    def symmetry_images(self, theta: Any) -> np.ndarray:
        """Images under a sign flip of the first unit in each hidden layer, and a rotation of two where O(d) acts."""
        theta = self._points(theta)
        kind, images = arithmetic_of(theta), []
        W = arrays.unpack(theta, self.layout)
        for i, free in enumerate(self._rotates):
            d = W[i].shape[-2]
            flip = kind.eye(d)
            flip[0, 0] = -flip[0, 0]
            turns = [flip]
            if free and d > 1:
                c, s = kind.fraction(3, 5), kind.fraction(4, 5)
                turn = kind.eye(d)
                turn[:2, :2] = np.array([[c, -s], [s, c]], turn.dtype)
                turns.append(turn)
            images += [self._flat(*W[:i], g @ W[i], W[i + 1] @ g.T, *W[i + 2 :]) for g in turns]
        return np.stack(images) if images else super().symmetry_images(theta)

    def minimum_value(self) -> Any:
        """That of the net if the origin attains it (zero targets, say) or nothing is penalised; else None: unknown."""
        least, kind = getattr(self.net, "minimum_value", lambda: None)(), arithmetic_of(self.weights)
        if least is None or kind.name in (BALL, SYMBOLIC):
            return None
        free = not self.weights.any() if kind.name != RATIONAL else all(w == 0 for w in self.weights)
        return least if free or self.net.loss(kind.zeros(self.dim)) == least else None

    def known_points(self) -> Iterable[Point]:
        """The origin of a chain of at least two layers on rational data, where the signs of its Hessian decide.

        For H >= 3 the Hessian there is 2 diag(Lambda).
        """
        from theory.calculus.inertia import inertia

        points = list(self.net.known_points()) if self._is_chain else []
        if not points or {arithmetic_of(points[0].theta).name, arithmetic_of(self.weights).name} != {RATIONAL}:
            return
        origin, value = points[0].theta, points[0].loss
        signs = inertia(self.hessian(origin))
        if value == self.minimum_value():
            yield Point("origin", origin, Kind.GLOBAL_MINIMUM, value)
        elif signs.negative and signs.positive:
            yield Point("origin", origin, Kind.STRICT_SADDLE, value)
        elif signs.positive == self.dim:
            yield Point("origin", origin, Kind.LOCAL_MINIMUM, value)

    @classmethod
    def instances(cls) -> Iterable[tuple[str, RegularisedNet]]:
        """Entrywise, layerwise and vanishing penalties of chains; ResNets and shallow nets; kinks; floats."""
        from theory.models.linear_resnet import LinearResNet

        scalar = DeepLinearNet((1, 1, 1, 1), [[1]], [[1]])
        wide = DeepLinearNet((2, 2, 2), [[1, 0, 1], [0, 2, 1]], [[1, 1, 0], [3, 0, "1/2"]])
        yield "scalar chain, depth 3", cls(scalar, "1/10")
        yield "scalar chain, depth 2", cls(DeepLinearNet((1, 1, 1), [[1, 2]], [[3, 1]]), [1, "1/3"])
        yield "one layer", cls(DeepLinearNet((2, 1), [[1, 0], [0, 1]], [[1, 2]]), [[[1, "1/2"]]])
        yield "entrywise 2-2-2", cls(wide, [[[1, 2], [3, "1/2"]], [["1/5", 1], [2, 7]]])
        yield "isotropic 2-2-2", cls(wide, ["1/2", 3])
        yield "one isotropic layer 1-2-2-1", cls(DeepLinearNet((1, 2, 2, 1), [[1]], [[2]]), [1, 2, [[1, 3]]])
        yield "no penalty", cls(wide, 0)
        yield "zero targets", cls(DeepLinearNet((1, 2, 1), [[1, 1]], [[0, 0]]), 1)
        yield "resnet", cls(LinearResNet(2, [[1, 0], [0, 1]], [[2, 1], [0, -1]]), [1, "1/4"])
        yield "shallow net", cls(ShallowNet(2, [[1, 2, 0]], [0, 1, 2], activation="square"), [1, 2, "1/3", 0])
        yield "kinks", cls(ShallowNet(2, [[1, 2, 0]], [0, 1, 2], activation="relu"), "1/4")
        yield "floats", cls(DeepLinearNet((2, 1, 2), [[0.5, -1.0], [1.5, 0.3]], [[1.0, 0.2], [0.0, 1.1]]), [0.5, 0.25])


def _flat_weights(weights: Any, layout: arrays.Layout) -> np.ndarray:
    """Lambda as a read-only vector (n,) of one arithmetic."""
    n = arrays.size_of(layout)
    if _is_number(weights):
        weights = [weights] * len(layout)
    elif isinstance(weights, np.ndarray) and weights.shape == (n,) and n != len(layout):
        weights = arrays.unpack(weights, layout)
    if len(weights) != len(layout):
        names = ", ".join(name for name, _ in layout)
        raise ValueError(
            f"RegularisedNet: weights need one number, or one entry for each of {names}, got {len(weights)} entries; "
            "a layer's entry is a number or an array of its shape"
        )
    parts = [_layer_weights(w, name, shape) for w, (name, shape) in zip(weights, layout, strict=True)]
    kind = common_arithmetic(*parts)
    return arrays.frozen(np.concatenate([kind.convert(p) for p in parts]))


def _is_number(w: Any) -> bool:
    return not isinstance(w, list | tuple | np.ndarray) or (isinstance(w, np.ndarray) and w.ndim == 0)


def _layer_weights(w: Any, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """The nonnegative weights of one layer, flat."""
    number = _is_number(w)
    a = as_array([w[()] if isinstance(w, np.ndarray) else w] if number else w, f"RegularisedNet: weights of {name}")
    if number:
        a = np.full(shape, a[0], a.dtype)
    if a.shape != shape:
        raise ValueError(f"RegularisedNet: weights of {name} need shape {shape} or one number, got shape {a.shape}")
    flat = arrays.vector(a.ravel(), "RegularisedNet", f"weights of {name}")
    if arithmetic_of(flat).name != SYMBOLIC and any(x < 0 for x in flat):
        least = next(x for x in flat if x < 0)
        raise ValueError(f"RegularisedNet: weights of {name} must be at least 0, got {least}; penalties do not reward")
    return flat


def _equal(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether the entries are the same numbers, b broadcast: balls only if they are exact."""
    return bool(np.all([x == y for x, y in zip(a.flat, np.broadcast_to(b, a.shape).flat, strict=True)]))
