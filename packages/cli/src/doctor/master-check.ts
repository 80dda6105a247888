import { X509Certificate, createPrivateKey } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { nonEmpty } from '../config/non-empty.js';
import type { DoctorContext, Finding } from './finding.js';

const PATIENCE_MS = 10_000;
const MILLISECONDS = 1000;
const DAY_MS = 86_400_000;
/** Certificates are renewed by people, who need some time for it. */
const RENEW_DAYS = 30;
/** Masters compare times of reports; a minute does no harm. */
const CLOCK_TOLERANCE_S = 60;
const OTHERS_MAY = 0o077;

/** The master: whether it answers, its time, and the certificate that we show it. */
export async function checkMaster(context: DoctorContext): Promise<Finding[]> {
  const url = nonEmpty(context.config.value('slapos', 'master_url'));
  if (url === undefined) {
    return [{ id: 'master.url', severity: 'error', message: 'no master_url', remedy: 'set it in [slapos]' }];
  }
  const certificate = await checkCertificate(context);
  return [...(await checkAnswer(url, context)), ...certificate];
}

/** Whether the master answers, and what time it has. */
export async function checkAnswer(url: string, context: DoctorContext): Promise<Finding[]> {
  try {
    const startedAt = context.now();
    const { date } = await head(url, context);
    const endedAt = context.now();
    const answer: Finding = { id: 'master.answer', severity: 'ok', message: `${url} ${endedAt - startedAt} ms` };
    if (date === undefined) return [answer];
    // Seconds only, and sent somewhere between question and answer.
    const offset = Math.round((Date.parse(date) - (startedAt + endedAt) / 2) / MILLISECONDS);
    if (Number.isNaN(offset)) return [answer];
    return [
      answer,
      Math.abs(offset) <= CLOCK_TOLERANCE_S
        ? { id: 'master.clock', severity: 'ok', message: 'the clocks agree' }
        : {
            id: 'master.clock',
            severity: 'error',
            message: `the clock of the master is ${Math.abs(offset)} s ${offset > 0 ? 'ahead' : 'behind'}`,
            remedy: 'enable time synchronisation (timedatectl set-ntp true)',
          },
    ];
  } catch (error) {
    const message = `${url} does not answer: ${error instanceof Error ? error.message || error.name : String(error)}`;
    const remedy = 'check master_url, the network, and for https the certificates; services keep running meanwhile';
    return [{ id: 'master.answer', severity: 'error', message, remedy }];
  }
}

async function head(url: string, { config, signal }: DoctorContext): Promise<{ readonly date: string | undefined }> {
  const target = new URL(url);
  const read = async (key: string): Promise<Buffer | undefined> => {
    const file = nonEmpty(config.value('slapos', key));
    return file === undefined ? undefined : readFile(file);
  };
  const [key, cert, ca] = await Promise.all([read('key_file'), read('cert_file'), read('master_ca_file')]);
  const rejectUnauthorized = config.value('slapos', 'master_insecure') !== 'true';
  const options = {
    method: 'HEAD',
    agent: false,
    signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]),
    ...(target.protocol === 'https:' ? { key, cert, ca, rejectUnauthorized } : {}),
  } as const;
  return new Promise((resolve, reject) => {
    const request = (target.protocol === 'https:' ? https : http).request(target, options, (response) => {
      response.resume();
      // Any status will do: the root of a master need not be a page.
      resolve({ date: response.headers.date });
    });
    request.on('error', reject);
    request.end();
  });
}

async function checkCertificate({ config, now }: DoctorContext): Promise<Finding[]> {
  const certFile = nonEmpty(config.value('slapos', 'cert_file'));
  const keyFile = nonEmpty(config.value('slapos', 'key_file'));
  if (certFile === undefined && keyFile === undefined)
    return [{ id: 'master.certificate', severity: 'skipped', message: 'no certificate is configured' }];
  if (certFile === undefined || keyFile === undefined) {
    const remedy = 'set both cert_file and key_file, or none';
    return [{ id: 'master.certificate', severity: 'error', message: 'half a certificate is configured', remedy }];
  }
  try {
    const certificate = new X509Certificate(await readFile(certFile));
    const fits = certificate.checkPrivateKey(createPrivateKey(await readFile(keyFile)));
    const days = Math.floor((Date.parse(certificate.validTo) - now()) / DAY_MS);
    const until = new Date(certificate.validTo).toISOString().slice(0, 10);
    const name = /^CN=(.*)$/m.exec(certificate.subject)?.[1] ?? certificate.subject;
    const findings: Finding[] = [];
    if (!fits)
      findings.push({
        id: 'master.certificate',
        severity: 'error',
        message: `${keyFile} is not the key of ${certFile}`,
        remedy: 'name the two files that belong together',
      });
    else if (days < 0)
      findings.push({
        id: 'master.certificate',
        severity: 'error',
        message: `certificate ${name} expired on ${until}`,
        remedy: 'have the master issue another (slapos node register, slapos configure client)',
      });
    else
      findings.push({
        id: 'master.certificate',
        severity: days < RENEW_DAYS ? 'warning' : 'ok',
        message: `certificate ${name} valid until ${until}`,
        remedy: days < RENEW_DAYS ? `renew it within ${days} days` : undefined,
      });
    const mode = (await stat(keyFile)).mode;
    if ((mode & OTHERS_MAY) !== 0)
      findings.push({
        id: 'master.key-mode',
        severity: 'warning',
        message: `others may read ${keyFile}`,
        remedy: `chmod 600 ${keyFile}`,
        fix: chmodFix(keyFile),
      });
    return findings;
  } catch (error) {
    const message = `the certificate cannot be used: ${error instanceof Error ? error.message : String(error)}`;
    return [{ id: 'master.certificate', severity: 'error', message, remedy: 'check cert_file and key_file' }];
  }
}

function chmodFix(file: string): Finding['fix'] {
  return {
    question: `Let only its owner read ${file}`,
    apply: async () => {
      const { chmod } = await import('node:fs/promises');
      await chmod(file, 0o600);
    },
  };
}
