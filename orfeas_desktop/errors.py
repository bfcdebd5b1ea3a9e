"""The error tree: every failure a user can meet, with its remedy and exit code.

OrfeasError
├ InputError    2   BadPicture (Empty, Unreadable, TooLarge, Transparent, NoObject, NotAFile, Missing)
│                   · BadMesh (Unfit, NotPrintable) · BadParams (UnknownParam, BadValue) · UnknownEntry · BadInput
│                   · NotAFolder · FolderInUse · FileChanging · PackedFile · NothingInside
│                   · NameMissing
├ ResourceError 3   WeightsMissing · BadWeights · WeightsBusy · LicenceNotAccepted · Offline · DownloadFailed
│                   · WrongContent · SignInNeeded · SpaceMissing · DiskFull · PermissionDenied · FolderMissing · PathTooLong
│                   · NoDisplay · OutOfMemory · ProgramMissing
├ EngineError   4   BackendFailed · WorkerDied · WorkerSilent · WorkerBabbled · ExportNotVerified
└ ProjectError  5   LibraryLocked · LibraryTooNew (Unreadable) · LibraryGone · LibraryDamaged · LibraryReadOnly
                    · NoSuchProject · NoSuchAsset · NameTaken
Cancelled     130   not an OrfeasError: nobody is to blame
"""

from __future__ import annotations

from string import Formatter
from typing import TYPE_CHECKING, ClassVar

from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Argument = str | int | float


def _placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


class OrfeasError(Exception):
    """A failure that a sentence and a remedy explain; crosses borders as `code`, `arguments`, `details`.

    `sentence` and `remedy` are templates; their placeholders are exactly the keyword arguments.
    """

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1
    sentence: ClassVar[str] = QT_TRANSLATE_NOOP("Errors", "Something went wrong.")
    remedy: ClassVar[str] = QT_TRANSLATE_NOOP("Errors", "Try again.")

    def __init__(self, *, details: str = "", **arguments: Argument) -> None:
        needed = _placeholders(self.sentence) | _placeholders(self.remedy)
        if set(arguments) != needed:
            raise TypeError(f"{type(self).__name__} takes {sorted(needed)}, not {sorted(arguments)}")
        self.arguments = arguments
        self.details = details
        super().__init__(self.sentence.format(**arguments))

    def say(self, translate: Callable[[str], str] = str) -> str:
        """Return the sentence, its template passed through `translate` first."""
        return translate(self.sentence).format(**self.arguments)

    def advise(self, translate: Callable[[str], str] = str) -> str:
        """Return the remedy, its template passed through `translate` first."""
        return translate(self.remedy).format(**self.arguments)


class Cancelled(Exception):
    """The user asked for the work to stop."""

    exit_code: ClassVar[int] = 130


class InputError(OrfeasError):
    """What was given cannot be used."""

    code = "input"
    exit_code = 2
    sentence = QT_TRANSLATE_NOOP("Errors", "What was given cannot be used.")
    remedy = QT_TRANSLATE_NOOP("Errors", "Give another file or another value.")


class BadInput(InputError):
    """A request whose inputs do not fit the entry."""

    code = "bad-input"
    sentence = QT_TRANSLATE_NOOP("Errors", "{entry} cannot work with this: {problem}.")
    remedy = QT_TRANSLATE_NOOP("Errors", "See “orfeas describe {entry}” for what it takes.")


class FileMissing(InputError):
    """A file that is not there, or vanished while it was read."""

    code = "file-missing"
    sentence = QT_TRANSLATE_NOOP("Errors", "There is no file “{name}”.")
    remedy = QT_TRANSLATE_NOOP("Errors", "Check the name, or whether the drive is still connected.")


class NotAFile(InputError):
    """A folder or device where a file is needed."""

    code = "not-a-file"
    sentence = QT_TRANSLATE_NOOP("Errors", "“{name}” is a folder or a device, not a file.")
    remedy = QT_TRANSLATE_NOOP("Errors", "Choose a file.")


class FolderInUse(InputError):
    """A folder that is to be written holds files of somebody else."""

    code = "folder-in-use"
    sentence = QT_TRANSLATE_NOOP("Errors", "The folder “{name}” holds files that this program did not write.")
    remedy = QT_TRANSLATE_NOOP("Errors", "Choose another name, or an empty folder.")


