"""The Python verifier answers every case of tests/vectors, and the files are what their script makes."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from tests.conformance.cases import Bench, Document
from tests.vectors.make import FOLDER, files

PATHS = sorted(FOLDER.glob("*.json"))


@cache
def vectors(path: Path) -> tuple[Bench, list[Document]]:
    document = json.loads(path.read_text("utf-8"))
    return Bench(document), document["cases"]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_every_case_is_answered_as_the_vectors_say(path: Path) -> None:
    bench, cases = vectors(path)

    wrong = {case["name"]: bench.run(case) for case in cases if bench.run(case) != case["expect"]}

    assert wrong == {}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_no_two_cases_of_a_file_have_one_name(path: Path) -> None:
    names = [case["name"] for case in vectors(path)[1]]

    assert len(set(names)) == len(names)


def test_the_script_makes_the_committed_files_byte_for_byte() -> None:
    made = dict(files())

    assert made == {str(path.relative_to(FOLDER)): path.read_bytes() for path in FOLDER.rglob("*.json")}


def test_the_files_are_small() -> None:
    sizes = [path.stat().st_size for path in PATHS]

    assert max(sizes) < 1_000_000
    assert sum(sizes) < 3_000_000
