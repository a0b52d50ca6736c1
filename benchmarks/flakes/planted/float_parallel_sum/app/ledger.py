import math
from concurrent.futures import ThreadPoolExecutor, as_completed


def branch_sum(bookings):
    return sum(math.sin(booking) * 1e6 for booking in bookings)


def total(branches, workers=3):
    result = 0.0
    with ThreadPoolExecutor(workers) as pool:
        for done in as_completed([pool.submit(branch_sum, branch) for branch in branches]):
            result += done.result()
    return result


def total_exactly(branches):
    return math.fsum(branch_sum(branch) for branch in branches)
