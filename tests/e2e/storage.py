"""Redis seen from outside: metrics put into it, the commands that reach it, and those that it denies."""
import re
import socket

import redis as redis_py

from conftest import PATIENCE_S


def put(redis, name, raw):
    """Stores a metric as horizon does: its key, and its name in the set."""
    redis.set("metrics." + name, raw)
    redis.sadd("metrics.unique_metrics", "metrics." + name)


class Monitor:
    """Every command that clients send, as lists of byte strings."""

    def __init__(self, sock):
        self.sock = sock
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(sock)
        self.socket.sendall(b"MONITOR\r\n")
        assert self.socket.recv(5) == b"+OK\r\n"

    def scripts(self):
        """The EVALSHAs and EVALs seen so far."""
        with redis_py.Redis(unix_socket_path=self.sock) as client:
            client.echo("all has been seen")
        self.socket.settimeout(PATIENCE_S)
        seen = b""
        while b"all has been seen" not in seen:
            seen += self.socket.recv(1 << 20)
        self.socket.close()
        commands = []
        for line in seen.split(b"\r\n"):
            words = re.findall(rb'"((?:[^"\\]|\\.)*)"', line)
            words = [w.decode("latin1").encode().decode("unicode_escape").encode("latin1") for w in words]
            if words and words[0].upper() in (b"EVALSHA", b"EVAL") and b" lua]" not in line.split(b'"')[0]:
                commands.append(words)
        return commands


def script_on(commands, key):
    """The last script that was called on `key`."""
    return [c for c in commands if c[3] == key.encode()][-1]


def allow(redis, *commands):
    """What all clients may do from now on."""
    redis.acl_setuser("default", enabled=True, nopass=True, commands=list(commands), keys=["*"], channels=["*"])
