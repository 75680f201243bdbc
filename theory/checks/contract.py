"""What every answer must be: its shape, its entries, its owner; and what a model must refuse."""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np

from theory.arithmetic import BALL, FLOAT, RATIONAL, arithmetic_of, flint, rational
from theory.arrays import size_of
from theory.checks.probes import agree, data_of, exactest, has_values, margin, modulus, probes, questions
from theory.checks.report import Mismatch, NotApplicable, check, require
from theory.errors import NotExact

_BATCHES = ((), (3,), (2, 3))


@check("dim", "loss")
def check_shapes(model: Any, rng: np.random.Generator) -> str:
    """Array rule: (..., n) gives (...), (..., n), (..., n, n) and so on; ``hvp`` broadcasts; k images come first."""
    n = model.dim
    require(isinstance(n, int | np.integer) and n >= 1, f"dim must be a positive integer, got {n!r}")
    tails = {"loss": (), "gradient": (n,), "hessian": (n, n), "hvp": (n,), "sample_losses": (None,)}
    tails |= {"sample_gradients": (None, n), "symmetry_directions": (None, n), "symmetry_images": (None, n)}
    asked = questions(model)
    for batch in _BATCHES:
        theta = probes(model, rng, *batch)[FLOAT]
        for name, ask in asked.items():
            shape, tail = np.shape(ask(theta)), tails[name]
            fits = len(shape) == len(batch) + len(tail) and all(t in (None, s) for s, t in zip(shape, (*batch, *tail), strict=True))
            wanted = ", ".join(["..."] + ["k" if t is None else str(t) for t in tail])
            require(fits, f"{name}: theta of shape {theta.shape} must give ({wanted}), got {shape}")
    if hasattr(model, "hvp"):
        theta, v = probes(model, rng, 3, 1)[FLOAT], probes(model, rng, 4)[FLOAT]
        shape = np.shape(model.hvp(theta, v))
        require(shape == (3, 4, n), f"hvp: theta (3, 1, {n}) and v (4, {n}) must broadcast to (3, 4, {n}), got {shape}")
    return f"{', '.join(asked)} for batches {', '.join(map(str, _BATCHES))}"


@check("dim", "loss")
def check_batch_equals_loop(model: Any, rng: np.random.Generator) -> str:
    """Each entry of a batch is what that point gives alone: exactly in exact arithmetic, to rounding in floats."""
    used = 0.0
    points = probes(model, rng, 2, 2)
    for kind, theta in points.items():
        for name, ask in questions(model).items():
            whole = np.asarray(ask(theta))
            for i in np.ndindex(2, 2):
                what = f"{name}, {kind}: entry {i} of a batch and the point alone"
                used = max(used, agree(model, whole[i], ask(theta[i]), what, modulus(whole)))
    return f"{', '.join(points)}; {margin(used)}"


@check("dim", "loss")
def check_inputs_untouched(model: Any, rng: np.random.Generator) -> str:
    """theta and v keep their entries, and what the caller writes into an answer reaches neither theta nor the model."""
    for kind, theta in probes(model, rng, 3).items():
        before = theta.copy()
        for name, ask in questions(model).items():
            answer = ask(theta)
            require((theta == before).all(), f"{name}: changes theta ({kind})")
            if not isinstance(answer, np.ndarray) or not answer.flags.writeable:
                continue
            kept = answer.copy()
            answer[...] = answer[..., ::-1] * 2 + 1 if answer.size else answer
            require((theta == before).all(), f"{name}: returns theta's own memory ({kind}); copy it")
            again = ask(theta)
            require(np.array_equal(_comparable(again), _comparable(kept)), f"{name}: returns the model's own memory ({kind}); copy it")
        if hasattr(model, "hvp"):
            v = theta[::-1].copy()
            model.hvp(theta, v)
            require((v == before[::-1]).all() and (theta == before).all(), f"hvp: changes theta or v ({kind})")
    return f"after {', '.join(questions(model))}"


def _comparable(a: np.ndarray) -> np.ndarray:
    """Balls are compared as midpoint and radius; equality of balls is never proved."""
    lib = flint()
    return np.array([(x.mid(), x.rad()) for x in a.flat], object) if a.size and isinstance(a.flat[0], lib.arb) else a


@check("dim", "loss", "traits")
def check_entry_types(model: Any, rng: np.random.Generator) -> str:
    """Entries keep their kind: float32, float64, ``fmpq``, ``arb``; int64 is promoted to rational or refused by ``NotExact``."""
    lib = flint()
    wanted = {RATIONAL: lib.fmpq, BALL: lib.arb}
    points = probes(model, rng, 3)
    for kind, theta in points.items():
        for name, ask in questions(model).items():
            if kind == FLOAT:
                for dtype in (np.float64, np.float32):
                    got = np.asarray(ask(theta.astype(dtype))).dtype
                    require(got == dtype, f"{name}: {np.dtype(dtype)} theta must give {np.dtype(dtype)}, got {got}")
                continue
            types = set(map(type, np.asarray(ask(theta), object).flat))
            strange = sorted(t.__name__ for t in types - {wanted[kind]})
            require(not strange, f"{name}: {kind} theta must give {wanted[kind].__name__} in every entry, got also {', '.join(strange)}")
    return f"{', '.join(points)}, float32; {_integers(model, rng, RATIONAL in points)}"


def _integers(model: Any, rng: np.random.Generator, has_rationals: bool) -> str:
    theta = rng.integers(1, 4, model.dim)
    if has_rationals:
        agree(model, np.asarray(model.loss(theta), object), np.asarray(model.loss(rational(theta)), object), "loss of int64 theta and of its rationals")
        return "int64 promoted to rational"
    try:
        model.loss(theta)
    except NotExact:
        return "int64 refused, there are no rational values"
    raise Mismatch("loss: int64 theta has no exact answer here and must raise NotExact; it was computed in some other arithmetic")


