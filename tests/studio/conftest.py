from tests.studio.studio import client, visitor  # noqa: F401
