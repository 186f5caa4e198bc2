import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

// Names without a hash: the gateway checks each use by ETag, and a debug build that reads the files
// from here need not be built again when they change.
const plain = (folder) => ({
  entryFileNames: `${folder}/app.js`,
  chunkFileNames: `${folder}/[name].js`,
  assetFileNames: `${folder}/[name][extname]`,
});

export default defineConfig({
  plugins: [svelte()],
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    // No file is written into another: the page's policy allows its own files only.
    assetsInlineLimit: 0,
    rollupOptions: { output: plain('assets') },
  },
  // `npm run dev` shows the sources as they are edited, in front of a gateway that runs.
  server: { proxy: { '/admin': process.env.CROSSFADE_ADMIN_URL ?? 'http://127.0.0.1:8081' } },
});
