// Bundles the page into dist/: the script with wasm-themis, its WebAssembly, the page and its style.

import { build } from 'esbuild';
import { copyFileSync, mkdirSync } from 'node:fs';

mkdirSync('dist', { recursive: true });
await build({
  entryPoints: ['page/main.js'],
  outfile: 'dist/main.js',
  bundle: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  external: ['fs', 'path', 'crypto', 'util', 'ws'], // the loader of wasm-themis asks for them under Node only
  legalComments: 'linked',
  logLevel: 'warning',
});
for (const file of ['index.html', 'style.css', 'icon.svg']) copyFileSync(`page/${file}`, `dist/${file}`);
copyFileSync('node_modules/wasm-themis/dist-es6/libthemis.wasm', 'dist/libthemis.wasm');
