const GENERIC_NAMES = new Set(['software', 'instance', 'default', '']);

/** A name for the types of a release: its folder, or its file where that says more, and the type when one was chosen. */
export function typeNameFor(softwareReleaseUrl: string, softwareType: string | undefined): string {
  const [file = '', folder = ''] = softwareReleaseUrl.split(/[?#]/, 1)[0]?.split('/').reverse() ?? [];
  const stem = file.replace(/\.cfg$/, '').replace(/^software-/, '');
  const words = [GENERIC_NAMES.has(stem) ? folder : stem, softwareType ?? ''].filter(
    (word) => !GENERIC_NAMES.has(word),
  );
  const name = words
    .join('-')
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('');
  return /^[A-Z]/.test(name) ? name : `Instance${name}`;
}
