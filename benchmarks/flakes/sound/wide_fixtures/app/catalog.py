from types import MappingProxyType


class Catalog:
    def __init__(self, prices):
        self.prices = MappingProxyType(dict(prices))
        self.is_open = True

    def price(self, name):
        return self.prices[name]

    def with_discount(self, percent):
        return Catalog(
            {name: price * (100 - percent) // 100 for name, price in self.prices.items()}
        )

    def close(self):
        self.is_open = False
