import { removeTree } from '@slapos/host';
import { temporaryFolder } from '../configuration/folders.js';

/** A folder that exists until it is disposed of. */
export interface TemporaryDirectory extends AsyncDisposable {
  readonly path: string;
}

/** Makes an empty folder with a short name, that others may enter; removed with all that it holds, however its modes are. */
export async function temporaryDirectory(): Promise<TemporaryDirectory> {
  const path = await temporaryFolder();
  const remove = async (): Promise<void> => {
    await removeTree(path);
  };
  return { path, [Symbol.asyncDispose]: remove };
}
