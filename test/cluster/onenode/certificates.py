# SPDX-License-Identifier: Apache-2.0
"""A certificate authority for one cluster, what its programs prove themselves with, and their
kubeconfigs. All of it is valid for days and goes with the cluster."""
import base64
import json
import secrets
import subprocess

from .settings import API_ADDRESS, NODE, NODE_ADDRESS

DAYS = "30"
CLUSTER = "leoflow-test"
API_NAMES = ("DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,"
             "DNS:kubernetes.default.svc.cluster.local,DNS:localhost,IP:127.0.0.1,"
             f"IP:{API_ADDRESS}")
NODE_NAMES = f"DNS:{NODE},IP:127.0.0.1,IP:{NODE_ADDRESS}"
# file, subject (what RBAC knows the program as), use, names
CERTIFICATES = (
    ("apiserver", "/CN=kube-apiserver", "serverAuth", API_NAMES),
    ("node", f"/O=system:nodes/CN=system:node:{NODE}", "serverAuth", NODE_NAMES),
    ("apiserver-to-node", "/O=system:masters/CN=apiserver-to-node", "clientAuth", ""),
    ("admin", "/O=system:masters/CN=admin", "clientAuth", ""),
    ("controller-manager", "/CN=system:kube-controller-manager", "clientAuth", ""),
    ("scheduler", "/CN=system:kube-scheduler", "clientAuth", ""),
    ("kubelet", f"/O=system:nodes/CN=system:node:{NODE}", "clientAuth", ""),
)
KUBECONFIGS = ("admin", "controller-manager", "scheduler", "kubelet")


def make_all(place):
    place.pki.mkdir(mode=0o700)
    new_key(place, "ca")
    openssl(place, "req", "-x509", "-new", "-key", "ca.key", "-subj", f"/CN={CLUSTER}", "-days",
            DAYS, "-out", "ca.crt", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    new_key(place, "accounts")   # signs the tokens of service accounts
    openssl(place, "ec", "-in", "accounts.key", "-pubout", "-out", "accounts.pub")
    for certificate in CERTIFICATES:
        new_certificate(place, *certificate)
    for user in KUBECONFIGS:
        write_kubeconfig(place, user)


def openssl(place, *words):
    subprocess.run(["openssl", *words], cwd=place.pki, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def new_key(place, name):
    openssl(place, "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")


def new_certificate(place, name, subject, use, names):
    new_key(place, name)
    wanted = f"keyUsage=critical,digitalSignature\nextendedKeyUsage={use}\n"
    if names:
        wanted += f"subjectAltName={names}\n"
    (place.pki / f"{name}.ext").write_text(wanted)
    openssl(place, "req", "-new", "-key", f"{name}.key", "-subj", subject, "-out", f"{name}.csr")
    openssl(place, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
            "-set_serial", f"0x{secrets.token_hex(8)}", "-days", DAYS, "-out", f"{name}.crt",
            "-extfile", f"{name}.ext")


def write_kubeconfig(place, user):
    """Whole in one file, so that it can be copied; only its owner may read it."""
    def data(file):
        return base64.b64encode((place.pki / file).read_bytes()).decode()
    server = {"server": f"https://{API_ADDRESS}:443", "certificate-authority-data": data("ca.crt")}
    login = {"client-certificate-data": data(f"{user}.crt"),
             "client-key-data": data(f"{user}.key")}
    document = {
        "apiVersion": "v1", "kind": "Config", "current-context": CLUSTER,
        "clusters": [{"name": CLUSTER, "cluster": server}],
        "users": [{"name": user, "user": login}],
        "contexts": [{"name": CLUSTER, "context": {"cluster": CLUSTER, "user": user}}]}
    path = place.home / f"{user}.kubeconfig"
    path.touch(mode=0o600)
    path.write_text(json.dumps(document, indent=1))
