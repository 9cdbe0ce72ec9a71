"""The gallery in a real browser, opened from disk: what a reviewer sees and does."""

from __future__ import annotations

import pytest

from tests.data.galleries import write_output
from xtalker_addon.batch.gallery import write_gallery
from xtalker_addon.batch.review_state import read_reviews

COUNT = 120


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    return write_output(tmp_path_factory.mktemp("gallery") / "out #1 & <b>", COUNT)


def names(page) -> list[str]:
    cards = page.locator(".card")
    found = cards.evaluate_all(
        "cards => cards.map((card) => [Number(card.dataset.index), card.children[1].textContent])"
    )
    return [name for _, name in sorted(found)]


def summary(page) -> str:
    return page.locator("#summary").text_content().split(" · ")[0]


def test_all_are_there_and_few_are_in_the_page(open_page):
    page = open_page()
    assert page.title() == "out #1 & <b> · XTalker"
    assert summary(page) == "120 sequences"
    assert 0 < page.locator(".card").count() < COUNT / 2
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_function("document.querySelector(`.card[data-index='119']`)")
    assert page.locator(".card").count() < COUNT / 2


def test_pictures_are_loaded(open_page):
    page = open_page()
    source = page.locator(".card:not(.failed) .strip").first.evaluate(
        "strip => strip.style.backgroundImage.slice(5, -2)"
    )
    load = """source => new Promise((done) => {
        const image = new Image(); image.onload = () => done([image.width, image.height]); image.src = source
    })"""
    size = page.evaluate(load, source)
    assert size == [8 * 144, 144]


def test_filters(open_page):
    page = open_page()
    page.select_option("#subset", "V1-RAVDESS")
    assert summary(page) == "20 sequences"
    page.select_option("#emotion", "sad")
    assert summary(page) == "10 sequences"
    page.fill("#search", "m001 00001")
    page.wait_for_function("document.querySelector('#summary').textContent.startsWith('1 sequence ')")
    assert names(page) == ["M001_sad_00001"]
    page.click("#clear")
    assert summary(page) == "120 sequences"
    page.click("[data-show=failed]")
    assert summary(page) == "12 sequences"
    assert "expcode.npy: is cut short" in page.locator(".card .sentence").first.text_content()
    page.click("[data-show=warnings]")
    assert summary(page) == "17 sequences"
    page.click("[data-show=all]")
    page.fill("#shortest", "2.5")
    assert page.locator("#empty").is_visible()
    page.fill("#shortest", "1.5")
    assert summary(page) == "108 sequences"
    page.select_option("#sort", "newest")
    assert names(page)[0] == "M038_angry_00118"


def test_keyboard_review_is_kept_and_exported(open_page, tmp_path):
    page = open_page()
    for key in ("ArrowRight", "a", "r", "j", "Enter"):  # the first, approve, reject, leave one out, open
        page.keyboard.press(key)
    assert page.locator("#player h2").text_content() == "M006_angry_00006"
    page.keyboard.press("n")
    page.keyboard.type('mouth, "teeth" a')  # letters are text here
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    page.keyboard.press("k")
    assert page.locator(".approve").get_attribute("aria-pressed") == "true"
    page.keyboard.press("Escape")
    page.reload()
    assert page.locator("[data-show=approved] b").text_content() == "2"
    page.click("[data-show=noted]")
    assert names(page) == ["M006_angry_00006"]
    for kind in ("json", "csv"):
        page.click("summary")
        with page.expect_download() as download:
            page.click(f"[data-export={kind}]")
        path = tmp_path / f"review.{kind}"
        download.value.save_as(path)
        reviews = read_reviews(path)
        assert {name: (review.verdict, review.note) for name, review in reviews.items()} == {
            "V0-GRID/M000_happy_00000": ("approved", ""),
            "V0-GRID/M002_angry_00042": ("rejected", ""),
            "V0-GRID/M006_angry_00006": ("approved", 'mouth, "teeth" a'),
        }
    other = open_page()
    other.set_input_files("#import-file", tmp_path / "review.csv")
    other.wait_for_function("document.querySelector('[data-show=approved] b').textContent === '2'")
    other.set_input_files("#import-file", {"name": "x.json", "mimeType": "", "buffer": b"{}"})
    other.wait_for_function("document.querySelector('#toast').textContent.includes('is not a review')")


def test_escape_closes_the_review_menu(open_page):
    page = open_page()
    page.click("summary")
    assert page.locator("[data-export=csv]").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("[data-export=csv]").is_visible()
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    page.keyboard.press("Enter")  # open it again, and leave it from within
    page.locator("[data-export=csv]").focus()
    page.keyboard.press("Escape")
    assert not page.locator("[data-export=csv]").is_visible()


