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
    recycle,
    state_machines,
    tables,
    topics,
)


def apply_all() -> ModuleType:
    """Puts every patch on, and gives back MiniStack's application module."""
    for each in (functions, environment, cognito, http_api, permissions, tables, buckets, topics, mail, state_machines):
        each.apply()
    import ministack.app as application

    http_api.apply_to_gateway(application)
    cognito.sign_in.apply_to_pages(application)
    recycle.apply(application)
    persistence.apply(application)
    return application
