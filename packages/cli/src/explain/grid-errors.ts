import type { GridErrorCode } from '@slapos/grid';
import type { ExplanationsOf } from './explanation.js';

export const gridErrors: ExplanationsOf<GridErrorCode> = {
  GRID_ARCHIVE_REFUSED: {
    meaning:
      'An archive of the binary cache cannot be read, or would write outside of its folder. It was not unpacked.',
    remedy: 'Nothing: the release is built instead. If the cache is yours, upload that release again.',
  },
  GRID_BUILDOUT_NOT_FOUND: {
    meaning: 'There is no buildout program to build Software Releases with.',
    remedy: 'Install zc.buildout (apt-get install python3-zc.buildout), or name it with buildout in [slapos].',
  },
  GRID_BUILD_FAILED: {
    meaning:
      'buildout ended with an error while it built a Software Release or an instance. The message has its last lines, and the log that has them all.',
    remedy:
      'The reason is usually in the last lines: a download, a compiler, a missing parameter. The next pass tries again.',
    run: ['slapos node software --only-sr URL', 'slapos node instance --only-cp PARTITION'],
  },
  GRID_BUILD_TIMED_OUT: {
    meaning: 'buildout took longer than partition_timeout allows, and was ended with everything it had started.',
    remedy: 'Raise partition_timeout in [slapos], or find out what waits.',
    run: ['slapos node instance --only-cp PARTITION --partition-timeout 3600'],
  },
  GRID_CACHE_FAILED: {
    meaning:
      'The binary cache could not be asked, did not answer as it should, or what it gave has another checksum than was signed.',
    remedy:
      'Nothing for a download: the release is built instead. For an upload, check the upload-* keys and certificates in [networkcache].',
    run: ['slapos cachelookup binary-sr URL'],
  },
  GRID_CERTIFICATE_INVALID: {
    meaning: "What the master gave as a partition's certificate is no certificate with its key.",
    remedy: 'Look at the master. The partition is tried again by the next pass.',
  },
  GRID_DESTROY_SCRIPT_FAILED: {
    meaning: 'The script sbin/destroy of an instance that is to be removed failed, so the instance is kept.',
    remedy: 'Look at what the script printed. The next report pass runs it again.',
    run: ['slapos node report'],
  },
  GRID_FIREWALL_FAILED: {
    meaning:
      'The rules of a partition could not be set: firewall-cmd failed, or the file that keeps them cannot be read.',
    remedy: 'Check that firewalld runs, and firewall_cmd in [firewall].',
    run: ['firewall-cmd --state'],
  },
  GRID_FOLDER_MISSING: {
    meaning: 'software_root or instance_root does not exist.',
    remedy: 'Format the computer, which makes both; or correct the key when it is mistyped.',
    run: ['slapos node format --now'],
  },
  GRID_INTERRUPTED: {
    meaning: 'The pass was told to end before it was through. What was begun is done again.',
    remedy: 'Run it again.',
  },
  GRID_INVALID_OPTIONS: {
    meaning: 'Options of a pass cannot be, or exclude each other.',
    remedy: 'The message names the option or the key and what was expected.',
    run: ['slapos config check'],
  },
  GRID_INVALID_VALUE: {
    meaning:
      'The master sent an id, an address or a state that cannot stand in a path or a configuration, so it was not used.',
    remedy: 'Look at the master, or at who requested that instance.',
  },
  GRID_LOCAL_SOFTWARE_REFUSED: {
    meaning: 'A Software Release lies in a folder that somebody else than root, or than who builds it, can change.',
    remedy: 'Change the owner or the mode of the profile and of the folders above it.',
  },
  GRID_NOT_ENOUGH_SPACE: {
    meaning: 'The disk has less free space than software_min_free_space or instance_min_free_space asks for.',
    remedy: 'Remove what is not needed, or lower the key; 0 switches the check off.',
    run: ['slapos node prune --dry-run', 'df -h'],
  },
  GRID_PARTITION_MISSING: {
    meaning: 'The master wants something in a partition whose folder is not on this machine.',
    remedy: 'Format the computer; check partition_amount and partition_base_name in [slapformat].',
    run: ['slapos node format --now'],
  },
  GRID_PROCESSES_LEFT: {
    meaning:
      'Processes of a partition that is to be emptied cannot be ended; it is given to nobody else before they are gone.',
    remedy:
      'They may hang in the kernel, often on a file system that does not answer. Mend that, or restart the machine.',
    run: ['ps -o pid,stat,wchan,cmd -u USER'],
  },
  GRID_PROFILE_MISSING: {
    meaning: 'A built Software Release has no profile for instances of the type that was asked for.',
    remedy: 'Check the software type of the request; if the release changed, build it again.',
    run: ['slapos node software --only-sr URL --force'],
  },
  GRID_PROMISE_FAILED: {
    meaning:
      'A health check of an instance failed after the instance was deployed. Alone, such failures make the exit code 2.',
    remedy: "The message is the check's own. Repair what it names; the next pass checks again.",
    run: ['slapos node promise --only-cp PARTITION'],
  },
  GRID_PYTHON_NOT_FOUND: {
    meaning: 'buildout needs a Python that can be started, and there is none.',
    remedy: 'Install python3, or name a buildout program that brings its own.',
  },
  GRID_REFUSED_OWNER: {
    meaning:
      "A partition's folder, or software_root, belongs to root or to a user that it cannot belong to. Nothing was run in it.",
    remedy: 'Format the computer, which sets the owners.',
    run: ['slapos node format --now'],
  },
  GRID_SOFTWARE_NOT_FOUND: {
    meaning: 'The file or URL of a Software Release does not exist.',
    remedy: 'Check the URL of the supply: slapos supply takes it as it is.',
  },
  GRID_SOFTWARE_NOT_INSTALLED: {
    meaning: 'An instance wants a Software Release that is not built on this machine yet.',
    remedy: 'Build it: a software pass builds what is supplied. Otherwise supply it to this computer first.',
    run: ['slapos node software', 'slapos supply URL COMPUTER'],
  },
  GRID_TREE_IN_THE_WAY: {
    meaning: 'Where the folder of a Software Release is to be stands something else.',
    remedy: 'Move it away.',
  },
  GRID_UNKNOWN_PARTITION: {
    meaning: '--only-cp names a partition that this computer does not have.',
    remedy: 'The message lists those that there are.',
    run: ['slapos node status --output table'],
  },
  GRID_UNKNOWN_STATE: {
    meaning: 'The master asks for a state that this version does not know.',
    remedy:
      'Known are available and destroyed of software, started, stopped and destroyed of instances. A newer version may know more.',
  },
  GRID_WRONG_PERMISSIONS: {
    meaning: "A partition's folder, or one of certificates, can be read or written by others than it should.",
    remedy: "Set the mode that the message names, 0750 for a partition's folder.",
    run: ['slapos node format --now'],
  },
};
