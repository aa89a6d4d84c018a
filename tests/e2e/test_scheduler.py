"""When the analyzer has more to do than it can: who waits, who is told, and that nothing is lost. And how several
analyzers share one Redis."""
import os
import re
import signal
import threading
import time

import requests
from analyzers import children, events, kinds, open_anomalies, total, workers
from conftest import PATIENCE_S, SETTINGS, answer, canonical, free_ports, wait_for, write_settings

STEP_S = 10


def settings_file(path, redis, analyzer, more="", page=0):
    line, udp, pickle, skyline = free_ports(4)
    return write_settings(path, SETTINGS.format(
        line=line, udp=udp, pickle=pickle, skyline=skyline, page=page, horizon="", analyzer=analyzer, roomba="",
        max_age="5m", more=f'redis = "unix:{redis.sock}"; {more}'))


def health(page):
    return answer(lambda: requests.get(f"http://127.0.0.1:{page}/api/health", timeout=PATIENCE_S)).json()


def problems(page, text):
    return [p for p in health(page)["problems"] if text in p]


def history(redis, names, points, until, step=STEP_S):
    """A stretch of points that ends before `until`, for each name."""
    pipe = redis.pipeline(transaction=False)
    for i, name in enumerate(names):
        pipe.append("metrics." + name, b"".join(
            canonical(until - step * (points - k), 100.0 + (k * 7919 + i) % 5) for k in range(points)))
        pipe.sadd("metrics.unique_metrics", "metrics." + name)
        pipe.xadd("ridgeline:names", {"n": name})
    pipe.execute()


def test_two_analyzers_share_the_metrics_and_each_is_judged_once(redis, daemons, tmp_path):
    page, metrics, points = free_ports(1)[0], 60, 720
    names = [f"app.metric{i}" for i in range(metrics)]
    end = int(time.time()) // STEP_S * STEP_S - 3600
    history(redis, names, points, end)
    first, second = [daemons("analyzer", settings_file(
        tmp_path / f"{n}of2.conf", redis, f'shard = "{n}/2"; workers = {n};', page=page)) for n in (1, 2)]
    daemons("webapp", settings_file(tmp_path / "webapp.conf", redis, "", page=page))
    wait_for("all to be judged", lambda: total(redis, "judged") >= metrics * points)
    assert workers(redis) == ["analyzer.0@1of2", "analyzer.0@2of2", "analyzer.1@2of2"]
    assert total(redis, "judged") == metrics * points and total(redis, "metrics") == metrics
    assert all(int(redis.hget("ridgeline:stats:" + w, "metrics")) > 0 for w in workers(redis))
    wait_for("every shard to have its analyzer", lambda: not problems(page, "shard"))

    pipe = redis.pipeline(transaction=False)
    for name in names:
        pipe.append("metrics." + name, b"".join(canonical(end + STEP_S * k, 400.0) for k in range(12)))
    pipe.execute()
    wait_for("every opening", lambda: len(open_anomalies(redis)) == metrics)
    assert all(kinds(redis, name) == ["open"] for name in names)

    second.kill()
    wait_for("the lost shard to be told", lambda: problems(page, "no analyzer judges shard 2/2"))
    second.start()
    wait_for("it to be judged again", lambda: not problems(page, "shard") and total(redis, "caught_up") == metrics)
    assert first.stop() == second.stop() == 0
    assert all(redis.hexists("ridgeline:record:" + name, "now") for name in names)
    assert all(kinds(redis, name) == ["open"] for name in names), events(redis)


def test_two_analyzers_with_one_shard_are_told(redis, daemons, tmp_path):
    page = free_ports(1)[0]
    for instance in ("a", "b"):
        daemons("analyzer", settings_file(tmp_path / f"{instance}.conf", redis, 'shard = "1/2"; workers = 1;',
                                          f'instance = "{instance}";', page))
    daemons("webapp", settings_file(tmp_path / "webapp.conf", redis, "", page=page)).wait_ready()
    wait_for("the problem", lambda: problems(page, "2 analyzers judge shard 1/2"))
    assert problems(page, "no analyzer judges shard 2/2")


