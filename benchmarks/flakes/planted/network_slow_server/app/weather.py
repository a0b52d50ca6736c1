import urllib.request


def forecast(url, timeout_s=0.3):
    with urllib.request.urlopen(url, timeout=timeout_s) as answer:
        return answer.read().decode()


def advice(weather):
    return {"rain": "umbrella", "sunny": "hat"}.get(weather, "jacket")
