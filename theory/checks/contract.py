"""What every answer must be: its shape, its entries, its owner; and what a model must refuse."""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np

from theory.arithmetic import BALL, FLOAT, RATIONAL, flint, rational
from theory.arrays import size_of
from theory.checks.probes import Comparison, data_of, has_values, modulus, probes, questions
from theory.checks.report import Mismatch, NotApplicable, check, require
from theory.errors import NotExact

_BATCHES = ((), (3,), (2, 3))


@check("dim", "loss")
def check_shapes(model: Any, rng: np.random.Generator) -> str:
    """Array rule: (..., n) gives (...), (..., n), (..., n, n) and so on; ``hvp`` broadcasts; k images come first."""
    n = model.dim
    require(isinstance(n, int | np.integer) and n >= 1, f"dim must be a positive integer, got {n!r}")
    tails = {
        "loss": (), "gradient": (n,), "hessian": (n, n), "hvp": (n,), "sample_losses": ("m",),
        "sample_gradients": ("m", n), "symmetry_directions": ("k", n), "symmetry_images": ("k", n),
    }  # fmt: skip
    for batch in _BATCHES:
        theta = probes(model, rng, *batch)[FLOAT]
        for name, ask in questions(model).items():
            want = (*batch, *tails[name])
            rule = f"{name}: theta of shape {theta.shape} must give ({', '.join(map(str, want))})"
            try:
                values = np.asarray(ask(theta))
            except Exception as error:
                raise Mismatch(f"{rule}, got {type(error).__name__}: {error}") from error
            shape = values.shape
            fits = len(shape) == len(want) and all(w in (s, "k", "m") for s, w in zip(shape, want, strict=True))
            require(fits, f"{rule}, got {shape}")
            finite = values.dtype.kind != "f" or np.isfinite(values).all()
            require(finite, f"{name}: must be finite, got NaN or infinity at theta = {theta.ravel()[:n].tolist()}")
    if hasattr(model, "hvp"):
        theta, v = probes(model, rng, 3, 1)[FLOAT], probes(model, rng, 4)[FLOAT]
        shape = np.shape(model.hvp(theta, v))
        require(shape == (3, 4, n), f"hvp: theta (3, 1, {n}) and v (4, {n}) must give (3, 4, {n}), got {shape}")
    return f"{', '.join(questions(model))} for batches {', '.join(map(str, _BATCHES))}"


@check("dim", "loss")
def check_batch_equals_loop(model: Any, rng: np.random.Generator) -> str:
    """Each entry of a batch is what that point gives alone: exactly in exact arithmetic, to rounding in floats."""
    compare, points = Comparison(model), probes(model, rng, 2, 2)
    for kind, theta in points.items():
        for name, ask in questions(model).items():
            batch = np.asarray(ask(theta))
            for i in np.ndindex(2, 2):
                what = f"{name}, {kind}: entry {i} of a batch and the point alone"
                compare.agree(batch[i], ask(theta[i]), what, modulus(batch))
    return f"{', '.join(points)}; {compare}"


@check("dim", "loss")
def check_inputs_untouched(model: Any, rng: np.random.Generator) -> str:
    """theta and v keep their entries; what the caller writes into an answer reaches neither theta nor the model."""
    for kind, theta in probes(model, rng, 3).items():
        before = theta.copy()
        for name, ask in questions(model).items():
            answer = ask(theta)
            require((theta == before).all(), f"{name}: changes theta ({kind})")
            if not isinstance(answer, np.ndarray) or not answer.flags.writeable or not answer.size:
                continue
            kept = answer.copy()
            answer += 1
            require((theta == before).all(), f"{name}: returns theta's own memory ({kind}); copy it")
            require(_identical(ask(theta), kept), f"{name}: returns the model's own memory ({kind}); copy it")
        if hasattr(model, "hvp"):
            v = theta[::-1].copy()
            model.hvp(theta, v)
            require((v == before[::-1]).all() and (theta == before).all(), f"hvp: changes theta or v ({kind})")
    return f"after {', '.join(questions(model))}"


