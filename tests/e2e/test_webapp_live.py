"""/api/events: what is told live, what is told again, and who is refused."""
import socket
import time

import requests

from conftest import PATIENCE_S, wait_for
from webapp import Stream, anomaly, start, tell, web  # noqa: F401 (fixtures)


def test_anomalies_are_told_live_and_status_every_two_seconds(web, redis):
    now = int(time.time())
    stream = Stream(web)
    first = stream.next("status")[2]
    assert first["redis"]["up"] and set(first) == set(web.json("/api/health"))
    a = anomaly("live.<b>metric</b>", now - 10, now)
    tell(redis, "open", a)
    _, event_id, data = stream.next("anomaly")
    assert int(event_id) > 0
    assert data["kind"] == "open" and data["anomaly"]["metric"] == a["metric"] and data["anomaly"]["id"] == a["id"]
    tell(redis, "close", a)
    assert stream.next("anomaly")[2]["kind"] == "close"
    stream.next("status")
    stream.close()


def test_a_stream_gets_a_comment_every_fifteen_seconds(web):
    stream = Stream(web)
    wait_for("a heartbeat", lambda: stream.comments)
    assert set(stream.comments) == {": alive"}
    stream.close()


def test_a_stream_that_comes_back_gets_what_it_missed(web, redis):
    now = int(time.time())
    stream = Stream(web)
    tell(redis, "open", anomaly("m0", now, now))
    seen = stream.next("anomaly")[1]
    stream.close()
    for i in range(1, 6):
        tell(redis, "open", anomaly("m5", now + i, now + i))
    wait_for("the events", lambda: int(redis.hget("ridgeline:stats:webapp", "events_sent") or 0) == 6)
    again = Stream(web, seen)
    assert [again.next("anomaly")[2]["anomaly"]["start"] for _ in range(5)] == [now + i for i in range(1, 6)]
    again.close()
    for unknown in ["1", "0", "junk", "99999999999999999999", str(int(seen) + 1000)]:
        other = Stream(web, unknown)
        other.next("lost")
        tell(redis, "open", anomaly("m6", now, now))
        assert other.next("anomaly")[2]["anomaly"]["metric"] == "m6"
        other.close()


def test_streams_beyond_the_limit_are_refused_and_places_come_free(start):
    web = start(webapp="max_event_streams = 2;")
    streams = [Stream(web), Stream(web)]
    for stream in streams:
        stream.next("status")
    assert Stream(web).status == 503
    assert requests.head(web.page + "/api/events", timeout=PATIENCE_S).status_code == 200
    streams[0].close()
    wait_for("a free place", lambda: Stream(web).status == 200)
    streams[1].close()


def test_a_client_that_reads_nothing_stops_nobody(web, redis):
    deaf = socket.create_connection(("127.0.0.1", web.port))
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.sendall(f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{web.port}\r\n\r\n".encode())
    stream = Stream(web)
    stream.next("status")
    now = int(time.time())
    for i in range(3000):
        tell(redis, "update", anomaly("flood", now, now + i))
    last = None
    while last != now + 2999:
        last = stream.next("anomaly")[2]["anomaly"]["end"]
    deaf.close()
    stream.close()


def test_sigterm_ends_streams_and_the_process_at_once(web):
    streams = [Stream(web) for _ in range(10)]
    for stream in streams:
        stream.next("status")
    heartbeats = lambda: sum(len(stream.comments) for stream in streams)
    before = heartbeats()
    assert web.daemon.stop() == 0
    for stream in streams:
        assert stream.ended.wait(PATIENCE_S)
    assert heartbeats() < before + len(streams), "a heartbeat found it out"
