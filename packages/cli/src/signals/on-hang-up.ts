/**
 * For programs that stay: a hang-up asks them to read their configuration again, not to end, as daemons have it.
 * Disposing of it makes a hang-up what it was.
 */
export function onHangUp(reload: () => void): Disposable {
  const before = process.listeners('SIGHUP');
  process.removeAllListeners('SIGHUP');
  process.on('SIGHUP', reload);
  return {
    [Symbol.dispose]() {
      process.off('SIGHUP', reload);
      for (const listener of before) process.on('SIGHUP', listener);
    },
  };
}
