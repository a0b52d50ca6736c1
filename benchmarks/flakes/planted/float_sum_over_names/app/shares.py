import math


def total(shares, owners):
    result = 0.0
    for owner in set(owners):
        result += shares[owner]
    return result


def total_exactly(shares, owners):
    return math.fsum(shares[owner] for owner in set(owners))
