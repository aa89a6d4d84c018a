"""The webapp alone: its page and its headers, who may ask, many clients, and a Redis that goes away."""
import concurrent.futures
import json
import resource
import select
import socket
import threading
import time

import pytest
import requests

from conftest import PATIENCE_S, ROOT, canonical, wait_for
from webapp import Stream, anomaly, start, tell, web, write_history  # noqa: F401 (fixtures)


def test_page_is_served_with_a_policy_that_runs_only_its_own_script(web):
    for path, kind in [("/", "text/html"), ("/main.js", "text/javascript"), ("/style.css", "text/css"),
                       ("/dygraph.min.js", "text/javascript"), ("/dygraph.min.css", "text/css")]:
        r = web.get(path)
        assert r.headers["Content-Type"].startswith(kind) and r.content
        again = requests.get(web.page + path, headers={"If-None-Match": r.headers["ETag"]}, timeout=PATIENCE_S)
        assert (again.status_code, again.content) == (304, b"")
        other = requests.get(web.page + path, headers={"If-None-Match": '"other"'}, timeout=PATIENCE_S)
        assert other.content == r.content


def test_every_file_of_the_page_is_served_as_it_is(web):
    for path in sorted((ROOT / "webapp" / "page").iterdir()):
        served = web.get("/" if path.name == "index.html" else f"/{path.name}")
        assert served.content == path.read_bytes(), path.name


def test_every_answer_carries_the_security_headers(web):
    for path in ["/", "/api/health", "/api/token", "/metrics", "/nowhere", "/api/series"]:
        headers = requests.get(web.page + path, timeout=PATIENCE_S, headers={"Origin": "http://evil.example"}).headers
        policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == "'none'" and policy["script-src"] == "'self'" == policy["style-src"]
        assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert not [name for name in headers if name.lower().startswith("access-control")]


def test_unknown_paths_and_methods_are_told(web):
    web.get("/api/nothing", expect=404)
    for method, path, allowed in [("PUT", "/api/overrides", "GET, HEAD, POST, DELETE"),
                                  ("POST", "/api/health", "GET, HEAD"),
                                  ("POST", "/", "GET, HEAD"), ("OPTIONS", "/api/overrides", "GET, HEAD, POST, DELETE")]:
        status, headers, body = web.raw(method, path)
        assert (status, headers["Allow"]) == (405, allowed) and json.loads(body)["error"]
    status, headers, body = web.raw("HEAD", "/api/health")
    assert status == 200 and body == b"" and int(headers["Content-Length"]) > 100


@pytest.mark.parametrize("path", [
    "/api/anomalies?state=opened", "/api/anomalies?since=-1", "/api/anomalies?since=1e9", "/api/anomalies?limit=0",
    "/api/anomalies?limit=99999", "/api/anomalies?metric=a[", "/api/anomalies?metric=", "/api/anomalies?stat=open",
    "/api/anomalies?state=open&state=open", "/api/series", "/api/series?metric=", "/api/series?metric=a%00b",
    "/api/series?metric=a%ffb", "/api/series?metric=" + "x" * 1025, "/api/series?metric=a&from=9&until=8",
    "/api/series?metric=a&from=4294967296", "/api/verdict?metric=a&at=now", "/api/metrics?query={a", "/api/options",
    "/api/options?metric=a&match=b", "/api/health?x=1", "/api/metrics?" + "&".join(f"a{i}=1" for i in range(40))])
def test_wrong_parameters_are_errors_with_a_sentence(web, path):
    status, _, body = web.raw("GET", path)
    assert status == 400, (status, body)
    assert len(json.loads(body)["error"]) > 10


def test_a_host_that_is_not_ours_is_refused(web):
    for host in ["evil.example", f"evil.example:{web.port}", "127.0.0.1.evil.example"]:
        for path in ["/", "/api/token", "/metrics"]:
            assert web.raw("GET", path, {"Host": host})[0] == 403
    for host in [f"127.0.0.1:{web.port}", f"localhost:{web.port}", socket.gethostname()]:
        assert web.raw("GET", "/api/token", {"Host": host})[0] == 200


def test_a_change_needs_the_token_and_our_origin(web, redis):
    body = json.dumps({"match": "a", "options": {"consensus": 2}}).encode()
    token, host = web.token(), f"127.0.0.1:{web.port}"
    for headers in [{}, {"X-Ridgeline-Token": ""}, {"X-Ridgeline-Token": "0" * 32}, {"X-Ridgeline-Token": token[:-1]},
                    {"X-Ridgeline-Token": token, "Origin": "http://evil.example"},
                    {"X-Ridgeline-Token": token, "Origin": "null"}]:
        assert web.raw("POST", "/api/overrides", headers, body)[0] == 403
        assert web.raw("DELETE", "/api/overrides?match=a", headers)[0] == 403
    assert not redis.exists("ridgeline:overrides")
    status, _, _ = web.raw("POST", "/api/overrides", {"X-Ridgeline-Token": token, "Origin": f"http://{host}"}, body)
    assert status == 200 and redis.hget("ridgeline:overrides", "version") == b"1"


