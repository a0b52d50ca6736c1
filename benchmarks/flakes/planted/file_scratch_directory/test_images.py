import shutil
from pathlib import Path

import pytest
from app import images

NAMES = [f"image{number}" for number in range(10)]


@pytest.fixture
def scratch():
    directory = Path(__file__).parent / "scratch"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    return directory


def test_thumbnails(scratch):
    assert images.convert(NAMES, scratch, ".thumb") == [f"{name}.thumb" for name in NAMES]


def test_sprites(scratch):
    assert images.convert(NAMES, scratch, ".sprite") == [f"{name}.sprite" for name in NAMES]


def test_no_images(tmp_path):
    assert images.convert([], tmp_path, ".thumb") == []


def test_one_image(tmp_path):
    assert images.convert(["a"], tmp_path, ".x") == ["a.x"]


@pytest.mark.parametrize(("kind", "suffix"), [("thumbnail", ".thumb"), ("sprite", ".sprite")])
def test_suffixes(kind, suffix):
    assert images.suffix_of(kind) == suffix


def test_unknown_kind():
    with pytest.raises(KeyError):
        images.suffix_of("video")
