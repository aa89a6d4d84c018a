"""Finding metrics on the page: by words, as a list of thousands, as a tree; and the view of Ridgeline's own health.

The names and states are written as horizon and the workers write them; the webapp and the browser are real.
"""
import re
import time

import pytest
from selenium.webdriver.common.keys import Keys

from conftest import wait_for
from pages import Page, visit
from test_find import ANOMALOUS, NORMAL, STALE, WARMING_UP, add_names, tell_states
from webapp import start, web, write_points, write_stats  # noqa: F401

HOSTS = 3000


@pytest.fixture
def page(driver, web):
    with visit(driver, web) as page:
        yield page


def fill(web, redis):
    """HOSTS * 2 metrics below one part, and a few others."""
    states = {f"hosts.h{i:04}.{what}": STALE if i % 100 == 7 else NORMAL for i in range(HOSTS)
              for what in ("cpu", "load")}
    states |= {"app.web.cpu": ANOMALOUS, "app.web": WARMING_UP, "app.db.cpu": NORMAL}
    add_names(redis, *states)
    for name in ("app.web.cpu", "app.web"):
        write_points(redis, name, [(int(time.time()) - 5, 97.25)])
    tell_states(redis, states)
    wait_for("the states", lambda: web.json("/api/metrics", state="UNKNOWN", limit=1)["total"] == 0
             and web.json("/api/metrics", limit=1)["total"] == len(states))
    return states


def options(page):
    return page.run("return [...document.querySelectorAll('#found [role=option]')].map(o => o.textContent)")


def rows(page):
    return page.run("return [...document.querySelectorAll('.finding:not(.heads)')]"
                    ".sort((a, b) => a.dataset.at - b.dataset.at)"
                    ".map(r => [...r.children].map(c => c.textContent))")


def twigs(page):
    return page.run("return [...document.querySelectorAll('.twig')].sort((a, b) => a.dataset.at - b.dataset.at)"
                    ".map(r => [Number(r.ariaLevel), r.querySelector('.part').textContent, r.ariaExpanded])")


def active(page):
    return page.run("return document.getElementById(document.activeElement.getAttribute('aria-activedescendant'))"
                    "?.querySelector('.part').textContent")


def test_words_find_metrics_and_the_list_of_all_that_match_is_a_key_away(web, redis, page):
    fill(web, redis)
    page.open()
    page.press("/")
    page.press("cpu h01")
    wait_for("what was found", lambda: options(page)[-1:] == ["All 100 that match, in a list"])
    assert len(options(page)) == 13
    page.press(Keys.ARROW_UP, Keys.ENTER)
    wait_for("the list", lambda: rows(page)[:1] and rows(page)[0][0] == "hosts.h0100.cpu")
    assert page.driver.current_url.endswith("#find=cpu+h01") and page.text("#find .found").startswith("100 metrics")
    # The address alone leads there, with a state too.
    page.open("#find=cpu&state=STALE")
    wait_for("those of the state", lambda: page.text("#find .found") == "30 metrics stale, that match cpu")
    assert rows(page)[0][:2] == ["hosts.h0007.cpu", "stale"]
    page.open("#find=" + "web%20app")
    wait_for("values", lambda: ["app.web.cpu", "anomalous", "97.25"] in [row[:3] for row in rows(page)])


def test_a_list_of_thousands_holds_only_what_is_near_the_view(web, redis, page):
    states = fill(web, redis)
    page.open("#find=")
    wait_for("the count", lambda: page.text("#find .found") == f"{len(states):,} metrics")
    assert len(rows(page)) < 100
    page.run("window.scrollTo(0, document.body.scrollHeight)")
    wait_for("the last", lambda: rows(page)[-1][0] == max(states))
    assert len(rows(page)) < 100
    page.run("window.scrollTo(0, 0)")
    wait_for("the first", lambda: rows(page)[0][0] == min(states))
    for _ in range(3):
        page.press("j")
    assert page.focused() == sorted(states)[2]
    page.press("k", Keys.ENTER)
    wait_for("its view", lambda: page.text("#metric h2") == sorted(states)[1])


