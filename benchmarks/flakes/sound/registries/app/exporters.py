EXPORTERS = {}


class Exporter:
    subclasses = []

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        Exporter.subclasses.append(cls.__name__)


def exporter(name):
    def add(function):
        EXPORTERS[name] = function
        return function

    return add


@exporter("csv")
def to_csv(rows):
    return "\n".join(",".join(map(str, row)) for row in rows)


@exporter("text")
def to_text(rows):
    return "\n".join("\t".join(map(str, row)) for row in rows)