def _identical(a: np.ndarray, b: np.ndarray) -> bool:
    """Entry by entry the same, to the last bit; balls by midpoint and radius, whose equality is never proved else."""
    if not isinstance(a.flat[0], flint().arb):
        return np.array_equal(a, b)
    return all(x.mid() == y.mid() and x.rad() == y.rad() for x, y in zip(a.flat, b.flat, strict=True))


@check("dim", "loss", "traits")
def check_entry_types(model: Any, rng: np.random.Generator) -> str:
    """float32, float64, ``fmpq`` and ``arb`` stay what they are; int64 becomes rational or is refused: ``NotExact``."""
    wanted = {RATIONAL: flint().fmpq, BALL: flint().arb}
    points = probes(model, rng, 3)
    for kind, theta in points.items():
        for name, ask in questions(model).items():
            if kind == FLOAT:
                for dtype in (np.dtype(np.float64), np.dtype(np.float32)):
                    got = np.asarray(ask(theta.astype(dtype))).dtype
                    require(got == dtype, f"{name}: {dtype} theta must give {dtype}, got {got}")
                continue
            strange = set(map(type, np.asarray(ask(theta), object).flat)) - {wanted[kind]}
            names = ", ".join(sorted(t.__name__ for t in strange))
            require(not strange, f"{name}: {kind} theta must give {wanted[kind].__name__} in every entry, got {names}")
    return f"{', '.join(points)}, float32; {_integers(model, rng, RATIONAL in points)}"


def _integers(model: Any, rng: np.random.Generator, has_rationals: bool) -> str:
    theta = rng.integers(1, 4, model.dim)
    if has_rationals:
        what = "loss of int64 theta and of the same rationals"
        Comparison(model).agree(model.loss(theta), model.loss(rational(theta)), what)
        return "int64 promoted to rational"
    try:
        model.loss(theta)
    except NotExact:
        return "int64 refused, there are no rational values"
    raise Mismatch("loss: int64 theta has no exact answer here and must raise NotExact, but it was answered")


@check("dim", "loss", "hessian")
def check_out(model: Any, rng: np.random.Generator) -> str:
    """``hessian(theta, out=...)`` writes into out and returns it; an out that does not fit is refused."""
    if "out" not in inspect.signature(model.hessian).parameters:
        raise NotApplicable("needs a hessian that takes out=")
    points = probes(model, rng, 3)
    for kind, theta in points.items():
        want = model.hessian(theta)
        out = np.empty_like(want)
        require(model.hessian(theta, out=out) is out, f"hessian: must return out itself ({kind})")
        Comparison(model).agree(out, want, f"hessian in out, {kind}")
        _strided_out(model, theta, want)
    theta = points[FLOAT]
    shape = (*theta.shape, model.dim)
    closed = np.empty(shape)
    closed.flags.writeable = False
    wrong = {"shape": np.empty((1, *shape)), "dtype": np.empty(shape, np.float32), "read-only memory": closed}
    for note, out in wrong.items():
        _refused(lambda out=out: model.hessian(theta, out=out), f"hessian: out of wrong {note}", "out")  # type: ignore[misc]
    return f"{', '.join(points)}; refused: wrong {', '.join(wrong)}"


def _strided_out(model: Any, theta: np.ndarray, want: np.ndarray) -> None:
    """An out that is not contiguous may be refused, but not left unwritten."""
    out = np.empty((3, 2, *want.shape[1:]), want.dtype)[:, 1]
    try:
        model.hessian(theta, out=out)
    except ValueError:
        return
    Comparison(model).agree(out, want, "hessian in an out that is not contiguous")


def _bad_inputs(n: int) -> dict[str, Any]:
    ones, batch = np.ones(n), np.ones((3, n))
    return {
        "a wrong length": np.ones(n + 1),
        "a number without axes": 1.0,
        "NaN": np.where(np.arange(n) == n - 1, np.nan, ones),
        "infinity": np.where(np.arange(n) == 0, np.inf, ones),
        "NaN in one entry of a batch": np.where(np.arange(3 * n).reshape(3, n) == n, np.nan, batch),
        "an empty batch": np.ones((0, n)),
        "objects that are floats": ones.astype(object),
        "words": np.full(n, "word"),
        "booleans": np.ones(n, bool),
        "ragged lists": [[1.0] * n, [1.0] * (n + 1)],
        "nothing": None,
    }


