# SPDX-License-Identifier: Apache-2.0
"""Command lines and configuration files of the programs of a cluster."""
import json

from .settings import (API_ADDRESS, NODE, NODE_ADDRESS, PAUSE_IMAGE, POD_RANGE, SERVICE_RANGE)

ETCD = "http://127.0.0.1:2379"
ETCD_PEERS = "http://127.0.0.1:2380"
PODS_MAX = 250
CNI_PROGRAMS = "/usr/lib/cni"
RUNC = "/usr/sbin/runc"
COMPONENTS = ("etcd", "containerd", "kube-apiserver", "kube-controller-manager", "kube-scheduler",
              "kubelet")

CONTAINERD = """\
version = 2
root = "{home}/containerd/root"
state = "{home}/containerd/state"
oom_score = 0
disabled_plugins = [{disabled}]
[grpc]
  address = "{socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  disable_apparmor = true
  restrict_oom_score_adj = true  # a container without CAP_SYS_RESOURCE can raise a score only
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = "{runc}"
        Root = "{home}/containerd/runc"
        SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{cni}"
    conf_dir = "{home}/cni"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "{registries}"
"""
UNUSED_SNAPSHOTTERS = ("aufs", "btrfs", "devmapper", "zfs")

# The controller manager provisions this class itself, in /tmp/hostpath_pv.
STORAGE_CLASSES = (
    {"name": "hostpath", "default": "true", "mode": "Immediate"},
    {"name": "hostpath-late", "default": "false", "mode": "WaitForFirstConsumer"},
)


def write_files(place):
    """What the programs read at their start."""
    for folder in (place.logs, place.home / "cni", place.registries):
        folder.mkdir(exist_ok=True)
    disabled = ", ".join(f'"io.containerd.snapshotter.v1.{name}"' for name in UNUSED_SNAPSHOTTERS)
    (place.home / "containerd.toml").write_text(CONTAINERD.format(
        home=place.home, socket=place.containerd, pause=PAUSE_IMAGE, runc=RUNC, cni=CNI_PROGRAMS,
        disabled=disabled, registries=place.registries))
    (place.home / "cni" / "10-pods.conflist").write_text(json.dumps(pod_network(place)))
    (place.home / "kubelet.json").write_text(json.dumps(kubelet_settings(place)))
    (place.home / "resolv.conf").write_text("")   # no name server: no query leaves the cluster


def pod_network(place):
    addresses = {"type": "host-local", "ranges": [[{"subnet": POD_RANGE}]],
                 "dataDir": str(place.home / "cni-addresses")}
    bridge = {"type": "bridge", "bridge": "pods", "isDefaultGateway": True, "ipMasq": False,
              "hairpinMode": True, "ipam": addresses}
    return {"cniVersion": "0.4.0", "name": "pods", "plugins": [bridge]}


def kubelet_settings(place):
    pki = place.pki
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
        "address": NODE_ADDRESS,
        "authentication": {"anonymous": {"enabled": False}, "webhook": {"enabled": True},
                           "x509": {"clientCAFile": str(pki / "ca.crt")}},
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(pki / "node.crt"), "tlsPrivateKeyFile": str(pki / "node.key"),
        "containerRuntimeEndpoint": f"unix://{place.containerd}",
        "cgroupDriver": "cgroupfs", "cgroupRoot": f"/{place.cgroup}",
        "enforceNodeAllocatable": [], "cgroupsPerQOS": True,
        "failCgroupV1": False, "failSwapOn": False,
        "makeIPTablesUtilChains": False,   # there is no proxy: the API is at its service address
        "resolvConf": str(place.home / "resolv.conf"),
        "podLogsDir": str(place.home / "pod-logs"),
        "volumePluginDir": str(place.home / "volume-plugins"),
        "maxPods": PODS_MAX,
        # Without CAP_SYS_RESOURCE a score can only be raised and the limit of files not at all.
        "oomScoreAdj": 0, "maxOpenFiles": 20000,
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%",
                         "imagefs.available": "1%"},
        "eventRecordQPS": 0, "registryPullQPS": 0,
    }


def command(place, component):
    """The words that start a component."""
    words = {"etcd": etcd, "containerd": containerd, "kube-apiserver": api_server,
             "kube-controller-manager": controller_manager, "kube-scheduler": scheduler,
             "kubelet": kubelet}[component](place)
    program = component if component == "containerd" else str(place.programs / component)
    return [program, *(str(word) for word in words)]


def etcd(place):
    return ["--data-dir", place.home / "etcd", "--unsafe-no-fsync", "--log-level", "warn",
            "--listen-client-urls", ETCD, "--advertise-client-urls", ETCD,
            "--listen-peer-urls", ETCD_PEERS, "--initial-advertise-peer-urls", ETCD_PEERS,
            "--initial-cluster", f"default={ETCD_PEERS}"]


def containerd(place):
    return ["--config", place.home / "containerd.toml"]


def api_server(place):
    pki = place.pki
    return ["--etcd-servers", ETCD, "--allow-privileged",
            "--bind-address", API_ADDRESS, "--secure-port", "443",
            "--advertise-address", API_ADDRESS, "--service-cluster-ip-range", SERVICE_RANGE,
            "--tls-cert-file", pki / "apiserver.crt",
            "--tls-private-key-file", pki / "apiserver.key", "--client-ca-file", pki / "ca.crt",
            "--requestheader-client-ca-file", pki / "ca.crt",
            "--requestheader-allowed-names", "front-proxy",
            "--authorization-mode", "Node,RBAC",
            "--enable-admission-plugins", "NodeRestriction",
            "--service-account-issuer", "https://kubernetes.default.svc.cluster.local",
            "--service-account-key-file", pki / "accounts.pub",
            "--service-account-signing-key-file", pki / "accounts.key",
            "--kubelet-client-certificate", pki / "apiserver-to-node.crt",
            "--kubelet-client-key", pki / "apiserver-to-node.key",
            "--kubelet-certificate-authority", pki / "ca.crt",
            "--kubelet-preferred-address-types", "InternalIP"]


def client_of_api(place, user):
    """Flags that the controller manager and the scheduler share."""
    config = place.home / f"{user}.kubeconfig"
    return ["--kubeconfig", config, "--authentication-kubeconfig", config,
            "--authorization-kubeconfig", config, "--bind-address", "127.0.0.1",
            "--leader-elect=false", "--kube-api-qps", "200", "--kube-api-burst", "400"]


def controller_manager(place):
    return [*client_of_api(place, "controller-manager"), "--use-service-account-credentials",
            "--root-ca-file", place.pki / "ca.crt", "--enable-hostpath-provisioner",
            "--service-account-private-key-file", place.pki / "accounts.key"]


def scheduler(place):
    return client_of_api(place, "scheduler")


def kubelet(place):
    return ["--config", place.home / "kubelet.json",
            "--kubeconfig", place.home / "kubelet.kubeconfig",
            "--root-dir", place.home / "kubelet", "--cert-dir", place.home / "kubelet" / "pki",
            "--hostname-override", NODE, "--node-ip", NODE_ADDRESS]


def storage_class(name, default, mode):
    return {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
            "metadata": {"name": name, "annotations": {
                "storageclass.kubernetes.io/is-default-class": default}},
            "provisioner": "kubernetes.io/host-path", "reclaimPolicy": "Delete",
            "volumeBindingMode": mode}
