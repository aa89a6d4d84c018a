"""What /api/health says of a run beyond the sums: who sends how fast, which listener is missing, how the rest keeps
up."""
import signal
import socket
import subprocess
import time

from conftest import BUILD, PATIENCE_S, RAW_DAY, free_ports, wait_for
from webapp import start, web  # noqa: F401  (fixtures)


def test_a_sender_has_a_rate_and_its_last_bad_line(ridgeline):
    with socket.create_connection(("127.0.0.1", ridgeline.line)) as s:
        s.sendall(b"not a \x1b[31mline\n")

        def known():
            s.sendall(f"app.requests 1 {int(time.time())}\n".encode() * 1000)
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


def test_a_redis_that_fills_is_told_before_it_is_full(web, redis):
    told = lambda: [p for p in web.json("/api/health")["problems"] if "its maxmemory: make room" in p]  # noqa: E731
    redis.set("ballast", "x" * 30_000_000)
    used = redis.info("memory")["used_memory"]
    redis.config_set("maxmemory", used * 2)
    wait_for("the limit", lambda: web.json("/api/health")["redis"]["maxmemory_bytes"] == used * 2)
    assert not told()
    redis.config_set("maxmemory", int(used / 0.87))
    (sentence,) = wait_for("the problem", told)
    assert "uses 87 %" in sentence or "uses 86 %" in sentence or "uses 88 %" in sentence
    redis.delete("ballast")
    redis.config_set("maxmemory", 0)
    wait_for("no problem", lambda: not told())


def check_health(page, plugin):
    """Status and line of the plugin of Nagios."""
    if not plugin.is_symlink():
        plugin.symlink_to(BUILD / "ridgeline")
    done = subprocess.run([plugin, "--url", page], capture_output=True, text=True, timeout=PATIENCE_S)
    return done.returncode, done.stdout


def test_a_refused_settings_file_is_told_until_a_good_one_is_read(ridgeline, tmp_path):
    good, plugin = ridgeline.settings.read_text(), tmp_path / "check_ridgeline"
    problems = lambda: ridgeline.get("/api/health").json()["problems"]  # noqa: E731
    wait_for("no problem", lambda: problems() == [])
    bad = f"{ridgeline.settings}:{good.count(chr(10)) + 1}: horizn: is no known option; did you mean horizon?"
    told = f"settings refused, the old ones stay in force (alerter, analyzer, horizon, roomba, webapp): {bad}"
    ridgeline.settings.write_text(good + "horizn = 1;\n")
    ridgeline.process.send_signal(signal.SIGHUP)
    wait_for("that problem alone", lambda: problems() == [told])
    status, line = check_health(ridgeline.page, plugin)
    assert status == 1 and told in line

    ridgeline.settings.write_text(good.replace(RAW_DAY, "retention = 5;"))  # another error takes its place
    ridgeline.process.send_signal(signal.SIGHUP)
    wait_for("the other problem", lambda: "retention: must be text" in "".join(problems()) and len(problems()) == 1)
    before = ridgeline.pids("horizon")
    ridgeline.kill("horizon")  # comes back with the settings that were accepted, and knows that others were not
    wait_for("another horizon", lambda: ridgeline.pids("horizon") not in ([], before))
    wait_for("the same problem", lambda: [p for p in problems() if "horizon, roomba" in p and "retention" in p])

    ridgeline.settings.write_text(good)
    ridgeline.process.send_signal(signal.SIGHUP)
    wait_for("no problem", lambda: problems() == [])
    assert check_health(ridgeline.page, plugin)[0] == 0


def test_a_daemon_without_a_supervisor_tells_what_it_refused(web, horizons):
    h = horizons()
    problems = lambda: [p for p in web.json("/api/health")["problems"] if "refused" in p]  # noqa: E731
    good = h.settings.read_text()
    h.settings.write_text(good + 'log_level = "loud";\n')
    h.process.send_signal(signal.SIGHUP)
    told = wait_for("the problem", problems)
    assert len(told) == 1 and f"(horizon): {h.settings}:{good.count(chr(10)) + 1}: log_level: may be" in told[0]
    h.settings.write_text(good)
    h.process.send_signal(signal.SIGHUP)
    wait_for("no problem", lambda: not problems())


def test_addresses_that_need_a_restart_are_told_and_the_present_ones_shown(web, horizons):
    h = horizons()
    health = lambda: web.json("/api/health")  # noqa: E731
    problems = lambda: [p for p in health()["problems"] if "restart" in p or "listen" in p]  # noqa: E731
    wait_for("the address", lambda: health()["settings"]["carbon_line"] == f"127.0.0.1:{h.line}")
    assert problems() == []
    good = h.settings.read_text()
    port, = free_ports(1)
    h.settings.write_text(good.replace(f'"127.0.0.1:{h.line}"', f'"127.0.0.1:{port}"'))
    for _ in range(2):
        h.process.send_signal(signal.SIGHUP)
        told = wait_for("the problem", problems)
        assert told == ["settings changed that need a restart (horizon): "
                        f"horizon.carbon_line (still 127.0.0.1:{h.line})"]
    assert health()["settings"]["carbon_line"] == f"127.0.0.1:{h.line}"
    wait_for("both reloads", lambda: h.log.read_text().count("event=settings_reloaded") == 2)
    assert h.log.read_text().count("event=restart_needed") == 1
    h.settings.write_text(good)
    h.process.send_signal(signal.SIGHUP)
    wait_for("no problem", lambda: not problems())
    h.settings.write_text(good.replace(f'"127.0.0.1:{h.line}"', f'"127.0.0.1:{port}"'))
    assert h.stop() == 0
    h.start()
    wait_for("the new address", lambda: health()["settings"]["carbon_line"] == f"127.0.0.1:{port}")
    assert problems() == []


def test_two_daemons_of_one_name_are_told(web, horizons, tmp_path):
    first, other = horizons("a"), horizons("b")
    problems = lambda: [p for p in web.json("/api/health")["problems"] if "one name" in p]  # noqa: E731
    wait_for("both", lambda: {"horizon@a", "horizon@b"} <= {p["name"] for p in web.json("/api/health")["processes"]})
    time.sleep(2)  # what is not told needs a moment in which it could be
    assert not problems()
    second = horizons("a", horizon=f'spool_dir = "{tmp_path}/elsewhere";')  # as on another machine
    (told,) = wait_for("the problem", problems)
    assert "horizon@a (horizon@a is " in told
    assert f"{first.process.pid}@" in told and f"{second.process.pid}@" in told
    assert f"{other.process.pid}@" not in told
    second.stop()
    wait_for("the end of it", lambda: not problems())


def test_a_run_whose_page_has_no_port_ends_with_a_sentence_that_names_it(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as holder:
        taken = f"127.0.0.1:{holder.getsockname()[1]}"
        line, = free_ports(1)
        off = [f"--set={name}="
               for name in ("horizon.carbon_udp", "horizon.carbon_pickle", "horizon.skyline_udp", "statsd.listen")]
        done = subprocess.run([BUILD / "ridgeline", "run", "--state-dir", tmp_path / "state",
                               f"--set=webapp.listen={taken}", f"--set=horizon.carbon_line=127.0.0.1:{line}", *off],
                              capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 1 and done.stdout == ""
    assert "setting=webapp.listen" in done.stderr and "Address already in use" in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("ridgeline: stopped, because the page could not start.")
    assert taken in last and "webapp.listen" in last
