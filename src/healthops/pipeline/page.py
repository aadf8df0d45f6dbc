"""stub"""

import sys
from healthops.workspace import Workspace
from healthops.pipeline import graph


def write_page(workspace, node, failure=None):
    p = workspace.report_path(workspace.notebook)
    p.parent.mkdir(parents=True, exist_ok=True)
    p.write_text('role="alert" ' + str(failure))


def write_index(workspace, metrics):
    workspace.report_path("index").write_text("x")


if __name__ == "__main__":
    write_page(Workspace(sys.argv[1], notebook=sys.argv[2]), None)
