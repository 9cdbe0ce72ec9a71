"""The gallery of predictions: sorted and filtered by a metric, with the error under the player."""

from __future__ import annotations

import pytest

from tests.batch.test_gallery import names, summary
from tests.data.galleries import FRAMES, write_output

COUNT = 12
PEAKS = {"ours": [1.0] * FRAMES, "theirs": [2.0] * 30 + [9.0] + [2.0] * (FRAMES - 31)}


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    errors = [{"name": name, "peaks": peaks, "worst": peaks.index(max(peaks))} for name, peaks in PEAKS.items()]

    def metrics(index):
        found = {"lve_max": 0.001 * index, "mouth_correlation": 1 - 0.05 * index, "mouth_lag": -0.5 * index}
        return {"ours": found, "theirs": {**found, "lve_max": 0.002}}

    return write_output(tmp_path_factory.mktemp("metrics") / "out", COUNT, metrics=metrics, errors=errors)


def order(page):
    return [int(name.rpartition("_")[2]) for name in names(page)]


def test_it_opens_on_the_worst_clips(open_page):
    page = open_page()
    assert order(page)[:3] == [11, 10, 8]  # the tenth failed
    assert page.locator("#sort").input_value() == "worst"
    assert page.locator("#metric").input_value() == "lve_max"
    assert "11 / 2 mm" in page.locator(".card .length").first.text_content()
    page.locator("#sort").select_option("best")
    assert order(page)[-2:] == [11, 9]  # what was not measured comes last


def test_any_metric_sorts_by_what_is_worse(open_page):
    page = open_page()
    page.locator("#metric").select_option("mouth_correlation")
    assert order(page)[0] == 11
    page.locator("#metric").select_option("mouth_lag")  # early is as bad as late
    assert order(page)[0] == 11
    page.locator("#metric").select_option("lve_max")
    page.locator("#prediction").select_option("theirs")
    assert order(page)[0] == 0  # all alike: by name


def test_filter_by_a_range_of_the_metric(open_page):
    page = open_page()
    page.locator("#prediction").select_option("ours")
    page.locator("#least").fill("3")
    page.locator("#most").fill("5.5")
    assert summary(page) == "3 sequences"
    assert order(page) == [5, 4, 3]
    page.locator("#clear").click()
    assert summary(page) == "12 sequences"


def test_the_error_stands_under_the_player_and_its_worst_frame_is_a_key_away(open_page):
    page = open_page()
    page.locator(".card").first.click()
    page.wait_for_function("curves?.errors?.length === 2 && video.readyState >= 2")
    page.keyboard.press("w")
    page.wait_for_function("document.querySelector('.time').textContent.endsWith('frame 30')")
    assert "theirs 9.0 mm" in page.locator(".errors").text_content()
    table = page.locator("table.metrics")
    assert table.locator("th").all_text_contents() == ["", "ours", "theirs"]
    assert table.locator("tr", has_text="Lip error, largest (mm)").locator("td").all_text_contents()[1:] == ["11", "2"]


def test_without_predictions_there_is_nothing_of_it(browser, tmp_path):
    page = browser.new_page()
    page.goto((write_output(tmp_path / "out", 3) / "index.html").as_uri())
    assert not page.locator("#metric").is_visible()
    assert page.locator("#sort").input_value() == "name"
    page.locator(".card").first.click()
    assert not page.locator("[data-do=worst]").is_visible()
    assert page.locator(".codes").is_visible()
    page.close()
