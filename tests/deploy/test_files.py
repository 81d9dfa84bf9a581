"""What is deployed fits the gateway: settings, paths and times that exist, images pinned, nobody root, no secrets."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from starlette.routing import Mount, Route

from gateway.app import create_app
from gateway.commands.listening import LINGER_SECONDS
from gateway.commands.serve import GRACE_SECONDS
from gateway.settings import Settings, given_settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
KUBERNETES = sorted(
    file for file in (DEPLOY / "kubernetes").rglob("*.yaml") if file.name not in {"gateway.env", "kustomization.yaml"}
)
OVERLAY = DEPLOY / "kubernetes" / "overlays" / "example"
WRITTEN = [
    file
    for file in (ROOT / "Dockerfile", *DEPLOY.rglob("*"))
    if file.is_file() and not {"secrets", "grafana"} & set(file.parts) and file.name != "gateway.env"
]
INSIDE = {"/healthz", "/readyz", "/metrics"}
SECRETS = {f"GATEWAY_{name.upper()}" for name, field in Settings.model_fields.items() if "SecretStr" in str(field)} | {
    "GATEWAY_DATABASE_URL"
}

compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
nginx = (DEPLOY / "nginx" / "nginx.conf").read_text()


def objects(kind: str) -> Iterator[dict[str, Any]]:
    for file in KUBERNETES:
        yield from (each for each in yaml.safe_load_all(file.read_text()) if each["kind"] == kind)


def pods() -> list[dict[str, Any]]:
    return [each["spec"]["template"]["spec"] for kind in ("Deployment", "Job") for each in objects(kind)]


def node() -> dict[str, Any]:
    (deployment,) = objects("Deployment")
    container: dict[str, Any] = deployment["spec"]["template"]["spec"]["containers"][0]
    return container


def example() -> dict[str, str]:
    lines = (DEPLOY / "gateway.env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


def seconds(directive: str) -> int:
    found = re.search(rf"^\s*{directive} (\d+)s;", nginx, re.MULTILINE)
    assert found, directive
    return int(found[1])


def routes() -> set[str]:
    settings = given_settings(
        property_url="http://p",
        property_user="u",
        property_password="p",
        billing_url="http://b",
        billing_user="u",
        billing_secret="s",
        public_url="https://t.example.org",
        secret_key="k" * 32,
    )
    return {each.path for each in create_app(settings).routes if isinstance(each, Route | Mount)}


@pytest.mark.parametrize("file", WRITTEN, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_setting_named_is_one(file: Path) -> None:
    known = {f"GATEWAY_{name.upper()}" for name in Settings.model_fields}
    assert set(re.findall(r"GATEWAY_[A-Z][A-Z0-9_]+", file.read_text())) <= known


def test_the_example_names_every_setting_that_must_be_set() -> None:
    needed = {f"GATEWAY_{name.upper()}" for name, field in Settings.model_fields.items() if field.is_required()}
    (generated,) = yaml.safe_load((OVERLAY / "kustomization.yaml").read_text())["configMapGenerator"]
    literals = {each.split("=", 1)[0] for each in generated["literals"]}
    assert needed <= set(example())
    assert needed - SECRETS - {"GATEWAY_PROPERTY_USER", "GATEWAY_BILLING_USER"} <= literals


def test_no_secret_is_in_a_file() -> None:
    assert {"GATEWAY_SECRET_KEY", "GATEWAY_SMTP_URL"} < SECRETS
    filled = {name for name, value in example().items() if value and name in SECRETS}
    assert filled <= {"GATEWAY_VALKEY_URL"}, "holds no password in compose.yaml: only the nodes reach Valkey"
    text = "\n".join((OVERLAY / "kustomization.yaml").read_text().split("configMapGenerator:")[1:])
    assert not SECRETS & set(re.findall(r"GATEWAY_[A-Z_]+(?==)", text))
    assert not list(objects("Secret"))
    ignored = (DEPLOY / ".gitignore").read_text().splitlines()
    assert {"gateway.env", "secrets/"} <= set(ignored)


def test_every_image_is_pinned() -> None:
    images = [service["image"] for service in compose["services"].values()]
    base = re.search(r"^ARG PYTHON_IMAGE=(.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert base
    for image in [*images, base[1]]:
        name, _, tag = image.partition(":")
        assert tag == "local" if name == "tenant-gateway" else re.match(r"\d+\.\d+", tag), image
    (replaced,) = yaml.safe_load((OVERLAY / "kustomization.yaml").read_text())["images"]
    assert {container["image"] for pod in pods() for container in pod["containers"]} == {replaced["name"]}
    assert re.match(r"\d+\.\d+\.\d+", replaced["newTag"])


def test_nobody_is_root_and_nobody_writes() -> None:
    user = re.findall(r"^USER (\d+):\d+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert len(user) == 1
    for name, service in compose["services"].items():
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"]), name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["image"].startswith("tenant-gateway:") or int(service["user"].split(":")[0]), name
    for pod in pods():
        security = pod["securityContext"]
        assert security["runAsNonRoot"]
        assert security["runAsUser"] == int(user[0])
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert {"cpu", "memory"} == set(container["resources"]["requests"])
            assert "memory" in container["resources"]["limits"]


def test_probes_ask_what_there_is() -> None:
    probes = {name: probe["httpGet"]["path"] for name, probe in node().items() if name.endswith("Probe")}
    assert probes == {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
    assert set(probes.values()) <= routes()
    assert "/readyz" in str(compose["services"]["node-1"]["healthcheck"]["test"])
    assert node()["ports"][0]["containerPort"] == 8000


def test_a_node_has_time_to_leave() -> None:
    leaving = LINGER_SECONDS + GRACE_SECONDS
    (deployment,) = objects("Deployment")
    before = int(node()["lifecycle"]["preStop"]["exec"]["command"][1])
    assert deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] > before + leaving
    for name in ("node-1", "node-2"):
        assert int(compose["services"][name]["stop_grace_period"].removesuffix("s")) > leaving


def test_two_nodes_at_least_and_never_all_away() -> None:
    (scaler,), (budget,) = objects("HorizontalPodAutoscaler"), objects("PodDisruptionBudget")
    assert scaler["spec"]["minReplicas"] == 2
    assert budget["spec"]["maxUnavailable"] == 1
    (deployment,) = objects("Deployment")
    assert "replicas" not in deployment["spec"], "would undo the autoscaler at every apply"


def test_all_that_tenants_use_is_reachable_and_nothing_else() -> None:
    (ingress,) = objects("Ingress")
    (rule,) = ingress["spec"]["rules"]
    paths = {path["path"]: path["pathType"] for path in rule["http"]["paths"]}

    def reached(route: str) -> bool:
        return any(route == path or (kind == "Prefix" and route.startswith(f"{path}/")) for path, kind in paths.items())

    assert {route for route in routes() if not reached(route)} <= INSIDE
    assert not any(reached(route) for route in INSIDE)


def test_nginx_fits_the_gateway() -> None:
    defaults = Settings.model_fields
    assert f"client_max_body_size {defaults['max_body_bytes'].default // 1024}k;" in nginx
    assert seconds("proxy_read_timeout") > defaults["upstream_deadline_seconds"].default
    directives = "\n".join(line for line in nginx.splitlines() if not line.strip().startswith("#"))
    assert "non_idempotent" not in directives, "a mutation must never be sent twice"
    assert "proxy_next_upstream error timeout;" in directives
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in directives
    assert "$args" not in directives and "$request_uri" not in directives and "$request " not in directives
    for path in INSIDE:
        assert re.search(rf"location = {path} {{ (return 404|allow 127\.0\.0\.1; deny all);", directives), path


def test_the_image_is_built_of_files_that_reach_the_builder() -> None:
    copied = re.findall(r"^COPY ((?!--).+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for source in " ".join(copied).split():
        assert (ROOT / source).exists(), source
        assert source.split("/")[0] in let_through, source
