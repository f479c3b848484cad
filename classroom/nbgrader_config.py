"""Settings of nbgrader for a course that `make assignments` has made."""

import os
from pathlib import Path

COURSE = Path(__file__).resolve().parent
c = get_config()  # nbgrader defines it

c.CourseDirectory.root = str(COURSE)
c.CourseDirectory.course_id = "recurrent-networks"
c.ClearSolutions.code_stub = {"python": ""}  # the blank stands above each solution
c.ClearSolutions.text_stub = "Write your answer here."
c.Execute.timeout = 60  # seconds for a cell: an endless loop ends here with no points

# The graded cells import the hidden checks from here, and nothing that was handed in
# beside a notebook: a file hidden.py or rnncourse.py there is not found.
c.Execute.extra_arguments = ["--InteractiveShellApp.ignore_cwd=True"]
os.environ["PYTHONSAFEPATH"] = "1"
paths = [str(COURSE / "instructor"), os.environ.get("PYTHONPATH", "")]
if paths[0] not in paths[1].split(os.pathsep):
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
