"""Output losses: value, gradient and Hessian in the outputs, entry by entry.

Every loss here is a sum over outputs of a function of (f, y), so its Hessian in the outputs is diagonal and all three
methods return arrays of the shape of ``f``. Outputs and targets have shape (..., d_out, m), or (..., m). A loss may say
by ``check_targets(Y, where)`` which targets it accepts; the models ask when they are built.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np

from theory.activations import named
from theory.arithmetic import SYMBOLIC, arithmetic_of, as_array, is_zero, sign
from theory.arrays import frozen
from theory.errors import UnknownName


@dataclass(frozen=True)
class Squared:
    """(f - y)^2."""

    name: ClassVar[str] = "squared"
    smooth: ClassVar[bool] = True
    convex: ClassVar[bool] = True

    def value(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        return (f - y) * (f - y)

    def gradient(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        return 2 * (f - y)

    def hessian(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        return 0 * (f - y) + 2


@dataclass(frozen=True, eq=False)
class Weighted:
    """weights * (f - y)^2 with weights that broadcast against the outputs."""

    weights: Any
    name: ClassVar[str] = "weighted"
    smooth: ClassVar[bool] = True
    convex: ClassVar[bool] = True

    def __post_init__(self) -> None:
        weights = frozen(as_array(self.weights, "Weighted: weights"))
        if weights.dtype.kind == "c":
            raise TypeError(f"Weighted: weights must be real, got {weights.dtype}; give the real part")
        if (sign(weights) < 0).any():
            raise ValueError("Weighted: weights must not be negative, or the loss is not convex")
        object.__setattr__(self, "weights", weights)

    def check_targets(self, Y: np.ndarray, where: str) -> None:
        """Refuse weights that do not broadcast to the targets: they would multiply the outputs."""
        lead = Y.ndim - self.weights.ndim
        if lead < 0 or any(k not in (1, n) for k, n in zip(self.weights.shape, Y.shape[lead:], strict=True)):
            raise ValueError(
                f"{where}: weights of the loss must broadcast to the shape {Y.shape} of the targets, "
                f"got {self.weights.shape}; give one weight, one a target, or a column with one an output"
            )

    def _in(self, f: np.ndarray) -> np.ndarray:
        return arithmetic_of(f).convert(self.weights)

    def value(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        return self._in(f) * ((f - y) * (f - y))

    def gradient(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        return 2 * self._in(f) * (f - y)

    def hessian(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        return 0 * (f - y) + 2 * self._in(f)

    def __reduce__(self) -> tuple:
        return Weighted, (np.array(self.weights),)


def _signs(e: np.ndarray) -> np.ndarray:
    """sign(e) in the arithmetic of e."""
    kind, s = arithmetic_of(e), sign(e)
    return kind.indicator(s > 0) - kind.indicator(s < 0)


@dataclass(frozen=True)
class Absolute:
    """|f - y|; gradient sign(f - y), with 0 at the kink."""

    name: ClassVar[str] = "absolute"
    smooth: ClassVar[bool] = False
    convex: ClassVar[bool] = True

    def value(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        e = f - y
        return e * _signs(e)

    def gradient(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        return _signs(f - y)

    def hessian(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        return 0 * (f - y)

    def smooth_at(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Elementwise: f is not at the kink."""
        return sign(f - y) != 0


@dataclass(frozen=True)
class Huber:
    """e^2 for |e| <= delta, 2 delta |e| - delta^2 beyond, with e = f - y."""

    delta: int | Fraction = 1
    name: ClassVar[str] = "huber"
    smooth: ClassVar[bool] = False
    convex: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not isinstance(self.delta, int | Fraction) or self.delta <= 0:
            raise ValueError(f"Huber: delta must be a positive int or Fraction, got {self.delta!r}")

    def _clip(self, f: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(e, clipped e, 1 inside and 0 outside), in the arithmetic of f."""
        e = f - y
        kind = arithmetic_of(e)
        delta = kind.fraction(*Fraction(self.delta).as_integer_ratio())
        above, below = sign(e - delta) > 0, sign(e + delta) < 0
        inside = kind.indicator(~(above | below))
        return e, e * inside + delta * (kind.indicator(above) - kind.indicator(below)), inside

    def value(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        e, c, _ = self._clip(f, y)
        return c * (2 * e - c)

    def gradient(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        return 2 * self._clip(f, y)[1]

    def hessian(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        return 2 * self._clip(f, y)[2]

    def smooth_at(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Elementwise: |f - y| is not delta, where the second derivative jumps."""
        e = f - y
        delta = arithmetic_of(e).fraction(*Fraction(self.delta).as_integer_ratio())
        return (sign(e - delta) != 0) & (sign(e + delta) != 0)


@dataclass(frozen=True)
class Logistic:
    """log(1 + exp(-y f)) for labels y = +-1; no rational values."""

    name: ClassVar[str] = "logistic"
    smooth: ClassVar[bool] = True
    convex: ClassVar[bool] = True

    def value(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        return named("softplus")(-y * f)

    def gradient(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        return -y * named("logistic")(-y * f)

    def hessian(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        return y * y * named("logistic").jet(-y * f, 1)[1]

    def check_targets(self, Y: np.ndarray, where: str) -> None:
        """Refuse labels other than +-1; a symbol stands for any label."""
        if arithmetic_of(Y).name != SYMBOLIC and not (labels := is_zero(Y * Y - 1)).all():
            label = Y[~labels][0]
            raise ValueError(f"{where}: labels of the logistic loss must be +1 or -1, got {label}; map 0, 1 to 2 y - 1")


SQUARED = Squared()

LOSSES: dict[str, Any] = {loss.name: loss for loss in (Squared, Weighted, Absolute, Huber, Logistic)}


def loss_named(loss: Any) -> Any:
    """A loss object from itself or from the name of one without parameters."""
    if isinstance(loss, str):
        by_name = [name for name in LOSSES if name != Weighted.name]
        if loss not in by_name:
            raise UnknownName(f"loss: one of {', '.join(by_name)}, or an object like Weighted(weights), got {loss!r}")
        return LOSSES[loss]()
    missing = [m for m in ("name", "smooth", "value", "gradient", "hessian") if not hasattr(loss, m)]
    if missing:
        raise TypeError(f"loss: needs name, smooth, value, gradient, hessian; {loss!r} lacks {', '.join(missing)}")
    return loss


