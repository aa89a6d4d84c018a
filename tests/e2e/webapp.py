"""A real webapp on a real redis-server, data written as the other daemons write it, and live events."""
import contextlib
import http.client
import json
import math
import queue
import socket
import struct
import threading
import time

import pytest
import requests

from conftest import PATIENCE_S, answer, canonical, free_ports, wait_for, write_settings

STEP = 10
HOSTILE = ["<img src=x onerror=alert(1)>", 'a"b\\c', "'; DROP TABLE metrics; --", "süd.größe.温度", "a%00b&c=d#e",
           "{a,b}[c]*?", "${7*7}{{7*7}}", "..", "x" * 1024]


class Webapp:
    """A running webapp and what the tests say to it."""

    def __init__(self, daemon, port):
        self.daemon, self.port = daemon, port
        self.page = f"http://127.0.0.1:{port}"

    def get(self, path, expect=200, headers=None, **parameters):
        def ask():
            return requests.get(self.page + path, params=parameters, headers=headers, timeout=PATIENCE_S)

        r = ask() if expect == 503 else answer(ask)
        assert r.status_code == expect, (path, parameters, r.status_code, r.text[:300])
        if expect >= 400 and path != "/metrics":
            assert set(r.json()) >= {"error"} and r.json()["error"], r.text
        return r

    def json(self, path, **parameters):
        return self.get(path, **parameters).json()

    def raw(self, method, path, headers=None, body=None):
        """One request of exactly these headers, path and method."""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)) as c:
            c.putrequest(method, path, skip_host="Host" in (headers or {}), skip_accept_encoding=True)
            for name, value in (headers or {}).items():
                c.putheader(name, value)
            if body is not None:
                c.putheader("Content-Length", str(len(body)))
            c.endheaders(body)
            r = c.getresponse()
            return r.status, dict(r.getheaders()), r.read()

    def answers(self):
        with contextlib.suppress(OSError):
            return self.raw("GET", "/api/token")[0] == 200

    def token(self):
        return self.json("/api/token")["token"]

    def save(self, match, options, expect=200):
        r = requests.post(self.page + "/api/overrides", json={"match": match, "options": options},
                          headers={"X-Ridgeline-Token": self.token()}, timeout=PATIENCE_S)
        assert r.status_code == expect, r.text
        return r.json()

    def remove(self, match, expect=200):
        r = requests.delete(self.page + "/api/overrides", params={"match": match},
                            headers={"X-Ridgeline-Token": self.token()}, timeout=PATIENCE_S)
        assert r.status_code == expect, r.text
        return r.json()


@pytest.fixture
def start(redis_server, daemons, tmp_path):
    """start(**settings) -> a Webapp that ends with the test."""
    def begin(webapp="", more=""):
        port = free_ports(1)[0]
        settings = write_settings(tmp_path / f"webapp-{port}.conf", f'''
            redis = "unix:{redis_server.sock}";
            webapp: {{ listen = "127.0.0.1:{port}"; {webapp} }};
            {more}''')
        web = Webapp(daemons("webapp", settings).wait_ready(), port)
        wait_for("the page", web.answers)
        return web
    return begin


@pytest.fixture
def web(start):
    return start()


def key_hash(name):
    """keys_hash() of lib/keys.c."""
    h, mask = 0xCBF29CE484222325, (1 << 64) - 1
    for byte in name.encode():
        h = (h ^ byte) * 0x100000001B3 & mask
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        h = (h ^ h >> 33) * factor & mask
    return h ^ h >> 33


def slot_of(name):
    return key_hash(name) % 64


def write_points(redis, name, points):
    redis.append("metrics." + name, b"".join(canonical(t, v) for t, v in points))
    redis.sadd("metrics.unique_metrics", "metrics." + name)


def verdict(t, score, value=100.0):
    finding = {"detector": "median", "statistic": 9.5, "threshold": 4.5, "expected": 10.0, "vote": "yes",
               "reason": None}
    return {"t": t, "value": value, "state": "ANOMALOUS", "score": score, "strength": 1.5, "rarity": 0.1,
            "expected": 10.0, "lower": 5.0, "upper": 15.0, "direction": "up", "votes": 1, "judges": 1, "season": "none",
            "warmup_left_s": 0, "findings": [finding]}


def anomaly(metric, start_t, end, score=80.0, state="open"):
    return {"id": f"{key_hash(metric + str(start_t)):016x}", "metric": metric, "state": state, "start": start_t,
            "end": end,
            "direction": "up", "score": score, "value": 100.0, "expected": 10.0, "lower": 5.0, "upper": 15.0,
            "votes": [], "peak_at": start_t, "opened": verdict(start_t, score), "peak": verdict(start_t, score),
            "closed": None}


def roster(states, stamp=1):
    """The states of one slot's metrics as its worker writes them."""
    return struct.pack("<BQ", 1, stamp) + b"".join(struct.pack("<QB", key_hash(n), s) for n, s in states.items())


def tell(redis, kind, a):
    """Writes an anomaly's change as a worker does."""
    slot = slot_of(a["metric"])
    if kind == "close":
        a = dict(a, state="closed")
        redis.hdel(f"ridgeline:open:{slot}", a["id"])
    else:
        redis.hset(f"ridgeline:open:{slot}", a["id"], json.dumps(a))
    redis.xadd(f"ridgeline:events:{slot}", {"kind": kind, "id": a["id"], "json": json.dumps(a)})


def write_history(redis, name, n=700, spike_at=None):
    """`n` points up to now: a slow wave with a little noise, and one spike."""
    now = int(time.time()) // STEP * STEP
    start_t = now - (n - 1) * STEP
    points = [(start_t + i * STEP, 100 + 10 * math.sin(i / 60) + (i * 7919 % 13) / 10) for i in range(n)]
    if spike_at is not None:
        points[spike_at] = (points[spike_at][0], 900.0)
    write_points(redis, name, points)
    return points


def write_stats(redis, process, age_s=0, **fields):
    now = time.time() - age_s
    values = {"pid": 42, "generation": 3, "started": int(now) - 100, "saved_at_ms": int(now * 1000), **fields}
    redis.hset(f"ridgeline:stats:{process}", mapping=values)
    redis.hset("ridgeline:processes", process, int(now))


class Stream:
    """Reads /api/events on a thread of its own; `next(name)` waits for an event of that name."""

    def __init__(self, web, last_event_id=None):
        headers = {} if last_event_id is None else {"Last-Event-ID": str(last_event_id)}
        self.response = requests.get(web.page + "/api/events", headers=headers, stream=True, timeout=PATIENCE_S)
        self.events, self.comments, self.ended = queue.Queue(), [], threading.Event()
        self.status = self.response.status_code
        if self.status == 200:
            assert self.response.headers["Content-Type"] == "text/event-stream"
            threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        event = {}
        with contextlib.suppress(Exception):
            for line in self.response.iter_lines(chunk_size=1, decode_unicode=True):
                if line.startswith(":"):
                    self.comments.append(line)
                elif line:
                    field, _, value = line.partition(": ")
                    event[field] = value
                elif event:
                    if "event" in event:
                        self.events.put((event["event"], event.get("id"), json.loads(event["data"])))
                    event = {}
        self.ended.set()

    def next(self, name):
        deadline = time.monotonic() + PATIENCE_S
        while True:
            got = self.events.get(timeout=max(0.01, deadline - time.monotonic()))
            if got[0] == name:
                return got

    def close(self):
        # response.close() would wait for the reading thread's next chunk.
        self.response.raw.connection.sock.shutdown(socket.SHUT_RDWR)
