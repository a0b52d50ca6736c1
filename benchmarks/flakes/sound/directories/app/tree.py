import os
import shutil


def files(directory, suffix=""):
    found = []
    for root, folders, names in os.walk(directory):
        folders.sort()
        found += [os.path.join(root, name) for name in sorted(names) if name.endswith(suffix)]
    return [os.path.relpath(path, directory) for path in found]


def newest(directory):
    paths = sorted(directory.iterdir())
    return max(paths, key=lambda path: path.stat().st_mtime_ns).name if paths else None


def mirror(source, target):
    shutil.copytree(source, target, dirs_exist_ok=True)
    return files(target)
