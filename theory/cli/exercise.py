"""``landscapes exercise``: list, start, check and hint."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from theory.cli.output import Mistake, coloured, input_mistakes, say, say_json, table, working

HELP = "exercises: list them, start one, check an answer, ask for a hint"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, text in (
        ("list", "which exercises there are"),
        ("start", "print the question and write the file to fill in"),
        ("check", "grade a file"),
        ("hint", "one hint, from vague to precise"),
    ):
        sub = actions.add_parser(name, help=text, description=text)
        if name != "list":
            sub.add_argument("id", metavar="ID")
        if name in ("start", "check"):
            sub.add_argument("file", nargs="?", metavar="FILE", help="default: exercise_ID.py")
        if name == "hint":
            sub.add_argument("number", nargs="?", type=int, default=1, metavar="N", help="which hint (default: 1)")
        sub.add_argument("--json", action="store_true", help="plain JSON on stdout")


def run(args: argparse.Namespace) -> int:
    from theory.exercises import all_exercises

    exercises = all_exercises()
    if args.action == "list":
        rows = [(e.id, e.level, e.title) for e in exercises.values()]
        if args.json:
            say_json([dict(zip(("id", "level", "title"), row, strict=True)) for row in rows])
        else:
            say(table(("exercise", "level", "title"), rows))
        return 0
    if args.id not in exercises:
        raise Mistake(f"exercise: needs one of {', '.join(exercises)}, got {args.id!r}")
    action = {"start": _start, "check": _check, "hint": _hint}[args.action]
    with input_mistakes():
        return action(exercises[args.id], args)


def _file(exercise: Any, args: argparse.Namespace) -> Path:
    return Path(args.file or f"exercise_{exercise.id.replace('.', '_').replace('-', '_')}.py")


def _start(exercise: Any, args: argparse.Namespace) -> int:
    path = _file(exercise, args)
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(exercise.stub)
    except FileExistsError:
        raise Mistake(f"{path}: exists already and is left as it is; name another file") from None
    if args.json:
        say_json({"id": exercise.id, "title": exercise.title, "question": exercise.question, "file": str(path)})
    else:
        say(f"{exercise.id}: {exercise.title}", "", exercise.question.strip(), "")
        say(f"Fill in {path}, then: landscapes exercise check {exercise.id} {path}")
    return 0


def _check(exercise: Any, args: argparse.Namespace) -> int:
    from theory.exercises.grader import grade

    with working("grading"):
        result = grade(exercise, _file(exercise, args))
    if args.json:
        say_json({"id": exercise.id, "passed": result.passed, "messages": list(result.messages)})
    else:
        say(coloured("right" if result.passed else "not yet", result.passed), *(f"  {m}" for m in result.messages))
        if not result.passed:
            say(f"A hint: landscapes exercise hint {exercise.id}")
    return 0 if result.passed else 1


def _hint(exercise: Any, args: argparse.Namespace) -> int:
    hints = exercise.hints
    if not 1 <= args.number <= len(hints):
        raise Mistake(f"exercise hint: {exercise.id} has hints 1 to {len(hints)}, got {args.number}")
    if args.json:
        say_json({"id": exercise.id, "number": args.number, "of": len(hints), "hint": hints[args.number - 1]})
    else:
        say(f"Hint {args.number} of {len(hints)}: {hints[args.number - 1]}")
    return 0
