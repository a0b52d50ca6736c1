import calendar
import datetime

UTC = datetime.timezone.utc


def parse(text):
    moment = datetime.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no time zone")
    return moment.astimezone(UTC)


def show(stamp, offset_h=0):
    zone = datetime.timezone(datetime.timedelta(hours=offset_h))
    return datetime.datetime.fromtimestamp(stamp, zone).strftime("%Y-%m-%d %H:%M")


def stamp(date):
    return calendar.timegm(date.timetuple())
