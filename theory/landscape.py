"""The contract between models and everything that asks them questions: Landscape, Traits, Kind, Classification."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

import numpy as np

from theory import arrays
from theory.arithmetic import Arithmetic, arithmetic_of


@runtime_checkable
class Landscape(Protocol):
    """The least that a user's own model must offer: a number of parameters and a batched loss."""

    @property
    def dim(self) -> int:
        """Number of parameters n."""

    def loss(self, theta: Any) -> np.ndarray:
        """(..., n) -> (...)."""


@dataclass(frozen=True)
class Traits:
    """What a model says of itself; every entry has a check in ``theory.checks`` and none is trusted.

    Attributes
    ----------
    smooth : twice continuously differentiable everywhere.
    analytic : accepts complex theta, so that derivatives by the complex step exist.
    polynomial_degree : total degree of the loss in theta, None if it is no polynomial (or the degree is unknown).
    homogeneous_degree : d with loss(t theta) = t^d loss(theta) for t > 0, else None.
    layer_groups : groups of layout names; scaling one group by t > 0 and another by 1/t leaves the loss unchanged.
    has_samples : loss == sample_weight * sample_losses.sum(-1).
    symmetry : the group that leaves the loss unchanged, in words.
    """

    smooth: bool = True
    analytic: bool = True
    polynomial_degree: int | None = None
    homogeneous_degree: int | None = None
    layer_groups: tuple[tuple[str, ...], ...] = ()
    has_samples: bool = True
    symmetry: str = ""


class Kind(enum.StrEnum):
    """What a point of a landscape is."""

    GLOBAL_MINIMUM = "global minimum"
    LOCAL_MINIMUM = "local minimum"
    STRICT_SADDLE = "strict saddle"
    NON_STRICT_SADDLE = "non-strict saddle"
    LOCAL_MAXIMUM = "local maximum"
    NOT_CRITICAL = "not critical"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Point:
    """A point at which the answer is known; ``loss`` is its exact value where that is known too."""

    name: str
    theta: np.ndarray
    kind: Kind
    loss: Any = None


@dataclass(frozen=True)
class Classification:
    """The answer of ``classify``: what the point is, how that was decided, and what lets someone else check it.

    Attributes
    ----------
    kind : the kind of the point.
    loss : the loss there, in the arithmetic of theta.
    gradient_bound : float, an upper bound of the gradient entries' moduli; exactly 0 at a critical rational point.
    inertia : numbers of negative, zero, positive, undecided eigenvalues of the Hessian on the tangent space, or None.
    rule : the sentence that decided.
    evidence : "exact", "certified" or "numeric".
    certificate : what makes the answer checkable: a direction of negative curvature, a descent curve, a box.
    """

    kind: Kind
    loss: Any
    gradient_bound: float
    inertia: Any
    rule: str
    evidence: str
    certificate: dict[str, Any] = field(default_factory=dict)


class Model:
    """What every model of the book shares: layout, promotion of the data, read-only pickling.

    Subclasses are frozen dataclasses with a ``layout``; ``_constants()`` names the arrays that enter the closed forms,
    and ``_in(kind)`` gives them in the arithmetic of theta, converted once.
    """

    loss_normalisation: ClassVar[str]

    if TYPE_CHECKING:

        @property
        def layout(self) -> arrays.Layout:
            """(name, shape) of each layer, in the order of the flat vector."""

        @property
        def traits(self) -> Traits:
            """What the model says of itself."""

    @cached_property
    def dim(self) -> int:
        """Number of parameters n."""
        return arrays.size_of(self.layout)

    @cached_property
    def manifold(self) -> Any:
        """The weight manifold W; flat unless a model says otherwise."""
        from theory.manifolds.euclidean import Euclidean

        return Euclidean(self.dim)

    def pack(self, *parts: Any) -> np.ndarray:
        """The flat vector (..., n) of the layers given in the order of ``layout``; leading axes broadcast."""
        return arrays.pack(parts, self.layout, type(self).__name__)

    def unpack(self, theta: Any) -> tuple[np.ndarray, ...]:
        """Views of the layers of theta (..., n), in the order of ``layout``."""
        return arrays.unpack(self._points(theta), self.layout)

    def _points(self, theta: Any, name: str = "theta") -> np.ndarray:
        return arrays.points(theta, self.dim, type(self).__name__, name)

    def _directions(self, v: Any, theta: np.ndarray) -> np.ndarray:
        """The vectors of a Hessian-vector product, in the arithmetic of theta."""
        return arithmetic_of(theta).convert(self._points(v, "v"))

    def _constants(self) -> tuple[Any, ...]:
        """The data arrays that enter the closed forms, as given."""
        raise NotImplementedError

    @cached_property
    def _converted(self) -> dict[Arithmetic, tuple[Any, ...]]:
        return {}

    def _in(self, kind: Arithmetic) -> tuple[Any, ...]:
        """The constants in the arithmetic ``kind``, converted at its first use."""
        if kind not in self._converted:
            self._converted[kind] = tuple(c if c is None else kind.convert(c) for c in self._constants())
        return self._converted[kind]

    def __reduce__(self) -> tuple:
        options = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.init}  # type: ignore[arg-type]
        return _rebuild, (type(self), {k: _plain(v) for k, v in options.items()})

    def known_points(self) -> Iterable[Point]:
        """Points whose kind is known from theory."""
        return ()

    def symmetry_directions(self, theta: Any) -> np.ndarray:
        """Tangent vectors (..., k, n) of the orbit of theta under the continuous symmetry group; k may be 0."""
        theta = self._points(theta)
        return np.empty((*theta.shape[:-1], 0, self.dim), theta.dtype)

    def symmetry_images(self, theta: Any) -> np.ndarray:
        """Images (k, ..., n) of theta under some elements of the symmetry group: the same loss, exactly; k may be 0."""
        theta = self._points(theta)
        return np.empty((0, *theta.shape), theta.dtype)


def _plain(value: Any) -> Any:
    return np.array(value) if isinstance(value, np.ndarray) else value


def _rebuild(cls: type, options: dict[str, Any]) -> Any:
    return cls(**options)
