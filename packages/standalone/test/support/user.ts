/** As root, tests say as whom instances run; otherwise nobody but ourselves can be meant. */
export const ORDINARY_USER: { user?: string } = process.geteuid?.() === 0 ? { user: 'nobody' } : {};
