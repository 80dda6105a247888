import { type Computer, isSlapError, SlapError } from '@slapos/slap';

/**
 * Tells the master what the computer has (spec: format §8). A master that does not know the computer most often has been shown the
 * certificate of another one, which is said.
 * @throws SlapError
 */
export async function sendDocument(computer: Computer, document: string): Promise<void> {
  try {
    await computer.updateConfiguration(document);
  } catch (error) {
    if (!isSlapError(error, 'SLAP_NOT_FOUND')) throw error;
    throw new SlapError('SLAP_NOT_FOUND', `${error.message.replace(/\.$/, '')}.`, {
      hint: 'Do computer_id and the certificate (cert_file) belong together? slapos node register makes both.',
      cause: error,
    });
  }
}
