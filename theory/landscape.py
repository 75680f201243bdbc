"""The contract between models and everything that asks them questions: Landscape, Traits, Kind, Classification."""

from __future__ import annotations

import enum
import functools
from collections.abc import Callable, Iterable, Iterator
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
    squares : loss == (residuals ** 2).sum(-1) for floats.
    symmetry : the group that leaves the loss unchanged, in words.
    """

    smooth: bool = True
    analytic: bool = True
    polynomial_degree: int | None = None
    homogeneous_degree: int | None = None
    layer_groups: tuple[tuple[str, ...], ...] = ()
    has_samples: bool = True
    squares: bool = False
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


def batched(compute: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """A method of theta (..., n), and of v (..., n) where it takes one: checked, in one arithmetic, chunk by chunk.

    The method is written for any leading axes; it sees chunks (b, n) of the batch whose temporaries stay near
    ``_chunk_bytes``, ``_entries`` of them a point, or all of a vector without a batch.
    """

    @functools.wraps(compute)
    def method(self: Model, theta: Any, v: Any = None) -> np.ndarray:
        theta = self._points(theta)
        vectors = (theta,) if v is None else (theta, self._directions(v, theta))
        if all(x.ndim == 1 for x in vectors):
            return compute(self, *vectors)
        each = self._entries(compute.__name__) * theta.itemsize
        return arrays.in_chunks(functools.partial(compute, self), vectors, each, self._chunk_bytes)

    return method


def written(compute: Callable[..., None]) -> Callable[..., np.ndarray]:
    """``hessian(theta, out=None)`` from a method that writes those of a chunk (..., n) to ``out`` (..., n, n)."""

    @functools.wraps(compute)
    def hessian(self: Model, theta: Any, out: np.ndarray | None = None) -> np.ndarray:
        theta, out = self._room(theta, out, compute.__name__)
        if theta.ndim == 1:
            compute(self, theta, out)
            return out
        rows, blocks = theta.reshape(-1, self.dim), out.reshape(-1, self.dim, self.dim)
        for part in self._parts(rows, compute.__name__):
            compute(self, rows[part], blocks[part])
        return out

    return hessian


class ReadOnly:
    """A frozen dataclass whose arrays are read-only, copies and pickles included; what it has cached is not copied."""

    def __getstate__(self) -> dict[str, Any]:
        cls = type(self)
        return {k: v for k, v in vars(self).items() if not isinstance(getattr(cls, k, None), cached_property)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            object.__setattr__(self, name, arrays.frozen(value) if isinstance(value, np.ndarray) else value)


class Model(ReadOnly):
    """What every model of the book shares: layout, promotion of the data, chunks, read-only pickling.

    Subclasses are frozen dataclasses with a ``layout``; ``_constants()`` names the arrays that enter the closed forms,
    and ``_in(kind)`` gives them in the arithmetic of theta, converted once. Methods that take a batch are ``batched``,
    Hessians ``written``.
    """

    loss_normalisation: ClassVar[str]
    # Chunks of about this many bytes keep factors and results in the second-level cache, far below arrays.MAX_BYTES.
    _chunk_bytes: ClassVar[int] = 2**20

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

    def _flat(self, *parts: np.ndarray, batch: tuple[int, ...] = ()) -> np.ndarray:
        """``pack`` for arrays of one arithmetic that are known to fit, without its checks."""
        return arrays.join(parts, [shape for _, shape in self.layout], batch)

    def _points(self, theta: Any, name: str = "theta") -> np.ndarray:
        return arrays.points(theta, self.dim, type(self).__name__, name)

    def _directions(self, v: Any, theta: np.ndarray) -> np.ndarray:
        """The vectors of a Hessian-vector product, in the arithmetic of theta."""
        v = self._points(v, "v")
        arrays.batch_of(type(self).__name__, {"theta": theta.shape[:-1], "v": v.shape[:-1]})
        return arithmetic_of(theta).convert(v)

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

    def _entries(self, method: str) -> int:
        """About how many entries the temporaries of this method have, for one point."""
        return self.dim * self.dim if method == "hessian" else 4 * self.dim

    def _room(self, theta: Any, out: np.ndarray | None, method: str) -> tuple[np.ndarray, np.ndarray]:
        """theta (..., n), checked, and the array (..., n, n) to write its Hessians to."""
        theta = self._points(theta)
        where = f"{type(self).__name__}.{method}"
        return theta, arrays.batch_matrix(out, (*theta.shape, self.dim), theta.dtype, where)

    def _parts(self, rows: np.ndarray, method: str) -> Iterator[slice]:
        """Slices of the rows (N, n), with temporaries of bounded size for each."""
        starts = arrays.chunks(len(rows), self._entries(method) * rows.itemsize, self._chunk_bytes)
        return (slice(s, s + starts.step) for s in starts)

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