class FileChanging(InputError):
    """A file that another program writes while it is read."""

    code = "file-changing"
    sentence = QT_TRANSLATE_NOOP("Errors", "“{name}” changed while it was read.")
    remedy = QT_TRANSLATE_NOOP("Errors", "Wait until the other program is done with it, then try again.")


class PackedFile(InputError):
    """An archive where a picture or a mesh is needed."""

    code = "packed-file"
    sentence = QT_TRANSLATE_NOOP(
        "Errors", "“{name}” is an archive; pictures and meshes are read as plain files."
    )
    remedy = QT_TRANSLATE_NOOP("Errors", "Unpack it first, then give what was in it.")


class NothingInside(InputError):
    """A folder that holds nothing to read."""

    code = "nothing-inside"
    sentence = QT_TRANSLATE_NOOP("Errors", "There is no picture and no mesh in the folder “{name}”.")
    remedy = QT_TRANSLATE_NOOP("Errors", "Choose another folder; folders inside it are not looked into.")


class NameMissing(InputError):
    """A project or asset without a name."""

    code = "name-missing"
    sentence = QT_TRANSLATE_NOOP("Errors", "A name is needed.")
    remedy = QT_TRANSLATE_NOOP("Errors", "Give a name of at least one character.")


class NotAFolder(InputError):
    """A file where a folder is needed."""

    code = "not-a-folder"
    sentence = QT_TRANSLATE_NOOP("Errors", "“{name}” is a file; a folder is needed here.")
    remedy = QT_TRANSLATE_NOOP("Errors", "Give the name of a folder.")


class BadPicture(InputError):
    """A picture that cannot be used."""

    code = "bad-picture"
    sentence = QT_TRANSLATE_NOOP("Errors", "“{name}” is not a picture this program can read.")
    remedy = QT_TRANSLATE_NOOP("Errors", "Use a PNG, JPEG, WebP, TIFF, BMP or GIF file.")


class PictureEmpty(BadPicture):
    """A file of no bytes, or a picture without pixels."""

    code = "picture-empty"
    sentence = QT_TRANSLATE_NOOP("Errors", "“{name}” is empty.")
    remedy = QT_TRANSLATE_NOOP("Errors", "Save or download the picture again.")


class PictureDamaged(BadPicture):
    """A picture that ends early or breaks while it is decoded."""

    code = "picture-damaged"
    sentence = QT_TRANSLATE_NOOP("Errors", "“{name}” is damaged and cannot be read to its end.")
    remedy = QT_TRANSLATE_NOOP("Errors", "Save or download the picture again.")


class PictureTooLarge(BadPicture):
    """More pixels than the limit; refused before decoding."""

    code = "picture-too-large"
    sentence = QT_TRANSLATE_NOOP("Errors", "“{name}” has {megapixels:g} megapixels; the limit is {limit:g}.")
    remedy = QT_TRANSLATE_NOOP("Errors", "Make it smaller, or raise the limit in the settings.")


class PictureTransparent(BadPicture):
    """Every pixel is transparent."""

    code = "picture-transparent"
    sentence = QT_TRANSLATE_NOOP("Errors", "“{name}” is fully transparent: there is nothing to build.")
    remedy = QT_TRANSLATE_NOOP("Errors", "Use a picture in which the object can be seen.")


class NoObjectFound(BadPicture):
    """The mask holds too few pixels to build from."""

    code = "no-object"
    sentence = QT_TRANSLATE_NOOP("Errors", "No object was found in “{name}”.")
    remedy = QT_TRANSLATE_NOOP("Errors", "Draw a box around it, or give a mask picture.")


class BadMesh(InputError):
    """A mesh file that cannot be used."""

    code = "bad-mesh"
    sentence = QT_TRANSLATE_NOOP("Errors", "“{name}” is not a mesh this program can read: {problem}.")
    remedy = QT_TRANSLATE_NOOP("Errors", "Use a GLB, glTF, OBJ, STL or PLY file.")


class MeshUnfit(BadMesh):
    """A mesh that is read well but that a tool cannot work on."""

    code = "mesh-unfit"
    sentence = QT_TRANSLATE_NOOP("Errors", "“{name}” cannot be worked on like this: {problem}.")
    remedy = QT_TRANSLATE_NOOP("Errors", "“Analyse” names the faults of a mesh and the tools that mend them.")


