"""The README does what it says: commands, example, recipe, all as printed."""

import ast
import doctest
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    """The fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_example_runs_as_printed():
    example = blocks("python")[0]
    test = doctest.DocTestParser().get_doctest(example, {}, "README.md", "README.md", 0)
    said = []
    doctest.DocTestRunner(verbose=False).run(test, out=said.append)
    assert not said, "".join(said)
    assert len(test.examples) >= 8 and example.count("\n") <= 17


def test_recipe_is_python_and_uses_only_names_that_exist():
    """Its order of parameters is checked with torch itself where that is installed (below)."""
    import theory
    from theory import models

    tree = ast.parse(blocks("python")[1])
    used = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and getattr(n.value, "id", "") == "theory"}
    assert used == {"classify"} and all(hasattr(theory, name) for name in used)
    imported = [a.name for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) for a in n.names]
    assert imported == ["ShallowNet"] and hasattr(models, "ShallowNet")


def test_slices_are_taken_as_printed():
    import numpy as np

    from theory.models import ShallowNet

    rng = np.random.default_rng(0)
    model = ShallowNet(2, rng.standard_normal((2, 5)), rng.standard_normal(5))
    space = {"model": model, "theta": rng.standard_normal(model.dim)}
    exec(compile(blocks("python")[2], "README.md", "exec"), space)
    piece = space["piece"]
    assert piece.values.shape == (201, 201) and space["signs"].shape == (51, 51)
    at = space["frame"].points([piece.x[3], piece.y[7]])
    assert abs(model.loss(at) - piece.values[7, 3]) <= piece.error


def test_recipe_gives_the_loss_of_torch():
    torch = pytest.importorskip("torch")
    from theory.calculus.tolerance import rounding

    space = {}
    exec(compile(blocks("python")[1], "README.md", "exec"), space)
    outputs = space["net"](space["inputs"])[:, 0]
    theirs = torch.nn.MSELoss()(outputs, space["targets"]).item()
    assert abs(theirs - space["model"].loss(space["theta"])) <= rounding(float, 1000, theirs)


def test_two_commands_are_the_ones_promised():
    install, test = blocks("sh")
    assert install.count("\n") == test.count("\n") == 1
    assert install.rstrip().endswith(".venv/bin/landscapes verify") and "-c constraints.txt" in install
    assert "pytest" in test


def test_sub_commands_exist():
    from theory.cli.main import COMMANDS

    named = set(re.findall(r"landscapes (\w+)", README))
    assert named == set(COMMANDS)


def test_versions_agree():
    import theory

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    citation = re.search(r"^version: (\S+)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    assert project["version"] == theory.__version__ == citation[1]
    assert f"## [{theory.__version__}]" in (ROOT / "CHANGELOG.md").read_text()


def test_every_family_is_in_the_changelog():
    from theory.claims.registry import FAMILIES

    text = (ROOT / "CHANGELOG.md").read_text().lower()
    words = {
        "linear_resnet": "linear resnet",
        "relu_neuron": "relu neuron",
        "deep_linear": "deep linear",
        "ed_degrees": "ed degrees",
    }
    for family in FAMILIES:
        assert words.get(family, family.split("_")[0]) in text.partition("### claims")[2], family
