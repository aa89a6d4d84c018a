"""The page, in a real browser, on a real run with points that were really sent.

Every test ends with a look at the browser's console: an error, or anything that the
Content-Security-Policy refused, fails it.
"""
import itertools
import re
import subprocess
import time

import pytest
from selenium.common.exceptions import NoAlertPresentException
from selenium.webdriver.common.keys import Keys

from conftest import PATIENCE_S, canonical, wait_for
from pages import (  # noqa: F401 (fixtures)
    HOSTILE, HOSTILE_WITH_BLANKS, NARROW, STEP_S, Page, calm, page, present, send_history, send_point, visit)
from senders import freeze, thaw

AHEAD_S = 580         # a little less than max_future
CLOSE_AFTER_S = 240   # by the clock, too: what opens shall be looked at before
STALE_AFTER_S = 6     # without any event, one of which is due every 2 s

# Pixels of a canvas that have the colour of the chart's line.
LINE_PIXELS = """
const style = getComputedStyle(document.documentElement).getPropertyValue('--chart-line').trim();
const [r, g, b] = style.match(/\\w\\w/g).map(hex => parseInt(hex, 16));
const pixels = canvas => {
  const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let i = 0; i < data.length; i += 4)
    count += Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b) < 30 && data[i + 3] > 200;
  return count;
};
return [...arguments[0].querySelectorAll('.plot')].map(
  plot => Math.max(0, ...[...plot.querySelectorAll('canvas')].map(pixels)));
"""


def test_an_incident_appears_without_a_reload_and_leads_to_charts_that_draw(ridgeline, page):
    now = send_history(ridgeline, "web.requests", "web.quiet")
    page.open()
    assert page.names() == []
    page.run("window.sameDocument = true")
    send_point(ridgeline, "web.requests", now, 300)
    page.wait_listed("web.requests")
    assert page.run("return window.sameDocument")
    assert page.names() == ["web.requests"]
    assert page.text("#announce").startswith("New incident: web.requests, score ")
    wait_for("the title", lambda: page.driver.title == "(1) Ridgeline")
    wait_for("its sparkline", lambda: page.all("#open .spark path"))

    page.one("#open .name").click()
    wait_for("a drawn chart", lambda: [n > 100 for n in page.run(LINE_PIXELS, page.one("#metric"))] == [True])
    page.one("#metric .explanation summary").send_keys(Keys.ENTER)
    rows = page.run("return Object.fromEntries([...document.querySelectorAll('#metric .findings tbody tr')]"
                    ".map(row => [row.querySelector('th').innerText, row.innerText]))")
    assert "yes" in rows["median"] and "needs a day" in rows["seasonal"]


def test_a_closed_anomaly_moves_to_the_closed_ones(driver, ridgeline_factory):
    ridgeline = ridgeline_factory(more=f'detection: {{ close_after = "{CLOSE_AFTER_S}s"; }};')
    now = send_history(ridgeline, "web.requests")
    with visit(driver, ridgeline) as page:
        page.open()
        send_point(ridgeline, "web.requests", now, 300)
        page.wait_listed("web.requests")
        # Data time closes it: calm points, as far ahead of the clock as horizon takes them.
        ridgeline.send_lines(f"web.requests 100 {t}" for t in range(now + STEP_S, now + AHEAD_S, STEP_S))
        wait_for("the anomaly to close", lambda: page.names("#closed") == ["web.requests"])
        assert page.names() == []


def test_only_the_strongest_surface_by_the_budget_and_candidates_are_shown_on_request(driver, ridgeline_factory):
    ridgeline = ridgeline_factory(more='incident_budget = "1/day";')
    weak, strong = ["web.a", "shop.b"], "db.z"
    now = send_history(ridgeline, *weak, strong)
    ridgeline.send_lines([f"{name} 140 {now}" for name in weak] +  # opens at any minute of the hour; 130 does not
                         [f"{strong} 300 {t}" for t in range(now, now + 8 * STEP_S, STEP_S)])
    wait_for("all to be told", lambda: len(ridgeline.anomalies(candidates=1)) == 3)
    wait_for("the strong one to rise and surface alone",
             lambda: [a["metric"] for a in ridgeline.anomalies()] == [strong])
    told = ridgeline.anomalies(candidates=1)
    assert [(a["metric"] in weak, a["candidate"]) for a in told] == [(False, False), (True, True), (True, True)]
    score = ridgeline.get("/api/health").json()["budget"]["surface_score"]
    assert told[1]["score"] < score <= told[0]["score"]

    with visit(driver, ridgeline) as page:
        page.open()
        page.wait_listed(strong)
        line = f"Budget 1 a day: 1 used in the last day; 2 open candidates below score {score} — "
        wait_for("the budget's line", lambda: page.text("#budget") == line + "show")
        wait_for("the strong one alone", lambda: page.names() == [strong])
        assert page.text("#open-count") == "1"
        toggle = page.one("#budget-toggle")
        assert toggle.get_attribute("aria-label") == "show candidates"
        toggle.send_keys(Keys.ENTER)
        page.wait_listed(*weak)
        assert page.names()[0] == strong and page.text("#budget") == line + "hide"
        assert page.run("return location.hash") == "#candidates=1"
        assert page.focused() == "hide"
        labelled = page.run("return [...document.querySelectorAll('#open .candidate')].map(c => "
                            "[c.querySelector('.name').textContent, c.querySelector('.label').textContent])")
        assert sorted(labelled) == [[name, "candidate"] for name in sorted(weak)]
        assert page.driver.title == "(1) Ridgeline"
        page.one("#open .candidate .name").click()
        wait_for("the metric's own history", lambda: page.text("#metric .history .label") == "candidate")
        page.press(Keys.ESCAPE)
        assert page.run("return location.hash") == "#candidates=1" and set(page.names()) == {strong, *weak}
        page.one("#budget-toggle").click()
        wait_for("the candidates to go", lambda: page.names() == [strong])
        page.open("#candidates=1")
        page.wait_listed(strong, *weak)


def test_the_list_and_the_metric_say_the_same_of_an_open_anomaly(driver, ridgeline_factory):
    ridgeline = ridgeline_factory(more=f'detection: {{ close_after = "{CLOSE_AFTER_S}s"; }};')
    now = send_history(ridgeline, "web.requests")
    with visit(driver, ridgeline) as page:
        page.open()
        send_point(ridgeline, "web.requests", now, 300)
        page.wait_listed("web.requests")
        assert re.fullmatch(r"since .*, \d+ (s|min)", page.text(".row .when"))
        assert times(page, ".row .when") == [now]
        page.open("#metric=web.requests")
        wait_for("the same", lambda: times(page, "#metric .history .span") == [now, now, now + CLOSE_AFTER_S])
        assert re.fullmatch(r"open since .*, \d+ (s|min); last anomalous at .*; closes at .* if it stays quiet",
                            page.text("#metric .history .span"))
        ridgeline.send_lines(f"web.requests 100 {t}" for t in range(now + STEP_S, now + AHEAD_S, STEP_S))
        closed, = wait_for("its closing", lambda: ridgeline.anomalies(state="closed"))
        wait_for("it to close there too",
                 lambda: times(page, "#metric .history .span") == [closed["start"], closed["end"]])
        assert "open" not in page.text("#metric .history")


def times(page, selector):
    return page.run("return [...document.querySelectorAll(arguments[0] + ' time')]"
                    ".map(t => Date.parse(t.dateTime) / 1000)", selector)


def test_the_shade_of_an_open_anomaly_is_lighter_from_its_last_anomalous_point_on(ridgeline, page):
    page.open()
    spans = page.driver.execute_async_script("""
        const done = arguments[0], points = [[10, 1], [20, 1], [30, 1]];
        const anomalies = [{state: 'open', start: 10, end: 20}, {state: 'closed', start: 0, end: 5}];
        import('/plot.js').then(plot => done(plot.spansOf({anomalies, points})));""")
    assert spans == [{"start": 20, "end": 30, "quiet": True}, {"start": 10, "end": 20, "quiet": False},
                     {"start": 0, "end": 5, "quiet": False}]


def test_a_metric_that_nobody_knows_is_told_once_and_shows_when_it_comes(ridgeline, page):
    page.open("#metric=site.unknown")
    wait_for("the sentence", lambda: "no metric has this name" in page.text("#metric"))
    time.sleep(1)
    assert page.text("#metric").count("no metric has this name") == 1
    assert page.all("#metric form, #metric .timeline, #metric .history") == []
    page.expect("404")
    send_point(ridgeline, "site.unknown", present(), 1)
    wait_for("the metric", lambda: page.all("#metric form input"))
    page.expect("404")


def test_the_page_names_the_zone_of_its_times(ridgeline, page):
    page.driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "America/North_Dakota/New_Salem"})
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", NARROW)
    try:
        page.open()
        assert "times inAmerica/North_Dakota/New_Salem" in page.text("#strip")
        assert page.width() <= 360
    finally:
        page.driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": ""})


def test_the_keyboard_moves_through_the_list_opens_and_comes_back(ridgeline, page):
    names = ["key.one", "bolt.two", "door.three"]
    now = send_history(ridgeline, *names)
    for name in names:
        send_point(ridgeline, name, now, 400)
    page.open()
    page.wait_listed(*names)
    listed = page.names()
    assert page.names("#closed") == [], "else the last open one is not the last"
    page.press("j")
    assert page.focused() == listed[0]
    page.press("j")
    page.press(Keys.ARROW_DOWN)
    assert page.focused() == listed[2]
    page.press("j")
    assert page.focused() == listed[2], "the last one stays"
    page.press("k")
    assert page.focused() == listed[1]
    page.press(Keys.ENTER)
    wait_for("the metric's view", lambda: page.text("#metric h2") == listed[1])
    wait_for("why", lambda: page.text("#metric .words").startswith("Anomalous: "))
    page.press(Keys.ESCAPE)
    wait_for("the list", lambda: page.one("#overview").is_displayed())
    assert page.focused() == listed[1], "the focus is where it was"
    page.press(Keys.ARROW_UP)
    assert page.focused() == listed[0]
    page.press("?")
    assert page.one("#help").is_displayed()
    page.press(Keys.ESCAPE)
    assert not page.one("#help").is_displayed()


def test_any_metric_is_found_by_name_and_says_why_it_is_not_flagged(ridgeline, page):
    send_history(ridgeline, "search.alpha.count", "search.beta.count")
    page.open()
    wait_for("the names", lambda: ridgeline.get("/api/metrics", query="beta").json()["total"] == 1)
    page.press("/")
    page.press("beta")
    wait_for("what was found", lambda: page.found() == ["search.beta.count"])
    page.press(Keys.ARROW_DOWN, Keys.ENTER)
    wait_for("why not", lambda: page.text("#metric .words").startswith("Normal: "))
    assert "metric=search.beta.count" in page.driver.current_url
    assert page.text("#metric .verdict").startswith("normal at ")
    # The address alone leads to the same view, at a moment too.
    page.open(f"#metric=search.alpha.count&at={present() - 1800}")
    wait_for("the verdict of then", lambda: "What holds now" in page.text("#metric .verdict"))


def test_hostile_names_stay_text(ridgeline, page):
    now = send_history(ridgeline, HOSTILE)
    blanks = b"".join(canonical(t, v) for t, v in calm(HOSTILE_WITH_BLANKS, now))
    ridgeline.redis.append(f"metrics.{HOSTILE_WITH_BLANKS}", blanks)
    ridgeline.redis.sadd("metrics.unique_metrics", f"metrics.{HOSTILE_WITH_BLANKS}")
    ridgeline.redis.xadd("ridgeline:names", {"n": HOSTILE_WITH_BLANKS})
    page.open()
    send_point(ridgeline, HOSTILE, now, 300)
    page.wait_listed(HOSTILE)
    wait_for("the name to be known", lambda: ridgeline.get("/api/metrics", query="src=x").json()["total"] == 2)
    page.press("/")
    page.press("src=x")
    wait_for("what was found", lambda: set(page.found()) == {HOSTILE, HOSTILE_WITH_BLANKS})
    page.press(Keys.ESCAPE)
    for name in (HOSTILE, HOSTILE_WITH_BLANKS):
        page.run("location.hash = new URLSearchParams({metric: arguments[0]})", name)
        wait_for("its view", lambda: page.text("#metric h2") == name)
        wait_for("its form", lambda: page.all("#metric input[name=match]"))
        wait_for("its charts", lambda: page.all("#metric canvas"))
        page.run("location.hash = new URLSearchParams({tune: arguments[0]})", name)
        wait_for("its tuning", lambda: page.all("#tuning input[name=match]"))
        assert page.one("#tuning input[name=match]").get_attribute("value") == name
    assert page.all("img") == []
    with pytest.raises(NoAlertPresentException):
        page.driver.switch_to.alert.dismiss()


def test_the_policy_refuses_inline_styles_and_the_console_tells(driver, ridgeline):
    page = Page(driver, ridgeline.page).open()
    assert page.console() == []
    page.run("document.body.setAttribute('style', 'color: red')")
    refused = wait_for("the console", page.console)
    assert "Content Security Policy" in refused[0]
    driver.get("about:blank")


def test_before_anything_arrives_the_page_gives_a_line_that_works(ridgeline, page):
    page.open()
    wait_for("what to do", lambda: page.one("#setup").is_displayed())
    assert page.text("#open-none") == "None: no metric has arrived yet."
    line, relay, c_relay, statsd = [pre.text for pre in page.all("#setup pre")]
    assert f"nc -w 1 127.0.0.1 {ridgeline.line}" in line
    assert f"127.0.0.1:{ridgeline.pickle}" in relay
    assert f"127.0.0.1:{ridgeline.line}" in c_relay
    assert f'repeater: [{{host: "127.0.0.1", port: {ridgeline.statsd}}}]' in statsd
    subprocess.run(["sh", "-c", line], check=True, timeout=PATIENCE_S)
    wait_for("it to be gone", lambda: not page.one("#setup").is_displayed())
    wait_for("the strip", lambda: "senders1" in page.text("#strip"))
    assert "behaves as it used to" not in page.text("#open-none"), "it is warming up"


def test_ridgelines_own_metrics_are_not_the_sites(driver, ridgeline_factory):
    ridgeline = ridgeline_factory(horizon="")
    with visit(driver, ridgeline) as page:
        page.open()
        wait_for("its own metrics", lambda: ridgeline.get("/api/health").json()["metrics"] > 10)
        wait_for("what to do", lambda: page.one("#setup").is_displayed())
        wait_for("the words", lambda: page.text("#open-none") == "None: no metric but Ridgeline's own has arrived yet.")
        send_point(ridgeline, "site.first", present(), 1)
        wait_for("it to be gone", lambda: not page.one("#setup").is_displayed())
        assert ridgeline.get("/api/health").json()["site_metrics"] == 1


def test_a_restarted_horizon_does_not_bring_the_first_steps_back(ridgeline, page):
    now = send_history(ridgeline, "web.requests")
    send_point(ridgeline, "web.requests", now, 300)
    page.open()
    page.wait_listed("web.requests")
    wait_for("its sender", lambda: "senders1" in page.text("#strip"))
    ridgeline.kill("horizon")
    wait_for("a horizon without senders", lambda: re.search("senders[0–]", page.text("#strip")))
    assert not page.one("#setup").is_displayed()
    # Whatever is listed comes first.
    position = "return document.querySelector('#open').compareDocumentPosition(document.querySelector('#setup'))"
    assert page.run(position) == 4


def test_at_360_pixels_nothing_scrolls_sideways(ridgeline, page):
    name = "narrow." + "a-very-long-part-of-a-name." * 6 + "count"
    now = send_history(ridgeline, name)
    send_point(ridgeline, name, now, 300)
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", NARROW)
    page.open()
    page.wait_listed(name)
    wait_for("its sparkline", lambda: page.all("#open .spark path"))
    assert page.width() <= 360
    for fragment, ready in ((f"#metric={name}", "#metric input[name=match]"),
                            (f"#tune={name}", "#tuning input[name=match]"),
                            ("#health=", "#health table"), ("#tree=narrow", "#tree .twig"),
                            ("#find=", "#find .finding a[href]")):
        page.open(fragment)
        wait_for(ready, lambda: page.all(ready))
        assert page.width() <= 360, fragment


@pytest.mark.parametrize("width, rows", [(320, 3), (360, 3), (700, 2), (768, 2), (1280, 1)])
def test_the_top_is_a_few_tidy_rows_at_any_width(ridgeline, page, width, rows):
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", NARROW | {"width": width})
    page.open()
    wait_for("live", lambda: page.text("#live") == "live")
    middles = page.run("return ['.brand', '#live', '#search', ...document.querySelectorAll('#views a')].map(part => {"
                       "  const box = (part.tagName ? part : document.querySelector(part)).getBoundingClientRect();"
                       "  return Math.round((box.top + box.bottom) / 2 / 8); })")
    brand, live, _, *links = middles
    assert len(links) == 6 and len(set(links)) == 1
    assert abs(brand - live) <= 1
    assert 1 + sum(b - a > 1 for a, b in itertools.pairwise(sorted(middles))) == rows


# Counts tenths of seconds in which the page has its turns: a busy machine holds up these as it does the page.
COUNT_TURNS = """
window.turns = 0;
const counting = setInterval(() => {
  if (document.querySelector('#live').dataset.state === 'live') turns++;
  else clearInterval(counting);
}, 100);
"""


def test_a_server_that_hangs_is_told_within_seconds(ridgeline, page):
    page.open()
    webapp = ridgeline.pids("webapp")[0]
    freeze(webapp)
    try:
        page.run(COUNT_TURNS)
        wait_for("stale", lambda: page.text("#live").startswith("stale since "))
        assert page.run("return turns") <= 10 * (STALE_AFTER_S + 4)
    finally:
        thaw(webapp)
    wait_for("live again", lambda: page.text("#live") == "live")


def test_the_page_says_that_it_is_stale_and_recovers_by_itself(ridgeline, page):
    now = send_history(ridgeline, "stale.metric")
    page.open()
    page.run("""const live = document.querySelector('#live');
        window.told = [];
        new MutationObserver(() => told.push(live.textContent)).observe(
          live, {childList: true, characterData: true, subtree: true});""")
    ridgeline.kill("webapp")
    stale = wait_for("stale", lambda: [text for text in page.run("return told") if text != "live"])
    assert re.fullmatch(r"stale since (\w+ \d+ )?\d\d:\d\d:\d\d", stale[0])
    send_point(ridgeline, "stale.metric", now, 300)
    wait_for("live again", lambda: page.text("#live") == "live")
    page.wait_listed("stale.metric")
    page.expect("net::ERR_", "503")  # a killed server is an error on the network, and the next one starts
