import type { HostErrorCode } from '@slapos/host';
import type { ExplanationsOf } from './explanation.js';

export const hostErrors: ExplanationsOf<HostErrorCode> = {
  HOST_COMMAND_ABORTED: {
    meaning: 'A program was ended because the command that ran it was interrupted, or because its time was over.',
    remedy: 'Run the command again; it goes on where it was. For a time-out, raise the limit that the message names.',
  },
  HOST_COMMAND_FAILED: {
    meaning: 'A program of the system ended with an error; the message has its exit status and its last words.',
    remedy: 'What the program says is the cause. It can be run by hand as the user that the message names.',
  },
  HOST_COMMAND_FAILED_TO_START: {
    meaning:
      'A program could not be started: it may not be executed, its interpreter is missing, or the system has no more processes or memory.',
    remedy: 'Check its mode and its first line, and the limits of the user (ulimit -u).',
  },
  HOST_COMMAND_NOT_FOUND: {
    meaning: 'A program that is needed is not installed, or not in the PATH that commands run with.',
    remedy: 'Install it: ip is in iproute2, useradd in passwd, supervisord in supervisor.',
  },
  HOST_COMMAND_OUTPUT_TOO_LARGE: {
    meaning: 'A program printed more than may be kept in memory, and all of its output was needed.',
    remedy: 'Find out what it prints; usually it is the wrong program.',
  },
  HOST_COMMAND_UNTRUSTED: {
    meaning: 'Root was to run a program that another user can change, so it was not run.',
    remedy: "Make the program and the folders above it root's, writable by nobody else.",
  },
  HOST_FILE_FAILED: {
    meaning:
      'A file or folder could not be read, written, made or removed; the message has the path and the reason of the system.',
    remedy: 'Check owner, mode, free space and whether the file system is writable.',
    run: ['df -h PATH', 'namei -l PATH'],
  },
  HOST_FILE_TOO_LARGE: {
    meaning: 'A file is larger than anything that could belong there, so it was not read.',
    remedy: 'Look at what wrote it; remove it when it is rubbish.',
  },
  HOST_INVALID_ARGUMENT: {
    meaning: 'A call of the library got a value that cannot be, such as a path that is not absolute.',
    remedy: 'The message names the argument. Met in a command, it is a fault of ours: please report it.',
  },
  HOST_INVALID_SIZE: {
    meaning: 'A size could not be read.',
    remedy: 'Write a number and a unit, such as 1000M or 2 GB; all units are powers of 1024, and m or Mb are none.',
  },
  HOST_LOCKED: {
    meaning: 'Another slapos process of the same kind is running; the message has its process id. The exit code is 10.',
    remedy: 'Wait for it to end. A lock that a killed process left behind is recognised, and needs nothing.',
    run: ['ps -fp PID'],
  },
  HOST_LOCK_FAILED: {
    meaning: 'The file that keeps two passes apart could not be made or read.',
    remedy: 'Check that its folder exists and is writable, or name another with --pidfile.',
  },
  HOST_NETWORK_FAILED: {
    meaning: 'The state of the network could not be read, or an interface or address not be changed.',
    remedy: 'Check that the interface exists, that the command runs as root, and that /dev/net/tun is there for taps.',
    run: ['ip address'],
  },
  HOST_NOT_ROOT: {
    meaning:
      "Something that only root can do was tried as another user: to act as a partition's user, to change an owner.",
    remedy: 'Run the command as root, or configure the node to run everything as one user.',
  },
  HOST_PRIVILEGES_NOT_DROPPED: {
    meaning: "A program that was to run as a partition's user would have kept rights of root, so it was not started.",
    remedy: 'Check that setpriv (util-linux) is installed and works. This protects the machine: do not work around it.',
  },
  HOST_REFUSED_IDENTITY: {
    meaning: "Something was to be done as root or as a user of the system that is meant for partitions' users only.",
    remedy: "Check the owner of the partition's folder, and user_base_name in [slapformat].",
  },
  HOST_TREE_NOT_REMOVED: {
    meaning:
      'A folder could not be removed completely: something is mounted below it, is immutable, or is made again all the time.',
    remedy: 'The message names what is left. Unmount it, stop what writes there, then run again.',
    run: ['findmnt -R PATH', 'lsattr -d PATH'],
  },
  HOST_UNTRUSTED_CHANGED: {
    meaning: "A file in an instance's folder was exchanged while root looked at it. Root did not follow it.",
    remedy:
      'Run the pass again. If it happens again, something in the instance tries to trick root: look at its processes.',
  },
  HOST_UNTRUSTED_ENTRY: {
    meaning:
      "In an instance's folder stands a link, a device or a pipe where a plain file or folder is expected. Root does not follow it.",
    remedy: 'Look at the path that the message names, and remove it when the instance did not need it.',
  },
  HOST_USER_FAILED: {
    meaning: 'A user or group could not be made, changed or looked up.',
    remedy: 'Check that useradd and groupadd work by hand, and that no lock such as /etc/passwd.lock was left behind.',
  },
};
