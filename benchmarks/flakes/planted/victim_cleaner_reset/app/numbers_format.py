DEFAULTS = {"separator": ".", "digits": 1}
options = dict(DEFAULTS)


def configure(**changes):
    options.update(changes)


def reset():
    options.clear()
    options.update(DEFAULTS)


def show(value):
    return f"{value:.{options['digits']}f}".replace(".", options["separator"])
