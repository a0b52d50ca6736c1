import time
import zlib


def convert(names, directory, suffix):
    for name in names:
        data = zlib.compress(name.encode() * 2000, 9)
        (directory / f"{name}{suffix}").write_bytes(data)
        time.sleep(0.002)  # the converter may write four hundred files a second
    return sorted(path.name for path in directory.iterdir())


def suffix_of(kind):
    return {"thumbnail": ".thumb", "sprite": ".sprite"}[kind]
