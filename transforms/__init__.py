"""The built-in transforms: one folder each, with its logic, its templates and its page."""

from .absolute_workdir import AbsoluteWorkdir
from .add_checksum import AddChecksum
from .add_healthcheck import AddHealthcheck
from .add_user import AddUser
from .avoid_chpasswd import AvoidChpasswd
from .avoid_insecure_runs import AvoidInsecureRuns
from .avoid_pipe_to_shell import AvoidPipeToShell
from .avoid_upgrades import AvoidUpgrades
from .choose_tags import ChooseTags
from .chown_copies import ChownCopies
from .clean_apt_lists import CleanAptLists
from .close_ssh_port import CloseSshPort
from .download_by_https import DownloadByHttps
from .drop_package_caches import DropPackageCaches
from .drop_sudo import DropSudo
from .exec_form import ExecForm
from .extend_dockerignore import ExtendDockerignore
from .join_apt_update import JoinAptUpdate
from .keep_one_command import KeepOneCommand
from .label_maintainer import LabelMaintainer
from .move_secrets import MoveSecrets
from .numeric_user import NumericUser
from .pin_digests import PinDigests
from .pin_packages import PinPackages
from .prefer_copy import PreferCopy
from .replace_eol_bases import ReplaceEolBases
from .rotate_secrets import RotateSecrets
from .set_pipefail import SetPipefail
from .skip_recommends import SkipRecommends
from .split_stages import SplitStages
from .strip_setuid import StripSetuid
from .tighten_chmod import TightenChmod
from .trust_registries import TrustRegistries
from .verify_packages import VerifyPackages
from .verify_tls import VerifyTls

BUILTIN = (
    PreferCopy,
    AddChecksum,
    SplitStages,
    ChownCopies,
    AddUser,
    NumericUser,
    PinDigests,
    AbsoluteWorkdir,
    LabelMaintainer,
    ExecForm,
    DropSudo,
    JoinAptUpdate,
    CleanAptLists,
    DropPackageCaches,
    AvoidChpasswd,
    AvoidInsecureRuns,
    AvoidPipeToShell,
    AvoidUpgrades,
    ChooseTags,
    CloseSshPort,
    DownloadByHttps,
    ExtendDockerignore,
    KeepOneCommand,
    ReplaceEolBases,
    RotateSecrets,
    SetPipefail,
    TrustRegistries,
    VerifyPackages,
    VerifyTls,
    SkipRecommends,
    StripSetuid,
    TightenChmod,
    AddHealthcheck,
    MoveSecrets,
    PinPackages,
)
