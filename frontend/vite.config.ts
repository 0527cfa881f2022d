import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin } from "vite";
import { stampOf } from "./stamp.ts";

/** Leaves BUILD.json beside the pages: what they were built from. A Python test compares it, without Node. */
function stamp(): Plugin {
  return {
    name: "holdfast-stamp",
    apply: "build",
    async generateBundle() {
      const source = `${JSON.stringify(await stampOf(import.meta.dirname), null, 2)}\n`;
      this.emitFile({ type: "asset", fileName: "BUILD.json", source });
    },
  };
}

export default defineConfig({
  base: "./",
  plugins: [svelte(), stamp()],
  // `npm run dev` beside a running workbench: pages from here, answers from there.
  server: { proxy: { "/api": "http://127.0.0.1:8400" } },
  build: {
    outDir: "../src/holdfast/workbench/dist",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
    rolldownOptions: {
      output: {
        entryFileNames: "app.js",
        chunkFileNames: "[name].js",
        assetFileNames: (asset) =>
          asset.names.some((name) => name.endsWith(".css")) ? "app.css" : "[name][extname]",
      },
    },
  },
});
