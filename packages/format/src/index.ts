/** The name of this package, until its owner lists the real exports here. */
export const packageName = '@slapos/format';
