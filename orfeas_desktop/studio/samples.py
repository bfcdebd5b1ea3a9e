"""The sample project: two assets that the program makes itself."""

from __future__ import annotations

from pathlib import Path

from orfeas_desktop.paths import RESOURCES
from orfeas_desktop.projects.records import Project
from orfeas_desktop.requests import Destination, Job
from orfeas_desktop.studio.desk import Studio

PROJECT = "Samples"
BACKEND = "relief"
PICTURES = ("robot.png", "chair.png")


def sample_picture(name: str = PICTURES[0]) -> Path:
    """Return a picture that ships with the program."""
    return RESOURCES / "samples" / name


def ensure_sample_project(studio: Studio) -> tuple[Project, tuple[Job, ...]]:
    """Return the project of samples, made when it is not there, and the jobs that still fill it."""
    known = {project.name: project for project in studio.projects()}
    if PROJECT in known:
        return known[PROJECT], ()
    project, _ = studio.create_project(PROJECT)
    jobs: list[Job] = []
    for name in PICTURES:
        picture = studio.add_picture(sample_picture(name))
        destination = Destination(project.id, Path(name).stem.capitalize())
        jobs.append(studio.generate(BACKEND, {"front": [picture]}, destination=destination))
    return project, tuple(jobs)
