FOLDERS = ("src", "docs")


def make(root, folders=FOLDERS):
    for folder in folders:
        (root / folder).mkdir()
    return sorted(path.name for path in root.iterdir() if path.is_dir())
