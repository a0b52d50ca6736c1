def discount(catalog, name, percent):
    catalog[name]["price"] = catalog[name]["price"] * (100 - percent) / 100
    return catalog[name]["price"]


def subtotal(catalog, names):
    return sum(catalog[name]["price"] for name in names)


def available(catalog, name):
    return catalog[name]["stock"] > 0
