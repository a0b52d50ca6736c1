def unique(tags):
    return list({tag.strip().lower() for tag in tags})


def unique_sorted(tags):
    return sorted(unique(tags))


def show(tags):
    return " ".join(f"#{tag}" for tag in tags)
