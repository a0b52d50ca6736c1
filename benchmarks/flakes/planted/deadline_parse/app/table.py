def parse(text):
    head, *lines = text.splitlines()
    names = head.split(",")
    return [dict(zip(names, map(convert, line.split(",")), strict=True)) for line in lines]


def convert(cell):
    try:
        return int(cell)
    except ValueError:
        return cell


def total(rows, name):
    return sum(row[name] for row in rows)
