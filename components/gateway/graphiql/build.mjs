// Bundles the page's script and style: node build.mjs FOLDER leaves graphiql.js.gz and graphiql.css.gz there.

import { build } from "esbuild";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const folder = process.argv[2];
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/// GraphiQL's style brings 35 fonts within itself, six times the rest of it. The system's own are named
/// after them in every rule and do as well.
const withoutFonts = {
  name: "without-fonts",
  setup(build) {
    build.onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const style = await readFile(path, "utf8");
      return { contents: style.replace(/@font-face\s*\{[^}]*\}/g, ""), loader: "css" };
    });
  },
};

const { outputFiles } = await build({
  entryPoints: { graphiql: here("main.jsx") },
  outdir: folder,
  bundle: true,
  write: false,
  minify: true,
  // What is shipped carries its licences.
  legalComments: "eof",
  format: "iife",
  target: "es2022",
  jsx: "automatic",
  define: { "process.env.NODE_ENV": '"production"' },
  // Some of its parts ask for the CommonJS copy; two copies do not know each other's types.
  alias: { graphql: here("node_modules/graphql/index.mjs") },
  plugins: [withoutFonts],
  logLevel: "warning",
});

for (const { path, contents } of outputFiles) {
  await writeFile(join(folder, `${path.split("/").at(-1)}.gz`), gzipSync(contents, { level: 9 }));
}
