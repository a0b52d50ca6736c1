def tax_rate(country):
    return {"de": 19, "fr": 20}.get(country, 0)


def gross(net, country="de"):
    return net * (100 + tax_rate(country)) / 100


def total(items, country="de"):
    return sum(gross(price, country) * count for price, count in items)
