export { FAULTS, SupervisorError, type SupervisorErrorCode, SupervisorFault } from './errors.js';
export { PROCESS_STATES, type ProcessStateName, RUNNING_STATES, STOPPED_STATES, SUPERVISOR_STATES } from './states.js';
export type { LogTail, ProcessInfo, Supervisor, UpdateResult } from './supervisor.js';
export { socketPath, type SupervisorPaths, supervisorPaths } from './configuration/paths.js';
export { type SupervisorEnvironmentOptions, writeSupervisorEnvironment } from './configuration/environment.js';
export type { WatchdogOptions } from './configuration/supervisord-conf.js';
export { type Program, type ProgramGroup, renderGroupFile } from './configuration/program-group.js';
export {
  removePartitionGroup,
  removePartitionGroups,
  writePartitionGroup,
  writePartitionGroups,
} from './configuration/group-files.js';
export { quoteWord } from './configuration/values.js';
export { createSupervisordAdapter, type SupervisordAdapterOptions } from './supervisord/supervisord-adapter.js';
export { readEvents, type SupervisorEvent } from './watchdog/event-stream.js';
export { runWatchdog, type WatchdogPorts } from './watchdog/watchdog.js';
export { runSupervisorInForeground } from './supervisord/launch.js';
export { supervisorKindSchema, supervisorSectionSchema, type SupervisorKind } from './supervisord/supervisor-kind.js';
export { embeddedProgram } from './supervisord/embedded-program.js';
export { runDaemon } from './embedded/daemon/main.js';
export { SUPERVISORCTL_ACTIONS } from './supervisorctl/actions.js';
export { selectProcesses } from './supervisorctl/process-names.js';
export { runSupervisorctl, type SupervisorctlOptions } from './supervisorctl/run-supervisorctl.js';
export { runSupervisorctlPrompt, type SupervisorctlPromptOptions } from './supervisorctl/prompt.js';
