"""The timeline of a metric in a real browser: its range, its ghosts, and how it follows the clock."""
import re
import time

from selenium.webdriver.common.keys import Keys

from conftest import wait_for
from importing import ROLLED_UP, rolled_up  # noqa: F401: one is a fixture
from metric_view import (  # noqa: F401: fixtures
    DAY, HOUR, MINUTE, NAME, address, caption, drag, open_view, page, pixels_of, press_on_chart, span, spike_t)
from pages import visit
from test_preview import write_day
from webapp import start  # noqa: F401: a fixture


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


def test_a_range_of_another_year_says_so(spike_t, page):
    until = int(time.time()) - 400 * DAY
    page.open(f"#metric={NAME}&from={until - HOUR}&until={until}")
    year = time.localtime(until).tm_year
    label = rf"\w{{3}} \d+ {year} \d\d:\d\d to \w{{3}} \d+ {year} \d\d:\d\d, 1 h: no points"
    wait_for("the year", lambda: re.match(label, caption(page)))


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


def test_a_page_wider_than_any_chart_asks_for_what_may_be_asked_for(spike_t, page):
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                {"width": 9000, "height": 400, "deviceScaleFactor": 1, "mobile": False})
    open_view(page)


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
