import type { SupervisorErrorCode } from '@slapos/supervisor';
import type { ExplanationsOf } from './explanation.js';

export const supervisorErrors: ExplanationsOf<SupervisorErrorCode> = {
  SUPERVISOR_FAULT: {
    meaning:
      'The supervisor understood a call and refused it; its own word, such as BAD_NAME or SPAWN_ERROR, is in the message.',
    remedy: 'BAD_NAME: no such process. SPAWN_ERROR: the program cannot be started. Its log says more.',
    run: ['slapos node status', 'slapos node tail PROCESS'],
  },
  SUPERVISOR_INVALID_ANSWER: {
    meaning: "What answers on the supervisor's socket does not speak its protocol.",
    remedy: 'Another program may use the path. Stop it, and remove the socket.',
  },
  SUPERVISOR_INVALID_PROGRAM: {
    meaning: 'The name or a value of a service cannot stand in the configuration of a supervisor.',
    remedy: 'Rename the service in the Software Release: no blanks, brackets or line ends.',
  },
  SUPERVISOR_LAUNCH_FAILED: {
    meaning: 'The supervisor did not start, or ended at once. The message has what it said.',
    remedy: 'Its log is var/log/supervisord.log below the instance root.',
    run: ['slapos node supervisord --nodaemon'],
  },
  SUPERVISOR_NOT_ANSWERING: {
    meaning:
      'A supervisor runs and has the socket, but did not answer in time: it hangs, or the machine is overloaded.',
    remedy:
      'Wait, and look at what the machine does. A second supervisor would not help; if it never answers, end it and start it again.',
    run: ['ps -o pid,stat,wchan,cmd -C supervisord', 'slapos node supervisord'],
  },
  SUPERVISOR_NOT_INSTALLED: {
    meaning: 'There is no supervisord on this machine, and supervisor = supervisord asks for it.',
    remedy: 'Install it (apt-get install supervisor), or set supervisor = embedded in [slapos].',
  },
  SUPERVISOR_NOT_RUNNING: {
    meaning: "Nobody answers on the supervisor's socket: no service of this node runs.",
    remedy: 'Start it, or run an instance pass, which does so too.',
    run: ['slapos node supervisord'],
  },
  SUPERVISOR_SOCKET_PATH_TOO_LONG: {
    meaning: "The path of the supervisor's socket is longer than Linux allows (107 bytes).",
    remedy: 'Choose an instance_root nearer to the root of the file system.',
  },
  SUPERVISOR_STILL_RUNNING: {
    meaning: 'Services did not end in the time that they have for it.',
    remedy: 'Look at what they do; stop them by hand, or raise stopwaitsecs in the Software Release.',
    run: ['slapos node status', 'slapos node stop GROUP:*'],
  },
};
