import { defineConfig } from "vite";

export default defineConfig({
  // The gateway serves the assets below this path; the page itself is GET /graphql.
  base: "/graphiql/",
  build: {
    outDir: "../gateway/static/graphiql",
    emptyOutDir: true,
    // Files of their own instead of data: addresses, so that the content security policy can forbid those for fonts.
    assetsInlineLimit: 0,
    target: "es2022",
    // The editor is one big piece by nature, and comes from the machine next door.
    chunkSizeWarningLimit: 4000,
    reportCompressedSize: false,
    rolldownOptions: {
      // Libraries mark modules for React's server side, which this page does not have.
      onLog: (level, log, handle) => log.code === "MODULE_LEVEL_DIRECTIVE" || handle(level, log),
    },
  },
  worker: { format: "es" },
});
