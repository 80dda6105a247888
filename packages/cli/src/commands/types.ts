import { writeFile } from 'node:fs/promises';
import { Args, Flags } from '@oclif/core';
import { generateSoftwareReleaseTypes, SoftwareReleaseSchema } from '@slapos/slap';
import { SlaposCommand } from '../base/slapos-command.js';
import { typeNameFor } from '../client/type-name.js';
import { EXIT_CODES } from '../exit-codes.js';

/** `slapos types`. */
export default class Types extends SlaposCommand {
  static override summary = "write TypeScript types of a Software Release's parameters";
  static override description =
    'Reads the schemas that lie beside the release and prints a module with NAMEParameters and NAMEConnection: what an instance takes, and what it publishes.';
  static override examples = [
    'slapos types https://example.org/software/kvm/software.cfg > kvm.ts',
    'slapos types ./software.cfg --type frontend --name Frontend --out frontend.ts',
  ];
  static override args = {
    software_url: Args.string({ required: true, description: 'URL or path of the Software Release' }),
  };
  static override flags = {
    type: Flags.string({ description: 'software type (default)', helpValue: 'TYPE' }),
    shared: Flags.boolean({ description: 'those of a shared instance' }),
    name: Flags.string({ description: "what the types' names begin with (from the release)", helpValue: 'NAME' }),
    out: Flags.string({ description: 'file to write; without it, standard output', helpValue: 'FILE' }),
  };

  override async run(): Promise<number> {
    const { args, flags } = await this.parse(Types);
    const schema = new SoftwareReleaseSchema({
      softwareReleaseUrl: args.software_url,
      softwareType: flags.type,
      shared: flags.shared,
      logger: this.logger,
    });
    const name = flags.name ?? typeNameFor(args.software_url, flags.type);
    const module = await generateSoftwareReleaseTypes(schema, { name });
    if (flags.out === undefined) process.stdout.write(module);
    else {
      await writeFile(flags.out, module);
      this.logger.info(`Types written to ${flags.out}.`);
    }
    return EXIT_CODES.OK;
  }
}
