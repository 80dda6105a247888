import { randomUUID } from 'node:crypto';

import { marshal, MarshalObject } from '@slapos/slap';

import type { ProxyContext } from '../context.js';
import { readForm, readQuery } from '../http/form.js';
import { textAnswer } from '../http/html-pages.js';
import type { RouteTable } from '../http/route-table.js';

/** Certificates of computers and instances, from the proxy's own authority, and new computers. */
export function certificateRoutes(routes: RouteTable, { authority, store, bodies }: ProxyContext): void {
  const form = (request: Request) => readForm(request, bodies);

  routes.get('/getComputerPartitionCertificate', async (request) => {
    const fields = readQuery(request);
    const [computerId, partitionId] = [fields.optional('computer_id'), fields.optional('computer_partition_id')];
    if (computerId === undefined || partitionId === undefined) return textAnswer(marshal({ certificate: '', key: '' }));
    const { certificate, key } = await authority.forPartition({ computerId, partitionId });
    return textAnswer(marshal({ certificate, key }));
  });

  routes.post('/generateComputerCertificate', async (request) => {
    const { certificate, key } = await authority.issueForComputer((await form(request)).required('computer_id'));
    return textAnswer(marshal({ certificate, key }));
  });

  routes.post('/revokeComputerCertificate', async (request) => {
    await authority.revokeForComputer((await form(request)).required('computer_id'));
    return textAnswer('OK');
  });

  routes.post('/requestComputer', async (request) => {
    const title = (await form(request)).required('computer_title');
    const computerId = await store.write(async (writer) => {
      const known = await writer.setting(`computer_of_title ${title}`);
      if (known !== undefined) return known;
      const made = `COMP-${randomUUID()}`;
      await writer.saveComputer({ computerId: made, address: null, netmask: null });
      await writer.setSetting(`computer_of_title ${title}`, made);
      return made;
    });
    return textAnswer(
      marshal(
        new MarshalObject({
          className: 'Computer',
          initArguments: [computerId],
          attributes: { _computer_id: computerId },
        }),
      ),
    );
  });
}
