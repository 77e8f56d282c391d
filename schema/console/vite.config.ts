import { defineConfig } from "vite";

export default defineConfig({
  // GraphiQL's dependencies say "use client" to other bundlers; the warnings about it say nothing here.
  logLevel: "error",
  build: {
    target: "es2022",
    // Nothing is inlined as data: or polyfilled inline, so the Content-Security-Policy can stay strict.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Monaco is one large chunk by nature; it is loaded after sign-in.
    chunkSizeWarningLimit: 4000,
  },
});