def test_the_strip_leads_to_the_metrics_that_it_counts(web, redis, page):
    fill(web, redis)
    write_stats(redis, "analyzer.0", age_s=-3600, stale=60, warming_up=1)  # lives for as long as the test
    page.open()
    labels = "return [...document.querySelectorAll('#strip a')].map(a => a.ariaLabel)"
    wait_for("the count", lambda: page.run(labels).count("60 silent"))
    page.one("#strip a[aria-label='60 silent']").click()
    wait_for("the silent", lambda: page.text("#find .found") == "60 metrics stale")
    page.one("#strip a[aria-label='1 warming up']").click()
    wait_for("the young", lambda: page.text("#find .found") == "1 metric warming up")


def test_what_no_worker_has_taken_up_is_not_said_to_behave(web, redis, page):
    def says(sentence, watched, warming_up):
        write_stats(redis, "horizon", metrics=209)
        write_stats(redis, "analyzer.0", metrics=watched, warming_up=warming_up)
        return page.text("#open-none") == sentence

    add_names(redis, "app.web")
    page.open()
    for told in (("None. 1 of 1 watched metrics are still warming up, 208 of 209 are not watched yet.", 1, 1),
                 ("None. 209 of 209 watched metrics are still warming up.", 209, 209),
                 ("None. 9 of 209 are not watched yet.", 200, 0)):
        wait_for(told[0], lambda: says(*told))


def test_a_glob_that_is_none_is_told(web, redis, page):
    fill(web, redis)
    page.open("#find=%7Ba%2C")
    wait_for("the error", lambda: page.text("#find .found").startswith("query is not a glob"))
    page.driver.get_log("browser")  # the browser tells of the 400 itself


def test_the_tree_is_walked_by_keyboard_as_trees_are(web, redis, page):
    fill(web, redis)
    page.open("#tree=")
    wait_for("the tree", lambda: twigs(page) == [[1, "app", "false"], [1, "hosts", "false"]])
    wait_for("the focus", lambda: active(page) == "app")
    page.press(Keys.ARROW_RIGHT)
    wait_for("the children", lambda: [2, "web", "false"] in twigs(page))
    assert twigs(page)[:3] == [[1, "app", "true"], [2, "db", "false"], [2, "web", "false"]]
    page.press(Keys.ARROW_RIGHT, Keys.ARROW_DOWN)
    assert active(page) == "web" and page.driver.current_url.endswith("#tree=app.web")
    page.press(Keys.ARROW_RIGHT)
    wait_for("what is below a metric", lambda: [3, "cpu", None] in twigs(page))
    page.press(Keys.ARROW_RIGHT)
    assert active(page) == "cpu"
    page.press(Keys.ARROW_LEFT)
    assert active(page) == "web"
    page.press(Keys.ARROW_LEFT)
    wait_for("it to close", lambda: [3, "cpu", None] not in twigs(page))
    page.press(Keys.HOME)
    assert active(page) == "app"
    page.press("h")
    assert active(page) == "hosts", "a letter goes to the next part that begins with it"
    page.press(Keys.ARROW_RIGHT)
    wait_for("thousands of children", lambda: [2, "h0000", "false"] in twigs(page))
    assert len(twigs(page)) < 120
    page.press(Keys.END)
    assert active(page) == f"h{HOSTS - 1:04}"
    page.press(Keys.HOME, "*")
    wait_for("all siblings to open", lambda: [2, "db", "true"] not in twigs(page) and [1, "app", "true"] in twigs(page))
    page.open("#tree=app.web.cpu")
    wait_for("the way there", lambda: active(page) == "cpu")
    assert [3, "cpu", None] in twigs(page)
    page.press(Keys.ENTER)
    wait_for("its view", lambda: page.text("#metric h2") == "app.web.cpu")


