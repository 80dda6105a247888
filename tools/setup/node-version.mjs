const FLOOR = { major: 20, minor: 19 };

/**
 * Says what is wrong with a version of Node.js, or `undefined` when we run on it.
 * @param {string} version as in `process.versions.node`: "20.19.1"
 * @returns {string | undefined}
 */
export function explainNodeVersion(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > FLOOR.major || (major === FLOOR.major && minor >= FLOOR.minor)) return undefined;
  return (
    `This is Node.js ${version}, and SlapOS needs ${FLOOR.major}.${FLOOR.minor} or newer.\n` +
    'Install a newer one, for example from https://nodejs.org/en/download, and run the same command again.'
  );
}
