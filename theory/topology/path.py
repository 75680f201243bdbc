"""Paths of weights, piecewise polynomial, with a certificate along each segment that the loss does not rise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import comb
from typing import Any

import numpy as np

from theory.arithmetic import FLOAT, RATIONAL, arithmetic_of, as_array, precision, rational, to_float
from theory.topology.certificates import Monotonicity, monotonicity
from theory.topology.monotonicity import greatest
from theory.topology.one_hidden_layer import BITS, OneHiddenLayer, exact


@dataclass(frozen=True, eq=False)
class Path:
    """theta(t), 0 <= t <= N, for a net with one hidden layer: on [i, i + 1] the polynomial sum_k C_i[k] (t - i)^k.

    Parameters
    ----------
    net : a ``ShallowNet``, or a ``DeepNet`` with one hidden layer; floats count at their binary values.
    segments : C_0, ..., C_{N-1} of shapes (degree + 1, n), each beginning exactly where the one before ends.

    >>> from theory.models import ShallowNet
    >>> path = Path.through(ShallowNet(1, [[1, 2]], [0, 0], "relu"), [[1, 0, 1, 0], [1, 0, 0, 0]])
    >>> path([0, "1/2", 1])[:, 2], path.losses([0, "1/2", 1]), path.falls
    (array([1, 1/2, 0], dtype=object), array([5/2, 5/8, 0], dtype=object), True)
    """

    net: Any
    segments: tuple[np.ndarray, ...]

    def __post_init__(self) -> None:
        layer = OneHiddenLayer(self.net)
        segments = tuple(exact(C, "Path: segments") for C in _listed(self.segments, "Path: segments"))
        if not segments:
            raise ValueError("Path: needs at least one segment, got none; a point is a segment of degree 0")
        for i, C in enumerate(segments):
            if C.ndim != 2 or C.shape[1] != layer.net.dim:
                raise ValueError(f"Path: segment {i} needs shape (degree + 1, {layer.net.dim}), got {C.shape}")
        for i, (left, right) in enumerate(pairwise(segments)):
            if (left.sum(0) != right[0]).any():
                raise ValueError(f"Path: must be continuous, got a jump after segment {i}; begin where it ends")
        object.__setattr__(self, "net", layer.net)
        object.__setattr__(self, "segments", segments)

    @classmethod
    def through(cls, net: Any, vertices: Sequence[Any]) -> Path:
        """Straight from vertex to vertex; one vertex alone is a path that rests."""
        points = [OneHiddenLayer(net).point(v, "Path.through") for v in _listed(vertices, "Path.through: vertices")]
        if not points:
            raise ValueError("Path.through: needs at least one vertex, got none")
        legs = [np.stack([a, b - a]) for a, b in pairwise(points)]
        return cls(net, tuple(legs) or (points[0][None],))

    @cached_property
    def layer(self) -> OneHiddenLayer:
        """The net as its paths see it."""
        return OneHiddenLayer(self.net)

    def __len__(self) -> int:
        return len(self.segments)

    @property
    def start(self) -> np.ndarray:
        """theta(0)."""
        return self.segments[0][0]

    @property
    def end(self) -> np.ndarray:
        """theta(N)."""
        return self.segments[-1].sum(0)

    @property
    def vertices(self) -> np.ndarray:
        """theta(0), ..., theta(N) in rationals: (N + 1, n)."""
        return np.stack([*(C[0] for C in self.segments), self.end])

    def __call__(self, t: Any) -> np.ndarray:
        """theta(t): (...) -> (..., n), exact for rational t and in floats for floats.

        Raises
        ------
        ValueError
            Outside [0, N].
        """
        t = as_array(t, "Path: t")
        kind = arithmetic_of(t)
        if kind.name not in (FLOAT, RATIONAL) or t.dtype.kind == "c":
            got = "complex" if t.dtype.kind == "c" else kind.name
            raise TypeError(f"Path: t must be real floats or rationals, got {got} entries; give its real part")
        if (t < 0).any() or (t > len(self)).any():
            raise ValueError(f"Path: t must lie in [0, {len(self)}], got {t.min()} to {t.max()}")
        flat = t.reshape(-1)
        whole = np.floor(flat) if kind.name == FLOAT else np.array([int(x.p // x.q) for x in flat])
        index = np.minimum(whole.astype(int), len(self) - 1)
        s = (flat - index)[:, None]
        C = self._coefficients if kind.name == RATIONAL else self._float_coefficients
        out = C[index, -1]
        for k in range(C.shape[1] - 2, -1, -1):
            out = out * s + C[index, k]
        return out.reshape(*t.shape, self.net.dim)

    @cached_property
    def _coefficients(self) -> np.ndarray:
        """All segments padded to one degree: (N, degree + 1, n)."""
        degree = max(len(C) for C in self.segments)
        out = arithmetic_of(self.start).zeros((len(self), degree, self.net.dim))
        for i, C in enumerate(self.segments):
            out[i, : len(C)] = C
        return out

    @cached_property
    def _float_coefficients(self) -> np.ndarray:
        return to_float(self._coefficients)

    def losses(self, t: Any) -> np.ndarray:
        """L(theta(t)): (...) -> (...); rationals, or balls where activation or loss has no rational values."""
        points = self(t)
        if arithmetic_of(points).name == FLOAT or (self.layer.exact_features and self.layer.exact_loss):
            return self.net.loss(points)
        with precision(BITS):
            flat = [self.layer.loss_at(p) for p in points.reshape(-1, self.net.dim)]
        out = np.empty(len(flat), object)
        out[:] = flat
        return out.reshape(points.shape[:-1])

    def ranks(self) -> tuple[int, ...]:
        """The rank of the feature matrix, with the row of ones if there is an output bias, at each vertex."""
        return tuple(self.layer.rank(v) for v in self.vertices)

    def reversed(self) -> Path:
        """The same way back."""
        return Path(self.net, tuple(_reflected(C) for C in self.segments[::-1]))

    def __add__(self, other: Path) -> Path:
        """One path after the other, of the same net."""
        if not isinstance(other, Path):
            return NotImplemented
        nets = [(p.net.dim, p.net.X.tolist(), p.layer.targets.tolist(), p.net.activation) for p in (self, other)]
        if nets[0] != nets[1]:
            raise ValueError("Path: needs two paths of one net, got nets with other widths, data or activations")
        return Path(self.net, (*self.segments, *other.segments))

    # Certificates

    @cached_property
    def certificate(self) -> tuple[Monotonicity, ...]:
        """What is proved along each segment."""
        with precision(BITS):
            return tuple(monotonicity(self.layer, C) for C in self.segments)

    @property
    def falls(self) -> bool | None:
        """Whether the loss never increases along the path: True, False, or None where that is not decided."""
        answers = {c.falls for c in self.certificate}
        return False if False in answers else None if None in answers else True

    @property
    def rise(self) -> Any:
        """An upper bound of the sum of the rises of all segments."""
        return sum((c.rise for c in self.certificate), start=rational([0])[0])

    @property
    def barrier(self) -> Any:
        """The greatest loss along the path: a rational, or a ball that contains it."""
        with precision(BITS):
            return greatest([c.highest for c in self.certificate])


def _listed(items: Any, name: str) -> list[Any]:
    if not hasattr(items, "__iter__"):
        raise TypeError(f"{name} must be a sequence, got {type(items).__name__}; put it into a list")
    return list(items)


def _reflected(C: np.ndarray) -> np.ndarray:
    """The coefficients of the segment run backwards, s -> 1 - s."""
    return np.stack([sum(C[k] * (comb(k, j) * (-1) ** j) for k in range(j, len(C))) for j in range(len(C))])
