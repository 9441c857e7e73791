import { fileURLToPath } from "node:url";
import { build, type Metafile } from "esbuild";

/** A module and all it needs as a browser gets them, and of which files it consists. Throws if one is missing. */
export async function bundlePage(
  entry: string,
  params: { readonly splitting?: boolean } = {},
): Promise<{ readonly code: string; readonly metafile: Metafile }> {
  const { outputFiles, metafile } = await build({
    entryPoints: [entry],
    absWorkingDir: fileURLToPath(new URL("../..", import.meta.url)),
    bundle: true,
    splitting: params.splitting ?? false,
    outdir: "bundle",
    minify: true,
    platform: "browser",
    format: "esm",
    write: false,
    metafile: true,
    logLevel: "silent",
  });
  return { code: outputFiles.map(({ text }) => text).join(""), metafile };
}
