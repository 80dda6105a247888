/** What the news of an instance come to (spec: cli §4.5). */
export type ServiceStatus = 'unsupported' | 'none' | 'green' | 'red' | 'orange';

/** @param news as the master gave them; anything but a list means that it has none */
export function serviceStatus(news: unknown): ServiceStatus {
  if (!Array.isArray(news)) return 'unsupported';
  const texts = news.map((entry: unknown) =>
    typeof entry === 'object' && entry !== null && 'text' in entry ? String(entry.text) : '',
  );
  const isOk = texts.some((text) => text.startsWith('#access'));
  const isBad = texts.some((text) => text.startsWith('#error'));
  if (isOk && isBad) return 'orange';
  if (isBad) return 'red';
  return isOk ? 'green' : 'none';
}
