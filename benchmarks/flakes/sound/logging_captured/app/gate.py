import logging

log = logging.getLogger(__name__)


def enter(name, guests):
    if name in guests:
        log.info("%s enters", name)
        return True
    log.warning("%s is no guest", name)
    return False


def verbose(logger=log):
    logger.setLevel(logging.DEBUG)
