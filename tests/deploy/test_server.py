"""What runs the server: the image, the compose file, the unit and the chart, read as their tools read them."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from licensing.settings import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "docker" / "Dockerfile").read_text("utf-8")
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
LICENSING_SERVICES = ("migrate", "server", "worker")
FILES = sorted(
    file for file in DEPLOY.rglob("*") if file.is_file() and "dcc" not in file.parts and file.suffix != ".lock"
)
KUBERNETES = ("--kube-version", "1.30.0")
VALUES = (
    *("publicUrl=https://licenses.example.com", "database.existingSecret=database", "keys.existingSecret=keys"),
    *("keys.passphraseSecret=passphrase", "mail.existingSecret=mail", "mail.from=licenses@example.com"),
    *("termsUrl=https://example.com/terms", "privacyUrl=https://example.com/privacy"),
)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(DEPLOY)))
def test_every_variable_is_a_setting(file: Path) -> None:
    known = {f"LICENSING_{field.name.upper()}" for field in fields(Settings)}

    assert set(re.findall(r"\bLICENSING_[A-Z_]*[A-Z]\b", file.read_text("utf-8"))) <= known


def test_the_image_runs_without_root_and_without_a_shell() -> None:
    instructions = re.findall(r"^(USER|ENTRYPOINT|CMD|HEALTHCHECK.*\\\n\s+CMD) (.+)$", DOCKERFILE, re.MULTILINE)

    assert ("USER", "10001:10001") in instructions
    assert [words[0] for name, words in instructions if name != "USER"] == ["[", "[", "["]
    assert ":latest" not in DOCKERFILE


def test_the_image_installs_what_is_pinned() -> None:
    pinned = set(re.findall(r"^[a-z0-9.-]+==\S+", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    of_image = re.findall(r"^[a-z0-9.-]+==\S+", (DEPLOY / "docker" / "requirements.lock").read_text(), re.MULTILINE)

    assert "--require-hashes" in DOCKERFILE
    assert set(of_image) <= pinned
    assert not {"pytest", "ruff", "mypy", "playwright"} & {name.partition("==")[0] for name in of_image}


@pytest.mark.parametrize("name", LICENSING_SERVICES)
def test_a_service_has_no_more_rights_than_it_needs(name: str) -> None:
    service = COMPOSE["services"][name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["environment"]["LICENSING_MODE"] == "production"


def test_only_who_migrates_knows_the_owner() -> None:
    knows = [name for name in LICENSING_SERVICES if "owner" in str(COMPOSE["services"][name]["environment"])]

    assert knows == ["migrate"]


def test_the_compose_file_has_an_example_of_every_variable() -> None:
    example = (DEPLOY / "compose.env.example").read_text("utf-8")
    wanted = re.findall(r"\$\{([A-Z_]+)", (DEPLOY / "compose.yaml").read_text("utf-8"))

    assert set(wanted) <= set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE))


def test_the_unit_keeps_the_server_to_itself() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read(DEPLOY / "systemd" / "licensing.service")

    service = unit["Service"]
    assert service["User"] == "licensing"
    assert {service[name] for name in ("NoNewPrivileges", "ProtectHome", "PrivateTmp")} == {"yes"}
    assert service["ProtectSystem"] == "strict"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze: the unit is only parsed")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "licensing.service"
    text = (DEPLOY / "systemd" / "licensing.service").read_text("utf-8")
    unit.write_text(text.replace("/opt/licensing/bin/licensing", "/bin/true"), "utf-8")

    done = subprocess.run(["systemd-analyze", "verify", str(unit)], check=False, capture_output=True, text=True)

    assert "licensing.service" not in done.stderr, done.stderr


@pytest.fixture(scope="module")
def manifests() -> list[dict[str, Any]]:
    """The chart as it is installed with everything switched on."""
    return rendered(*VALUES, "ingress.enabled=true", "ingress.host=licenses.example.com")


def rendered(*values: str) -> list[dict[str, Any]]:
    options = [word for value in values for word in ("--set", value)]
    text = helm("template", "licensing", ".", "--namespace", "koor", *KUBERNETES, *options)
    return [document for document in yaml.safe_load_all(text) if document]


def helm(*words: str) -> str:
    if shutil.which("helm") is None:
        pytest.skip("no helm: install it (https://helm.sh) to render the chart")
    chart = DEPLOY / "helm" / "koor-licensing"
    done = subprocess.run(
        ["helm", *words], cwd=chart, env=dict(os.environ), check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_chart_is_clean() -> None:
    options = [word for value in VALUES for word in ("--set", value)]

    assert "0 chart(s) failed" in helm("lint", ".", "--strict", *options)


def test_the_chart_has_every_part(manifests: list[dict[str, Any]]) -> None:
    kinds = sorted(each["kind"] for each in manifests)

    assert kinds == sorted(
        ["Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy", "Ingress", "StatefulSet", "Job"]
    )


def test_every_container_of_the_chart_is_restricted(manifests: list[dict[str, Any]]) -> None:
    pods = [each["spec"]["template"]["spec"] for each in manifests if "template" in each["spec"]]
    containers = [each for pod in pods for each in (*pod["initContainers"], *pod["containers"])]

    assert len(containers) == 6
    assert all(pod["securityContext"]["runAsNonRoot"] and not pod["automountServiceAccountToken"] for pod in pods)
    for container in containers:
        security = container["securityContext"]
        assert security["readOnlyRootFilesystem"]
        assert not security["allowPrivilegeEscalation"]
        assert security["capabilities"] == {"drop": ["ALL"]}


def test_the_chart_refuses_to_be_installed_without_its_secrets() -> None:
    if shutil.which("helm") is None:
        pytest.skip("no helm: install it (https://helm.sh) to render the chart")
    chart = DEPLOY / "helm" / "koor-licensing"

    done = subprocess.run(
        ["helm", "template", ".", *KUBERNETES], cwd=chart, check=False, capture_output=True, text=True
    )

    assert done.returncode != 0
    assert "must be set" in done.stderr
