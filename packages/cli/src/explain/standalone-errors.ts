import type { ErrorExplanation } from './explanation.js';

/** Met by programs that use the library, not by commands. */
export const standaloneErrors = {
  STANDALONE_BILL_REFUSED: {
    meaning: 'A server of Dependency-Track did not take the bill of materials of a release, or could not be reached.',
    remedy:
      'Check the URL, the key and the id of the project in SLAPOS_SR_SBOM_DEPENDENCY_TRACK_URL, …_API_KEY and …_PROJECT_ID. The document is kept in the folder of the node.',
  },
  STANDALONE_BUSY_PARTITION: {
    meaning: 'A node was to be formatted with fewer partitions, and one that would go is in use.',
    remedy: 'Destroy the instance first, or keep the number.',
  },
  STANDALONE_COMMAND_FAILED: {
    meaning: 'A cron entry of an instance, which a test executed at another time, ended with an error.',
    remedy: 'The message has what it printed.',
  },
  STANDALONE_FORMAT_FAILED: {
    meaning: 'The node could not tell its mini-master what partitions it has.',
    remedy: "Look at the log of the mini-master in var/log of the node's folder.",
  },
  STANDALONE_INSTANCE_FAILED: {
    meaning:
      'An instance pass did not succeed in the attempts that it had. The error has the failures and the end of the log.',
    remedy: 'Look at the first failure; the message names the whole log.',
  },
  STANDALONE_INVALID_OPTIONS: {
    meaning: 'Options or arguments of a call make no sense.',
    remedy: 'The message names the option and what was expected.',
  },
  STANDALONE_IN_USE: {
    meaning: 'Another object, perhaps of another process, controls the folder.',
    remedy:
      'Close that one, or use another folder. A supervisord that runs the node alone is ended by the command in the hint.',
  },
  STANDALONE_LEAKED: {
    meaning: 'A test left processes, files or instances behind.',
    remedy: 'Destroy in the test what it requests; the message lists what is left.',
  },
  STANDALONE_NOT_PROPAGATED: {
    meaning: 'A parameter of the root instance did not reach all the instances that take it.',
    remedy: 'Hand it on in the profile of each instance that the message names.',
  },
  STANDALONE_NOT_READY: {
    meaning: 'The master is still making the instance.',
    remedy: 'Wait for it: run a software and an instance pass, then ask again.',
  },
  STANDALONE_NOT_RUNNING: {
    meaning: 'The node is stopped.',
    remedy: 'Start it before the call.',
  },
  STANDALONE_NO_BILL: {
    meaning: 'A bill of materials was asked for of a release that is not built, or that buildout has not built.',
    remedy: 'Build the release first; its bill is made from the list of parts that buildout leaves.',
  },
  STANDALONE_NO_PORT: {
    meaning: 'No TCP port is free.',
    remedy: 'End what has them, or name a range with free ones.',
  },
  STANDALONE_PATH_TOO_DEEP: {
    meaning: 'The folder lies so deep that Unix sockets in it would have longer paths than Linux allows.',
    remedy: 'Leave directory out, so that a short one is made, or choose one nearer to the root.',
  },
  STANDALONE_REPORT_FAILED: {
    meaning: 'A report pass did not succeed: a partition could not be removed, or its usage not be sent.',
    remedy: 'Look at the first failure; the message names the whole log.',
  },
  STANDALONE_ROOT: {
    meaning: 'Root did not say as which user instances are to run.',
    remedy: 'Run as another user, or say it in the options.',
  },
  STANDALONE_SOFTWARE_FAILED: {
    meaning: 'A software pass did not succeed in the attempts that it had.',
    remedy: 'Look at the first failure; the message names the whole log of the build.',
  },
  STANDALONE_STILL_RUNNING: {
    meaning: 'Processes of the node survived being stopped.',
    remedy: 'The message lists them; end them before the folder is removed.',
  },
  STANDALONE_TIMED_OUT: {
    meaning: 'What was waited for did not come in time.',
    remedy: 'The message says what and how long. Raise the time, or look at why.',
  },
  STANDALONE_UNSOUND_SOFTWARE: {
    meaning:
      'The check of a built Software Release found something, such as a library of the system that it should bring itself.',
    remedy: 'The message lists what was found, by file.',
  },
} as const satisfies Readonly<Record<string, ErrorExplanation>>;
