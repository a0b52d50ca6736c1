from pathlib import Path


def render(template, **fields):
    return Path("templates", template).read_text().strip().format(**fields)


def export(rows, directory=None):
    target = Path(directory or ".") / "rows.csv"
    target.write_text("\n".join(",".join(row) for row in rows))
    return target