class NotPrintable(BadMesh):
    """A mesh that would not print well; `details` is the report of its faults as JSON."""

    code = "not-printable"
    sentence = QT_TRANSLATE_NOOP("Errors", "“{name}” was not written for “{printer}”: {faults}.")
    remedy = QT_TRANSLATE_NOOP("Errors", "{tools} can mend that; “print-check” shows the places.")


class BadParams(InputError):
    """Settings of an entry that are unknown or out of range."""

    code = "bad-params"
    sentence = QT_TRANSLATE_NOOP("Errors", "The settings of {entry} are not valid: {problem}.")
    remedy = QT_TRANSLATE_NOOP("Errors", "See “orfeas describe {entry}” for names and ranges.")


class UnknownEntry(InputError):
    """No such backend, tool, exporter, layout or chore."""

    code = "unknown-entry"
    sentence = QT_TRANSLATE_NOOP("Errors", "There is no “{entry}” among the {table}.")
    remedy = QT_TRANSLATE_NOOP("Errors", "Choose one of: {known}.")


class ResourceError(OrfeasError):
    """Something the machine lacks."""

    code = "resource"
    exit_code = 3
    sentence = QT_TRANSLATE_NOOP("Errors", "The machine lacks something that is needed.")
    remedy = QT_TRANSLATE_NOOP("Errors", "See “orfeas doctor”.")


class WeightsMissing(ResourceError):
    """A backend whose weights are not on this machine."""

    code = "weights-missing"
    sentence = QT_TRANSLATE_NOOP("Errors", "These weights are not on this machine: {missing}.")
    remedy = QT_TRANSLATE_NOOP(
        "Errors", "Get them under “Weights…” or with “orfeas weights download”, or choose another engine."
    )


class BadWeights(ResourceError):
    """A weight file or its configuration that cannot be used."""

    code = "bad-weights"
    sentence = QT_TRANSLATE_NOOP("Errors", "“{name}” cannot be used as weights: {problem}.")
    remedy = QT_TRANSLATE_NOOP("Errors", "Fetch the file again from its publisher, or choose another folder.")


class WeightsBusy(ResourceError):
    """A weight set that another window or command is changing."""

    code = "weights-busy"
    sentence = QT_TRANSLATE_NOOP("Errors", "Another window or command is working on the weights “{entry}”.")
    remedy = QT_TRANSLATE_NOOP("Errors", "Wait until it is done, or stop it there.")


class LicenceNotAccepted(ResourceError):
    """A weight set whose licence nobody here has accepted."""

    code = "licence-not-accepted"
    sentence = QT_TRANSLATE_NOOP(
        "Errors", "“{entry}” comes under a licence that was not accepted: {licence}."
    )
    remedy = QT_TRANSLATE_NOOP(
        "Errors", "Read it with “orfeas weights licence {entry}”, or use another engine."
    )


class Offline(ResourceError):
    """The network is needed, and the user wants the program to stay off it."""

    code = "offline"
    sentence = QT_TRANSLATE_NOOP("Errors", "The program is set to stay offline, so {host} was not called.")
    remedy = QT_TRANSLATE_NOOP("Errors", "Switch “Stay offline” off in the settings of the weights.")


class DownloadFailed(ResourceError):
    """A file that could not be fetched."""

    code = "download-failed"
    sentence = QT_TRANSLATE_NOOP("Errors", "“{name}” could not be downloaded: {problem}.")
    remedy = QT_TRANSLATE_NOOP("Errors", "Try again later; what has arrived is kept.")


class WrongContent(ResourceError):
    """A file whose bytes are not those its publisher lists."""

    code = "wrong-content"
    sentence = QT_TRANSLATE_NOOP("Errors", "“{name}” is not what its publisher lists: {problem}.")
    remedy = QT_TRANSLATE_NOOP("Errors", "It is not used. Download the set again.")


class SignInNeeded(ResourceError):
    """A publisher that gives files only to people who signed in."""

    code = "sign-in-needed"
    sentence = QT_TRANSLATE_NOOP("Errors", "“{repository}” is given only to people who are signed in.")
    remedy = QT_TRANSLATE_NOOP(
        "Errors",
        "Accept its terms at {address}, make an access token in your account there, and give it under "
        "“Weights… → Access token” or with “orfeas weights sign-in”.",
    )


