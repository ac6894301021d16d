"""What the sidecar asks of Kubernetes, over TLS: names, an identity, a Secret; or an error in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from licensing.client.clusters import Cluster, ClusterAway
from licensing.client.kubernetes import PODS_A_PAGE, ApiRefused, Kubernetes, RookCluster
from licensing.client.state import StoreAway
from licensing.client.states import FileStore, SecretStore
from tests.client.apiservers import CEPH, KUBE_SYSTEM, PODS, SECRET, ApiServer, api_server, ceph, pod, write_authority
from tests.support.worlds import FSID, OTHER_FSID, UID, nodes


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ApiServer]:
    with api_server(tmp_path / "account") as told:
        yield told


@pytest.fixture
def rook(server: ApiServer) -> RookCluster:
    return RookCluster(server.api, "rook-ceph", production=False, dcc_version="0.6.0")


@pytest.fixture
def secret(server: ApiServer) -> SecretStore:
    return SecretStore(server.api, "dcc", "koor-license-state")


# Storage nodes.


def test_a_node_counts_once_and_finished_or_waiting_pods_do_not(server: ApiServer, rook: RookCluster) -> None:
    running = [pod("b"), pod("a"), pod("b"), pod("c", "Pending")]
    server.pods = [*running, pod("d", "Succeeded"), pod("e", "Failed"), pod(None, "Pending")]

    assert rook.storage_nodes() == ["a", "b", "c"]


def test_a_cluster_without_pods_has_no_nodes(rook: RookCluster) -> None:
    assert rook.storage_nodes() == []


def test_every_page_is_read(server: ApiServer, rook: RookCluster) -> None:
    server.has_pods_on(nodes(2 * PODS_A_PAGE + 1))

    assert len(rook.storage_nodes()) == 2 * PODS_A_PAGE + 1
    assert len(server.asked) == 3


def test_a_list_that_expires_between_two_pages_begins_anew_once(server: ApiServer, rook: RookCluster) -> None:
    server.has_pods_on(nodes(PODS_A_PAGE + 1))
    server.expired = 1
    assert len(rook.storage_nodes()) == PODS_A_PAGE + 1

    server.expired = 2
    with pytest.raises(ApiRefused, match="410"):
        rook.storage_nodes()


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"items":null}', b'{"items":{}}', b"<html>", b"[" * 100_000, b"\xff"]
)
def test_an_answer_that_is_no_list_is_an_error_not_a_count(server: ApiServer, rook: RookCluster, body: bytes) -> None:
    server.tamper[PODS] = lambda: (200, body)

    with pytest.raises(ClusterAway):
        rook.storage_nodes()


def test_what_is_no_pod_names_no_node(server: ApiServer, rook: RookCluster) -> None:
    server.tamper[PODS] = lambda: (
        200,
        b'{"items":[null,7,{"spec":7},{"spec":{"nodeName":7}},{"spec":{"nodeName":"a"}}]}',
    )

    assert rook.storage_nodes() == ["a"]


# Who it is.


def test_the_cluster_is_its_fsid_and_kube_systems_uid(server: ApiServer, rook: RookCluster) -> None:
    server.cephs = [ceph("storage", FSID.upper())]

    assert rook.cluster() == Cluster(FSID, UID, "storage", "0.6.0", production=False)


@pytest.mark.parametrize(
    ("cephs", "why"),
    [
        ([], "no Ceph cluster"),
        ([ceph(fsid=None)], "no fsid yet"),
        ([ceph(fsid="not-a-uuid")], "no UUID"),
        ([ceph("a"), ceph("b", OTHER_FSID)], "different fsids"),
        ([{"status": 7}, None], "no fsid yet"),
    ],
)
def test_nobody_guesses_who_it_is(server: ApiServer, rook: RookCluster, cephs: list[object], why: str) -> None:
    server.cephs = cephs  # type: ignore[assignment]

    with pytest.raises(ClusterAway, match=why):
        rook.cluster()


def test_one_that_is_still_being_made_hides_no_other(server: ApiServer, rook: RookCluster) -> None:
    server.cephs = [ceph("a", None), ceph("c"), ceph("b")]

    assert (rook.cluster().fsid, rook.cluster().name) == (FSID, "b")


def test_without_kube_systems_uid_nobody_is_told_apart(server: ApiServer, rook: RookCluster) -> None:
    server.tamper[KUBE_SYSTEM] = lambda: (200, b'{"metadata":{"uid":""}}')

    with pytest.raises(ClusterAway, match="no UID"):
        rook.cluster()


# The way to the API.


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_a_refusal_says_its_status(server: ApiServer, rook: RookCluster, status: int) -> None:
    server.tamper[CEPH] = lambda: (status, b"{}")

    with pytest.raises(ApiRefused, match=str(status)) as refused:
        rook.cluster()
    assert refused.value.status == status


def test_a_renewed_token_counts_at_once(server: ApiServer, rook: RookCluster) -> None:
    server.token = "renewed"
    with pytest.raises(ApiRefused, match="401"):
        rook.storage_nodes()

    (server.folder / "token").write_text("renewed")
    assert rook.storage_nodes() == []


def test_another_authoritys_server_gets_no_token(server: ApiServer, rook: RookCluster) -> None:
    write_authority(server.folder)  # ca.crt is another one than the server's now

    with pytest.raises(ApiRefused, match="CERTIFICATE_VERIFY_FAILED"):
        rook.storage_nodes()
    assert server.asked == []


@pytest.mark.parametrize("name", ["token", "ca.crt"])
def test_an_account_without_its_files_is_an_error(server: ApiServer, rook: RookCluster, name: str) -> None:
    (server.folder / name).unlink()

    with pytest.raises(ApiRefused, match="can't be asked"):
        rook.storage_nodes()


def test_nothing_goes_over_plain_http(server: ApiServer) -> None:
    with pytest.raises(ApiRefused, match="https"):
        Kubernetes(f"http://127.0.0.1:{server.port}", server.folder).get(KUBE_SYSTEM)


def test_a_redirect_is_not_followed_and_a_proxy_not_asked(
    server: ApiServer, rook: RookCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    server.headers["Location"] = f"https://127.0.0.1:{server.port}{KUBE_SYSTEM}"
    server.tamper[CEPH] = lambda: (302, b"{}")

    with pytest.raises(ApiRefused, match="302"):
        rook.cluster()
    assert len(server.asked) == 1


def test_an_api_at_an_ipv6_address_is_named_in_brackets(tmp_path: Path) -> None:
    assert Kubernetes.around("fd00::1", "443", tmp_path).url == "https://[fd00::1]:443"


# The state.


def test_a_secret_keeps_the_state_and_all_its_other_keys(server: ApiServer, secret: SecretStore) -> None:
    assert secret.load() is None

    secret.save(b'{"v":1}')

    assert secret.load() == b'{"v":1}'
    assert server.secret is not None
    assert set(server.secret["data"]) == {"other", "state.json"}


def test_a_secret_that_is_missing_is_no_empty_state(server: ApiServer, secret: SecretStore) -> None:
    server.secret = None

    with pytest.raises(StoreAway, match="dcc/koor-license-state can't be read: the API answers 404"):
        secret.load()
    with pytest.raises(StoreAway, match="can't be written: the API answers 404"):
        secret.save(b"{}")


@pytest.mark.parametrize("body", [b'{"data":{"state.json":"%"}}', b'{"data":{"state.json":7}}', b'{"data":[1]}', b"7"])
def test_a_damaged_secret_is_no_empty_state(server: ApiServer, secret: SecretStore, body: bytes) -> None:
    server.tamper[SECRET] = lambda: (200, body)

    with pytest.raises(StoreAway, match="can't be read"):
        secret.load()


def test_a_file_keeps_the_state_for_its_owner_alone(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "state.json")
    assert store.load() is None

    store.save(b"one")
    store.save(b"two")

    assert store.load() == b"two"
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]
    assert store.path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_cannot_be_used_is_away(tmp_path: Path) -> None:
    with pytest.raises(StoreAway, match="written"):
        FileStore(tmp_path / "missing" / "state.json").save(b"{}")
    with pytest.raises(StoreAway, match="read"):
        FileStore(tmp_path).load()
