import hashlib
from concurrent.futures import ThreadPoolExecutor


def checksum(part):
    return hashlib.pbkdf2_hmac("sha256", part, b"sum", 3_000).hex()


def collect(parts, workers=3):
    results = []

    def work(number, part):
        results.append((number, checksum(part)))

    with ThreadPoolExecutor(workers) as pool:
        for number, part in enumerate(parts):
            pool.submit(work, number, part)
    return results


def collect_in_order(parts, workers=3):
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(checksum, parts))