class SpaceMissing(ResourceError):
    """A disk with too little room for what is about to be written."""

    code = "space-missing"
    sentence = QT_TRANSLATE_NOOP(
        "Errors", "{needed_gb:.2f} GB are needed on the disk of “{place}”; {free_gb:.2f} GB are free."
    )
    remedy = QT_TRANSLATE_NOOP("Errors", "Free some space, or move the weights to another folder.")


class DiskFull(ResourceError):
    """No space left where something had to be written."""

    code = "disk-full"
    sentence = QT_TRANSLATE_NOOP("Errors", "The disk that holds “{place}” is full.")
    remedy = QT_TRANSLATE_NOOP(
        "Errors", "Free some space or choose another folder; nothing was half-written."
    )


class PermissionDenied(ResourceError):
    """Reading or writing is not allowed there."""

    code = "permission-denied"
    sentence = QT_TRANSLATE_NOOP("Errors", "This program is not allowed to use “{place}”.")
    remedy = QT_TRANSLATE_NOOP("Errors", "Change the permissions, or choose another place.")


class PathTooLong(ResourceError):
    """A file would lie deeper than the system can name it."""

    code = "path-too-long"
    sentence = QT_TRANSLATE_NOOP(
        "Errors", "“{place}” is too long a path for this system: {length} letters, {limit} at most."
    )
    remedy = QT_TRANSLATE_NOOP("Errors", "Choose a folder with a shorter path, nearer to the drive’s top.")


class FolderMissing(ResourceError):
    """A file is to be written into a folder that is not there."""

    code = "folder-missing"
    sentence = QT_TRANSLATE_NOOP("Errors", "There is no folder “{place}”.")
    remedy = QT_TRANSLATE_NOOP("Errors", "Make the folder, or choose another one.")


class NoDisplay(ResourceError):
    """A window is to be opened where there is no screen."""

    code = "no-display"
    sentence = QT_TRANSLATE_NOOP("Errors", "There is no display to open a window on.")
    remedy = QT_TRANSLATE_NOOP("Errors", "Use the commands of “orfeas --help”, or set DISPLAY.")


class OutOfMemory(ResourceError):
    """Memory ran out while working."""

    code = "out-of-memory"
    sentence = QT_TRANSLATE_NOOP("Errors", "Memory ran out during {stage}.")
    remedy = QT_TRANSLATE_NOOP("Errors", "Lower the resolution, or close other programs.")


class ProgramMissing(ResourceError):
    """Another program that is needed is not installed."""

    code = "program-missing"
    sentence = QT_TRANSLATE_NOOP("Errors", "{program} was not found on this machine.")
    remedy = QT_TRANSLATE_NOOP("Errors", "Install {program}, then try again.")


class EngineError(OrfeasError):
    """The work itself failed."""

    code = "engine"
    exit_code = 4
    sentence = QT_TRANSLATE_NOOP("Errors", "The work failed.")
    remedy = QT_TRANSLATE_NOOP("Errors", "Try again; if it fails again, send the details.")


class BackendFailed(EngineError):
    """An entry raised something that it should not have."""

    code = "backend-failed"
    sentence = QT_TRANSLATE_NOOP("Errors", "{entry} failed: {problem}.")
    remedy = QT_TRANSLATE_NOOP("Errors", "Try other settings; if it fails again, send the details.")


class WorkerDied(EngineError):
    """The worker process ended while it worked."""

    code = "worker-died"
    sentence = QT_TRANSLATE_NOOP("Errors", "The generation process stopped unexpectedly (code {status}).")
    remedy = QT_TRANSLATE_NOOP("Errors", "Your project is safe. Retry, or send the details.")


class WorkerSilent(EngineError):
    """The worker process gave no sign of life for too long."""

    code = "worker-silent"
    sentence = QT_TRANSLATE_NOOP(
        "Errors", "The generation process gave no sign of life for {seconds:.0f} s and was ended."
    )
    remedy = QT_TRANSLATE_NOOP("Errors", "Your project is safe. Retry, or send the details.")


class WorkerBabbled(EngineError):
    """The worker process wrote something that is not a message."""

    code = "worker-babbled"
    sentence = QT_TRANSLATE_NOOP("Errors", "The generation process sent something unreadable and was ended.")
    remedy = QT_TRANSLATE_NOOP("Errors", "Your project is safe. Retry, or send the details.")


