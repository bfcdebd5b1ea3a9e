"""Which pixels are the object, how that was found and how sure it is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image

from orfeas_desktop.engine.relief.grabcut import Certainty, cut
from orfeas_desktop.engine.relief.mask import Box, MaskHow, cleaned, find_mask
from orfeas_desktop.engine.relief.plain_ground import plain_ground_mask
from orfeas_desktop.engine.relief.saliency import salient_mask
from orfeas_desktop.errors import NoObjectFound
from orfeas_desktop.paths import RESOURCES

SAMPLES = RESOURCES / "samples"


def overlap(one, other):
    return (one & other).sum() / (one | other).sum()


def sample(name):
    return np.asarray(Image.open(SAMPLES / name).convert("RGBA"))


def busy(mask):
    """A vivid object before coarse noise."""
    random = np.random.default_rng(1)
    noise = random.integers(60, 200, (*mask.shape, 1)).repeat(3, axis=2).astype(np.uint8)
    noise = cv2.GaussianBlur(noise, (0, 0), 1)
    noise[mask] = (220, 40, 30)
    return np.dstack([noise, np.full(mask.shape, 255, np.uint8)])


def test_transparency_is_the_mask(disc, paint):
    mask = disc()
    picture = paint(mask)
    picture[..., 3] = np.where(mask, 255, 0)
    found = find_mask(picture, "disc.png")
    assert found.how is MaskHow.alpha
    assert found.confidence == 1
    assert (found.inside == mask).all()


def test_a_picture_that_is_faint_everywhere_still_has_its_mask(disc, paint):
    mask = disc()
    picture = paint(mask)
    picture[..., 3] = np.where(mask, 90, 0)
    assert (find_mask(picture, "disc.png").inside == mask).all()


@pytest.mark.parametrize("ground", [20, 128, 235, 255])
def test_a_plain_ground_is_taken_away(disc, paint, ground):
    mask = disc(200, 70)
    found = find_mask(paint(mask, ground=ground), "disc.png")
    assert found.how is MaskHow.plain
    assert found.confidence >= 0.8
    assert overlap(found.inside, mask) > 0.97


def test_a_ground_that_fades_is_plain_and_a_soft_shadow_is_no_object(disc, paint):
    mask = disc(240, 60)
    picture = paint(mask).astype(np.float32)
    fall = np.linspace(1, 0.8, 240)[:, None, None]
    shadow = cv2.GaussianBlur(np.roll(mask, (25, 35), (0, 1)).astype(np.float32), (0, 0), 9)
    ground = fall * (1 - 0.3 * shadow[..., None])
    picture[..., :3] = np.where(mask[..., None], picture[..., :3], 235 * ground)
    found = find_mask(picture.astype(np.uint8), "disc.png")
    assert found.how is MaskHow.plain
    assert overlap(found.inside, mask) > 0.93


def test_a_pale_object_on_white_is_not_taken_for_a_shadow():
    picture = sample("robot.png").astype(float)
    alpha = picture[..., 3:] / 255
    white = np.dstack([picture[..., :3] * alpha + 255 * (1 - alpha), np.full(alpha.shape[:2], 255.0)]).astype(
        np.uint8
    )
    assert overlap(find_mask(white, "robot.png").inside, picture[..., 3] > 127) > 0.85


def test_a_hole_shows_the_ground(paint, disc):
    mask = disc(200, 80) & ~disc(200, 35)
    assert overlap(find_mask(paint(mask), "ring.png").inside, mask) > 0.95


def test_a_busy_picture_gives_a_guess_to_be_checked(disc):
    mask = disc(240, 60)
    found = find_mask(busy(mask), "busy.png")
    assert found.how is MaskHow.saliency
    assert found.confidence <= 0.5
    assert overlap(found.inside, mask) > 0.8


def test_the_same_seed_gives_the_same_guess():
    picture = sample("coffee.jpg")
    masks = []
    for _ in range(2):
        cv2.setRNGSeed(5)
        masks.append(find_mask(picture, "coffee.jpg").inside)
    assert (masks[0] == masks[1]).all()


@pytest.mark.parametrize("kind", ["alpha", "plain", "busy"])
def test_a_box_keeps_what_is_in_it(disc, paint, kind):
    two = np.roll(disc(240, 40), -50, 1) | np.roll(disc(240, 40), 50, 1)
    picture = busy(two) if kind == "busy" else paint(two)
    if kind == "alpha":
        picture[..., 3] = np.where(two, 255, 0)
    found = find_mask(picture, "two.png", box=Box(20, 70, 120, 170))
    assert found.how is MaskHow.box
    assert found.confidence == 1
    assert not found.inside[:, 130:].any()
    assert overlap(found.inside[:, :130], two[:, :130]) > 0.85


def test_a_box_where_the_plain_rule_sees_nothing_is_cut_out(disc, paint):
    mask = disc(240, 50)
    pale = paint(mask, (236, 234, 236), 235)
    found = find_mask(pale, "pale.png", box=Box(60, 60, 180, 180))
    assert found.how is MaskHow.box


def test_boxes_are_clipped_to_the_picture():
    assert Box(-5, 3.7, 500, 4).pixels(100, 50) == (0, 3, 100, 4)
    assert Box(200, 200, 300, 300).pixels(100, 50) == (99, 49, 100, 50)
    assert Box(10, 20, 30, 40).scaled(0.5, 2) == Box(5, 40, 15, 80)


def test_a_mask_picture_settles_it_whatever_its_size_and_kind(disc, paint):
    mask = disc(120, 40)
    small = np.dstack(
        [cv2.resize(mask.astype(np.uint8) * 255, (60, 60))] * 3 + [np.full((60, 60), 255, np.uint8)]
    )
    by_light = find_mask(busy(mask), "busy.png", given=small)
    assert by_light.how is MaskHow.mask
    assert by_light.confidence == 1
    assert overlap(by_light.inside, mask) > 0.9
    clear = np.dstack([np.zeros((120, 120, 3), np.uint8), mask.astype(np.uint8) * 255])
    assert (find_mask(busy(mask), "busy.png", given=clear).inside == mask).all()


def test_no_object_is_said_by_name(paint):
    nothing = np.zeros((50, 50), bool)
    one = nothing.copy()
    one[25, 25] = True
    for picture in (paint(nothing), np.dstack([paint(one)[..., :3], one.astype(np.uint8) * 255])):
        with pytest.raises(NoObjectFound, match="empty room"):
            find_mask(picture, "empty room.png")
    with pytest.raises(NoObjectFound):
        find_mask(
            paint(nothing), "x.png", given=np.zeros((9, 9, 4), np.uint8) + np.array([0, 0, 0, 255], np.uint8)
        )


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (8, 8)])
def test_tiny_pictures_hold_nothing(size):
    with pytest.raises(NoObjectFound):
        find_mask(np.full((*size, 4), 255, np.uint8), "tiny.png")


def test_cleaning_drops_specks_and_fills_pinholes(disc):
    mask = disc(200, 60)
    mask[100, 100] = False
    mask[5:8, 5:8] = True
    clean = cleaned(mask, least_part=0.02, largest_hole=0.0015)
    assert clean[100, 100]
    assert not clean[:20, :20].any()
    assert not cleaned(np.zeros((9, 9), bool), least_part=0.1, largest_hole=0.1).any()


def test_uneven_grounds_are_not_plain():
    random = np.random.default_rng(0)
    assert plain_ground_mask(random.integers(0, 255, (90, 90, 3)).astype(np.uint8)) is None


def test_an_even_picture_has_nothing_salient():
    guess = salient_mask(np.full((60, 60, 3), 90, np.uint8))
    assert not guess.inside.any()
    assert guess.confidence == 0


def test_grabcut_without_two_sides_keeps_what_is_known():
    known = np.full((20, 20), Certainty.maybe_object, np.uint8)
    assert cut(np.zeros((20, 20, 3), np.uint8), known, rounds=1).all()
