"""Every patch, in the order in which they are put on. Each says which hole it closes."""

from types import ModuleType

from . import (
    buckets,
    cognito,
    environment,
    functions,
    http_api,
    mail,
    permissions,
    persistence,
    principals,
    recycle,
    state_machines,
    tables,
    topics,
)


def apply_all() -> ModuleType:
    """Puts every patch on, and gives back MiniStack's application module."""
    first = (functions, environment, cognito, http_api, permissions, principals, tables, buckets, topics, mail)
    for each in (*first, state_machines):
        each.apply()
    import ministack.app as application

    http_api.apply_to_gateway(application)
    cognito.sign_in.apply_to_pages(application)
    recycle.apply(application)
    persistence.apply(application)
    return application