class ExportNotVerified(EngineError):
    """A written file was read back and did not hold what was written."""

    code = "export-not-verified"
    sentence = QT_TRANSLATE_NOOP(
        "Errors", "The exported {format} file did not read back as written: {problem}."
    )
    remedy = QT_TRANSLATE_NOOP("Errors", "Nothing was kept. Choose another format, or send the details.")


class ProjectError(OrfeasError):
    """The library of projects cannot do this."""

    code = "project"
    exit_code = 5
    sentence = QT_TRANSLATE_NOOP("Errors", "The library cannot do this.")
    remedy = QT_TRANSLATE_NOOP("Errors", "See “orfeas doctor”.")


class LibraryLocked(ProjectError):
    """Another program holds the library for too long."""

    code = "library-locked"
    sentence = QT_TRANSLATE_NOOP("Errors", "Another program has been writing to the library for too long.")
    remedy = QT_TRANSLATE_NOOP("Errors", "Close other windows of this program, then try again.")


class LibraryTooNew(ProjectError):
    """The library was written by a newer program; it is open for reading only."""

    code = "library-too-new"
    sentence = QT_TRANSLATE_NOOP(
        "Errors", "This library was written by a newer version of the program and is open for reading only."
    )
    remedy = QT_TRANSLATE_NOOP("Errors", "Update the program to change it.")


class LibraryUnreadable(LibraryTooNew):
    """The library was written by a program so new that this one cannot even read it."""

    code = "library-unreadable"
    sentence = QT_TRANSLATE_NOOP(
        "Errors", "This library was written by a newer version of the program and cannot be read by this one."
    )
    remedy = QT_TRANSLATE_NOOP("Errors", "Update the program, or set ORFEAS_HOME to another folder.")


class LibraryReadOnly(ProjectError):
    """The library's folder does not allow writing."""

    code = "library-read-only"
    sentence = QT_TRANSLATE_NOOP("Errors", "The library in “{place}” cannot be written.")
    remedy = QT_TRANSLATE_NOOP("Errors", "Allow writing there, or set ORFEAS_HOME to another folder.")


class LibraryGone(ProjectError):
    """The library's file was moved, deleted or unplugged while it was open."""

    code = "library-gone"
    sentence = QT_TRANSLATE_NOOP("Errors", "The library is no longer in “{place}”.")
    remedy = QT_TRANSLATE_NOOP(
        "Errors",
        "Connect its drive or put the folder back, then start the program again; nothing is written.",
    )


class LibraryDamaged(ProjectError):
    """The library's file or a blob it names is not what it should be."""

    code = "library-damaged"
    sentence = QT_TRANSLATE_NOOP("Errors", "The library is damaged: {problem}.")
    remedy = QT_TRANSLATE_NOOP("Errors", "Restore the copy named in the details, or start a new library.")


class NoSuchProject(ProjectError):
    """No project of that name or number."""

    code = "no-such-project"
    sentence = QT_TRANSLATE_NOOP("Errors", "There is no project “{name}”.")
    remedy = QT_TRANSLATE_NOOP("Errors", "See “orfeas project list”.")


class NoSuchAsset(ProjectError):
    """No asset or version of that number."""

    code = "no-such-asset"
    sentence = QT_TRANSLATE_NOOP("Errors", "There is no asset “{name}”.")
    remedy = QT_TRANSLATE_NOOP("Errors", "It may have been deleted in another window.")


class NameTaken(ProjectError):
    """A project of that name exists."""

    code = "name-taken"
    sentence = QT_TRANSLATE_NOOP("Errors", "There is already a project “{name}”.")
    remedy = QT_TRANSLATE_NOOP("Errors", "Choose another name.")


def error_classes(root: type[OrfeasError] = OrfeasError) -> Iterator[type[OrfeasError]]:
    """Yield every class of the tree, parents before children."""
    yield root
    for child in root.__subclasses__():
        yield from error_classes(child)


def error_from(code: str, arguments: dict[str, Argument], details: str) -> OrfeasError:
    """Rebuild the error that crossed a border as `code`, `arguments` and `details`."""
    for candidate in error_classes():
        if candidate.code == code:
            return candidate(details=details, **arguments)
    return BackendFailed(entry="worker", problem=code, details=details)
