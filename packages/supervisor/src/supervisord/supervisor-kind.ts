import { z } from 'zod';

/**
 * Which supervisor is started: Debian's `supervisord`, the `embedded` one of this package, or (`auto`) the first of these that is there.
 * One that runs already is used, whichever it is: files and wire are the same.
 */
export const supervisorKindSchema = z.enum(['auto', 'supervisord', 'embedded']);
export type SupervisorKind = z.infer<typeof supervisorKindSchema>;

/** The key of `[slapos]` that belongs to this package; without it the kind is `auto`. */
export const supervisorSectionSchema = z.object({ supervisor: supervisorKindSchema.default('auto') });
