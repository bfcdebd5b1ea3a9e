from __future__ import annotations

import re

import cv2
import numpy as np
import pytest
from PIL import Image

from orfeas_desktop.engine.networks.picture_preparation import (
    VIEWS,
    prepare_picture,
    prepare_pictures,
    recentre,
)
from orfeas_desktop.errors import NoObjectFound


def read(path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGBA"))


def check_picture(case, key, found, expected) -> None:
    """At most one grey level off on 99 % of the pixels, and four anywhere."""
    assert found.shape == expected.shape
    off = np.abs(found.astype(int) - expected.astype(int))
    case.within(f"{key} share beyond 1 level", float((off > 1).mean()), 0.01)
    case.within(f"{key} grey levels", float(off.max()), 4)


def check_mask(case, key, found, expected) -> None:
    assert found.shape == expected.shape
    case.within(f"{key} share that differs", float((found != expected).mean()), 0.005)


@pytest.mark.cases("image_preproc")
def test_single_pictures(case) -> None:
    io = case.io
    for key in io:
        name, _, kind = key.partition("/")
        if kind.endswith("/image_u8") and not name.endswith("_path"):
            picture = read(next(case.path.glob(f"{name}_*.png")))
            image, mask = prepare_picture(picture, io[key].shape[-1])
            check_picture(case, key, image[None], io[key])
            mask_key = key.replace("image", "mask")
            check_mask(case, mask_key, mask[None], io[mask_key])
        if kind == "recentered":
            image, mask = recentre(read(next(case.path.glob(f"{name}_*.png"))))
            check_picture(case, key, image, io[key])
            check_mask(case, f"{key}_mask", mask[..., None], io[f"{key}_mask"])


@pytest.mark.cases("image_preproc")
def test_file_route(case) -> None:
    io = case.io
    for key in (key for key in io if re.match(r"\w+_path/.*image_u8$", key)):
        name = key.partition("_path/")[0]
        blue_first = cv2.imread(str(next(case.path.glob(f"{name}_*.png"))), cv2.IMREAD_UNCHANGED)
        image, _ = prepare_picture(blue_first, io[key].shape[-1])
        check_picture(case, key, image[None, ::-1], io[key])


@pytest.mark.cases("image_preproc")
def test_views(case) -> None:
    io = case.io
    expected = io["mv/image_u8"][0].astype(int)
    shown = {view: number for view, number in VIEWS.items() if number in io["mv/view_idxs"].ravel()}
    given = [read(path) for path in sorted(case.path.glob("*.png"))]
    framed = [prepare_picture(picture, expected.shape[-1])[0].astype(int) for picture in given]
    pictures = {}
    for place, view in enumerate(sorted(shown, key=shown.__getitem__)):
        off = [float(np.abs(each - expected[place]).mean()) for each in framed]
        pictures[view] = given[int(np.argmin(off))]
    pictures = dict(reversed(pictures.items()))
    prepared = prepare_pictures(pictures, io["mv/image_u8"].shape[-1])
    assert prepared.views == tuple(io["mv/view_idxs"].ravel().tolist())
    check_picture(case, "mv/image_u8", prepared.images[None], io["mv/image_u8"])
    check_mask(case, "mv/mask_u8", prepared.masks[None], io["mv/mask_u8"])
    assert prepared.tensor().min() >= -1
    assert prepared.tensor().max() <= 1


def test_a_picture_without_an_object_is_refused() -> None:
    for opaque in [np.s_[0:0, 0:0], np.s_[3:4, :], np.s_[:, 2:3]]:
        picture = np.zeros((9, 9, 4), np.uint8)
        picture[opaque] = 255
        with pytest.raises(NoObjectFound):
            prepare_picture(picture)


def test_an_object_thinner_than_a_pixel_is_refused() -> None:
    picture = np.zeros((400, 400, 4), np.uint8)
    picture[:, 7:9] = 255
    with pytest.raises(NoObjectFound):
        prepare_picture(picture, border=0.999)


def test_views_are_numbered_clockwise() -> None:
    assert VIEWS == {"front": 0, "left": 1, "back": 2, "right": 3}
