def bundle(parts, directory, name="bundle.js"):
    target = directory / name
    target.write_text(";\n".join(parts))
    return target


def artifacts(directory):
    return sorted(path.name for path in directory.glob("*.js"))