def test_the_player_plays_with_sound_and_curves(open_page):
    page = open_page()
    page.locator(".card:not(.failed)").first.click()
    page.wait_for_function("video.currentTime > 0.2 && curves")
    assert page.evaluate("[video.duration, video.videoWidth, video.muted, curves.sound.length]") == [2, 128, False, 360]
    page.keyboard.press(" ")
    assert page.evaluate("video.paused")
    box = page.locator(".timeline").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 20)
    page.wait_for_function("Math.abs(video.currentTime - 1) < 0.05 && !video.seeking")
    page.keyboard.press(".")
    page.wait_for_function("/frame 2[56]$/.test(document.querySelector('.time').textContent)")
    painted = page.evaluate(
        "new Set(timeline.getContext('2d').getImageData(0, 0, timeline.width, timeline.height).data).size"
    )
    assert painted > 20
    page.keyboard.press("ArrowRight")
    page.wait_for_function("video.currentTime > 0.1")
    page.keyboard.press("Escape")
    assert not page.locator("#player").is_visible()


def test_a_failure_is_on_the_page_with_its_sentence(open_page):
    page = open_page()
    page.click("[data-show=failed]")
    page.locator(".card").first.click()
    assert "expcode.npy: is cut short; copy it again." in page.locator("#player .failure").text_content()
    assert not page.locator("#player video").is_visible()


def test_hovering_plays(open_page):
    page = open_page()
    page.locator(".card:not(.failed)").first.hover()
    page.wait_for_function("document.querySelector('.card video.on')?.currentTime > 0.1")
    page.mouse.move(2, 2)
    page.wait_for_function("!document.querySelector('.card video')")


def test_a_link_opens_its_sequence(open_page, output):
    page = open_page()
    page.goto(f"{(output / 'index.html').as_uri()}#{'V0-GRID%2FM006_angry_00006'}")
    page.reload()
    assert page.locator("#player h2").text_content() == "M006_angry_00006"


@pytest.mark.parametrize(
    ("form", "place", "words"),
    [
        ("prores", ".mov", "ProRes: browsers do not play it. It is in the file M000_happy_00000.mov"),
        ("exr", "/M000_happy_00000.0000.exr", "50 pictures (OpenEXR) in the folder M000_happy_00000"),
    ],
)
def test_what_browsers_cannot_play_is_shown_by_its_preview(browser, tmp_path, form, place, words):
    output = write_output(tmp_path / "out", 1, {"output": form})
    first = output / f"V0-GRID/M000_happy_00000{place}"
    first.parent.mkdir(exist_ok=True)
    (output / "V0-GRID/M000_happy_00000.mp4").rename(first)
    assert write_gallery(output, left=7) == 1
    page = browser.new_page()
    page.goto((output / "index.html").as_uri())
    assert "being rendered, 7 to go" in page.locator("#left").text_content()
    page.locator(".card").click()
    assert page.locator("#player .still p").text_content() == words
    assert not page.locator("#player video").is_visible()
    assert not page.locator("#player [data-do=play]").is_visible()
    page.wait_for_function("document.querySelector('.still img').naturalWidth === 8 * 144 && curves")
    link = page.locator("#player .still a").evaluate("link => decodeURI(link.pathname)")
    assert link == f"{first if form == 'prores' else first.parent.as_posix() + '/'}"
    page.keyboard.press("a")
    assert page.locator("[data-show=approved] b").text_content() == "1"
    page.close()


def test_frames_are_the_clips(browser, tmp_path):
    """As in file names and in the strip below the picture, where only a part was rendered."""
    write_output(tmp_path / "out", 1, {"frames": [60, 109]})
    page = browser.new_page()
    page.goto((tmp_path / "out" / "index.html").as_uri())
    page.click(".card")
    page.wait_for_function("/frame (6|7|8|9|10)\\d$/.test(document.querySelector('.time').textContent)")
    assert "50 frames at 25 a second: 60 to 109" in page.locator("aside dl").text_content()
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_colour_schemes(open_page, scheme):
    page = open_page(color_scheme=scheme)

    def brightness(selector, what):
        text = page.locator(selector).first.evaluate(f"element => getComputedStyle(element).{what}")
        red, green, blue = (float(part) for part in text.removeprefix("rgb(").removesuffix(")").split(","))
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    def contrast():
        return brightness("body", "color") - brightness("body", "backgroundColor")

    assert contrast() > 150 if scheme == "dark" else contrast() < -150
    assert abs(brightness(".labels", "color") - brightness("body", "backgroundColor")) > 80
    page.click("#theme")
    assert contrast() < -150 if scheme == "dark" else contrast() > 150
    page.reload()
    assert contrast() < -150 if scheme == "dark" else contrast() > 150


def test_phone_width(open_page):
    page = open_page(390, 780, is_mobile=True, has_touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    left = page.locator(".card").evaluate_all(
        "cards => [...new Set(cards.map((card) => card.getBoundingClientRect().left))]"
    )
    assert len(left) == 2
    assert not page.locator("#filters").is_visible()
    page.tap("#filters-toggle")
    page.select_option("#subset", "V1-RAVDESS")
    assert summary(page) == "20 sequences"
    page.tap("#filters-toggle")
    page.locator(".card:not(.failed)").first.tap()
    for selector in (".stage", ".approve", ".reject", ".timeline"):
        box = page.locator(f"#player {selector}").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        assert box["y"] + box["height"] <= 780
    page.tap(".approve")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
