"""Rules and dashboard for who watches: whole, and about metrics that a real scrape has."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.worlds import World, nodes, sell, token_of
from tests.web.test_metrics import scrape, with_token

MONITORING = Path(__file__).parent.parent.parent / "deploy" / "monitoring"
RULES: dict[str, Any] = yaml.safe_load((MONITORING / "alerts.yaml").read_text("utf-8"))
DASHBOARD: dict[str, Any] = json.loads((MONITORING / "dashboard.json").read_text("utf-8"))


def rules() -> list[dict[str, Any]]:
    return [rule for group in RULES["groups"] for rule in group["rules"]]


def expressions() -> list[str]:
    asked = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    return [rule["expr"] for rule in rules()] + asked


def test_every_metric_that_is_watched_is_in_a_real_scrape(world: World) -> None:
    watched = with_token(world)
    watched.check_in(token_of(watched, sell(watched).license_id), nodes(2))
    watched.house.worker.tick()

    told = scrape(watched)

    named = {name for each in expressions() for name in re.findall(r"\blicensing_[a-z_]+", each)}
    present = {line.partition("{")[0].partition(" ")[0] for line in told.splitlines() if not line.startswith("#")}
    assert len(named) > 10
    assert named - present == set()


def test_every_label_that_is_asked_for_is_one_that_a_metric_has(world: World) -> None:
    watched = with_token(world)
    watched.check_in(token_of(watched, sell(watched).license_id), nodes(2))

    told = scrape(watched)

    asked = {name for each in expressions() for name in re.findall(r'(\w+)=~?"', each)} - {"job"}
    assert asked <= set(re.findall(r'(\w+)="', told))


def test_every_rule_says_how_bad_it_is_and_what_it_means() -> None:
    for rule in rules():
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"].endswith((".", "?"))


def test_prometheus_takes_the_rules() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("no promtool here: install Debian's package prometheus to check the rules with it")

    checked = subprocess.run(
        [promtool, "check", "rules", str(MONITORING / "alerts.yaml")], capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr
