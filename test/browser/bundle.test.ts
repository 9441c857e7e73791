import assert from "node:assert/strict";
import { test } from "node:test";
import { bundlePage } from "./bundlePage.ts";

test("the client needs nothing of Node.js: a bundle for browsers has none of it", async () => {
  const { metafile } = await bundlePage("src/index.ts");
  const inputs = Object.entries(metafile.inputs);
  const external = inputs.flatMap(([path, { imports }]) =>
    imports.filter((one) => one.external).map((one) => `${path} needs ${one.path}`),
  );
  assert.deepEqual(external, []);
  const paths = inputs.map(([path]) => path);
  // a builtin that a package maps to nothing would be there, and empty
  assert.deepEqual(
    paths.filter((path) => path.startsWith("(disabled)")),
    [],
  );
  for (const path of ["src/crypto/nobleBackend.ts", "src/rpc/webTransport.ts"]) {
    assert.ok(paths.includes(path), path);
  }
  assert.ok(paths.some((path) => path.includes("/browser-level/")));
  const ofNode =
    /\/(connect-node|classic-level|libp2p|pino)\/|nodeBackend|nodeTransport|src\/(node|mesh|cli)\//;
  assert.deepEqual(
    paths.filter((path) => ofNode.test(path)),
    [],
  );
});

test("what sends transactions is loaded only by an app that pays for itself", async () => {
  const { metafile } = await bundlePage("src/index.ts", { splitting: true });
  const entry = Object.keys(metafile.outputs).find(
    (path) => metafile.outputs[path]?.entryPoint === "src/index.ts",
  );
  assert.ok(entry);
  const chunks = (lazily: boolean): Set<string> => {
    const reached = new Set([entry]);
    for (const chunk of reached) {
      for (const { path, kind } of metafile.outputs[chunk]?.imports ?? []) {
        if (lazily || kind !== "dynamic-import") reached.add(path);
      }
    }
    return new Set([...reached].flatMap((chunk) => filesIn(chunk)));
  };
  const filesIn = (chunk: string) =>
    Object.entries(metafile.outputs[chunk]?.inputs ?? {}).flatMap(([path, { bytesInOutput }]) =>
      bytesInOutput > 0 ? [path] : [],
    );
  const sends = /src\/chain\/\w+\/(submitCall|relayAppend|relayIdentity|openChain|openRelayer)/;
  const [atOnce, ever] = [chunks(false), chunks(true)];
  assert.deepEqual(
    [...atOnce].filter((path) => sends.test(path)),
    [],
  );
  assert.ok([...ever].filter((path) => sends.test(path)).length >= 5);
});
