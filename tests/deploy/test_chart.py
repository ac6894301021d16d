"""The chart that a chart of the Data Control Center includes: linted and rendered by Helm, where Helm is installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from licensing.cli.agent import agent

CHARTS = Path(__file__).parents[2] / "deploy" / "dcc"


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example chart with its dependency at hand, in a folder of its own."""
    if shutil.which("helm") is None:
        pytest.skip("no helm: install it (https://helm.sh) to render the chart")
    folder = tmp_path_factory.mktemp("charts") / "dcc"
    shutil.copytree(CHARTS, folder)
    helm(folder / "example", "dependency", "update", ".")
    return folder / "example"


def helm(chart: Path, *words: str) -> str:
    environment = {**os.environ, "HELM_CACHE_HOME": str(chart), "HELM_CONFIG_HOME": str(chart)}
    done = subprocess.run(["helm", *words], cwd=chart, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def rendered(chart: Path, *values: str) -> str:
    options = [word for value in values for word in ("--set", value)]
    return helm(chart, "template", "dcc", ".", "--namespace", "koor", *options)


def test_the_chart_is_clean(example: Path) -> None:
    assert "0 chart(s) failed" in helm(example, "lint", ".")


def test_a_secret_made_by_hand_is_mounted_and_none_is_made(example: Path) -> None:
    text = rendered(example)

    assert "secretName: koor-license" in text
    assert "koor-license.json: " not in text
    assert 'value: "https://licenses.example.com"' in text


def test_a_file_in_the_values_becomes_a_secret(example: Path) -> None:
    text = rendered(example, "license.existingSecret=", 'license.file=\\{"v":1\\}')

    assert 'koor-license.json: "{\\"v\\":1}"' in text
    assert "secretName: dcc-license" in text


def test_the_client_may_list_two_things_and_write_one(example: Path) -> None:
    text = rendered(example)

    assert text.count("verbs: [list]") == 2
    assert text.count("verbs: [get, update, patch]") == 1
    assert "resourceNames: [dcc-license-state]" in text
    assert '"*"' not in text


def test_the_sidecar_is_there_when_it_is_wanted(example: Path) -> None:
    assert "license-agent" in rendered(example)
    assert "license-agent" not in rendered(example, "license.agent.enabled=false")


@pytest.mark.parametrize(("production", "value"), [("true", '"true"'), ("false", '"false"')])
def test_a_cluster_for_tests_says_so(example: Path, production: str, value: str) -> None:
    text = rendered(example, f"license.production={production}")

    assert f"name: KOOR_LICENSE_PRODUCTION\n              value: {value}" in text


def test_the_sidecar_knows_every_variable_that_the_chart_sets(example: Path) -> None:
    text = rendered(example, "license.caConfigMap=ca")
    known = {option.envvar for option in agent.params if str(option.envvar).startswith("KOOR_")}

    assert set(re.findall(r"name: (KOOR_\w+)", text)) == known