def test_the_tree_counts_and_follows_what_changes(web, redis, page):
    states = fill(web, redis)
    page.open("#tree=app")
    wait_for("the counts", lambda: page.all(".twig .bad"))
    row = "[...document.querySelectorAll('.twig')].find(r => r.querySelector('.part').textContent === arguments[0])"
    facts = lambda part: page.run(f"return [...{row}.children].slice(2).map(c => c.textContent)", part)
    assert facts("hosts") == [f"{HOSTS // 100 * 2} silent", f"{HOSTS * 2:,} metrics"]
    assert facts("app") == ["1 anomalous", "1 warming up", "3 metrics"]
    tell_states(redis, states | {"app.db.cpu": ANOMALOUS})
    add_names(redis, "zoo.new")
    wait_for("the change", lambda: facts("app")[0] == "2 anomalous" and [1, "zoo", "false"] in twigs(page))
    assert active(page) == "app", "what is active stays so"


def test_health_says_where_to_look_when_nothing_happens(web, redis, page):
    page.open("#health=")
    mark = "return [...document.querySelectorAll('.checks .look')].map(r => r.querySelector('strong').textContent)"
    wait_for("the first fault", lambda: page.run(mark) == ["Listeners are open"])

    def live(**horizon):
        now = int(time.time())
        write_stats(redis, "horizon", received=110, accepted=100, rejected=10, stored=100, queued=0, dropped=0,
                    metrics=5, started=now - 60, pid=1, **{"rejected|reason=too_old": 10}, **horizon)
        write_stats(redis, "roomba", leader=1, pass_at=now - 30, pass_seconds=2)
        write_stats(redis, "analyzer", workers=1)
        write_stats(redis, "analyzer.0", metrics=5, judged=100, lag_ms=12, judged_per_second=7, delay_p99_ms=300)
        return page.run(mark)

    wait_for("nobody to send", lambda: live() == ["Somebody sends"])
    sender = ('[{"address": "10.1.2.3", "listener": "line_tcp", "unit": "points", "connections": 1, "received": 110,'
              ' "accepted": 100,'
              '"rejected": 10, "last_ms": %d, "per_second": 12.5, "last_rejected": "too_old \\"<b>old</b> 1 5\\""}]')

    def well():
        return live(senders=sender % int(time.time() * 1000)) == []

    wait_for("nothing to look at", well)
    for said in ("110 received = 100 accepted + 10 rejected", "10.1.2.3", "12.5/s", 'too_old "<b>old</b> 1 5"', "7/s",
                 "noeviction", "100, but 10 rejected, 10 of these as too old"):
        wait_for(said, lambda: well() and said in page.text("#health"))
    assert page.all("#health b") == []
    redis.flushall()


def test_a_page_that_was_left_gives_its_connection_back(web, redis, page):
    """The browser has six for a host: the seventh page would hang."""
    fill(web, redis)
    for _ in range(8):
        page.open("#find=")
        wait_for("the list", lambda: rows(page))


def test_without_redis_health_shows_the_last_figures_as_stale_and_since_when(redis_server, web, redis, page):
    write_stats(redis, "horizon", age_s=-3600, received=100, accepted=90, rejected=10, stored=83, queued=7, metrics=5)
    page.open("#health=")
    wait_for("the figures", lambda: "100 received = 90 accepted" in page.text("#health"))
    assert not page.all("#health .stale")
    redis_server.kill()
    try:
        wait_for("since when", lambda: re.search(r"not since \d\d:\d\d:\d\d, for \d+ s", page.text(".checks .look")))
        stale = page.text("#health .stale")
        assert re.match(r"Stale: as last known, \d+ s ago, at \d\d:\d\d:\d\d", stale), stale[:80]
        assert "100 received = 90 accepted + 10 rejected" in stale and "83 stored + 7 queued" in stale
        assert "webapp, now" in page.text("#health") and "webapp, now" not in stale
    finally:
        redis_server.start()
    wait_for("the figures of now", lambda: page.all("#health .account") and not page.all("#health .stale"))
    page.expect("503")
