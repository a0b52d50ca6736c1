import os


def region():
    return os.environ.get("SHOP_REGION", "eu-central")


def page_size():
    return int(os.environ.get("SHOP_PAGE_SIZE", "20"))


def endpoint(service):
    return f"https://{service}.{region()}.shop.test"
