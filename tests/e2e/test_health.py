"""What /api/health says of a run beyond the sums: who sends how fast, which listener is missing, how the rest keeps
up."""
import socket
import time

from conftest import wait_for
from webapp import start, web  # noqa: F401  (fixtures)


def test_a_sender_has_a_rate_and_its_last_bad_line(ridgeline):
    with socket.create_connection(("127.0.0.1", ridgeline.line)) as s:
        s.sendall(b"not a \x1b[31mline\n")

        def known():
            s.sendall(f"app.requests 1 {int(time.time())}\n".encode() * 50)
            senders = ridgeline.get("/api/health").json()["senders"]
            return next((s for s in senders if s["listener"] == "line_tcp" and (s["per_second"] or 0) > 20), None)

        sender = wait_for("the rate", known, every_s=1)
    assert sender["rejected"] == 1 and sender["last_rejected"].startswith("malformed ")
    assert "\x1b" not in sender["last_rejected"] and "31mline" in sender["last_rejected"]


def test_a_listener_that_could_not_be_opened_is_named_with_its_address(ridgeline_factory):
    with socket.create_server(("127.0.0.1", 0)) as holder:
        taken = holder.getsockname()[1]
        r = ridgeline_factory(pickle=taken)
        problem = (f"horizon could not listen on 127.0.0.1:{taken} (pickle_tcp): perhaps another program does; "
                   "its log says why")
        wait_for("that problem alone", lambda: r.get("/api/health").json()["problems"] == [problem])
    assert 'ridgeline_horizon_listeners_down{process="horizon",listener="pickle_tcp"} 1' in r.get("/metrics").text


def test_roomba_and_workers_tell_their_pace(ridgeline_factory):
    r = ridgeline_factory(roomba='pass_interval = "5s";', analyzer="workers = 1;")
    began = time.time()

    def counters(name):
        processes = r.get("/api/health").json()["processes"]
        return next((p["counters"] for p in processes if p["name"] == name), {})

    wait_for("a walk", lambda: counters("roomba").get("pass_at", 0) > began - 1)

    def judged():
        r.send_lines(f"app.m{i} 1 {int(time.time())}" for i in range(200))
        return counters("analyzer.0").get("judged_per_second", 0) > 0

    wait_for("points judged", judged, every_s=1)


def test_a_redis_that_may_delete_metrics_is_told(web, redis):
    assert web.json("/api/health")["redis"]["maxmemory_policy"] == "noeviction"
    redis.config_set("maxmemory", "1gb")
    redis.config_set("maxmemory-policy", "allkeys-lru")
    health = wait_for("the problem",
                      lambda: (h := web.json("/api/health"))["redis"]["maxmemory_policy"] == "allkeys-lru" and h)
    assert any("noeviction" in sentence for sentence in health["problems"])
    redis.config_set("maxmemory", 0)
    wait_for("no problem without a limit",
             lambda: not any("noeviction" in p for p in web.json("/api/health")["problems"]))
