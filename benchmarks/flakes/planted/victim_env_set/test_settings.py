import os

import pytest
from app import settings


def test_region_has_a_default():
    assert settings.region() == "eu-central"


def test_page_size_has_a_default():
    assert settings.page_size() == 20


def test_page_size_follows_the_environment(monkeypatch):
    monkeypatch.setenv("SHOP_PAGE_SIZE", "50")
    assert settings.page_size() == 50


def test_page_size_must_be_a_number(monkeypatch):
    monkeypatch.setenv("SHOP_PAGE_SIZE", "many")
    with pytest.raises(ValueError, match="many"):
        settings.page_size()


def test_region_follows_the_environment():
    os.environ["SHOP_REGION"] = "us-east"
    assert settings.region() == "us-east"


def test_endpoint_names_the_service():
    assert settings.endpoint("cart").startswith("https://cart.")


@pytest.mark.parametrize("region", ["ap-south", "sa-east"])
def test_endpoint_names_the_region(monkeypatch, region):
    monkeypatch.setenv("SHOP_REGION", region)
    assert settings.endpoint("cart") == f"https://cart.{region}.shop.test"
