from tests.studio.chromium import address, browser, place, tab  # noqa: F401
from tests.studio.studio import client, visitor  # noqa: F401
