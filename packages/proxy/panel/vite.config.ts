import { defineConfig } from 'vite';

/** The build of the panel: a page, one program, one style sheet, wherever the proxy is behind a front end. */
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  logLevel: 'warn',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../dist/panel',
    emptyOutDir: true,
    target: 'es2023',
    // A data: URL would not be loaded: the page takes files of its own server alone.
    assetsInlineLimit: 0,
    modulePreload: false,
    license: { fileName: 'licences.md' },
  },
});
