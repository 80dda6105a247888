import { createHash } from 'node:crypto';

import { type Logger, UntrustedDirectory } from '@slapos/host';
import { z } from 'zod';

/** Below the instance root; the agent's own. */
const FOLDER = 'var';
const FILE = 'usage-outbox.json';
const BROKEN_SUFFIX = '.broken';
const MODE = 0o600;
const MAX_BYTES = 1024 * 1024 * 1024;

const fileSchema = z.object({
  /** Whose folder it lies in; the computer's id for reports about the whole computer. */
  owner: z.string(),
  /** `partition`: `var/xml_report` of the partition itself. `shared`: the folder of that name below the instance root. */
  place: z.enum(['partition', 'shared']),
  name: z.string(),
  sha256: z.string(),
});
/** A file that a report came from. */
export type ReportFile = z.infer<typeof fileSchema>;

const movementSchema = z.object({
  resource: z.string(),
  title: z.string().optional(),
  reference: z.string().optional(),
  quantity: z.string(),
  price: z.string(),
  vat: z.string(),
  categories: z.array(z.string()).readonly(),
});

const reportSchema = z.object({ file: fileSchema, movements: z.array(movementSchema) });
/** The report of one file of one partition. */
export type UsageReport = z.infer<typeof reportSchema>;

const batchSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('partitions'),
    /** As it stands in the document, so that sending it again sends the same bytes. */
    stopDate: z.string(),
    reports: z.array(reportSchema),
    isAccepted: z.boolean(),
  }),
  z.object({ kind: z.literal('computer'), file: fileSchema, document: z.string(), isAccepted: z.boolean() }),
]);
/** One document for the master. */
export type UsageBatch = z.infer<typeof batchSchema>;

const outboxSchema = z.object({ version: z.literal(1), batches: z.array(batchSchema) });

/** The files that a batch was made of. */
export function filesOfBatch(batch: UsageBatch): readonly ReportFile[] {
  return batch.kind === 'computer' ? [batch.file] : batch.reports.map(({ file }) => file);
}

/** Tells a file with this content from every other. */
export function reportKey({ owner, place, name, sha256 }: ReportFile): string {
  return JSON.stringify([owner, place, name, sha256]);
}

/** The hash by which a report is known again. */
export function reportHash(document: Uint8Array): string {
  return createHash('sha256').update(document).digest('hex');
}

/**
 * What has been read and not been both accepted and cleaned up: on disk before it is sent, marked when the master has accepted it, dropped when its
 * files are gone. So nothing is lost whatever happens, and a report is only sent again when nobody knows whether it has arrived –
 * then with the same bytes. (spec: grid 11)
 */
export class UsageOutbox {
  readonly #instanceRoot: string;
  #batches: readonly UsageBatch[];

  private constructor(instanceRoot: string, batches: readonly UsageBatch[]) {
    this.#instanceRoot = instanceRoot;
    this.#batches = batches;
  }

  static async open(instanceRoot: string, logger: Logger): Promise<UsageOutbox> {
    await using folder = await openFolder(instanceRoot);
    const text = await folder.readText(FILE, { maxBytes: MAX_BYTES });
    if (text === undefined) return new UsageOutbox(instanceRoot, []);
    try {
      return new UsageOutbox(instanceRoot, outboxSchema.parse(JSON.parse(text)).batches);
    } catch (error) {
      // The files that it was made of are still there: they are read again.
      logger.error('The list of usage reports on their way cannot be read: it is put aside, and begun again', {
        file: `${folder.path}/${FILE}${BROKEN_SUFFIX}`,
        error,
      });
      await folder.rename(FILE, FILE + BROKEN_SUFFIX);
      return new UsageOutbox(instanceRoot, []);
    }
  }

  get batches(): readonly UsageBatch[] {
    return this.#batches;
  }

  /** Whether a file of this name and content is in it already. */
  has(file: ReportFile): boolean {
    const key = reportKey(file);
    return this.#batches.some((batch) => filesOfBatch(batch).some((known) => reportKey(known) === key));
  }

  async add(batches: readonly UsageBatch[]): Promise<void> {
    if (batches.length > 0) await this.#save([...this.#batches, ...batches]);
  }

  /** Puts other batches in the place of one; none: it is done. */
  async replace(batch: UsageBatch, ...others: readonly UsageBatch[]): Promise<void> {
    await this.#save(this.#batches.flatMap((present) => (present === batch ? others : [present])));
  }

  async #save(batches: readonly UsageBatch[]): Promise<void> {
    await using folder = await openFolder(this.#instanceRoot);
    if (batches.length === 0) await folder.remove(FILE);
    else await folder.writeAtomic(FILE, JSON.stringify({ version: 1, batches }), { mode: MODE });
    this.#batches = batches;
  }
}

async function openFolder(instanceRoot: string): Promise<UntrustedDirectory> {
  await using root = await UntrustedDirectory.open(instanceRoot);
  return await root.openSubdirectory(FOLDER, { create: true });
}
