// Builds web/static/dist from the packages of package.json and the sources beside this file.
import { build } from "esbuild";
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "..", "static", "dist");
const packages = join(here, "node_modules");

// Classes in place of style attributes, which the content security policy forbids.
function scale() {
  const lines = [];
  for (let n = 0; n <= 100; n += 1) lines.push(`.w-${n}{--w:${n}%}`, `.h-${n}{--h:${n}}`, `.limit-${n}{--limit:${n}%}`);
  return lines.join("\n");
}

const ours = {
  name: "eiso",
  setup(builder) {
    builder.onResolve({ filter: /^eiso:scale$/ }, () => ({ path: "scale.css", namespace: "eiso" }));
    builder.onLoad({ filter: /.*/, namespace: "eiso" }, () => ({ contents: scale(), loader: "css" }));
    // Every browser that runs these pages reads woff2; the woff files would only swell the folder.
    builder.onLoad({ filter: /fontsource.*\.css$/ }, async ({ path }) => ({
      contents: (await readFile(path, "utf8")).replace(/,\s*url\([^)]*\.woff\)\s*format\('woff'\)/g, ""),
      loader: "css",
    }));
  },
};

async function copyTinos() {
  const source = join(packages, "@expo-google-fonts", "tinos");
  const target = join(dist, "fonts", "tinos");
  await mkdir(target, { recursive: true });
  for (const face of ["400Regular", "400Regular_Italic", "700Bold", "700Bold_Italic"]) {
    await copyFile(join(source, face, `Tinos_${face}.ttf`), join(target, `Tinos_${face}.ttf`));
  }
  await copyFile(join(source, "LICENSE_FONT"), join(target, "LICENSE"));
}

// The licences travel with what they cover.
async function copyLicences() {
  const licences = {
    bootstrap: "LICENSE", "bpmn-js": "LICENSE", "htmx.org": "LICENSE", "@fontsource/be-vietnam-pro": "LICENSE", "@fontsource/inter": "LICENSE",
  };
  const texts = [];
  for (const [name, file] of Object.entries(licences)) {
    texts.push(`${name}\n\n${await readFile(join(packages, name, file), "utf8")}`);
  }
  await writeFile(join(dist, "LICENSES.txt"), texts.join(`\n${"-".repeat(80)}\n\n`));
}

// name -> short hash of its content; pages ask for name?v=hash, so a browser may keep every file for ever.
async function writeManifest() {
  const manifest = {};
  for (const entry of (await readdir(dist, { withFileTypes: true })).filter((file) => file.isFile()).map((file) => file.name).sort()) {
    manifest[entry] = createHash("sha256").update(await readFile(join(dist, entry))).digest("hex").slice(0, 12);
  }
  await writeFile(join(dist, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}

await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
await build({
  absWorkingDir: here,
  entryPoints: ["app.css", "app.js", "mode.js", "diagram.css", "diagram.js"],
  outdir: dist,
  bundle: true,
  minify: true,
  format: "iife",
  target: ["es2022", "chrome111", "firefox114", "safari16.4"],
  assetNames: "fonts/[name]",
  loader: { ".woff2": "file", ".woff": "empty", ".svg": "dataurl" },
  plugins: [ours],
  legalComments: "none",
  logLevel: "warning",
});
for (const picture of ["icons.svg", "favicon.svg"]) await copyFile(join(here, picture), join(dist, picture));
await copyTinos();
await copyLicences();
await writeManifest();
