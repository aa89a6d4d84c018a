"""A name server that does not answer: the real alerter, in a network of its own whose name server takes each question
and says nothing."""
import socket
import subprocess
import sys
import time

import pytest

from channels import counter, message, queue
from conftest import BUILD, stop, wait_for, write_settings

# Waits for longer than any test does: who waits for it, waits in vain.
RESOLVER = "nameserver 127.0.0.1\noptions timeout:30 attempts:5\n"

# Brings up the network's loopback, takes the name server's port without ever reading from it, and becomes the program.
INSIDE = """
import fcntl, os, socket, struct, subprocess, sys
resolver, program = sys.argv[1], sys.argv[2:]
subprocess.run(["mount", "--bind", resolver, "/etc/resolv.conf"], check=True)
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
fcntl.ioctl(server, 0x8914, struct.pack("16sH14s", b"lo", 1, b""))  # SIOCSIFFLAGS, IFF_UP
server.bind(("127.0.0.1", 53))
server.set_inheritable(True)
os.execv(program[0], program)
"""


@pytest.fixture
def alone(redis, tmp_path):
    """alone(channels): the alerter in such a network."""
    unshare = ["unshare", "--user", "--map-root-user", "--mount", "--net"]
    if subprocess.run([*unshare, "true"], capture_output=True).returncode != 0:
        pytest.skip("no network of one's own to be had here")
    resolver = tmp_path / "resolv.conf"
    resolver.write_text(RESOLVER)
    started = []

    def begin(channels):
        settings = write_settings(tmp_path / "alerter.conf", f'redis = "unix:{redis.sock}"; channels = ( {channels} );')
        with open(tmp_path / "alerter.log", "ab") as log:
            started.append(subprocess.Popen(
                [*unshare, sys.executable, "-c", INSIDE, str(resolver), str(BUILD / "alerter"), "--settings",
                 str(settings), "--state-dir", str(tmp_path)], stdout=log, stderr=log))

    yield begin
    for process in started:
        stop(process)


@pytest.mark.parametrize("channel", [
    'type = "webhook"; url = "http://slow.example.org/";', 'type = "syslog"; address = "udp:slow.example.org:514";',
    'type = "mail"; server = "smtp://slow.example.org"; to = "a@example.org"; from = "b@example.org"; chart = false;'])
def test_a_silent_name_server_delays_no_other_channel_and_costs_no_lease(redis, alone, tmp_path, channel):
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    log.bind(str(tmp_path / "log"))
    log.settimeout(60)
    alone(f'{{ name = "slow"; timeout = "2s"; {channel} }}, '
          f'{{ name = "log"; type = "syslog"; address = "unix:{tmp_path / "log"}"; }}')
    queue(redis, "slow", message())
    wait_for("its lease", lambda: redis.exists("ridgeline:lease:channel:slow"))
    holder = redis.get("ridgeline:lease:channel:slow")
    for i in range(3):
        queue(redis, "log", message(id=f"l{i}"))
        assert log.recv(65536)
    until = time.monotonic() + 8  # longer than a lease that is not renewed
    while time.monotonic() < until:
        assert redis.get("ridgeline:lease:channel:slow") == holder
        time.sleep(0.2)
    wait_for("each try to end in its time", lambda: counter(redis, "slow", "retries") >= 2)
    assert redis.get("ridgeline:lease:channel:slow") == holder
    assert redis.xlen("ridgeline:outbox:slow") == 1 and counter(redis, "slow", "delivered") == 0
