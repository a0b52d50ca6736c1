def has_plots():
    try:
        import plotting_of_ours  # noqa: F401, an optional package
    except ImportError:
        return False
    return True


def describe():
    return "plots" if has_plots() else "text only"


def summary(values):
    return f"{len(values)} values, at most {max(values)}"
