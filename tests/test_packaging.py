"""What is installed is whole: screens, texts, weights and every library that is imported."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from codemix_lab.text.tasks import starter_tasks

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REQUIRED = {canonicalize_name(Requirement(line).name): Requirement(line) for line in PROJECT["dependencies"]}
DEVELOPED_WITH = [Requirement(line) for line in PROJECT["optional-dependencies"]["dev"]]
DISTRIBUTIONS = {"sklearn": "scikit-learn", "yaml": "pyyaml"}
COMES_WITH = {"filelock": "datasets", "huggingface-hub": "transformers", "numpy": "pandas", "rich": "typer"}
RESOURCES = ("text/starter/", "text/public_sets.yaml", "models/starter/weights/")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("hatchling", reason="building needs hatchling: pip install -e '.[dev]'")
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def packed(wheel: Path) -> set[str]:
    return set(zipfile.ZipFile(wheel).namelist())


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel unpacked as an installer would, beside the libraries that are here already."""
    site = tmp_path_factory.mktemp("site")
    zipfile.ZipFile(wheel).extractall(site)
    return site


def in_the_checkout(folder: str) -> Iterator[str]:
    for path in (ROOT / folder).rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(ROOT).as_posix()


def run_installed(site: Path, code: str, folder: Path) -> str:
    environment = os.environ | {"PYTHONPATH": str(site)}
    command = [sys.executable, "-c", code]
    said = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    return said.stdout


def test_the_wheel_carries_the_whole_package(packed: set[str]) -> None:
    assert set(in_the_checkout("codemix_lab")) <= packed
    assert "codemix_lab/py.typed" in packed


@pytest.mark.parametrize("folder", RESOURCES)
def test_the_wheel_carries_texts_and_weights(folder: str, packed: set[str]) -> None:
    assert [name for name in packed if name.startswith(f"codemix_lab/{folder}")]


def test_the_wheel_carries_the_screens(packed: set[str]) -> None:
    screens = ["app.py", *in_the_checkout("pages"), ".streamlit/config.toml"]
    assert {f"codemix_lab/_app/{name}" for name in screens} <= packed


def test_the_wheel_carries_nothing_else(packed: set[str]) -> None:
    outside = {name for name in packed if not name.startswith("codemix_lab/")}
    assert {name.split("/")[0] for name in outside} == {
        f"codemix_lab-{metadata.version('codemix-lab')}.dist-info"
    }
    assert any(name.endswith("/licenses/LICENSE") for name in outside)
    assert not [name for name in packed if "__pycache__" in name or name.endswith(".part")]


def test_the_command_is_declared(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    entries = next(name for name in archive.namelist() if name.endswith("entry_points.txt"))
    assert "codemix-lab = codemix_lab.cli:main" in archive.read(entries).decode()


def test_the_installed_package_finds_its_own_parts(installed: Path, tmp_path: Path) -> None:
    code = (
        "from codemix_lab import paths\n"
        "from codemix_lab.text.tasks import open_task, starter_tasks\n"
        "print(paths.PACKAGE, paths.checkout(), (paths.PACKAGE / '_app' / 'app.py').is_file(), "
        "all(len(open_task(name).frame) for name in starter_tasks()), len(starter_tasks()))"
    )
    said = run_installed(installed, code, tmp_path).split()
    assert said == [str(installed / "codemix_lab"), "None", "True", "True", str(len(starter_tasks()))]


def test_running_the_package_is_running_the_command(installed: Path, tmp_path: Path) -> None:
    code = "import runpy, sys; sys.argv = ['codemix-lab', '--help']; runpy.run_module('codemix_lab', run_name='__main__')"
    said = run_installed(installed, code, tmp_path)
    assert "doctor" in said


def imported_by(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]


def test_every_imported_library_is_required() -> None:
    sources = [ROOT / "app.py", *(ROOT / "pages").glob("*.py"), *(ROOT / "codemix_lab").rglob("*.py")]
    modules = {name for path in sources for name in imported_by(path)}
    outside = modules - set(sys.stdlib_module_names) - {"codemix_lab"}
    wanted = {canonicalize_name(DISTRIBUTIONS.get(name, name)) for name in outside}
    assert wanted - set(REQUIRED) <= set(COMES_WITH)


@pytest.mark.parametrize(("library", "bringer"), COMES_WITH.items())
def test_what_is_left_to_another_library_is_brought_by_it(library: str, bringer: str) -> None:
    brought = [Requirement(line) for line in metadata.requires(bringer) or []]
    assert library in {canonicalize_name(r.name) for r in brought if r.marker is None or r.marker.evaluate()}


def test_the_pins_cover_and_satisfy_every_requirement() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("#")
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines[1:])
    pins = {canonicalize_name(name): version for name, version in (line.split("==") for line in lines[1:])}
    for requirement in (*REQUIRED.values(), *DEVELOPED_WITH):
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), requirement.name
