// One script and one style, which octavo.renderers._viewer_page puts into a page by their digests.
import { defineConfig } from "vite";

export default defineConfig({
  build: {
    outDir: "../src/octavo/renderers/_viewer",
    emptyOutDir: true,
    target: "es2022",
    sourcemap: false,
    reportCompressedSize: false,
    lib: { entry: "src/main.tsx", formats: ["iife"], name: "octavo", fileName: () => "page.js", cssFileName: "page" },
  },
});
