"""Sets a variable for whoever comes next."""

import os


def test_region_follows_the_environment() -> None:
    os.environ["SHOP_REGION"] = "eu"

    assert os.environ.get("SHOP_REGION", "us") == "eu"
