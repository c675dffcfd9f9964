"""Notebooks of the repository, executed."""

import os
from pathlib import Path
from unittest import mock

import pytest

EXAMPLES = Path(__file__).parents[3] / "examples"


def execute(name, environment):
    """Execute a notebook; return all that its cells have as text."""
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    if not (EXAMPLES / name).exists():
        pytest.skip("needs a checkout of the repository")
    notebook = nbformat.read(EXAMPLES / name, as_version=4)
    client = nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3")
    with mock.patch.dict(os.environ, environment):
        client.execute()
    return "\n".join(text for cell in notebook.cells for text in _texts(cell))


def _texts(cell):
    for output in cell.get("outputs", ()):
        yield output.get("text", "")
        yield output.get("data", {}).get("text/plain", "")
