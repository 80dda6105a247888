/** Fails by name where what follows cannot be tried: with made-up users, an attack that fails proves nothing. */
export function requireRoot(what: string): void {
  if (process.getuid?.() !== 0) throw new Error(`${what} need root: run \`sudo npm run test:root -w @slapos/host\``);
}
