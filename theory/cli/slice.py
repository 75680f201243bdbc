"""``landscapes slice``: the loss on a line or a plane through a point, as numbers or as a picture."""

from __future__ import annotations

import argparse
import math
import re
from pathlib import Path
from typing import Any

from theory.cli.output import Mistake, input_mistakes, say, say_json, table, unwritable, working, writable_file
from theory.plots.saving import FORMATS

PICTURES = tuple(f".{format}" for format in FORMATS)
HELP = "the loss on a line or a plane through a point, as .npz or as a picture"
NORMALISED = ("random", "model", "layer", "filter")
DIRECTIONS = (*NORMALISED, "eigen", "coordinate", "through")
JSON_VALUES = 10**6
LONG = 24  # characters of a rational that is printed as it is


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a problem file with theta, JSON or .npz; - is standard input")
    parser.add_argument("--directions", choices=DIRECTIONS, default="filter", help="default: filter")
    parser.add_argument("--seed", type=int, default=0, help="of the random directions; default: 0")
    parser.add_argument("--which", nargs="+", metavar="NAME", help="coordinate: W1[0,0] or indices; eigen: indices")
    parser.add_argument("--points", nargs="+", metavar="FILE", help="through: one or two more problem files")
    parser.add_argument("--x", default="-1:1:51", metavar="LOW:HIGH:COUNT", help="default: -1:1:51")
    parser.add_argument("--y", metavar="LOW:HIGH:COUNT", help="of a plane; without it the slice is a line")
    parser.add_argument("--tol", type=float, help="allow an interpolation with this error relative to the largest loss")
    parser.add_argument("--quality", choices=("exact", "plot"), default="exact", help="default: exact")
    parser.add_argument("--out", type=Path, help=f"write .npz, or a picture: {', '.join(PICTURES)}")
    parser.add_argument("--json", action="store_true", help="plain JSON on stdout, with the values")


def run(args: argparse.Namespace) -> int:
    with input_mistakes():
        from theory.slices.slice import cut

        spans = (args.x,) if args.y is None else (args.x, args.y)
        _check_output(args, spans)
        problem = _problem(args.file)
        with working("slicing"):
            frame = _frame(args, problem)
            piece = cut(problem.model, frame, *spans, tol=args.tol, quality=args.quality)
            if args.out is not None:
                _write(args.out, piece, problem.model)
    if args.json:
        from theory.io.results import plain
        from theory.io.slices import SCHEMA

        say_json({"schema": SCHEMA, "model": type(problem.model).__name__, **plain(piece)})
    else:
        _print(args, problem.model, piece)
    return 0


def _problem(path: str) -> Any:
    """A problem with theta."""
    from theory.io.problem import load

    problem = load(path)
    if problem.theta is None:
        raise Mistake(f"{path}: needs the key 'theta', got none; give the weights, flat or by layer")
    return problem


def _frame(args: argparse.Namespace, problem: Any) -> Any:
    """The center and the directions that are asked for."""
    from theory.arithmetic import to_float
    from theory.slices import directions

    model, theta, count = problem.model, problem.theta, 1 if args.y is None else 2
    for option, owner in (("which", ("eigen", "coordinate")), ("points", ("through",))):
        if getattr(args, option) is not None and args.directions not in owner:
            raise Mistake(f"--{option}: belongs to --directions {' or '.join(owner)}, got {args.directions}")
    if args.directions in NORMALISED:
        by = None if args.directions == "random" else args.directions
        return directions.random_frame(model, to_float(theta), count, normalise=by, seed=args.seed)
    if args.directions == "through":
        return directions.through(theta, *_points(args, model, count))
    if args.which is not None and len(args.which) != count:
        raise Mistake(f"--which: needs {count}, one for each direction, got {len(args.which)}")
    if args.directions == "coordinate":
        return directions.coordinate_frame(model, theta, *map(_index, args.which or ("0", "1")[:count]))
    which = tuple(map(_index, args.which)) if args.which else ("smallest", "largest")[:count]
    return directions.eigen_frame(model, to_float(theta), which)


def _points(args: argparse.Namespace, model: Any, count: int) -> list[Any]:
    """The parameters of other problems of the same model, one for each direction."""
    from theory.io.problem import Problem, to_plain

    paths = args.points or []
    if len(paths) != count:
        raise Mistake(f"--points: needs {(None, 'one file', 'two files')[count]}, got {len(paths)}; --y makes a plane")
    problems, wanted = [_problem(path) for path in paths], to_plain(Problem(model))
    for path, problem in zip(paths, problems, strict=True):
        got = to_plain(Problem(problem.model))
        for key, other in (
            ("model", "another model"),
            ("architecture", "another architecture"),
            ("data", "other data"),
        ):
            if got[key] != wanted[key]:
                want = f"the {type(model).__name__} of {args.file}"
                raise Mistake(f"{path}: needs {want}, got {other}; a slice has one model")
    return [problem.theta for problem in problems]


def _index(text: str) -> int | str:
    return int(text) if re.fullmatch(r"-?[0-9]+", text) else text


def _check_output(args: argparse.Namespace, spans: tuple[str, ...]) -> None:
    """Before any work."""
    from theory.slices.spans import parsed

    if [args.file, *(args.points or ())].count("-") > 1:
        raise Mistake("--points: needs files, got standard input twice; it can be read once")
    count = math.prod(parsed(span, name)[2] for span, name in zip(spans, "xy", strict=False))
    if args.json and count > JSON_VALUES:
        raise Mistake(f"--json: prints at most {JSON_VALUES} values, got {count}; write them by --out NAME.npz")
    if args.out is None:
        return
    if args.out.suffix not in (".npz", *PICTURES):
        raise Mistake(f"--out: needs a name that ends in .npz, {', '.join(PICTURES)}, got {str(args.out)!r}")
    writable_file(args.out)


def _write(out: Path, piece: Any, model: Any) -> None:
    from theory.io.slices import save_slice
    from theory.plots.saving import picture
    from theory.plots.slices import draw

    if out.suffix == ".npz":
        save_slice(out, piece, model)
    else:
        raw = picture(lambda fig: draw(fig, piece), out.suffix[1:])
        try:
            out.write_bytes(raw)
        except OSError as error:
            raise unwritable(out, error) from None


def _print(args: argparse.Namespace, model: Any, piece: Any) -> None:
    where, lowest = piece.lowest()
    error = "that of the model's own rounding" if piece.error is None else f"at most {float(piece.error):.2g}"
    if piece.way == "chebyshev":
        error = f"about {float(piece.error):.2g} (checked at random points)"
    rows = [
        ("model", f"{type(model).__name__}: {model.dim} parameters; the loss is {model.loss_normalisation}"),
        ("directions", ", ".join([piece.frame.kind, *(f"{k} {v}" for k, v in piece.frame.about.items())])),
        ("values", f"{' x '.join(map(str, piece.values.shape))}, computed by {piece.way}"),
        ("error of a value", error),
        ("lowest", f"{_short(lowest)} at ({', '.join(_short(c) for c in where)})"),
        ("highest", _short(piece.values.max())),
    ]
    if args.out is not None:
        rows.append(("written", str(args.out)))
    say(table(("", ""), rows))


def _short(value: Any) -> str:
    """A float, a rational as it is or, where it is long, in ten digits."""
    from theory.arithmetic import flint

    if isinstance(value, float):
        return f"{value:.10g}"
    text = str(value)
    return text if len(text) <= LONG else f"about {flint().arb(value).str(10, radius=False)}"
