import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A key and a certificate as files and as text. */
export interface MadeCertificate {
  keyFile: string;
  certFile: string;
  key: string;
  cert: string;
}

/** Makes certificates for tests with openssl, in a folder of its own. */
export class CertificateMaker implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'slap-tls-'));

  /** An authority, or a certificate that signs itself. */
  authority(name: string): MadeCertificate {
    const files = this.#files(name);
    this.#openssl([
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      files.keyFile,
      '-out',
      files.certFile,
    ]);
    return this.#read(files);
  }

  /** A certificate that the authority signed; negative days make it expired. */
  signed(authority: MadeCertificate, name: string, options: { altName?: string; days?: number } = {}): MadeCertificate {
    const files = this.#files(name);
    const request = join(this.directory, `${name}.csr`);
    const extensions = join(this.directory, `${name}.ext`);
    writeFileSync(extensions, `subjectAltName=${options.altName ?? 'IP:127.0.0.1'}\n`);
    this.#openssl([
      'req',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      files.keyFile,
      '-out',
      request,
    ]);
    const days = options.days ?? 2;
    const validity =
      days > 0 ? ['-days', String(days)] : ['-not_before', '20200101000000Z', '-not_after', '20200102000000Z'];
    try {
      this.#sign(authority, request, extensions, files.certFile, validity);
    } catch {
      // An openssl without these options ends the validity with negative days.
      this.#sign(authority, request, extensions, files.certFile, ['-days', '-1']);
    }
    return this.#read(files);
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  #sign(authority: MadeCertificate, request: string, extensions: string, output: string, validity: string[]): void {
    this.#openssl([
      'x509',
      '-req',
      '-in',
      request,
      '-CA',
      authority.certFile,
      '-CAkey',
      authority.keyFile,
      '-CAcreateserial',
      '-extfile',
      extensions,
      '-out',
      output,
      ...validity,
    ]);
  }

  #files(name: string) {
    return { keyFile: join(this.directory, `${name}.key`), certFile: join(this.directory, `${name}.crt`) };
  }

  #read(files: { keyFile: string; certFile: string }): MadeCertificate {
    return { ...files, key: readFileSync(files.keyFile, 'utf8'), cert: readFileSync(files.certFile, 'utf8') };
  }

  #openssl(args: string[]): void {
    execFileSync('openssl', args, { stdio: 'pipe' });
  }
}
