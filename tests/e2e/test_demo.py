"""`ridgeline demo`: what a newcomer sees after the first command."""
import socket
import subprocess
import threading
import time

import pytest
import redis as redis_py
import requests

from conftest import BUILD, PATIENCE_S, ROOT, answer, assert_clean, free_ports, points_of, stop, wait_for

WEEK = 7 * 86400
HOUR = 3600

OPEN = {"shop.mail.queue.length", "shop.payment.declined.rate", "servers.web2.memory.used"}
# Metric and when it began, seconds before now.
CLOSED = {"shop.web.requests.rate": 6 * 86400, "shop.web.errors.rate": 6 * 86400, "shop.web.latency.p95": 5 * 86400,
          "shop.login.failed.rate": 2 * 86400, "shop.search.cache.hit_ratio": 11 * HOUR}
QUIET = {"servers.build1.cpu.percent", "servers.build1.load", "shop.ads.clicks.rate", "shop.promo.signups.rate"}


class Demo:
    def __init__(self, directory, line=None, retention="60s:14d"):
        self.directory, self.state = directory, directory / "state"
        free_line, udp, page = free_ports(3)
        self.page = f"http://127.0.0.1:{page}"
        self.log = directory / "demo.log"
        self.began = time.time()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [str(BUILD / "ridgeline"), "demo", "--settings", str(ROOT / "packaging/demo.conf"), "--state-dir",
                 str(self.state), "--set", f"horizon.carbon_line=127.0.0.1:{line or free_line}", "--set",
                 f"horizon.carbon_udp=127.0.0.1:{udp}", "--set", f"retention={retention}", "--set",
                 f"webapp.listen=127.0.0.1:{page}"],
                stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True)
        self.ready = ""
        reader = threading.Thread(target=self.read, daemon=True)
        reader.start()
        reader.join(PATIENCE_S)
        self.redis = redis_py.Redis(unix_socket_path=str(self.state / "redis.sock"))

    def read(self):
        self.ready = self.process.stdout.readline()

    def anomalies(self, state):
        asked = lambda: requests.get(f"{self.page}/api/anomalies", params={"state": state}, timeout=PATIENCE_S)
        return answer(asked).json()["anomalies"]

    def stop(self):
        self.process.stdout.close()
        return stop(self.process)


@pytest.fixture
def demos(tmp_path):
    started = []

    def begin(**arguments):
        directory = tmp_path / f"demo{len(started)}"
        directory.mkdir()
        started.append(Demo(directory, **arguments))
        return started[-1]

    yield begin
    for d in started:
        d.stop()
        assert_clean(d.log)


def test_a_newcomer_sees_what_happened_and_what_goes_on(demos):
    demo = demos()
    assert demo.ready.startswith("ready "), demo.log.read_text()
    wait_for("the open anomalies", lambda: OPEN <= {a["metric"] for a in demo.anomalies("open")})
    closed = demo.anomalies("closed")
    for metric, ago_s in CLOSED.items():
        assert any(a["metric"] == metric and abs(demo.began - ago_s - a["start"]) < HOUR for a in closed), metric
    for a in closed + demo.anomalies("open"):
        assert a["metric"] not in QUIET or a["start"] < demo.began - WEEK, a
    names = demo.redis.smembers("metrics.unique_metrics")
    assert len(names) == 40
    assert sum(int(demo.redis.hget(key, "warming_up") or 0)
               for key in demo.redis.keys("ridgeline:stats:analyzer.*")) == 0

    # The fortnight goes on: the next minutes come through horizon's port, in step with the past.
    before = points_of(demo.redis, "shop.web.requests.rate")
    assert before[-1][0] - before[0][0] >= 2 * WEEK - 60
    wait_for("a live point", lambda: points_of(demo.redis, "shop.web.requests.rate")[-1][0] > before[-1][0])
    after = points_of(demo.redis, "shop.web.requests.rate")
    assert {b[0] - a[0] for a, b in zip(after, after[1:])} == {60}
    # A metric that died sends nothing.
    assert points_of(demo.redis, "servers.worker2.cpu.percent")[-1][0] <= demo.began - 3 * HOUR
    assert demo.stop() == 0


def test_a_taken_line_port_is_told_and_nothing_goes_to_its_holder(demos):
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        held.settimeout(3)
        demo = demos(line=held.getsockname()[1])
        assert "line=failed" in demo.ready
        wait_for("the reason in the log", lambda: "event=no_line_port" in demo.log.read_text())
        wait_for("the open anomalies", lambda: OPEN <= {a["metric"] for a in demo.anomalies("open")})
        with pytest.raises(TimeoutError):
            held.accept()


def test_a_raw_retention_shorter_than_the_silence_of_what_died_will_do(demos):
    demo = demos(retention="10s:1h")
    assert demo.ready.startswith("ready "), demo.log.read_text()
    assert demo.redis.scard("metrics.unique_metrics") == 39


def test_a_used_state_directory_is_refused(demos):
    first = demos()
    assert first.ready.startswith("ready ")
    first.stop()
    again = subprocess.run([str(BUILD / "ridgeline"), "demo", "--settings", str(ROOT / "packaging/demo.conf"),
                            "--state-dir", str(first.state)], capture_output=True, text=True, timeout=PATIENCE_S)
    assert again.returncode == 1
    assert "begins with an empty --state-dir" in again.stderr
