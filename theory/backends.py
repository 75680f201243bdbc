"""What the exact libraries need from us: python-flint on demand, its working precision, pickles without loss."""

from __future__ import annotations

import copyreg
import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@functools.cache
def flint() -> Any:
    """python-flint, imported at the first exact computation, with a pickle reducer for its balls."""
    import flint as module

    copyreg.pickle(module.arb, _reduce_ball)
    return module


def _reduce_ball(x: Any) -> tuple:
    if not x.is_finite():
        return _unbounded_ball, tuple(_exact(part) for part in (x.mid(), x.rad()))
    (m, e), (r, s) = x.mid().man_exp(), x.rad().man_exp()
    if r != 0:  # flint rounds a given radius up by one unit of its 30 bits: hand it the unit below
        shift = 31 - int(r).bit_length()
        r, s = (int(r) << shift) - 1, int(s) - shift
        if r.bit_length() == 31:
            r, s = r - 1 >> 1, s + 1
    return _ball_from_parts, (int(m), int(e), int(r), int(s))


def _ball_from_parts(*parts: int) -> Any:
    arb, (m, e, r, s) = flint().arb, parts
    return arb(arb((m, e)), arb((r, s)))


def _exact(x: Any) -> str | tuple[int, int]:
    """A midpoint or radius without loss."""
    if not x.is_finite():
        return "nan" if x.is_nan() else "inf" if x > 0 else "-inf"
    m, e = x.man_exp()
    return int(m), int(e)


def _unbounded_ball(mid: str | tuple[int, int], rad: str | tuple[int, int]) -> Any:
    return flint().arb(mid, rad)


def reduce_ring(ring: Any) -> tuple:
    return type(ring), (ring.symbols, ring.domain, ring.order)  # its own state changes while it is being copied


@contextmanager
def precision(bits: int = 128) -> Iterator[None]:
    """Compute with balls at ``bits`` bits inside the context; flint's own context, restored afterwards.

    flint has one context for the whole process, so this is not for threads: another thread computes at these bits too,
    and contexts that overlap in time restore each other's. Balls stay enclosures, but of a width nobody chose. Use
    processes.
    """
    if not isinstance(bits, int) or bits < 2:
        raise ValueError(f"precision: needs an integer of at least 2 bits, got {bits!r}; 128 is the usual choice")
    with flint().ctx.workprec(bits):
        yield


@contextmanager
def one_thread() -> Iterator[None]:
    """BLAS on one thread inside the context: answers do not depend on the machine, and small matrices are faster."""
    import scipy.linalg  # noqa: F401  its BLAS is a library of its own, and only what is loaded can be limited
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield
