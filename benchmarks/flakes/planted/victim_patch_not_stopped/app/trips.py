from app import geo


def cost(stops, per_km=2):
    legs = zip(stops, stops[1:], strict=False)
    return sum(geo.distance(a, b) for a, b in legs) * per_km
