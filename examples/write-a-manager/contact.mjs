// A manager: install this package where manager_package_directory of slapos.cfg says, name it in manager_list, and give it an address.
//
//   [slapos]
//   manager_list = slapos-manager-contact
//   manager_package_directory = /opt/slapos/managers
//
//   [manager:contact]
//   address = root@example.org
import { defineManager } from '@slapos/manager';

const FILE = '.contact';

/** What may stand in the section; a schema of zod does the same. */
const options = {
  safeParse(texts) {
    const { address, ...others } = texts;
    const [unknown] = Object.keys(others);
    const issues = [];
    if (!/^\S+@\S+$/.test(address ?? '')) issues.push({ path: ['address'], message: 'expected a mail address' });
    if (unknown !== undefined) issues.push({ path: [unknown], message: 'is not known' });
    return issues.length > 0 ? { success: false, error: { issues } } : { success: true, data: { address } };
  },
};

export default defineManager({
  name: 'contact',
  options,
  create: ({ address }) => ({
    /** Root writes in a folder of somebody else, so it goes through `folder`, which follows no link. */
    async instance({ folder, logger }) {
      if (await folder.writeAtomicIfDifferent(FILE, `${address}\n`, { mode: 0o644 })) logger.info(`Wrote ${FILE}`);
    },
    async report({ folder }) {
      await folder.remove(FILE);
    },
  }),
});
