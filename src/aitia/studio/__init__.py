"""The studio: catalogue, discovery, interventions, runs and ledger in a browser, on this machine alone.

state       what is kept of jobs, in one SQLite file
workspace   where tables, runs and state lie; names that stay inside of it
jobs        the commands of the command line, one after another, watched, cancelled, taken up again
watched     a command as a process that ends with the studio
papers      the feed beside it: a search that is kept ready, and its passes
forms       what a browser sends without a script
guard       who may ask: hosts, origins, tokens, headers, sizes
pages       templates and what every page shows
routes      the pages, one file a subject; none names a system
app         all of it put together
"""

from aitia.studio.app import create_app
from aitia.studio.workspace import Workspace

__all__ = ["Workspace", "create_app"]
