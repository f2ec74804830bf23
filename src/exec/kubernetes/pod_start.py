# SPDX-License-Identifier: Apache-2.0
# What a task's container runs where its image has no agent: its Python fetches leoflow-agent by the
# hash of its bytes, over TLS with the server's own authority (LEOFLOW_CA), and becomes it. An init
# container would cost a second, the time in which the kubelet looks at containers again. Any Python
# from 3.7 on has all of it; what goes wrong is said as the agent would say it. Only modules written
# in C are imported as long as all goes well: ssl and http.client, with what they need, take longer
# than all the rest of it.
#
# Before that it forks, since another Python would have to start for the task: the child stands by
# for the agent's order, at the other end of a socket, to be the interpreter of the attempt
# (agent/standby.h). Nobody else gets it: where the agent wants another Python it hangs up.
#
# Pods that share a folder (LEOFLOW_CACHE) fetch it once for all of them. It lies there as
# agent/fetch_cache.h lays out what it keeps, which also clears it away; who may write there is
# trusted.
#
# The lines of comment are not part of the command (pod_start.h).
import _signal, _socket, os, sys, time
_signal.signal(_signal.SIGTERM, lambda *_: os._exit(0))
_signal.signal(_signal.SIGPIPE, _signal.SIG_DFL)
_signal.signal(_signal.SIGXFSZ, _signal.SIG_DFL)
url, want, own = (os.environ["LEOFLOW_AGENT_" + n] for n in ("URL", "SHA256", "PATH"))
authority = os.environ["LEOFLOW_CA"]
cache = os.environ.get("LEOFLOW_CACHE")
kept = "%s/%s" % (cache, want)
def stand_by(channel):
    _signal.signal(_signal.SIGTERM, _signal.SIG_DFL)
    _signal.signal(_signal.SIGPIPE, _signal.SIG_IGN)
    _signal.signal(_signal.SIGXFSZ, _signal.SIG_IGN)
    def read(size):
        data = b""
        while len(data) < size:
            got = channel.recv(size - len(data))
            if not got:
                os._exit(0)
            data += got
        return data
    order = read(int.from_bytes(read(4), "big")).decode("utf-8", "surrogateescape")
    program, *variables = order.split("\0")
    os.environ.clear()
    os.environ.update(variable.split("=", 1) for variable in variables)
    os.setsid()
    os.chdir("/")
    os.dup2(os.open("/dev/null", os.O_RDWR), 0)
    os.dup2(2, 1)
    os.dup2(channel.detach(), 3, False)
    os.closerange(4, 64)
    with open(program, "rb") as file:
        code = compile(file.read(), program, "exec")
    sys.argv = [program]
    scope = globals()
    for name in [name for name in scope if not name.startswith("__")]:
        del scope[name]
    scope["__file__"] = program
    exec(code, scope)
def become(path):
    ours, theirs = _socket.socketpair()
    pid = os.fork()
    if not pid:
        ours.close()
        stand_by(theirs)
        os._exit(0)
    theirs.close()
    os.set_inheritable(ours.fileno(), True)
    told = "%d:%d:%s" % (pid, ours.fileno(), sys.executable)
    try:
        os.execve(path, [path, "pod"], dict(os.environ, LEOFLOW_INTERPRETER=told))
    finally:
        ours.close()
        os.waitpid(pid, 0)
def end(reason):
    import json
    log = os.environ.get("LEOFLOW_TERMINATION_LOG", "/dev/termination-log")
    with open(log, "w") as file:
        json.dump({"leoflow": 1, "kind": "lost", "reason": reason}, file)
    sys.exit(reason)
if cache:
    try:
        os.utime(kept + ".size")
    except OSError:
        pass
    try:
        if os.access(kept + "/leoflow-agent", os.X_OK):
            become(kept + "/leoflow-agent")
    except OSError:
        pass
try:
    import _ssl
except ImportError as error:
    end("leoflow-agent cannot be fetched: the image's Python has no TLS (%s); hint: another image, "
        "or agent_image in the executor's settings" % error)
try:
    from _hashlib import openssl_sha256 as sha256
except ImportError:
    from hashlib import sha256
host, target = url.split("//", 1)[1].split("/", 1)
name, port = host.rsplit(":", 1)
class Socket(_socket.socket):
    pass   # one that may be referred to weakly, as _ssl does
def connect():
    found = _socket.getaddrinfo(name.strip("[]"), int(port), 0, _socket.SOCK_STREAM)
    for family, kind, protocol, _, address in found:
        try:
            connection = Socket(family, kind, protocol)
            connection.settimeout(60)
            connection.connect(address)
            return connection
        except OSError as error:
            last = error
    raise last
def ask(connection, buffer):
    trust = _ssl._SSLContext(_ssl.PROTOCOL_TLS_CLIENT)
    trust.load_verify_locations(cadata=authority)
    secured = trust._wrap_socket(connection, False, name.strip("[]"))
    secured.do_handshake()
    text = "GET /%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % (target, host)
    secured.write(text.encode())
    head = b""
    while b"\r\n\r\n" not in head:
        got = secured.read(len(buffer), buffer)
        if not got:
            raise OSError("it was cut off")
        head += buffer[:got]
    head, rest = head.split(b"\r\n\r\n", 1)
    if head[9:12] != b"200":
        raise OSError("status " + head[9:12].decode("latin-1"))
    fields = (line.partition(b":") for line in head.lower().split(b"\r\n"))
    sizes = [int(value) for key, _, value in fields if key == b"content-length"]
    return secured, rest, sizes[0]
def fetch():
    found, buffer = sha256(), memoryview(bytearray(1 << 18))
    connection = connect()
    secured, data, left = ask(connection, buffer)
    with open(os.open(own, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o755), "wb", 0) as file:
        while left > 0:
            if not data:
                data = buffer[:secured.read(len(buffer), buffer)]
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
