import { defineConfig } from 'vite';

export default defineConfig({
  // Relative addresses let the page live behind any path prefix.
  base: './',
  logLevel: 'error',
  build: {
    license: { fileName: 'licenses.md' },
    modulePreload: { polyfill: false },
  },
  // The GraphQL worker loads its formatter on demand, which needs modules.
  worker: { format: 'es' },
});