class Throttle:
    """Lets a process run for a few milliseconds at a time, with ever longer stops between them."""
    RUN_S = 0.004

    def __init__(self, pid):
        self.pid, self.stop_s, self.on = pid, 0.1, True
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while self.on:
            os.kill(self.pid, signal.SIGSTOP)
            time.sleep(self.stop_s)
            os.kill(self.pid, signal.SIGCONT)
            time.sleep(self.RUN_S)

    def end(self):
        self.on = False
        self.thread.join()


class Writer:
    """Appends a point a second to every metric, as horizon does."""

    def __init__(self, redis, names):
        self.redis, self.names, self.on, self.written, self.t = redis, names, True, 0, int(time.time())
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while self.on:
            if time.time() < self.t:
                time.sleep(0.02)
                continue
            pipe = self.redis.pipeline(transaction=False)
            for i, name in enumerate(self.names):
                pipe.append("metrics." + name, canonical(self.t, 100.0 + (self.t + i) % 5))
            pipe.execute()
            self.written += len(self.names)
            self.t += 1

    def end(self):
        self.on = False
        self.thread.join()


def test_overload_sheds_by_priority_tells_it_and_loses_nothing(redis, daemons, tmp_path):
    page = free_ports(1)[0]
    high, low = [f"shop.orders{i}" for i in range(50)], [f"batch.job{i}" for i in range(2000)]
    start = int(time.time())
    history(redis, high + low, 60, start, step=1)
    rules = 'retention = "1s:1h"; rules = ( { match = "shop.**"; priority = "high"; }, ' \
            '{ match = "batch.**"; priority = "low"; } );'
    analyzer = daemons("analyzer", settings_file(tmp_path / "a.conf", redis, "workers = 1;", rules, page)).wait_ready()
    daemons("webapp", settings_file(tmp_path / "w.conf", redis, "", rules, page)).wait_ready()
    gauges = lambda *names: [int(value or 0) for value in redis.hmget("ridgeline:stats:analyzer.0", names)]
    gauge = lambda name: gauges(name)[0]
    wait_for("all to be taken up", lambda: gauge("caught_up") == len(high) + len(low))
    writer, throttle = Writer(redis, high + low), Throttle(children(analyzer)[0])

    def overloaded():
        lags, told = gauges("lag_low_ms", "lag_high_ms"), problems(page, "analyzer.0 is")
        metrics = requests.get(f"http://127.0.0.1:{page}/metrics", timeout=PATIENCE_S).text
        if lags[0] > 8000 and told:
            return *lags, told[0], metrics
        throttle.stop_s = min(throttle.stop_s * 1.2, 4.0)
        return False

    try:
        lag_low, lag_high, told, metrics = wait_for("low priority to fall behind", overloaded, every_s=1)
    finally:
        throttle.end()
        writer.end()
    assert lag_high < lag_low / 2, f"high is {lag_high} ms late, low {lag_low} ms"
    assert re.search(r"is \d+ s behind \(metrics of high priority [\d.]+ s, normal 0.0 s, low [\d.]+ s\)", told)
    assert re.search(r'ridgeline_worker_lag_ms\{process="analyzer.0"\} \d{4,}', metrics)
    wait_for("all to be judged", lambda: gauge("judged") >= writer.written + 60 * (len(high) + len(low)))
    assert gauge("judged") == writer.written + 60 * (len(high) + len(low))
    assert gauge("late") == gauge("overtaken") == 0
    wait_for("the problem to end", lambda: not problems(page, "behind"))


def test_points_that_were_trimmed_unjudged_are_counted_and_told(redis, daemons, tmp_path):
    page, now = free_ports(1)[0], int(time.time())
    settings = settings_file(tmp_path / "a.conf", redis, "workers = 1;", 'retention = "1s:6m";', page)
    history(redis, ["app.load"], 300, now - 1200, step=1)
    analyzer = daemons("analyzer", settings).wait_ready()
    wait_for("the history", lambda: total(redis, "judged") == 300)
    analyzer.stop()
    redis.delete("metrics.app.load")  # as roomba leaves it: all from before now - 200 was trimmed
    history(redis, ["app.load"], 200, now, step=1)
    analyzer.start()
    daemons("webapp", settings).wait_ready()
    wait_for("what is left", lambda: total(redis, "judged") == 200)
    (told,) = wait_for("the problem", lambda: problems(page, "came too late"))
    missed = total(redis, "overtaken")
    assert 990 <= missed <= 1001 and f"about {missed} points" in told