@check("dim", "hessian")
def check_out(model: Any, rng: np.random.Generator) -> str:
    """``hessian(theta, out=...)`` writes into out and returns it; an out that does not fit is refused."""
    if "out" not in inspect.signature(model.hessian).parameters:
        raise NotApplicable("needs a hessian that takes out=")
    points = probes(model, rng, 3)
    for kind, theta in points.items():
        want = model.hessian(theta)
        for out in (np.empty_like(want), np.empty((2, *want.shape), want.dtype)[1]):
            require(model.hessian(theta, out=out) is out, f"hessian: must return out itself ({kind})")
            agree(model, out, want, f"hessian in out, {kind}")
    theta = points[FLOAT]
    shape = (*theta.shape, model.dim)
    readonly = np.empty(shape)
    readonly.flags.writeable = False
    for note, out in {"shape": np.empty((1, *shape)), "dtype": np.empty(shape, np.float32), "read-only memory": readonly}.items():
        _refused(lambda out=out: model.hessian(theta, out=out), f"hessian: out of the wrong {note}", "out")  # type: ignore[misc]
    return f"{', '.join(points)}; wrong shape, dtype and read-only memory refused"


def _bad_inputs(n: int) -> dict[str, Any]:
    floats = np.ones(n)
    return {
        "a wrong length": np.ones(n + 1),
        "a number without axes": 1.0,
        "NaN": np.where(np.arange(n) == n - 1, np.nan, floats),
        "infinity": np.where(np.arange(n) == 0, np.inf, floats),
        "NaN in one entry of a batch": np.where(np.arange(3 * n).reshape(3, n) == n, np.nan, 1.0),
        "an empty batch": np.ones((0, n)),
        "objects that are floats": floats.astype(object),
        "words": np.full(n, "word"),
        "booleans": np.ones(n, bool),
        "ragged lists": [[1.0] * n, [1.0] * (n + 1)],
        "nothing": None,
    }


@check("dim", "loss", "traits")
def check_bad_inputs(model: Any, rng: np.random.Generator) -> str:
    """What is no point of the landscape is refused by ValueError or TypeError, in one line that names theta or the model."""
    bad = _bad_inputs(model.dim)
    asked = {name: ask for name, ask in questions(model).items() if name != "hvp"}
    for note, theta in bad.items():
        for name, ask in asked.items():
            _refused(lambda ask=ask, theta=theta: ask(theta), f"{name}: {note}", "theta", type(model).__name__)  # type: ignore[misc]
    if hasattr(model, "hvp"):
        good = probes(model, rng)[FLOAT]
        for note in ("a wrong length", "NaN", "infinity", "an empty batch", "words"):
            _refused(lambda note=note: model.hvp(good, bad[note]), f"hvp: {note} for v", "v", type(model).__name__)  # type: ignore[misc]
    return f"refused in words: {', '.join(bad)}"


def _refused(call: Callable[[], Any], what: str, *words: str) -> None:
    try:
        call()
    except (ValueError, TypeError) as error:
        text = str(error)
        require(any(w in text for w in words), f"{what}: refused, but the text names none of {', '.join(words)}: {text!r}")
        require("\n" not in text, f"{what}: refused in more than one line: {text!r}")
        return
    raise Mismatch(f"{what}: must be refused by ValueError or TypeError, got an answer")


@check("dim", "loss", "traits")
def check_read_only(model: Any, rng: np.random.Generator) -> str:
    """The data arrays are read-only copies, before and after pickling, and the pickled model gives the same answers."""
    twin = pickle.loads(pickle.dumps(model))
    for one, when in ((model, ""), (twin, " after pickling")):
        open_ones = [a.shape for a in data_of(one) if a.flags.writeable]
        require(not open_ones, f"data arrays of shapes {open_ones} are writeable{when}")
    require(twin.dim == model.dim and twin.traits == model.traits, "pickling changes dim or traits")
    theta = exactest(probes(model, rng, 3))
    for name, ask in questions(model).items():
        agree(model, questions(twin)[name](theta), ask(theta), f"{name}: pickled and original")
    return f"{len(data_of(model))} arrays; the pickled model gives the same answers"


@check("dim", "layout", "pack", "unpack")
def check_layout(model: Any, rng: np.random.Generator) -> str:
    """The layout gives ``dim``; ``unpack`` gives views of its shapes, ``pack`` is the inverse and broadcasts."""
    n = size_of(model.layout)
    require(n == model.dim, f"layout: holds {n} parameters, dim says {model.dim}")
    for kind, theta in probes(model, rng, 2, 3).items():
        parts = model.unpack(theta)
        require(len(parts) == len(model.layout), f"unpack: must give {len(model.layout)} arrays, got {len(parts)}")
        for (name, shape), part in zip(model.layout, parts, strict=True):
            require(part.shape == (2, 3, *shape), f"unpack: {name} must have shape (2, 3, *{shape}), got {part.shape}")
            require(np.shares_memory(part, theta), f"unpack: {name} must be a view of theta")
        agree(model, model.pack(*parts), theta, f"pack after unpack, {kind}")
        mixed = model.pack(*(part if i else part[0, 0] for i, part in enumerate(parts)))
        first = model.unpack(mixed)[0]
        agree(model, first, np.broadcast_to(parts[0][0, 0], first.shape), f"pack of parts with different leading axes, {kind}")
    require(has_values(model, model.pack(*parts)), "pack: gives a theta without a loss")
    return f"{', '.join(name for name, _ in model.layout)}: {n} parameters"