@check("dim", "loss", "traits")
def check_bad_inputs(model: Any, rng: np.random.Generator) -> str:
    """What is no point is refused by ValueError or TypeError, in one line that names theta or the model."""
    bad, words = _bad_inputs(model.dim), ("theta", type(model).__name__)
    good = probes(model, rng)[FLOAT]
    for note, theta in bad.items():
        for name, ask in questions(model).items():
            if name == "hvp":
                _refused(lambda t=theta: model.hvp(t, good), f"hvp: {note} for theta", *words)  # type: ignore[misc]
                _refused(lambda t=theta: model.hvp(good, t), f"hvp: {note} for v", "v", words[1])  # type: ignore[misc]
            else:
                _refused(lambda ask=ask, t=theta: ask(t), f"{name}: {note}", *words)  # type: ignore[misc]
    return f"refused in words: {', '.join(bad)}"


def _refused(call: Callable[[], Any], what: str, *words: str) -> None:
    try:
        call()
    except (ValueError, TypeError) as error:
        text = str(error)
        require(any(w in text for w in words), f"{what}: refused without naming {' or '.join(words)}: {text!r}")
        require("\n" not in text, f"{what}: refused in more than one line: {text!r}")
        return
    raise Mismatch(f"{what}: must be refused by ValueError or TypeError, but was answered")


@check("dim", "loss", "traits")
def check_read_only(model: Any, rng: np.random.Generator) -> str:
    """The data arrays are read-only, before and after pickling, and the pickled model gives the same answers."""
    twin = pickle.loads(pickle.dumps(model))
    for one, when in ((model, ""), (twin, " after pickling")):
        writeable = [a.shape for a in data_of(one) if a.flags.writeable]
        require(not writeable, f"data arrays of shapes {writeable} are writeable{when}")
    require(twin.dim == model.dim and twin.traits == model.traits, "pickling changes dim or traits")
    for kind, theta in probes(model, rng, 3).items():
        for name, ask in questions(model).items():
            Comparison(model).agree(questions(twin)[name](theta), ask(theta), f"{name}, {kind}: pickled and original")
    return f"{len(data_of(model))} arrays; the pickled model gives the same answers"


@check("dim", "loss", "layout", "pack", "unpack")
def check_layout(model: Any, rng: np.random.Generator) -> str:
    """The layout gives ``dim``; ``unpack`` gives views of its shapes, ``pack`` is the inverse and broadcasts."""
    n, compare = size_of(model.layout), Comparison(model)
    require(n == model.dim, f"layout: holds {n} parameters, dim says {model.dim}")
    for kind, theta in probes(model, rng, 2, 3).items():
        parts = model.unpack(theta)
        require(len(parts) == len(model.layout), f"unpack: must give {len(model.layout)} arrays, got {len(parts)}")
        for (name, shape), part in zip(model.layout, parts, strict=True):
            require(part.shape == (2, 3, *shape), f"unpack: {name} needs shape {(2, 3, *shape)}, got {part.shape}")
            require(np.shares_memory(part, theta), f"unpack: {name} must be a view of theta")
        compare.agree(model.pack(*parts), theta, f"pack after unpack, {kind}")
        mixed = model.unpack(model.pack(parts[0][0, 0], *parts[1:]))
        want = [np.broadcast_to(parts[0][0, 0], mixed[0].shape), *parts[1:]]
        for (name, _), got, part in zip(model.layout, mixed, want, strict=True):
            compare.agree(got, part, f"pack of parts with different leading axes: {name}, {kind}")
        require(has_values(model, model.pack(*parts)), "pack: gives a theta without a loss")
    return f"{', '.join(name for name, _ in model.layout)}: {n} parameters"
