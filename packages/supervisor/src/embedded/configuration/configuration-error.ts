/** The configuration cannot be read; the message is what `CANT_REREAD` and the daemon's own start report. */
export class ConfigurationError extends Error {}
