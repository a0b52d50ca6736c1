BLOCK = 15 * 1024


def append(path, data):
    with path.open("ab", buffering=0) as file:
        written = file.write(data.ljust(BLOCK, b"\0"))
    if written < BLOCK:
        raise OSError(27, "File too large", str(path))


def blocks(path):
    return path.stat().st_size // BLOCK if path.exists() else 0