def test_long_bodies_are_refused_and_hurt_nobody(web):
    headers = {"X-Ridgeline-Token": web.token()}
    assert web.raw("POST", "/api/overrides", headers, b"x" * 70_000)[0] == 413
    with pytest.raises(OSError):
        web.raw("POST", "/api/overrides", headers, b"x" * 20_000_000)
    web.get("/api/health")


def test_many_requests_at_once_are_all_answered(web, redis):
    points = write_history(redis, "app.busy", n=400, spike_at=350)
    for i in range(30):
        tell(redis, "open", anomaly(f"m{i}", points[-1][0], points[-1][0]))
    calls = [("/api/series", {"metric": "app.busy"}), ("/api/anomalies", {"state": "all"}), ("/api/health", {}),
             ("/api/verdict", {"metric": "app.busy"}), ("/metrics", {}), ("/", {}), ("/api/metrics", {}),
             ("/api/options", {"metric": "a"})]
    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda i: requests.get(web.page + calls[i % len(calls)][0], timeout=PATIENCE_S,
                                                       params=calls[i % len(calls)][1]).status_code, range(240)))
    assert set(answers) == {200}


def test_connections_beyond_the_limit_wait_and_are_served(start):
    web = start(webapp="max_connections = 8; max_event_streams = 4;")
    idle = [socket.create_connection(("127.0.0.1", web.port)) for _ in range(20)]
    for s in idle:
        s.close()
    web.get("/api/health")


def is_closed(s):
    """Whether the other side closed a connection over which it sent nothing."""
    return bool(select.select([s], [], [], 0)[0])


def test_many_idle_clients_leave_redis_its_descriptors(start, redis_server):
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, before[1]))
    try:
        web = start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    idle = [socket.create_connection(("127.0.0.1", web.port)) for _ in range(100)]
    redis_server.kill()
    redis_server.start()
    wait_for("an answer", lambda: web.raw("GET", "/api/anomalies")[0] == 200)
    assert not any(is_closed(s) for s in idle), "it did not have to throw out idle clients first"
    for s in idle:
        s.close()


def test_redis_away_is_told_and_comes_back(web, redis_server, redis):
    write_history(redis, "app.latency")
    stream = Stream(web)
    stream.next("status")
    redis_server.kill()
    for path, parameters in [("/api/anomalies", {}), ("/api/series", {"metric": "a"}),
                             ("/api/verdict", {"metric": "a"}),
                             ("/api/options", {"metric": "a"}), ("/api/overrides", {}), ("/api/overrides/export", {})]:
        web.get(path, expect=503, **parameters)
    down = web.get("/api/health", expect=503).json()
    assert down["status"] == "down" and down["redis"]["up"] is False and down["settings"]["page"] == web.page
    assert "ridgeline_redis_up 0" in web.get("/metrics").text.splitlines()
    assert web.get("/").content and web.token()
    wait_for("the stream to tell", lambda: stream.next("status")[2]["status"] == "down")
    web.save("a", {"median": 5}, expect=503)

    redis_server.start()
    wait_for("an answer", lambda: requests.get(web.page + "/api/anomalies", timeout=PATIENCE_S).status_code == 200)
    wait_for("the stream to tell", lambda: stream.next("status")[2]["redis"]["up"])
    now = int(time.time())
    tell(redis_server.client, "open", anomaly("after", now, now))
    assert stream.next("anomaly")[2]["anomaly"]["metric"] == "after"
    stream.close()


def test_a_hung_redis_delays_but_does_not_hold(web, redis_server):
    redis_server.process.send_signal(19)  # SIGSTOP
    try:
        web.get("/api/anomalies", expect=503)
        assert web.get("/").content
    finally:
        redis_server.process.send_signal(18)  # SIGCONT
    wait_for("an answer", lambda: requests.get(web.page + "/api/anomalies", timeout=PATIENCE_S).status_code == 200)


def test_sighup_gets_its_turn_among_many_requests(web, redis):
    now = int(time.time())
    redis.set("metrics.long", b"".join(canonical(now - 150_000 + i, i % 7919) for i in range(150_000)))
    stop = threading.Event()

    def ask():
        while not stop.is_set():
            web.json("/api/verdict", metric="long")

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        asking = [pool.submit(ask) for _ in range(12)]
        try:
            time.sleep(1)
            web.daemon.process.send_signal(1)
            wait_for("the settings", lambda: web.daemon.logged("event=settings_reloaded"))
        finally:
            stop.set()
        for a in asking:
            a.result()


def test_sighup_takes_new_rules_and_keeps_the_old_ones_on_an_error(web):
    settings = web.daemon.settings
    good = settings.read_text()

    def median():
        return {o["name"]: o for o in web.json("/api/options", metric="a")["options"]}["median"]["value"]

    settings.write_text(good + 'rules = ( { match = "a"; median = 9.0; } );')
    web.daemon.process.send_signal(1)
    wait_for("the new rule", lambda: median() == 9.0)
    settings.write_text(settings.read_text().replace(f":{web.port}", ":1"))
    web.daemon.process.send_signal(1)
    wait_for("the warning", lambda: web.daemon.logged("event=restart_needed for=\"webapp.listen (still 127.0.0.1:"))
    settings.write_text(good + "rules = (")
    web.daemon.process.send_signal(1)
    wait_for("the complaint", lambda: web.daemon.logged("event=settings_rejected"))
    assert median() == 9.0
