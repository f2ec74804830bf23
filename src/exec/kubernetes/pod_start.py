# SPDX-License-Identifier: Apache-2.0
# What a task's container runs where its image has no agent: its Python fetches leoflow-agent by the
# hash of its bytes and becomes it. An init container would cost a second, the time in which the
# kubelet looks at containers again. Any Python 3.6 has all of it; what goes wrong is said as the
# agent would say it. Only modules written in C are imported as long as all goes well: http.client
# and what it needs take longer than all the rest of it.
#
# Pods that share a folder (LEOFLOW_CACHE) fetch it once for all of them. It lies there as
# agent/fetch_cache.h lays out what it keeps, which also clears it away; who may write there is
# trusted.
#
# The lines of comment are not part of the command (pod_start.h).
import _signal, os, sys, time
_signal.signal(_signal.SIGTERM, lambda *_: os._exit(0))
_signal.signal(_signal.SIGPIPE, _signal.SIG_DFL)
_signal.signal(_signal.SIGXFSZ, _signal.SIG_DFL)
url, want, own = (os.environ["LEOFLOW_AGENT_" + n] for n in ("URL", "SHA256", "PATH"))
cache = os.environ.get("LEOFLOW_CACHE")
kept = "%s/%s" % (cache, want)
def become(path):
    os.execv(path, [path, "pod"])
if cache:
    for do in (lambda: os.utime(kept + ".size"), lambda: become(kept + "/leoflow-agent")):
        try:
            do()
        except OSError:
            pass
import _socket
try:
    from _hashlib import openssl_sha256 as sha256
except ImportError:
    from hashlib import sha256
host, target = url.split("//", 1)[1].split("/", 1)
name, port = host.rsplit(":", 1)
def connect():
    found = _socket.getaddrinfo(name.strip("[]"), int(port), 0, _socket.SOCK_STREAM)
    for family, kind, protocol, _, address in found:
        try:
            connection = _socket.socket(family, kind, protocol)
            connection.settimeout(60)
            connection.connect(address)
            return connection
        except OSError as error:
            last = error
    raise last
def ask(buffer):
    connection = connect()
    text = "GET /%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % (target, host)
    connection.sendall(text.encode())
    head = b""
    while b"\r\n\r\n" not in head:
        got = connection.recv_into(buffer)
        if not got:
            raise OSError("it was cut off")
        head += buffer[:got]
    head, rest = head.split(b"\r\n\r\n", 1)
    if head[9:12] != b"200":
        raise OSError("status " + head[9:12].decode("latin-1"))
    fields = (line.partition(b":") for line in head.lower().split(b"\r\n"))
    sizes = [int(value) for key, _, value in fields if key == b"content-length"]
    return connection, rest, sizes[0]
def fetch():
    found, buffer = sha256(), memoryview(bytearray(1 << 18))
    connection, data, left = ask(buffer)
    with open(os.open(own, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o755), "wb", 0) as file:
        while left > 0:
            if not data:
                data = buffer[:connection.recv_into(buffer)]
            if not data:
                raise OSError("it was cut off")
            found.update(data)
            left -= len(data)
            while data:
                data = data[file.write(data):]
    return found.hexdigest()
def keep():
    made = "%s/.tmp-%s-%s" % (cache, want, os.urandom(8).hex())
    copy = made + "/leoflow-agent"
    try:
        size = os.path.getsize(own)
        os.mkdir(made)
        target_fd = os.open(copy, os.O_WRONLY | os.O_CREAT, 0o755)
        with open(own, "rb") as old, open(target_fd, "wb") as new:
            while new.write(old.read(1 << 20)):
                pass
        with open(kept + ".size", "w") as file:
            file.write(str(size))
        os.rename(made, kept)
    except OSError:
        for remove, what in ((os.unlink, copy), (os.rmdir, made)):
            try:
                remove(what)
            except OSError:
                pass
def end(reason):
    import json
    log = os.environ.get("LEOFLOW_TERMINATION_LOG", "/dev/termination-log")
    with open(log, "w") as file:
        json.dump({"leoflow": 1, "kind": "lost", "reason": reason}, file)
    sys.exit(reason)
for wait in (0.2, 0.5, 1, 2, 4, 8, 0):
    try:
        found = fetch()
        break
    except OSError as error:
        if not wait:
            end("leoflow-agent cannot be fetched from %s: %s" % (url, error))
        time.sleep(wait)
if found != want:
    end("what %s gave is not the wanted leoflow-agent" % url)
if cache and not os.path.exists(kept):
    keep()
become(own)
