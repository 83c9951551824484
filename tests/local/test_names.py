"""One name, one meaning: no two classes of the local cloud, of its tests or of what they share are called the same."""

from __future__ import annotations

import ast
from collections import defaultdict

from tests.local.processes import ROOT

FOLDERS = ("local", "tests/local")


def test_no_two_classes_have_one_name() -> None:
    """A reader who meets a class by its name knows which one it is."""
    places = defaultdict(list)
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    places[node.name].append(str(path.relative_to(ROOT)))
    assert {} == {name: found for name, found in places.items() if len(found) > 1}
