/** Levels of the log, and how much each weighs. */
export const LOG_LEVELS = { debug: 10, info: 20, warn: 30, error: 40, critical: 50 } as const;
export type LogLevel = keyof typeof LOG_LEVELS;

/** How log lines are laid out: for people, as one JSON object a line, or for the journal of systemd (spec: ux-ideas §5). */
export const LOG_FORMATS = ['text', 'json', 'journal'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];
