"""Every patch, in the order in which they are put on. Each says which hole it closes."""

from types import ModuleType

from . import cognito, environment, functions, http_api, permissions, persistence, recycle, state_machines, tables


def apply_all() -> ModuleType:
    """Puts every patch on, and gives back MiniStack's application module."""
    functions.apply()
    environment.apply()
    cognito.apply()
    http_api.apply()
    permissions.apply()
    tables.apply()
    state_machines.apply()
    import ministack.app as application

    http_api.apply_to_gateway(application)
    recycle.apply(application)
    persistence.apply(application)
    return application
