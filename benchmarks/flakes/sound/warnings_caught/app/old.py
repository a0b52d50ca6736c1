import warnings


def old_name(value):
    warnings.warn("old_name is now new_name", DeprecationWarning, stacklevel=2)
    return new_name(value)


def new_name(value):
    return value * 2


def strictly(call):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return call()
