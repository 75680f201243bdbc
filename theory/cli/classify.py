"""``landscapes classify``: what kind of point a weight vector is, with its certificate."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from theory.cli.output import Mistake, input_mistakes, one_line, say, say_json, table, working
from theory.errors import Undecided

HELP = "classify a critical point from a problem file"
EXAMPLES = ("iris-origin", "iris-optimum", "iris-constant", "iris-float")
_LONGEST = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("file", nargs="?", metavar="FILE", help="a problem file, JSON or .npz; - is standard input")
    shown = "print a valid problem file (default: %(const)s)"
    what.add_argument("--example", nargs="?", const=EXAMPLES[0], choices=EXAMPLES, help=shown)
    parser.add_argument("--nearest", action="store_true", help="classify the certified critical point nearby")
    parser.add_argument("--gtol", type=float, help="for floats: the largest gradient entry of a critical point")
    parser.add_argument("--arithmetic", choices=("rational", "float", "ball"), help="compute in this arithmetic")
    parser.add_argument("--json", action="store_true", help="plain JSON on stdout")


def run(args: argparse.Namespace) -> int:
    if args.example:
        from theory.io.examples import example
        from theory.io.files import json_text

        sys.stdout.write(json_text(example(args.example)) + "\n")
        return 0
    with input_mistakes():
        from theory.io.problem import load
        from theory.io.results import classification, plain

        problem = load(args.file, gtol=args.gtol, arithmetic=args.arithmetic)
        if problem.theta is None:
            raise Mistake(f"{args.file}: needs the key 'theta', got none; give the weights, flat or by layer")
        try:
            with working("classifying"):
                answer, found = _answer(problem, args.nearest)
        except Undecided as error:
            print(f"landscapes: undecided: {one_line(error)}", file=sys.stderr)
            return 1
    more = {} if found is None else {"nearest": {"theta": plain(found.theta), "distance": plain(found.distance)}}
    if args.json:
        say_json({**classification(problem.model, answer), **more})
    else:
        _print(problem, answer, found)
    return 1 if answer.kind == "undecided" else 0


def _answer(problem: Any, near: bool) -> tuple[Any, Any]:
    """The classification, and the critical point nearby if that was asked for.

    Raises
    ------
    ValueError
        When the loss or a derivative overflows.
    """
    import numpy as np

    from theory.critical.classify import classify
    from theory.critical.nearest import nearest

    gtol = problem.options.get("gtol")
    with np.errstate(all="ignore"):
        found = nearest(problem.model, problem.theta, gtol=gtol) if near else None
        answer = found.classification if found else classify(problem.model, problem.theta, gtol=gtol)
    if isinstance(answer.loss, float | np.floating) and not np.isfinite(answer.loss):
        raise ValueError("classify: entries must be finite, got a loss that overflows; rescale the data or theta")
    return answer, found


def _print(problem: Any, answer: Any, found: Any) -> None:
    from theory.arithmetic import arithmetic_of

    model, theta = problem.model, problem.theta if found is None else found.theta
    layers = ", ".join(f"{name} {shape}" for name, shape in model.layout)
    rows = [
        ("model", f"{type(model).__name__}: {model.dim} parameters ({layers}), {arithmetic_of(theta).name}"),
        ("kind", answer.kind),
        ("loss", f"{_number(answer.loss)}, where the loss is {model.loss_normalisation}"),
        ("gradient bound", f"{answer.gradient_bound:.3g}"),
        ("inertia", answer.inertia if answer.inertia is not None else "not known"),
        ("rule", answer.rule),
        ("evidence", answer.evidence),
        *((f"certificate: {name}", _shown(value)) for name, value in answer.certificate.items()),
    ]
    if found is not None:
        rows.insert(1, ("distance", f"at most {found.distance:.3g} from the given point"))
        rows.insert(2, ("theta", _shown(theta)))
    say(table(("", ""), rows))


def _number(x: Any) -> str:
    """A value; long fractions with their size."""
    text = str(x)
    return f"{text} (about {int(x.p) / int(x.q):.6g})" if hasattr(x, "q") and len(text) > 12 else text


def _shown(value: Any) -> str:
    from theory.io.results import plain

    text = one_line(plain(value)).replace("'", "")
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ... (all of it with --json)"
