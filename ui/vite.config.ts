// SPDX-License-Identifier: Apache-2.0
//
// How the page is built: absolute paths (a screen may lie at any depth of the URL), names with the content's hash
// (so that they may be kept for ever), nothing inline (the content security policy allows none), one script and one
// style sheet for the first load, a chunk of its own for each screen that is opened later.
//
// Vite 6, not 8: Debian 12's own Node is 18.
import { defineConfig } from 'vite';

const server = process.env['TAPDECK_SERVER'] ?? 'http://127.0.0.1:8437';

export default defineConfig({
  base: '/',
  build: {
    target: 'es2022',
    outDir: process.env['TAPDECK_UI_OUT'] ?? 'dist',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rollupOptions: {
      output: {
        entryFileNames: 'assets/[name]-[hash].js',
        chunkFileNames: 'assets/[name]-[hash].js',
        assetFileNames: 'assets/[name]-[hash][extname]',
        // What two lazy screens share goes into the first script: a request less.
        manualChunks: undefined,
      },
    },
  },
  // `npm run dev` beside a running `tapdeck serve`.
  server: {
    proxy: Object.fromEntries(
      ['/api', '/healthz', '/metrics', '/s/'].map((path) => [path, { target: server, ws: true, changeOrigin: true }]),
    ),
  },
});
