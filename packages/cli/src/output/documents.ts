/** Version of the documents that `--output json` prints: within one, keys are only added. */
export const API_VERSION = 'slapos.cli/1';
