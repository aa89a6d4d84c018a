"""The view of one metric in a real browser: its timeline, why it was or was not flagged at any moment, its tuning.

The webapp alone, on a metric with two weeks of history as `ridgeline import` leaves it: two days of it raw, with a
spike ten hours ago, and the rest rolled up.
"""
import re
import time

import pytest
from selenium import webdriver
from selenium.webdriver.common.keys import Keys

from conftest import ROOT, canonical, wait_for, write_settings
from importing import ROLLED_UP, newest, rolled_up, run_import, shop, write_csv  # noqa: F401: one is a fixture
from pages import visit
from test_preview import write_day
from webapp import start  # noqa: F401: a fixture

NAME = "shop.orders"
MINUTE, HOUR, DAY = 60, 3600, 86400
SPIKE = 600  # points before the last
RETENTION = 'retention = "60s:2d,10m:14d";'
SCREENSHOTS = ROOT / "build" / "screenshots"


@pytest.fixture
def spike_t(redis, daemons, tmp_path):
    """Makes the history: what was learnt of it by an import, its rollups by a roomba. When its spike is."""
    points = shop(1, newest())
    t = points[-SPIKE][0]
    points[-SPIKE] = (t, 900.0)
    settings = write_settings(tmp_path / "history.conf", f'redis = "unix:{redis.sock}"; {RETENTION}'
                              'horizon: { max_age = "1000s"; }; roomba: { pass_interval = "1s"; };')
    run_import("--settings", settings, "--redis", f"unix:{redis.sock}", write_csv(tmp_path / f"{NAME}.csv", points))
    redis.set(f"metrics.{NAME}", b"".join(canonical(t, v) for t, v in points))
    roomba = daemons("roomba", settings)
    wait_for("the fold", lambda: redis.exists(f"rollup.{NAME}") and redis.strlen(f"metrics.{NAME}") < 15 * 3000)
    roomba.stop()
    return t


@pytest.fixture
def page(driver, start):  # noqa: F811
    graphs = 'graph_url = "https://graphs.example/?t={metric}&from={from}&until={until}";'
    with visit(driver, start(graphs, RETENTION)) as visited:
        yield visited


def open_view(page, **more):
    page.open("#" + "&".join(f"{k}={v}" for k, v in {"metric": NAME, **more}.items()))
    wait_for("the chart", lambda: page.all(".timeline canvas") and "points at" in caption(page))
    return page


def caption(page):
    return page.text(".timeline figcaption")


def address(page):
    """The address's parameters, numbers as such."""
    pairs = page.run("return [...new URLSearchParams(location.hash.slice(1))]")
    return {name: int(value) if re.fullmatch(r"-?\d+", value) else value for name, value in pairs}


def span(page):
    shown = address(page)
    return shown["until"] - shown["from"]


def press_on_chart(page, *keys, held=()):
    page.run("document.querySelector('.timeline .plot').focus({preventScroll: true})")
    actions = webdriver.ActionChains(page.driver)
    for key in held:
        actions.key_down(key)
    actions.send_keys(*keys)
    for key in held:
        actions.key_up(key)
    actions.perform()


def drag(page, start_share, end_share, *held):
    """Drags over the chart, from one share of its width to another, with keys held down."""
    plot = page.one(".timeline .plot")
    page.run("arguments[0].scrollIntoView({block: 'center'})", plot)
    width = plot.size["width"]
    actions = webdriver.ActionChains(page.driver)
    for key in held:
        actions.key_down(key)
    actions.move_to_element_with_offset(plot, int(width * (start_share - 0.5)), 0).click_and_hold()
    actions.move_by_offset(int(width * (end_share - start_share) / 2), 2)
    actions.move_by_offset(int(width * (end_share - start_share) / 2), 2).release()
    for key in held:
        actions.key_up(key)
    actions.move_to_element(page.one(".timeline .toolbar")).perform()  # the caption tells what is under the pointer


def pixels_of(page, selector, colour):
    """How many pixels of the canvases under `selector` have a colour of the page."""
    return page.run("""
        const probe = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
        probe.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(arguments[1]).trim();
        probe.fillRect(0, 0, 1, 1);
        const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
        let count = 0;
        for (const canvas of document.querySelectorAll(arguments[0] + ' canvas')) {
          const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
          for (let i = 0; i < data.length; i += 4)
            count += Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b) < 70
              && data[i + 3] > 120;
        }
        return count;""", selector, colour)


# ---- range

def test_the_whole_retention_is_shown_across_archives_with_extremes_where_it_is_rolled_up(spike_t, page):
    open_view(page)
    assert caption(page) == "Last 1 d: points at 60 s" and address(page) == {"metric": NAME}
    page.one(".timeline [data-last='1209600']").click()
    wait_for("two weeks", lambda: caption(page) == "Last 14 d: points at 60 s, 10 min")
    assert address(page) == {"metric": NAME, "from": -14 * DAY}
    shown = page.run("return document.querySelector('.timeline .plot').getAttribute('aria-label')")
    assert re.search(r"; \d+\S* to 900, last \d", shown), shown
    # The address alone leads back to it.
    open_view(page, **{"from": -14 * DAY})
    assert caption(page) == "Last 14 d: points at 60 s, 10 min"
    page.one(".timeline [data-last='1209600'] ~ button").click()
    wait_for("all of it", lambda: caption(page).startswith("Last 1") and address(page)["from"] < -13.9 * DAY)


def test_the_band_goes_on_hatched_where_it_is_reconstructed_and_a_moment_there_is_explained(spike_t, page):
    # How many pixels of the chart's left half and of its right stand out from their neighbours, and are no line's.
    hatched = """
        const {data, width, height} = document.querySelector('.timeline canvas').getContext('2d').getImageData(
          0, 0, ...['width', 'height'].map(side => document.querySelector('.timeline canvas')[side]));
        const runs = [0, 0];
        for (let y = 0; y < height; y++)
          for (let x = 1; x + 1 < width; x++) {
            const alpha = i => data[4 * (y * width + i) + 3];
            runs[Number(x > width / 2)] += alpha(x) < 150 && alpha(x) - 20 > Math.max(alpha(x - 1), alpha(x + 1));
          }
        return runs;"""
    legend = ".timeline .means"
    open_view(page)
    assert not page.one(legend).is_displayed()
    raw = page.run(hatched)
    until = int(time.time()) - 8 * DAY
    open_view(page, **{"from": until - 2 * DAY, "until": until})
    wait_for("the legend", lambda: page.text(legend) == "hatched: reconstructed from 10-minute means")
    rolled_up = page.run(hatched)
    assert all(n > 2 * before + 500 for n, before in zip(rolled_up, raw)), (raw, rolled_up)
    press_on_chart(page, Keys.ARROW_LEFT)
    wait_for("why", lambda: page.text(".words").startswith("Reconstructed from 10-minute means: Normal: "))
    open_view(page, **{"from": -14 * DAY})
    wait_for("the legend", lambda: page.text(legend) == "hatched: reconstructed from 10-minute means")


def test_a_preview_of_more_than_the_raw_points_says_that_it_is_estimated(rolled_up, driver, start):  # noqa: F811
    with visit(driver, start(more=ROLLED_UP)) as view:
        open_view(view)
        field = wait_for("the form", lambda: view.all(".tune [name=sensitivity]"))[0]
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys("2")
        words = "Where no raw points are left, estimated from 10-minute means."
        wait_for("the sentence", lambda: view.text(".preview").endswith(words))
        assert view.text(".preview").startswith("Last 24 h: ")


def test_a_drag_zooms_and_with_shift_pans(spike_t, page):
    open_view(page, **{"from": spike_t - 6 * HOUR, "until": spike_t + 6 * HOUR})
    drag(page, 0.4, 0.6)
    wait_for("the zoom", lambda: span(page) < 4 * HOUR)
    zoomed = address(page)
    assert 1.5 * HOUR < span(page) and zoomed["from"] < spike_t < zoomed["until"]
    wait_for("its data", lambda: re.search(r", 2 h( \d+ min)?: points at 60 s", caption(page)))
    drag(page, 0.7, 0.3, Keys.SHIFT)
    wait_for("the pan", lambda: address(page)["from"] > zoomed["from"] + 600)
    assert abs(span(page) - (zoomed["until"] - zoomed["from"])) <= 2, "a pan keeps the scale"
    # What stands in the address is what is shown, wherever it is pasted.
    shared = address(page)
    open_view(page, **{k: shared[k] for k in ("from", "until")})
    assert address(page) == shared


def test_ctrl_and_wheel_zoom_where_the_pointer_is(spike_t, page):
    open_view(page, **{"from": spike_t - 6 * HOUR, "until": spike_t + 6 * HOUR})
    wheel = """const plot = document.querySelector('.timeline .plot'), box = plot.getBoundingClientRect();
        return plot.dispatchEvent(new WheelEvent('wheel', {deltaY: arguments[0], ctrlKey: arguments[1],
          cancelable: true, clientX: box.right - 2, clientY: box.top + 20}))"""
    assert page.run(wheel, -100, False), "the wheel alone scrolls the page"
    assert span(page) == 12 * HOUR
    assert not page.run(wheel, -100, True)
    wait_for("the zoom", lambda: span(page) < 10 * HOUR)
    assert abs(address(page)["until"] - (spike_t + 6 * HOUR)) < 300, "what is under the pointer stays"
    page.run(wheel, 100, True)
    wait_for("the way back", lambda: abs(span(page) - 12 * HOUR) < 10)


def test_keys_zoom_pan_and_show_everything(spike_t, page):
    open_view(page, **{"from": spike_t - HOUR, "until": spike_t + HOUR})
    press_on_chart(page, "+")
    wait_for("nearer", lambda: span(page) == HOUR)
    before = address(page)
    press_on_chart(page, Keys.ARROW_LEFT, held=[Keys.SHIFT])
    wait_for("earlier", lambda: address(page)["from"] == before["from"] - HOUR // 4)
    press_on_chart(page, "-")
    wait_for("farther", lambda: span(page) == 2 * HOUR)
    for _ in range(9):
        press_on_chart(page, "-")
    first = page.run("return Math.floor(Date.now() / 1000)") - 14 * DAY
    wait_for("no farther than what is kept", lambda: abs(address(page)["from"] - first) < HOUR)
    for _ in range(20):
        press_on_chart(page, "+")
    wait_for("no nearer than a minute", lambda: span(page) <= MINUTE + 2)
    press_on_chart(page, "0")
    wait_for("everything", lambda: address(page)["from"] < -13 * DAY)


def test_many_points_are_thinned_to_the_extremes_of_each_pixel(redis, page):
    points = write_day(redis, "app.dense", [(7000, 300.0), (7001, -50.0)], n=17280, step_s=10)
    page.open(f"#metric=app.dense&from=-{2 * DAY}")
    wait_for("the chart", lambda: page.all(".timeline canvas") and "points at" in caption(page))
    told, drawn, expected, runs, width = page.run("""
        const {series, thin, plot} = document.querySelector('.timeline').timeline;
        return [series.points.length, thin.points, thin.expected.length,
          thin.points.filter(([t], i) => i && t - thin.points[i - 1][0] > 3 * thin.stretches.at(-1).step).length,
          plot.clientWidth]""")
    assert told <= 2 * page.run("return innerWidth") + 2, "the server tells no more than a screen can show"
    assert width < len(drawn) <= 2 * width + 2 and runs == 0
    assert [list(p) for p in points[7000:7002]] == [p for p in drawn if p[1] in (300.0, -50.0)]
    assert [p[0] for p in drawn] == sorted({p[0] for p in drawn}) and len(drawn) * 0.9 < expected <= len(drawn)


# ---- moments

def test_a_page_wider_than_any_chart_asks_for_what_may_be_asked_for(spike_t, page):
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                {"width": 9000, "height": 400, "deviceScaleFactor": 1, "mobile": False})
    open_view(page)


def sentence(page):
    return page.text("#metric .words")


def test_a_click_asks_for_the_moment_and_the_arrows_move_it(spike_t, page):
    page.driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Kathmandu"})
    try:
        open_view(page, **{"from": spike_t - 30 * MINUTE, "until": spike_t + 30 * MINUTE})
        wait_for("what holds now", lambda: sentence(page).startswith(("Normal: ", "Stale since ")))
        assert not page.one(".timeline .mark").is_displayed()
        plot = page.one(".timeline .plot")
        # The middle of the plot, which begins right of the value axis.
        webdriver.ActionChains(page.driver).move_to_element_with_offset(plot, 28, 0).click().perform()
        wait_for("the moment", lambda: abs(address(page).get("at", 0) - spike_t) <= 2 * MINUTE)
        press_on_chart(page, *[Keys.ARROW_LEFT] * 4)
        before = wait_for("a moment before", lambda: address(page)["at"] < spike_t and address(page)["at"])
        calm = r"Normal: [\d.]+ at \d\d:\d\d; at this time of day [\d.]+ to "
        wait_for("why not", lambda: re.match(calm, sentence(page)))
        press_on_chart(page, *[Keys.ARROW_RIGHT] * ((spike_t - before) // MINUTE))
        wait_for("the spike", lambda: address(page)["at"] == spike_t)
        told = wait_for("why", lambda: sentence(page).startswith("Anomalous: ") and sentence(page))
        local = time.strftime("%H:%M", time.gmtime(spike_t + 345 * MINUTE))
        assert re.match(rf"Anomalous: 900 at {local}; (at this time of day )?[\d.]+ to [\d.]+ was expected; "
                        r"\d of \d detectors voted, first [\w ]+, then ", told), told
        assert page.one(".timeline .mark").is_displayed()
        press_on_chart(page, Keys.END)
        wait_for("the last that is shown", lambda: 28 <= (address(page)["at"] - spike_t) / MINUTE <= 30)
        page.run("document.querySelector('#metric .now').click()")
        wait_for("what holds now", lambda: "at" not in address(page))
    finally:
        page.driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": ""})


def test_a_moment_before_all_history_is_told_and_leaves_the_view_whole(spike_t, page):
    page.open(f"#metric={NAME}&at={spike_t - 40 * DAY}")
    wait_for("why there is nothing", lambda: "no stored point at or before" in page.text("#metric .error"))
    wait_for("the rest of the view", lambda: page.all("#metric .tune input"))
    assert page.text("#metric .now") == "What holds now"
    assert all("404" in message for message in page.console())


# ---- detectors

def lane(page, detector):
    return next(row for row in page.all(".detector-lanes li") if row.text.startswith(detector))


def test_each_detector_has_a_lane_with_its_votes(spike_t, page):
    open_view(page, at=spike_t)
    detectors = [f["detector"] for f in page.driver.execute_async_script(
        "fetch(arguments[0]).then(r => r.json()).then(v => arguments[1](v.verdict.findings))",
        f"/api/verdict?metric={NAME}&at={spike_t}")]
    names = page.run("return [...document.querySelectorAll('.detector-lanes .detector')].map(d => d.textContent)")
    assert names == [d.replace("_", " ") for d in detectors] and len(names) >= 5
    assert re.search(r"[\d.]+ of 4\.5: votes yes", lane(page, "median").text)
    assert "highest" in lane(page, "median").find_element("tag name", "canvas").get_attribute("aria-label")
    assert pixels_of(page, ".detector-lanes", "--chart-line") > 500
    left, right = page.run("""const area = document.querySelector('.timeline .canvas').getBoundingClientRect();
        const lane = document.querySelector('.detector-lanes canvas').getBoundingClientRect();
        return [Math.abs(area.left - lane.left), Math.abs(area.right - lane.right)]""")
    assert left < 1 and right < 1, "one time axis"


def test_an_abstention_tells_its_reason(redis, page):
    name = "app.young"
    points = write_day(redis, name, [(1000, 300.0)])
    page.open(f"#metric={name}&at={points[120][0]}")
    wait_for("the lanes", lambda: page.all(".detector-lanes li"))
    wait_for("why not", lambda: sentence(page).startswith(("Normal: ", "Warming up: ")))
    wait_for("the reason", lambda: lane(page, "seasonal").text.endswith("abstains (needs a day)"))


# ---- what follows the clock

def asked_since(page, path):
    return page.run("return performance.getEntriesByType('resource').filter(e => e.name.includes(arguments[0])).length",
                    path)


def test_what_is_brought_up_to_date_keeps_the_focus(spike_t, page):
    open_view(page)
    for selector, path in ((".explanation summary", "/api/verdict"), (".graph a", "/api/series")):
        wait_for(selector, lambda: page.all(f"#metric {selector}"))
        page.run("document.querySelector(arguments[0]).focus()", f"#metric {selector}")
        before = asked_since(page, path)
        wait_for("an update", lambda: asked_since(page, path) > before)
        time.sleep(0.3)  # its answer is there: what is left is to write it
        assert page.run("return document.activeElement === document.querySelector(arguments[0])", f"#metric {selector}")


def test_the_ghost_of_a_range_that_follows_the_clock_reaches_to_where_that_will_be(spike_t, page):
    open_view(page, **{"from": -HOUR})
    page.one(".timeline .yesterday").send_keys(Keys.ENTER)
    wait_for("the ghost", lambda: asked_since(page, "judge=0"))
    (asked,) = page.run("return performance.getEntriesByType('resource').map(e => e.name)"
                        ".filter(n => n.includes('judge=0'))")
    span_s = int(re.search(r"until=(\d+)", asked)[1]) - int(re.search(r"from=(\d+)", asked)[1])
    assert 2 * HOUR <= span_s <= 2 * HOUR + 2, "for an hour no other is asked for"


# ---- ghosts and the link

def test_yesterday_and_last_week_are_shown_on_request_and_cost_no_judging(spike_t, page):
    open_view(page, **{"from": spike_t - 2 * HOUR, "until": spike_t + 2 * HOUR})
    assert pixels_of(page, ".timeline .plot", "--chart-yesterday") == 0
    for ghost, ago in (("yesterday", DAY), ("last-week", 7 * DAY)):
        button = page.one(f".timeline .{ghost}")
        button.send_keys(Keys.ENTER)
        wait_for(ghost, lambda: pixels_of(page, ".timeline .plot", f"--chart-{ghost}") > 50)
        assert button.get_attribute("aria-pressed") == "true"
        asked = page.run("return performance.getEntriesByType('resource').map(entry => entry.name)"
                         ".filter(name => name.includes('judge=0'))")
        assert any(f"from={spike_t - 2 * HOUR - ago}" in name for name in asked), asked
    page.one(".timeline .yesterday").click()
    wait_for("it to go", lambda: pixels_of(page, ".timeline .plot", "--chart-yesterday") == 0)
    # Zoomed, the ghosts that are left follow.
    press_on_chart(page, "+")
    wait_for("the zoom", lambda: span(page) == 2 * HOUR)
    wait_for("the ghost", lambda: pixels_of(page, ".timeline .plot", "--chart-last-week") > 50)


def test_the_link_leads_to_the_users_own_graph_of_what_is_shown(spike_t, page):
    open_view(page, **{"from": spike_t - HOUR, "until": spike_t + HOUR})
    link, = wait_for("the link", lambda: page.all("#metric .graph a"))
    assert link.get_attribute("href") == \
        f"https://graphs.example/?t={NAME}&from={spike_t - HOUR}&until={spike_t + HOUR}"
    press_on_chart(page, "+")
    wait_for("the zoomed one", lambda: page.run("return document.querySelector('#metric .graph a').href").endswith(
        f"&from={spike_t - HOUR // 2}&until={spike_t + HOUR // 2}"))


# ---- tuning

def test_a_slider_writes_its_number_and_follows_it(spike_t, page):
    open_view(page)
    slider = wait_for("the form", lambda: page.all("[name=median] ~ [type=range]"))[0]
    field = page.one("[name=median]")
    assert field.get_attribute("value") == "4.5"
    slider.send_keys(Keys.ARROW_RIGHT)
    assert 4.5 < float(field.get_attribute("value")) < 5.5
    before = int(slider.get_property("value"))
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys("100")
    assert int(slider.get_property("value")) > before + 20
    wait_for("the preview", lambda: re.match(r"Last .*would not have opened", page.text(".preview")))
    whole = page.one("[name=consensus] ~ [type=range]")
    whole.send_keys(Keys.END)
    assert page.one("[name=consensus]").get_attribute("value") == whole.get_attribute("max") or \
        int(page.one("[name=consensus]").get_attribute("value")) == int(whole.get_attribute("max")) + 1


def saved(page):
    return {o["match"]: o["options"] for o in page.driver.execute_async_script(
        "fetch('/api/overrides').then(r => r.json()).then(v => arguments[0](v.overrides))")}


def test_the_history_of_overrides_takes_any_change_back(spike_t, page):
    page.open("#tune=shop.**")
    for text in ("6", "9"):
        field = wait_for("the form", lambda: page.all(".tune [name=median]"))[0]
        field.clear()
        field.send_keys(text, Keys.ENTER)
        wait_for("the saving", lambda: saved(page) == {"shop.**": {"median": float(text)}})
        wait_for("the form anew", lambda: page.text(".tune .said").startswith("Saved"))
        wait_for("its entry", lambda: f"→ {text}" in page.text(".changes li"))
    rows = page.run("return [...document.querySelectorAll('.changes li')].map(row => row.textContent)")
    assert "median 6 → 9" in rows[0] and "Undo" in rows[0]
    assert "median as the rules say → 6" in rows[1] and "Undo" not in rows[1]
    page.run("document.querySelector('.changes li button').focus()")
    page.press(Keys.ENTER)
    wait_for("the undoing", lambda: saved(page) == {"shop.**": {"median": 6}})
    wait_for("the form to follow", lambda: page.one(".tune [name=median]").get_attribute("value") == "6")
    wait_for("its own entry", lambda: len(page.all(".changes li")) == 3)
    assert "median 9 → 6" in page.text(".changes li")


def test_the_overrides_are_copied_as_settings_text(spike_t, page):
    page.open("#tune=shop.**")
    wait_for("the form", lambda: page.all(".tune [name=median]"))[0].clear()
    page.one(".tune [name=median]").send_keys("6", Keys.ENTER)
    text = wait_for("the text", lambda: page.text(".overrides pre"))
    assert 'match = "shop.**"; median = 6' in text
    assert page.one(".overrides a[download]").get_attribute("href").endswith("/api/overrides/export")
    next(b for b in page.all(".overrides button") if b.text == "Copy").click()
    wait_for("the word", lambda: page.text(".overrides .said") == "Copied.")
    field = page.one("#search")
    field.send_keys(Keys.CONTROL, "v")
    assert 'match = "shop.**"; median = 6' in field.get_attribute("value")


# ---- looks

@pytest.mark.parametrize("width", [360, 1400, 3000])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_view_fits_and_is_pictured(spike_t, page, width, scheme):
    """At 360 pixels that is also what a 720 pixels wide window shows at 200 %."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    cdp = page.driver.execute_cdp_cmd
    cdp("Emulation.setDeviceMetricsOverride", {"width": width, "height": 1000 if width < 2000 else 1600,
                                               "deviceScaleFactor": 1, "mobile": False})
    cdp("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    try:
        open_view(page, at=spike_t, **{"from": spike_t - 6 * HOUR, "until": spike_t + 6 * HOUR})
        wait_for("the form", lambda: page.all("#metric .tune input"))
        page.one(".timeline .yesterday").click()
        wait_for("the ghost", lambda: pixels_of(page, ".timeline .plot", "--chart-yesterday") > 50)
        assert page.width() <= width
        wide = page.run("""const parts = '#metric button, #metric input, #metric .detector-lanes li';
            return [...document.querySelectorAll(parts)].filter(n => n.getBoundingClientRect().right > innerWidth + 1)
              .map(n => n.outerHTML.slice(0, 80))""")
        assert wide == []
        page.driver.save_screenshot(str(SCREENSHOTS / f"metric-{width}-{scheme}.png"))
        assert low_contrasts(page) == []
    finally:
        cdp("Emulation.setEmulatedMedia", {"features": []})


def low_contrasts(page):
    """The view's texts whose contrast with their ground is below WCAG's AA."""
    return page.run("""
        const channel = c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
        const luminance = text => {
          const [r, g, b] = text.match(/[\\d.]+/g).map(c => channel(c / 255));
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const ground = node => {
          const {backgroundColor: color} = getComputedStyle(node);
          return /, 0\\)$/.test(color) && node.parentElement ? ground(node.parentElement) : color;
        };
        const told = [...document.querySelectorAll('#metric *')].filter(node => node.checkVisibility()
          && [...node.childNodes].some(child => child.nodeType === 3 && child.textContent.trim()));
        return told.map(node => {
          const [a, b] = [luminance(getComputedStyle(node).color), luminance(ground(node))];
          return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), node.outerHTML.slice(0, 100)];
        }).filter(([contrast]) => contrast < 4.5);""")
